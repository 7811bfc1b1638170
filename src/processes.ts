// Other processes of this machine.

import { codeOf } from './errors.js'

/** Whether a process with this id runs, of any user. One in another container may not be seen. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
