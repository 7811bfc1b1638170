// What GLib and GStreamer report, as lines of the log.

import type { LibraryLog } from '../native.js'
import type { Logger } from '../types.js'

const oneLine = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')

/** @param verbose GStreamer's own errors and warnings too, at the level debug. */
export function logLibraries(native: LibraryLog, logger: Logger, verbose: boolean): void {
  const from = { source: 'gstreamer' } as const
  const take = () => {
    const { messages, lost } = native.takeLibraryLog()
    for (const { level, text } of messages) logger[level](oneLine(text), from)
    if (lost > 0) logger.warn(`${lost} messages of GLib and GStreamer were lost: too many came at once`, from)
  }
  native.readLibraryLog(verbose, take)
  // Before the log itself ends.
  process.prependListener('exit', take)
}
