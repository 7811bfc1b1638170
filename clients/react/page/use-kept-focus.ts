import { useEffect, useRef } from 'react'

/**
 * If the focused element leaves the page, the focus goes to the tile of the same camera, else to the page's first
 * button: a person at the keyboard need not begin at the top again.
 */
export function useKeptFocus(): void {
  const last = useRef<{ element: Element; tile: string | undefined } | null>(null)
  useEffect(() => {
    const onFocus = ({ target }: FocusEvent) => {
      // A dialog returns the focus by its own rule.
      if (!(target instanceof HTMLElement) || target.closest('dialog')) return
      last.current = { element: target, tile: target.closest<HTMLElement>('[data-tile]')?.dataset.tile }
    }
    document.addEventListener('focusin', onFocus)
    return () => document.removeEventListener('focusin', onFocus)
  }, [])
  // After every render, because any render may remove the element.
  useEffect(() => {
    if (last.current === null || last.current.element.isConnected || document.activeElement !== document.body) return
    const { tile } = last.current
    const next = tile === undefined ? null : document.querySelector<HTMLElement>(`[data-tile="${tile}"] button`)
    ;(next ?? document.querySelector<HTMLElement>('.top button'))?.focus()
  })
}
