// `${NAME}`, `${file:PATH}` and `file:PATH` in the values of framegate.yaml: secrets from the environment and from files.

import { resolve } from 'node:path'
import { codeOf, ConfigError, messageOf } from '../errors.js'
import { readSmallFile } from '../files.js'

const MOST_BYTES = 65536
/** The first form, with one more $, is plain text. */
const REFERENCE = /\$(\$\{[^}]*\})|\$\{([^}]*)\}/g
/** `SCHEME://...`, or `USER:PASSWORD@...`, each reference being one letter. */
const ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/|[^\s/:@]*:[^\s/@]*@[^\s@/])/i

/** Whether the text names a secret, instead of being one. */
export function hasReference(text: string): boolean {
  return text.startsWith('file:') || text.search(REFERENCE) >= 0
}

/**
 * The text with its references replaced. In an address, a user name or password is percent-encoded: the secret is written
 * as it is.
 * @param folder where relative paths begin: that of framegate.yaml.
 * @throws ConfigError, without the secret.
 */
export function resolveReferences(text: string, env: NodeJS.ProcessEnv, folder: string): string {
  const credentialsEnd = ADDRESS.test(text.replace(REFERENCE, 'x')) ? text.lastIndexOf('@') : -1
  const result = text.replace(REFERENCE, (_, literal: string | undefined, name: string, at: number) => {
    if (literal !== undefined) return literal
    const secret = name.startsWith('file:') ? readSecret(name, folder) : variable(name, env)
    return at < credentialsEnd ? encodeURIComponent(secret) : secret
  })
  return text.startsWith('file:') ? readSecret(result, folder) : result
}

function variable(name: string, env: NodeJS.ProcessEnv): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new ConfigError(`expected \${NAME} or \${file:PATH}, and $\${ for a plain \${; got "\${${name}}"`)
  const value = env[name]
  if (value === undefined || value === '') throw new ConfigError(`the environment variable ${name} is not set`)
  return value
}

/** The text of a file, without the line end that editors add. */
function readSecret(reference: string, folder: string): string {
  const path = resolve(folder, reference.replace(/^file:(?:\/\/(?=\/))?/, ''))
  try {
    return readSmallFile(path, MOST_BYTES).replace(/\r?\n$/, '')
  } catch (error) {
    throw new ConfigError(
      `expected a readable file of at most 64 KiB; got "${path}" (${codeOf(error) ?? messageOf(error)})`,
    )
  }
}
