// The Grafana dashboard's panels, evaluated as Grafana would.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../dist/test/helpers/paths.js'
import { RATE_WINDOW } from './prometheus.mjs'

const dashboard = JSON.parse(readFileSync(join(ROOT, 'packaging/grafana/framegate.json'), 'utf8'))
export const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** By title or unit: smaller differences are noise. */
const NOISE = { 'CPU of the gateway': 0.1, s: 0.3, short: 1, percentunit: 0.04, bps: 20000, bytes: 50e6 }
/** What depends on the machine and its other work, unless it changes a lot. */
const UNSTEADY = ['CPU of the gateway', 'Memory', 'Event loop', 'Age of frames given to readers', 'Where the time goes']

/** A query with the variables of the dashboard filled in. */
export function filled(expr, camera) {
  return expr
    .replaceAll('$instance', '.*')
    .replaceAll('$camera', camera)
    .replaceAll('$__rate_interval', RATE_WINDOW)
    .replaceAll('$__range', '60s')
}

export const legend = ({ legendFormat }, metric) =>
  legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '')

/** What each panel shows of a camera now: by its title, a map of legends to values. */
export async function shown(prometheus, camera, seen) {
  const result = new Map()
  for (const panel of panels) {
    const values = new Map()
    for (const target of panel.targets) {
      const series = await prometheus.query(filled(target.expr, camera))
      if (series.length > 0) seen.add(target.expr)
      for (const { metric, value } of series) {
        const name = panel.type === 'table' ? Object.values(metric).join(' ') : legend(target, metric)
        if (!Number.isNaN(value)) values.set(name.replaceAll(camera, '').trim().replace(/^: /, ''), value)
      }
    }
    result.set(panel.title, values)
  }
  return result
}

function differs({ title, type, fieldConfig }, before, now) {
  if (type === 'state-timeline') return before !== now
  const noise = NOISE[title] ?? NOISE[fieldConfig.defaults.unit] ?? 0
  const factor = UNSTEADY.includes(title) ? 3 : title === 'Limits' ? 1.1 : 1.7
  const [less, more] = [before ?? 0, now ?? 0].sort((a, b) => a - b)
  return more - less > noise && more > factor * less
}

function figure({ fieldConfig }, value) {
  if (value === undefined) return '-'
  return fieldConfig.defaults.mappings?.[0].options[value]?.text ?? String(Number(value.toPrecision(2)))
}

/** The panels that differ, with the values that do, such as "Reason: ERR_SOURCE_SILENT - -> 1". */
export function differences(before, now) {
  const ofCamera = panels.filter(({ title }) => title !== 'Alerts')
  return ofCamera.flatMap((panel) => {
    const [a, b] = [before.get(panel.title), now.get(panel.title)]
    const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => differs(panel, a.get(name), b.get(name)))
    const changes = names.map((name) => `${name} ${figure(panel, a.get(name))} -> ${figure(panel, b.get(name))}`.trim())
    return changes.length === 0 ? [] : [`${panel.title}: ${changes.join(', ')}`]
  })
}
