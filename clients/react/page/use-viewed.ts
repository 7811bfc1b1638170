import { useEffect, useState } from 'react'

const read = () => location.hash.slice(1) || null

/** The camera shown large. It is in the URL, so that Back closes it and a reload keeps it. */
export function useViewed(): [string | null, (name: string | null) => void] {
  const [viewed, setViewed] = useState(read)
  useEffect(() => {
    const onChange = () => setViewed(read())
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  const view = (name: string | null) => {
    if (name !== null) location.hash = name
    else {
      history.replaceState(null, '', location.pathname + location.search)
      setViewed(null)
    }
  }
  return [viewed, view]
}
