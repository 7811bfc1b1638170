import { useState, type FormEvent, type ReactNode } from 'react'
import { GatewayError, startCamera } from './api'
import type { StartRequest } from './api-types'
import { Dialog } from './Dialog'
import { capitalized } from './words'

type Field = 'name' | 'rtsp' | 'pub_fps' | 'scale_width'
const FIELDS: Field[] = ['name', 'rtsp', 'pub_fps', 'scale_width']
const CODE_FIELDS: Record<string, Field> = { ERR_NAME_IN_USE: 'name', ERR_CREDENTIALS_DIFFER: 'rtsp' }

interface Props {
  /** The fields' values, for a camera that was stopped on this page. */
  initial?: Partial<StartRequest>
  onClose: () => void
  onStarted: (request: StartRequest) => void
}

export function AddCamera({ initial = {}, onClose, onStarted }: Props) {
  const [values, setValues] = useState<Record<Field, string>>({
    name: initial.name ?? '',
    rtsp: initial.rtsp ?? '',
    pub_fps: initial.pub_fps === undefined ? '' : String(initial.pub_fps),
    scale_width: initial.scale_width === undefined ? '' : String(initial.scale_width),
  })
  const [problem, setProblem] = useState<{ field: Field | null; message: string } | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(event: FormEvent) {
    event.preventDefault()
    const number = (text: string) => (text.trim() === '' ? undefined : Number(text.replace(',', '.')))
    const request: StartRequest = {
      name: values.name.trim(),
      rtsp: values.rtsp.trim(),
      pub_fps: number(values.pub_fps),
      scale_width: number(values.scale_width),
      retry: true, // A person asks.
    }
    setBusy(true)
    setProblem(null)
    try {
      await startCamera(request)
      onStarted(request)
    } catch (error) {
      const found = problemOf(error)
      setProblem(found)
      if (found.field) document.getElementById(`add-${found.field}`)?.focus()
    } finally {
      setBusy(false)
    }
  }

  const input = (
    field: Field,
    label: string,
    hint: ReactNode,
    attributes: { placeholder: string; inputMode?: 'decimal' | 'url' | 'numeric'; autoFocus?: boolean },
  ) => {
    const wrong = problem?.field === field ? problem.message : null
    return (
      <div className="field">
        <label htmlFor={`add-${field}`}>{label}</label>
        <input
          id={`add-${field}`}
          value={values[field]}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-invalid={wrong !== null}
          aria-describedby={`add-${field}-words`}
          onChange={(event) => setValues({ ...values, [field]: event.target.value })}
          {...attributes}
        />
        <p id={`add-${field}-words`} className={wrong ? 'wrong' : 'hint'} role={wrong ? 'alert' : undefined}>
          {wrong ?? hint}
        </p>
      </div>
    )
  }

  return (
    <Dialog title={initial.name ? `Start ${initial.name} again` : 'Add a camera'} className="form" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        {input('name', 'Name', 'Letters, digits, _ and -', { placeholder: 'lobby-1', autoFocus: !initial.name })}
        {input('rtsp', 'RTSP address', 'Include the user name and password if the camera requires them', {
          placeholder: 'rtsp://user:password@192.168.1.20/stream1',
          inputMode: 'url',
          autoFocus: Boolean(initial.name),
        })}
        <div className="field-pair">
          {input('pub_fps', 'Frames per second', 'Maximum. Empty uses the gateway’s setting', {
            placeholder: '20',
            inputMode: 'decimal',
          })}
          {input('scale_width', 'Width', 'In pixels. 0 keeps the camera’s width', {
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
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? 'Starting…' : 'Start'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The gateway's message about a field begins with the field's name. */
function problemOf(error: unknown): { field: Field | null; message: string } {
  if (!(error instanceof GatewayError))
    return {
      field: null,
      message: `Cannot reach the gateway: ${error instanceof Error ? error.message : String(error)}.`,
    }
  const named = FIELDS.find((name) => error.message.startsWith(`${name}:`))
  const field = named ?? CODE_FIELDS[error.code] ?? null
  const message = named ? error.message.slice(named.length + 1).trim() : error.message
  return { field, message: capitalized(message) }
}
