import { useEffect, useState } from 'react'
import type { Camera } from './api-types'
import { CameraTile, type TileActions } from './CameraTile'
import { StateWord } from './StateWord'

interface Props extends TileActions {
  cameras: Camera[]
  /** Names of cameras that were stopped on this page and can be started again. */
  stopped: string[]
  unreachable: string | null
  onStart: (name: string) => void
  onForget: (name: string) => void
}

export function CameraGrid({ cameras, stopped, unreachable, onStart, onForget, ...actions }: Props) {
  // Re-render every second, so that the ages on the page grow even if the gateway does not respond.
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((number) => number + 1), 1000)
    return () => clearInterval(timer)
  }, [])
  return (
    <div className="grid">
      {cameras.map((camera) => (
        <CameraTile key={camera.name} camera={camera} unreachable={unreachable} {...actions} />
      ))}
      {stopped.map((name) => (
        <article key={name} className="tile" aria-label={name} data-tile={name}>
          <div className="tile-picture">
            <span className="tile-words">
              <button type="button" className="button primary" onClick={() => onStart(name)}>
                Start again
              </button>
            </span>
          </div>
          <div className="tile-body">
            <div className="tile-head">
              <h2>{name}</h2>
              <StateWord state="stopped" />
            </div>
            <div className="tile-foot">
              <span className="format">Stopped from this page</span>
              <button
                type="button"
                className="button small quiet"
                aria-label={`Dismiss ${name}`}
                onClick={() => onForget(name)}
              >
                Dismiss
              </button>
            </div>
          </div>
        </article>
      ))}
    </div>
  )
}
