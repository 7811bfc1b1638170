import type { CameraState } from './api-types'
import { STATE_WORDS } from './words'

export function StateWord({ state }: { state: CameraState | 'unknown' }) {
  return (
    <span className={`state state-${state}`}>
      <i aria-hidden="true" />
      {state === 'unknown' ? 'unknown' : (STATE_WORDS[state] ?? state)}
    </span>
  )
}
