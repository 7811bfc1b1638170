import { useEffect, useState } from 'react'
import { GatewayError, listCameras } from './api'
import type { Camera } from './api-types'

const POLL_MS = 1000

interface Cameras {
  /** The last list received; null before the first. */
  cameras: Camera[] | null
  /** Why the gateway cannot be reached; null if it can. */
  unreachable: string | null
}

/** Polls GET /cameras every second while the page is visible. */
export function useCameras(): Cameras & { refresh: () => void; add: (camera: Camera) => void } {
  const [state, setState] = useState<Cameras>({ cameras: null, unreachable: null })
  const [round, setRound] = useState(0)
  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const poll = async () => {
      clearTimeout(timer)
      if (document.hidden) return
      try {
        const cameras = await listCameras()
        if (!over) setState({ cameras, unreachable: null })
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const unreachable = error instanceof GatewayError ? `it returned the error “${message}”` : message
        if (!over) setState(({ cameras }) => ({ cameras, unreachable }))
      }
      clearTimeout(timer)
      if (!over) timer = setTimeout(() => void poll(), POLL_MS)
    }
    const onVisibility = () => void poll()
    document.addEventListener('visibilitychange', onVisibility)
    void poll()
    return () => {
      over = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisibility)
    }
  }, [round])
  const refresh = () => setRound((number) => number + 1)
  /** Shows a camera that was just started, until the next list has it. */
  const add = (camera: Camera) => {
    setState(({ cameras, unreachable }) => {
      const list = cameras ?? []
      const known = list.some(({ name }) => name === camera.name)
      // In its old place, because moving an element takes its focus away.
      const next = known ? list.map((old) => (old.name === camera.name ? camera : old)) : [...list, camera]
      return { cameras: next, unreachable }
    })
    refresh()
  }
  return { ...state, refresh, add }
}
