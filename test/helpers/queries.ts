// The queries of the alert rules and of the Grafana dashboard.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { CAMERA_ERRORS } from '../../src/error-codes.js'
import { METRICS, type Definition } from '../../src/metrics/definitions.js'
import { ROOT } from './paths.js'

export interface Rule {
  alert: string
  expr: string
  for?: string
}

export interface Panel {
  id: number
  type: string
  title: string
  description?: string
  fieldConfig?: { defaults: { mappings?: unknown; thresholds?: unknown } }
  targets?: { expr: string }[]
}

export interface Dashboard {
  panels: Panel[]
  templating: { list: { name: string }[] }
}

const read = (file: string) => readFileSync(join(ROOT, 'packaging', file), 'utf8')

export function alertRules(): Rule[] {
  return parse(read('prometheus/alerts.yml')).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
}

export function dashboard(): Dashboard {
  return JSON.parse(read('grafana/framegate.json'))
}

/** Pairs of an alert and its query. */
export function alertQueries(): [string, string][] {
  return alertRules().map(({ alert, expr }) => [alert, expr])
}

/** Pairs of a panel's title and a query; Grafana's variables are not filled in. */
export function dashboardQueries(): [string, string][] {
  return dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr]),
  )
}

const codes = Object.keys(CAMERA_ERRORS)

/** What a query names that the text of GET /metrics has no series of. Error codes need no series. */
export function unknownIn(expr: string, text: string): string[] {
  const known = new Set([...text.matchAll(/^([a-z_]\w*)[ {]/gm)].map(([, name]) => name))
  const problems: string[] = []
  for (const [, name = '', , matchers = ''] of expr.matchAll(/\b((?:framegate|process|nodejs)_\w+)(\{(.*?)\})?/g)) {
    if (!known.has(name)) problems.push(name)
    const metric = name.replace(/_(bucket|sum|count)$/, '')
    const { labels = [] }: Partial<Definition> = METRICS[metric as keyof typeof METRICS] ?? {}
    for (const [, label = '', values = ''] of matchers.matchAll(/(\w+)[=!]~?"(.*?)"/g)) {
      if (!['instance', 'job', ...labels].includes(label)) problems.push(`${name}: ${label}`)
      if (!['state', 'reason', 'code'].includes(label)) continue
      for (const value of values.split('|'))
        if (!text.includes(`${label}="${value}"`) && !codes.some((code) => new RegExp(`^${value}$`).test(code)))
          problems.push(value)
    }
  }
  return problems
}
