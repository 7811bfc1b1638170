// What `framegated check` prints: all settings and the cameras of the file, without secrets, in the form of the file.

import { Document, Scalar } from 'yaml'
import { toJson } from '../camera-settings.js'
import type { Configuration } from '../config.js'
import { redact } from '../redact.js'
import { keyOf, SETTINGS, type Config } from '../settings.js'

export function configReport({ config, cameras, file, sources }: Configuration): string {
  const lines = [file === null ? '# There is no framegate.yaml: see --config.' : `# ${file} is valid.`]
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const value = config[key as keyof Config]
    const shown = value === undefined || value === '' ? `# ${keyOf(setting.env)}:` : line(keyOf(setting.env), value)
    lines.push(`${shown} # ${sources[key as keyof Config]}`)
  }
  if (cameras.length > 0) lines.push('cameras:')
  for (const camera of cameras) {
    lines.push(`  ${scalar(camera.name)}:`)
    for (const [key, value] of Object.entries(toJson(camera)))
      if (key !== 'name' && value !== null) lines.push(`    ${line(key, value)}`)
  }
  return redact(lines.join('\n'))
}

const line = (key: string, value: unknown) =>
  `${key}: ${Array.isArray(value) ? `[${value.map(scalar).join(', ')}]` : scalar(value)}`

function scalar(value: unknown): string {
  const node = new Scalar(value)
  // In a list, a comma or a colon would end the text.
  if (typeof value === 'string' && /[,[\]{}*:]/.test(value)) node.type = 'QUOTE_DOUBLE'
  return new Document(node).toString({ lineWidth: 0 }).trim()
}
