// The commands in Markdown: those of fenced `sh` blocks, and code spans that name one of the project's programs.

export interface DocCommand {
  /** The file, and the command as it is there. */
  where: string
  /** What it sets in the environment. */
  variables: string[]
  program: string
  words: string[]
}

/** What makes code in a sentence a command. */
const OURS =
  /^(npm|npx|node|python3?|sh|framegate[a-z-]*|systemctl|journalctl)$|^build\/Release\/|^[\w.-]+\/\S*\.(sh|mjs|py)$/
const WORD = /(?:"[^"]*"|'[^']*'|\\[^]|[^\s"'|&;()<>])+|[|&;()\n]|[<>]+/g
const ASSIGNMENT = /^([A-Z][A-Z0-9_]+)=/

const unquoted = (word: string) => word.replace(/"([^"]*)"|'([^']*)'|\\([^])/g, '$1$2$3')

/** Splits a shell script into commands, without redirections, comments and the words `sudo` and `export`. */
export function commandsOf(script: string): { variables: string[]; words: string[] }[] {
  const commands: { variables: string[]; words: string[] }[] = []
  let words: string[] = []
  let redirected = false
  const end = () => {
    const start = words.findIndex((word) => !ASSIGNMENT.test(word) && word !== 'sudo' && word !== 'export')
    const first = start === -1 ? words.length : start
    const exported = words[0] === 'export' ? words.length : first
    const variables = words.slice(0, exported).flatMap((word) => ASSIGNMENT.exec(word)?.[1] ?? [])
    if (words.length > 0) commands.push({ variables, words: words.slice(exported) })
    words = []
  }
  for (const [token] of script
    .replace(/(^|\s)#.*/g, '$1')
    .replaceAll('\\\n', ' ')
    .matchAll(WORD)) {
    if (/^[|&;()\n]$/.test(token)) end()
    else if (/^[<>]/.test(token)) redirected = true
    else if (redirected) redirected = false
    else words.push(unquoted(token))
  }
  end()
  return commands
}

/** What is in brackets is optional: it counts as given. Three dots stand for anything. */
const spelledOut = (code: string) =>
  code
    .replace(/\s+/g, ' ')
    .replace(/\[([^\]]*)\](?= |$)/g, '$1')
    .replace(/ \.\.\.$/, '')

const BLOCKS = /^```(\w*)\n([^]*?)^```/gm

export function docCommands(file: string, markdown: string): DocCommand[] {
  const found: DocCommand[] = []
  const add = (script: string, block: boolean) => {
    for (const { variables, words } of commandsOf(script)) {
      const [program = '', ...rest] = words
      if (!block && program !== '' && !OURS.test(program)) continue
      found.push({ where: `${file}: ${[...words].join(' ')}`, variables, program, words: rest })
    }
  }
  for (const [, language, script = ''] of markdown.matchAll(BLOCKS)) if (language === 'sh') add(script, true)
  for (const [, span = ''] of markdown.replace(BLOCKS, '').matchAll(/`([^`]+)`/g)) add(spelledOut(span), false)
  return found
}

/** The lines of all fenced `sh` blocks, without comments. A line that ends with a backslash goes on in the next. */
export function shellLines(markdown: string): string[] {
  return [...markdown.matchAll(BLOCKS)].flatMap(([, language, script = '']) =>
    language !== 'sh'
      ? []
      : script
          .replace(/\\\n\s*/g, '')
          .split('\n')
          .map((line) => line.replace(/(^|\s)#.*/, '').trim())
          .filter((line) => line !== ''),
  )
}
