import { useId, useLayoutEffect, useRef, type ReactNode } from 'react'

/**
 * A modal <dialog>, closed by Esc, its close button, or a click outside it. It focuses its first empty field, else its
 * first field or button. Closing it returns the focus to what had it before.
 */
export function Dialog({
  title,
  className = '',
  onClose,
  children,
}: {
  title: ReactNode
  className?: string
  onClose: () => void
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // A layout effect: React runs its cleanup while the element is still in the page, where close() returns the focus.
  useLayoutEffect(() => {
    const element = dialog.current
    if (!element) return
    element.showModal()
    const first =
      element.querySelector<HTMLElement>('.dialog-content input:placeholder-shown') ??
      element.querySelector<HTMLElement>('.dialog-content :is(input, button)')
    first?.focus()
    return () => element.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        // Esc leaves full screen first. Browsers that handle this key themselves send no event for it.
        if (document.fullscreenElement) void document.exitFullscreen()
        else onClose()
      }}
      onClose={() => dialog.current && !dialog.current.open && onClose()}
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className="dialog-box">
        <header className="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M3.5 3.5l9 9m0-9l-9 9" />
            </svg>
          </button>
        </header>
        <div className="dialog-content">{children}</div>
      </div>
    </dialog>
  )
}
