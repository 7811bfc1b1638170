// The alert rules and the dashboard, as Prometheus itself reads them. bench/alerts.mjs makes each alert fire with a real fault.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { ROOT, temporaryFolder } from '../helpers/paths.js'
import { noPromtool, promtool } from '../helpers/promtool.js'
import { alertRules, dashboard, dashboardQueries, type Rule } from '../helpers/queries.js'

const skip = noPromtool()
const folder = join(ROOT, 'packaging/prometheus')

t.test('docs/operations.md has a row for each alert', async (t) => {
  const docs = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  t.ok(alertRules().length >= 10)
  for (const { alert } of alertRules()) t.ok(docs.includes(`\n| \`${alert}\` | `), alert)
})

t.test('each panel of the dashboard has an id of its own and a description', async (t) => {
  const { panels, templating } = dashboard()
  t.same(
    templating.list.map(({ name }) => name),
    ['datasource', 'instance', 'camera'],
  )
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'ids')
  for (const { type, title, description } of panels) if (type !== 'row') t.ok(description, title)
  // Grafana's own thresholds turn a figure red from 80.
  for (const { type, title, fieldConfig } of panels)
    if (type === 'stat') t.ok(fieldConfig?.defaults.mappings ?? fieldConfig?.defaults.thresholds, `${title}: colors`)
})

/** What `promtool test rules` reports of alerts.test.yml with these rules. */
function tested(t: Parameters<typeof temporaryFolder>[0], rules: Rule[]): { status: number | null; output: string } {
  const box = temporaryFolder(t)
  writeFileSync(join(box, 'alerts.yml'), stringify({ groups: [{ name: 'framegate', rules }] }))
  writeFileSync(join(box, 'alerts.test.yml'), readFileSync(join(folder, 'alerts.test.yml')))
  return promtool(['test', 'rules', join(box, 'alerts.test.yml')])
}

t.test('each alert fires for its fault, and for nothing less', { skip }, async (t) => {
  const rules = alertRules()
  for (const { status, output } of [promtool(['check', 'rules', join(folder, 'alerts.yml')]), tested(t, rules)])
    t.equal(status, 0, output)

  // One that never fires, or always does, is noticed.
  for (const expr of ['vector(0) == 1', 'vector(1)']) {
    const { status, output } = tested(
      t,
      rules.map((rule) => ({ ...rule, expr, for: '0s' })),
    )
    t.equal(status, 1)
    for (const { alert } of rules) t.match(output, `alertname: ${alert},`, `${alert}: ${expr}`)
  }
})

t.test('Prometheus can read each query of the dashboard', { skip }, async (t) => {
  const rules = dashboardQueries().map(([, expr], i) => ({
    record: `panel:query${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h'),
  }))
  const file = join(temporaryFolder(t), 'dashboard.yml')
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { status, output } = promtool(['check', 'rules', file])
  t.equal(status, 0, output)
})
