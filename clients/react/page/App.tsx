import { useState } from 'react'
import { signOut, SIGNED_OUT, startCamera, stopCamera, type Session } from './api'
import type { Camera, StartAnswer, StartRequest } from './api-types'
import { CameraForm } from './CameraForm'
import { CameraGrid } from './CameraGrid'
import { CameraView } from './CameraView'
import { CopyList } from './CopyList'
import { Dialog } from './Dialog'
import { isMasked, startNote } from './form-rules'
import { SettingsView } from './SettingsView'
import { ThumbnailsContext, useThumbnails } from './thumbnails'
import { useCameras } from './use-cameras'
import { useKeptFocus } from './use-kept-focus'
import { useViewed } from './use-viewed'

type Open =
  | { dialog: 'add'; initial?: Partial<StartRequest> }
  | { dialog: 'use' | 'edit' | 'stop'; name: string }
  | { dialog: 'settings' }
  | null

export function App({ session }: { session: Session }) {
  const { cameras, unreachable, refresh, add } = useCameras()
  const thumbnails = useThumbnails(cameras ?? [])
  const [open, setOpen] = useState<Open>(null)
  const [viewed, view] = useViewed()
  useKeptFocus()
  const [stopped, setStopped] = useState<string[]>([])
  // Addresses entered on this page, kept until it closes: nothing stores them, and the gateway never returns them.
  const [known] = useState(() => new Map<string, StartRequest>())
  const [notice, setNotice] = useState<string | null>(null)
  const close = () => setOpen(null)

  const isAdmin = session.role === 'admin'
  const running = cameras ?? []
  const shown = running.find(({ name }) => name === viewed)
  const chosen = open && 'name' in open ? running.find(({ name }) => name === open.name) : undefined

  async function stop(name: string) {
    const forget = (names: string[]) => names.filter((other) => other !== name)
    close()
    // Before the answer, because the camera may leave the list first.
    setStopped((names) => [...forget(names), name])
    try {
      await stopCamera(name)
      setNotice(null)
    } catch (error) {
      setStopped(forget)
      setNotice(`Could not stop ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
    refresh()
  }

  async function startAgain(name: string) {
    const request = known.get(name)
    if (!request) return setOpen({ dialog: 'add', initial: { name } })
    try {
      onStarted(request, await startCamera(request))
    } catch {
      setOpen({ dialog: 'add', initial: request })
    }
  }

  function onStarted(request: StartRequest, camera: StartAnswer) {
    const rtsp = isMasked(request.rtsp) ? known.get(request.name)?.rtsp : request.rtsp
    if (rtsp !== undefined) known.set(camera.name, { ...request, name: camera.name, rtsp })
    setStopped((names) => names.filter((name) => name !== request.name))
    close()
    add(camera)
    // Edit says itself what it replaces.
    setNotice(request.replace ? null : startNote(request, camera))
  }

  async function leave() {
    await signOut().catch(() => undefined)
    dispatchEvent(new Event(SIGNED_OUT))
  }

  const gone = stopped.filter((name) => !running.some((camera) => camera.name === name))
  return (
    <ThumbnailsContext value={thumbnails}>
      <header className="top">
        <h1>
          <Mark />
          Framegate
        </h1>
        {cameras !== null && unreachable === null && <Summary cameras={cameras} />}
        {isAdmin && (
          <>
            <button type="button" className="button primary" onClick={() => setOpen({ dialog: 'add' })}>
              Add a camera
            </button>
            <button type="button" className="button later" onClick={() => setOpen({ dialog: 'settings' })}>
              Settings
            </button>
          </>
        )}
        {session.token_required && (
          <button type="button" className="button later" onClick={() => void leave()}>
            Sign out
          </button>
        )}
      </header>
      {unreachable !== null && (
        <div className="notice" role="alert">
          <strong>Cannot reach the gateway: {unreachable}.</strong> The information below may be out of date. This page
          keeps trying.
        </div>
      )}
      {notice !== null && (
        <div className="notice" role="alert">
          {notice}
          <button type="button" className="button small" onClick={() => setNotice(null)}>
            Dismiss
          </button>
        </div>
      )}
      <main>
        {cameras === null && unreachable === null && <p className="loading">Loading…</p>}
        {cameras !== null && running.length === 0 && gone.length === 0 && unreachable === null && (
          <Empty onAdd={isAdmin ? () => setOpen({ dialog: 'add' }) : undefined} />
        )}
        <CameraGrid
          cameras={running}
          stopped={gone}
          unreachable={unreachable}
          onOpen={view}
          onUse={(name) => setOpen({ dialog: 'use', name })}
          onEdit={isAdmin ? (name) => setOpen({ dialog: 'edit', name }) : undefined}
          onStop={isAdmin ? (name) => setOpen({ dialog: 'stop', name }) : undefined}
          onStart={(name) => void startAgain(name)}
          onForget={(name) => setStopped((names) => names.filter((other) => other !== name))}
        />
      </main>
      {shown && <CameraView key={shown.name} camera={shown} unreachable={unreachable} onClose={() => view(null)} />}
      {open?.dialog === 'settings' && <SettingsView onClose={close} />}
      {open?.dialog === 'add' && <CameraForm initial={open.initial} onClose={close} onStarted={onStarted} />}
      {open?.dialog === 'edit' && chosen && <CameraForm editing={chosen} onClose={close} onStarted={onStarted} />}
      {open?.dialog === 'use' && chosen && (
        <Dialog title={`Use ${chosen.name}`} className="medium" onClose={close}>
          <CopyList camera={chosen} />
        </Dialog>
      )}
      {open?.dialog === 'stop' && (
        <Dialog title={`Stop ${open.name}?`} className="form" onClose={close}>
          <p className="ask">
            Viewers and Python programs stop receiving its frames, and the gateway forgets its address.
          </p>
          <div className="form-foot">
            <button type="button" className="button" onClick={close}>
              Cancel
            </button>
            <button type="button" className="button danger" onClick={() => void stop(open.name)}>
              Stop
            </button>
          </div>
        </Dialog>
      )}
    </ThumbnailsContext>
  )
}

function Summary({ cameras }: { cameras: Camera[] }) {
  if (cameras.length === 0) return <p className="summary" />
  const live = cameras.filter(({ state }) => state === 'live').length
  return (
    <p className="summary" aria-live="polite">
      <b>{live}</b> of <b>{cameras.length}</b> live
    </p>
  )
}

/** @param onAdd undefined if the session may not add cameras. */
function Empty({ onAdd }: { onAdd?: () => void }) {
  return (
    <section className="empty">
      <Mark />
      <h2>No cameras yet</h2>
      {onAdd === undefined ? (
        <p>Your token is a viewer’s. Cameras that an administrator adds appear here.</p>
      ) : (
        <>
          <p>
            Add a camera by its RTSP address, such as <code>rtsp://user:password@192.168.1.20/stream1</code>. You will
            find it in the camera’s manual or app.
          </p>
          <button type="button" className="button primary" onClick={onAdd}>
            Add your first camera
          </button>
          <p className="hint">
            Or from Python: <code>open_capture("rtsp://…")</code>
          </p>
        </>
      )}
    </section>
  )
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 9V6a2 2 0 0 1 2-2h3M15 4h3a2 2 0 0 1 2 2v3M20 15v3a2 2 0 0 1-2 2h-3M9 20H6a2 2 0 0 1-2-2v-3" />
      <circle cx="12" cy="12" r="3.2" />
    </svg>
  )
}
