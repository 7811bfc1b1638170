import { useEffect, useState } from 'react'
import { listEvents } from './api'
import type { Camera, CameraEvent } from './api-types'
import { counters, eventTone, eventWords, repeatWords, timeWords } from './events'

const POLL_MS = 3000

/** What happened to the camera, and what became of its frames. */
export function CameraLog({ camera }: { camera: Camera }) {
  return (
    <>
      <h3>Last events</h3>
      <EventList events={useEvents(camera)} />
      <h3>Frames since the start</h3>
      <Counters camera={camera} />
    </>
  )
}

function EventList({ events }: { events: CameraEvent[] | null }) {
  if (events === null) return <p className="hint">Loading…</p>
  if (events.length === 0) return <p className="hint">Nothing has happened yet.</p>
  return (
    <ol className="events" tabIndex={0} aria-label="Last events">
      {events.map((event) => {
        const repeats = repeatWords(event, timeWords)
        return (
          <li key={`${event.kind} ${event.from} ${event.to} ${event.code} ${event.first_at}`}>
            <time dateTime={event.last_at}>{timeWords(event.last_at)}</time>
            <i className={`state-${eventTone(event)}`} aria-hidden="true" />
            <span>
              {eventWords(event)}
              {repeats && <small>{repeats}</small>}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

function Counters({ camera }: { camera: Camera }) {
  const { frames, dropped } = counters(camera)
  return (
    <>
      <dl className="figures counters">
        {frames.map(({ label, count }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{count.toLocaleString()}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">Frames are decoded while a reader wants them, and shown at its rate.</p>
      {dropped.length > 0 && (
        <ul className="drops">
          {dropped.map(({ label, count }) => (
            <li key={label}>
              <b>{count.toLocaleString()}</b> not shown: {label}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** Asks every few seconds, and at once when the camera's state changes. */
function useEvents({ name, state, last_error: lastError }: Camera): CameraEvent[] | null {
  const [events, setEvents] = useState<CameraEvent[] | null>(null)
  const code = lastError?.code
  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      // The page says elsewhere that the gateway or the camera is gone.
      const answer = await listEvents(name).catch(() => null)
      if (over) return
      if (answer) setEvents(answer)
      timer = setTimeout(() => void ask(), POLL_MS)
    }
    void ask()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [name, state, code])
  return events
}
