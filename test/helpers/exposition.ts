// Checks text in Prometheus' format, as `promtool check metrics` does.

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)$/
const ABBREVIATED = /_(ms|us|ns|sec|secs|kb|mb|kib|mib|bits?|milliseconds|microseconds|kilobytes|megabytes)(_|$)/

/** What is wrong with it, one line each. */
export function expositionProblems(text: string): string[] {
  const problems: string[] = []
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const series = new Set<string>()
  if (!text.endsWith('\n')) problems.push('the last line has no end')
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, helpName, help] = /^# HELP (\S+) (.+)$/.exec(line) ?? []
    const [, typeName, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? []
    if (helpName !== undefined && help) helped.add(helpName)
    else if (typeName !== undefined && type !== undefined) {
      if (types.has(typeName)) problems.push(`${typeName} has two types`)
      types.set(typeName, type)
      problems.push(...namingProblems(typeName, type))
    } else problems.push(...sampleProblems(line, types, series))
  }
  for (const name of types.keys()) if (!helped.has(name)) problems.push(`${name} has no help`)
  return problems
}

function namingProblems(name: string, type: string): string[] {
  const problems: string[] = []
  if (type === 'counter' && !name.endsWith('_total')) problems.push(`${name}: a counter ends with _total`)
  if (type !== 'counter' && name.endsWith('_total')) problems.push(`${name}: only counters end with _total`)
  if (/_(count|sum|bucket)$/.test(name)) problems.push(`${name}: ends like a part of a histogram`)
  if (ABBREVIATED.test(name)) problems.push(`${name}: expected seconds and bytes`)
  if (/[A-Z]/.test(name)) problems.push(`${name}: expected lower case`)
  return problems
}

function sampleProblems(line: string, types: ReadonlyMap<string, string>, series: Set<string>): string[] {
  const [, name = '', , , value = ''] = SAMPLE.exec(line) ?? []
  if (name === '') return [`not a sample: ${line}`]
  const key = line.slice(0, line.lastIndexOf(' '))
  const problems = series.has(key) ? [`twice: ${key}`] : []
  series.add(key)
  const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
  if (!types.has(family)) problems.push(`${name} has no type`)
  if (!/^(nan|[+-]Inf)$/i.test(value) && !Number.isFinite(Number(value))) problems.push(`not a number: ${line}`)
  return problems
}
