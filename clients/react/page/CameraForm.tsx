import { useLayoutEffect, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { GatewayError, startCamera } from './api'
import type { Camera, StartAnswer, StartRequest } from './api-types'
import { Dialog } from './Dialog'
import { isMasked, missingIn, problemOf, requestOf, type Field, type Problem, type Values } from './form-rules'

interface Props {
  /** The camera to change. Without it, the form adds one. */
  editing?: Camera
  /** The fields' values, for a camera that was stopped on this page. */
  initial?: Partial<StartRequest>
  onClose: () => void
  onStarted: (request: StartRequest, answer: StartAnswer) => void
}

/** The dialogs "Add a camera" and "Edit". */
export function CameraForm({ editing: given, initial = {}, onClose, onStarted }: Props) {
  const [editing] = useState(given) // As it was when the form opened: the list changes every second.
  const [values, setValues] = useState(() => valuesOf(editing ? { ...editing, rtsp: editing.source } : initial))
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const address = useRef<HTMLInputElement>(null)
  // What is typed first replaces the masked user name and password.
  useLayoutEffect(() => {
    const at = editing ? (address.current?.value.indexOf('***') ?? -1) : -1
    if (at >= 0) address.current?.setSelectionRange(at, at + 3)
  }, [editing])

  const show = (found: Problem) => {
    setProblem(found)
    if (found.field) document.getElementById(`camera-${found.field}`)?.focus()
  }

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (busy) return
    const missing = missingIn(values, editing)
    if (missing) return show(missing)
    const request = requestOf(values, editing)
    setBusy(true)
    setProblem(null)
    try {
      onStarted(request, await startCamera(request))
    } catch (error) {
      if (error instanceof GatewayError) show(problemOf(error.message, error.code))
      else show({ field: null, message: `Cannot reach the gateway: ${messageOf(error)}.` })
    } finally {
      setBusy(false)
    }
  }

  const input = (
    field: Field,
    label: string,
    hint: ReactNode,
    attributes: { placeholder: string; inputMode?: 'decimal' | 'url' | 'numeric' },
  ) => {
    const wrong = problem?.field === field ? problem.message : null
    return (
      <div className="field">
        <label htmlFor={`camera-${field}`}>{label}</label>
        <input
          id={`camera-${field}`}
          ref={field === 'rtsp' ? address : undefined}
          value={values[field]}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-invalid={wrong !== null}
          aria-describedby={`camera-${field}-words`}
          onChange={(event) => setValues({ ...values, [field]: event.target.value })}
          {...attributes}
        />
        <p id={`camera-${field}-words`} className={wrong ? 'wrong' : 'hint'} role={wrong ? 'alert' : undefined}>
          {wrong ?? hint}
        </p>
      </div>
    )
  }

  const title = editing ? `Edit ${editing.name}` : initial.name ? `Start ${initial.name} again` : 'Add a camera'
  const addressHint = isMasked(values.rtsp)
    ? 'The gateway keeps what *** hides. To change it, type over it, as in user:password'
    : 'Include the user name and password if the camera requires them'
  const [verb, busyVerb] = editing ? ['Save', 'Saving…'] : ['Start', 'Starting…']
  return (
    <Dialog title={title} className="form" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        {!editing && input('name', 'Name', 'Letters, digits, _ and -', { placeholder: 'lobby-1' })}
        {input('rtsp', 'RTSP address', addressHint, {
          placeholder: 'rtsp://user:password@192.168.1.20/stream1',
          inputMode: 'url',
        })}
        <div className="field-pair">
          {input('pub_fps', 'Frames per second', 'At most. Empty: the gateway’s default', {
            placeholder: '20',
            inputMode: 'decimal',
          })}
          {input('scale_width', 'Width', 'In pixels. 0: as the camera sends it', {
            placeholder: '640',
            inputMode: 'numeric',
          })}
        </div>
        {problem?.field === null && (
          <p className="wrong" role="alert">
            {problem.message}
          </p>
        )}
        <div className="form-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          {/* Not `disabled`, which would take the focus away. */}
          <button type="submit" className="button primary" aria-disabled={busy}>
            {busy ? busyVerb : verb}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function valuesOf({ name = '', rtsp = '', pub_fps, scale_width }: Partial<StartRequest>): Values {
  return { name, rtsp, pub_fps: String(pub_fps ?? ''), scale_width: String(scale_width ?? '') }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
