// The settings in effect and where they come from, for GET /settings. Pure.

import type { Configuration } from '../config.js'
import { redact } from '../redact.js'
import { keyOf, SETTINGS, type Config, type Setting } from '../settings.js'

export interface EffectiveSetting {
  /** In framegate.yaml. */
  name: string
  variable: string
  /** Without secrets; null: not set. */
  value: string | number | boolean | string[] | null
  source: 'flag' | 'environment' | 'file' | 'default'
  /** In framegate.yaml; null: from elsewhere. */
  line: number | null
  meaning: string
}

const MASK = '***'

export function effectiveSettings({
  config,
  sources,
  referenced,
}: Pick<Configuration, 'config' | 'sources' | 'referenced'>): EffectiveSetting[] {
  return Object.entries<Setting>(SETTINGS).map(([key, { env, help }]) => ({
    name: keyOf(env),
    variable: env,
    value: shown(config[key as keyof Config], referenced.includes(key as keyof Config)),
    ...origin(sources[key as keyof Config]),
    meaning: help,
  }))
}

/** @param source as in Configuration.sources. */
function origin(source: string): Pick<EffectiveSetting, 'source' | 'line'> {
  const line = /^line (\d+)$/.exec(source)?.[1]
  if (line !== undefined) return { source: 'file', line: Number(line) }
  if (source === 'default') return { source, line: null }
  return { source: source.startsWith('--') ? 'flag' : 'environment', line: null }
}

/** @param secret whether text may be a secret. */
function shown(value: Config[keyof Config], secret: boolean): EffectiveSetting['value'] {
  if (value === undefined || value === '') return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (secret) return MASK
  return Array.isArray(value) ? value.map(redact) : redact(value)
}
