// Reads framegate.yaml: where each value stands, with its references resolved. What the values mean is checked by others.

import { dirname, resolve } from 'node:path'
import { isCollection, isMap, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { codeOf, ConfigError, messageOf } from '../errors.js'
import { readSmallFile } from '../files.js'
import { hasReference, resolveReferences } from './references.js'

const MOST_BYTES = 1024 * 1024
/** Every camera may repeat an alias or two. Aliases of aliases multiply, and soon exceed this. */
const MOST_ALIASES = 10000

/** A value of the file. */
export interface Entry {
  /** With references replaced. */
  value: unknown
  /** As it stands in the file: for messages, since `value` may be a secret. */
  written: unknown
  line: number
  /** A reference of it does not resolve, which is already among the problems. */
  unresolved?: true
}

/** Whether a secret may be part of its value. */
export function isReferenced({ written }: Entry): boolean {
  return [written].flat().some((part) => hasReference(String(part)))
}

export interface CameraEntry {
  name: string
  line: number
  fields: Map<string, Entry>
}

/** Collects what is wrong with a file, so that one run shows it all. */
export class Problems {
  readonly #list: { line: number; text: string }[] = []

  constructor(readonly path: string) {}

  add(line: number, message: string): void {
    const text = `${this.path}:${line}: ${message}`
    if (!this.#list.some((problem) => problem.text === text)) this.#list.push({ line, text })
  }

  /** @throws ConfigError with one line for each problem, in the order of the file. */
  throwIfAny(): void {
    if (this.#list.length === 0) return
    const sorted = this.#list.sort((a, b) => a.line - b.line)
    throw new ConfigError(sorted.map(({ text }) => text).join('\n'))
  }
}

export interface ConfigFile {
  /** Absolute. */
  path: string
  settings: Map<string, Entry>
  cameras: CameraEntry[]
  problems: Problems
}

/** @throws ConfigError if the file cannot be read or is not YAML; other problems are in the result. */
export function readConfigFile(path: string, env: NodeJS.ProcessEnv): ConfigFile {
  let text: string
  try {
    text = readSmallFile(path, MOST_BYTES)
  } catch (error) {
    throw new ConfigError(
      `--config: expected a readable YAML file of at most 1 MiB; got "${path}" (${codeOf(error) ?? messageOf(error)})`,
    )
  }
  return parseConfigFile(text, resolve(path), env)
}

/** @param path for messages, and for paths in the file. */
export function parseConfigFile(text: string, path: string, env: NodeJS.ProcessEnv): ConfigFile {
  const problems = new Problems(path)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  for (const { pos, message } of [...document.errors, ...document.warnings])
    problems.add(lines.linePos(pos[0]).line, `expected valid YAML: ${plain(message)}`)
  problems.throwIfAny()
  namesAreText(document)
  const lineOf = (keys: string[]) => lineOfKey(document, lines, keys)
  const content = contentOf(document, problems)
  const reader = new Reader(dirname(path), env, problems, lineOf)

  const { cameras = {}, ...settings } = isMapping(content) ? content : {}
  const file: ConfigFile = { path, settings: reader.entries(settings, []), cameras: [], problems }
  if (content !== null && !isMapping(content)) problems.add(1, 'expected lines of "setting: value", and "cameras:"')
  if (cameras !== null && !isMapping(cameras))
    problems.add(lineOf(['cameras']), 'cameras: expected lines of "NAME:", with the settings of the camera below each')
  for (const [name, fields] of Object.entries(isMapping(cameras) ? cameras : {})) {
    const line = lineOf(['cameras', name])
    if (isMapping(fields)) file.cameras.push({ name, line, fields: reader.entries(fields, ['cameras', name]) })
    else problems.add(line, `cameras.${name}: expected the settings of the camera below its name, such as rtsp`)
  }
  return file
}

function contentOf(document: Document, problems: Problems): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown
  } catch (error) {
    problems.add(1, `expected valid YAML: ${plain(messageOf(error))}`)
    problems.throwIfAny()
  }
}

function plain(message: string): string {
  if (message.includes('call stack')) return 'values are nested too deeply'
  return message.startsWith('Excessive alias') ? 'aliases multiply to too many values' : message
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A camera may be called 007 or null. */
function namesAreText(document: Document): void {
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value !== 'symbol' && key.source !== undefined) key.value = key.source
    },
  })
}

/** The line of a key; of what holds it if the key came by an alias. */
function lineOfKey(document: Document, lines: LineCounter, keys: string[]): number {
  if (keys.length === 0) return 1
  const holder = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true)
  const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === keys.at(-1)) : undefined
  const offset = isScalar(pair?.key) || isCollection(pair?.key) ? pair.key.range?.[0] : undefined
  return offset === undefined ? lineOfKey(document, lines, keys.slice(0, -1)) : lines.linePos(offset).line
}

class Reader {
  constructor(
    readonly folder: string,
    readonly env: NodeJS.ProcessEnv,
    readonly problems: Problems,
    readonly lineOf: (keys: string[]) => number,
  ) {}

  entries(values: Record<string, unknown>, below: string[]): Map<string, Entry> {
    const entries = new Map<string, Entry>()
    for (const [key, written] of Object.entries(values)) {
      if (written === null) continue // `key:` alone: as if it were not there.
      const line = this.lineOf([...below, key])
      try {
        entries.set(key, { value: this.#resolved(written), written, line })
      } catch (error) {
        entries.set(key, { value: undefined, written, line, unresolved: true })
        this.problems.add(line, `${[...below, key].join('.')}: ${messageOf(error)}`)
      }
    }
    return entries
  }

  #resolved(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((part: unknown) => this.#resolved(part))
    if (typeof value !== 'string' || !hasReference(value)) return value
    return resolveReferences(value, this.env, this.folder)
  }
}
