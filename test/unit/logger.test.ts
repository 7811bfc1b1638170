import t from 'tap'
import { createLogger, type LogLevel } from '../../src/logger.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function linesOf(level: LogLevel, message: string): string[] {
  const lines: string[] = []
  const logger = createLogger(level, (line) => lines.push(line))
  for (const at of LEVELS) logger[at](message)
  return lines
}

t.test('a level includes all higher levels', async (t) => {
  for (const [i, level] of LEVELS.entries()) {
    t.strictSame(
      linesOf(level, 'x').map((line) => line.split(' ')[1]),
      LEVELS.slice(i),
    )
  }
})

t.test('a line has the time, the level and the message, without credentials', async (t) => {
  const message = 'camera at rtsp://admin:secret@h/ is away'
  for (const line of linesOf('debug', message)) {
    t.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \w+ {1,2}camera at rtsp:\/\/\*\*\*@h\/ is away\n$/)
  }
})
