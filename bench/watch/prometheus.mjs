// Debian's Prometheus, on a free port, with the gateway's alert rules at shorter times.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { ROOT } from '../../dist/test/helpers/paths.js'
import { freePort } from '../../dist/test/helpers/ports.js'
import { until } from '../../dist/test/helpers/wait.js'

/** Of the rates in queries: Grafana's $__rate_interval is four times the scrape interval or more. */
export const RATE_WINDOW = '15s'

/** The rules, with `for` and the windows of rates so short that a run takes minutes. */
export function shortRules() {
  const text = readFileSync(join(ROOT, 'packaging/prometheus/alerts.yml'), 'utf8')
  // Two reconnects of a slow network take longer than the window of rates.
  const late = text.replaceAll('"ERR_SOURCE_LATE"}[2m]', '"ERR_SOURCE_LATE"}[40s]')
  const rules = parse(late.replaceAll('[2m]', `[${RATE_WINDOW}]`).replaceAll('[10m]', '[40s]'))
  for (const rule of rules.groups[0].rules) if (rule.for) rule.for = '2s'
  return rules
}

export class Prometheus {
  #child
  #base

  /** @param target HOST:PORT of the gateway; folder for its configuration and data. */
  static async start(target, folder) {
    const prometheus = new Prometheus()
    const port = await freePort()
    prometheus.#base = `http://127.0.0.1:${port}/api/v1`
    writeFileSync(join(folder, 'alerts.yml'), stringify(shortRules()))
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['alerts.yml'],
      scrape_configs: [{ job_name: 'framegate', static_configs: [{ targets: [target] }] }],
    }
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config))
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ]
    prometheus.#child = spawn('prometheus', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    prometheus.#child.once('error', () => {
      process.stderr.write('Prometheus is not installed: apt-get install prometheus\n')
      process.exit(1)
    })
    await until('Prometheus to scrape the gateway', async () => (await prometheus.query('up == 1')).length > 0, {
      limitMs: 60000,
    })
    return prometheus
  }

  /** @returns series with `metric` (labels) and `value`. Throws if the query is not valid. */
  async query(expr) {
    const result = await this.#get('query', { query: expr })
    return result.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }

  /** @returns series with `metric` (labels) and `values`, pairs of a time and a value, one a second. */
  async range(expr, startS, endS) {
    const { result } = await this.#get('query_range', { query: expr, start: startS, end: endS, step: 1 })
    return result.map(({ metric, values }) => ({ metric, values: values.map(([at, value]) => [at, Number(value)]) }))
  }

  /** The alerts that fire, such as "FramegateCameraAway door". */
  async firing() {
    const { alerts } = await this.#get('alerts', {})
    const active = alerts.filter(({ state }) => state === 'firing')
    return active.map(({ labels }) => [labels.alertname, labels.camera].filter(Boolean).join(' '))
  }

  async #get(path, parameters) {
    const response = await fetch(`${this.#base}/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = await response.json()
    if (status !== 'success') throw new Error(`${error}: ${parameters.query}`)
    return data
  }

  async stop() {
    this.#child.kill('SIGTERM')
    if (this.#child.exitCode === null) await once(this.#child, 'close')
  }
}
