// Draws the dashboard's panels of one camera as SVG, at the places that they have in Grafana.

import { filled, legend, panels } from './dashboard.mjs'

const WIDTH = 1500
const COLUMN = WIDTH / 24
const ROW = 26
const COLORS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff780a', '#f2495c', '#b877d9', '#37872d', '#8ab8ff']

const escaped = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const word = (x, y, text, size = 11, color = '#ccc', weight = 'normal') =>
  `<text x="${x}" y="${y}" font-size="${size}" fill="${color}" font-weight="${weight}">${escaped(text)}</text>`

function figure(value, unit) {
  const suffix = { s: ' s', percentunit: ' %', bps: ' kb/s', bytes: ' MB' }[unit] ?? ''
  const scaled = { percentunit: value * 100, bps: value / 1000, bytes: value / 1e6 }[unit] ?? value
  return `${Number(scaled.toPrecision(3))}${suffix}`
}

const mappingOf = (panel, value) => panel.fieldConfig.defaults.mappings?.[0].options[value]
const colorName = { text: '#888', green: '#37872d', yellow: '#c9a400', orange: '#e06c00', red: '#c4162a' }

function stat(panel, series, x, y, w, h) {
  const value = series[0]?.values.at(-1)?.[1]
  const steps = panel.fieldConfig.defaults.thresholds?.steps ?? []
  const step = steps.filter((step) => step.value === null || step.value <= value).at(-1)
  const mapped = mappingOf(panel, value)
  const color = colorName[mapped?.color ?? step?.color ?? 'text'] ?? '#888'
  const box = `<rect x="${x + 4}" y="${y + 22}" width="${w - 16}" height="${h - 34}" fill="${color}"/>`
  return box + word(x + 14, y + 62, mapped?.text ?? value ?? 'No data', 17, '#fff', 'bold')
}

function timeline(panel, series, x, y, w, h, scale) {
  const lane = Math.min(26, (h - 40) / Math.max(1, series.length))
  return series
    .map(({ name, values }, i) => {
      const top = y + 30 + i * lane
      const bars = values.map(([at, value]) => {
        const color = colorName[mappingOf(panel, value)?.color] ?? '#888'
        return `<rect x="${scale(at)}" y="${top}" width="${scale(1) - scale(0) + 0.5}" height="${lane - 4}" fill="${color}"/>`
      })
      const texts = values.filter(([, value], n) => n === 0 || value !== values[n - 1][1])
      const states = texts.map(([at, value]) =>
        word(scale(at) + 2, top + 14, mappingOf(panel, value)?.text ?? '', 10, '#fff'),
      )
      return bars.join('') + (panel.title === 'State' ? states.join('') : word(x + 10, top + 14, name, 12, '#fff'))
    })
    .join('')
}

function lines(panel, series, x, y, w, h, scale) {
  const { unit } = panel.fieldConfig.defaults
  const numbers = series.flatMap(({ values }) => values.map(([, value]) => value)).filter(Number.isFinite)
  const most = Math.max(...numbers, 1e-9)
  const bottom = y + h - 26 - 13 * Math.min(series.length, 4)
  const height = (value) => bottom - (value / most) * (bottom - y - 34)
  const parts = [
    word(x + 6, y + 32, figure(most, unit), 10),
    `<path d="M${scale(-Infinity)} ${bottom}H${x + w - 12}" stroke="#555"/>`,
  ]
  for (const [i, { name, values }] of series.entries()) {
    const color = COLORS[i % COLORS.length]
    const points = values.filter(([, value]) => Number.isFinite(value))
    const path = points.map(([at, value], n) => {
      const joined = n > 0 && at - points[n - 1][0] < 1.5
      return `${joined ? 'L' : 'M'}${scale(at).toFixed(1)} ${height(value).toFixed(1)}h0.1`
    })
    parts.push(`<path d="${path.join('')}" fill="none" stroke="${color}" stroke-width="1.8"/>`)
    const last = points.length > 0 ? figure(points.at(-1)[1], unit) : 'No data'
    if (i < 4) parts.push(word(x + 10, bottom + 14 + i * 13, `${name}: ${last}`, 10.5, color))
  }
  return parts.join('')
}

/** @param endS seconds since 1970, as startS. */
export async function picture(prometheus, camera, startS, endS) {
  const parts = []
  for (const panel of panels) {
    const { x: column, y: row, w: columns, h: rows } = panel.gridPos
    const [x, y, w, h] = [column * COLUMN, row * ROW, columns * COLUMN, rows * ROW]
    const series = []
    for (const target of panel.targets) {
      const found = await prometheus.range(filled(target.expr, camera), startS, endS)
      for (const { metric, values } of found) {
        const name = panel.type === 'table' ? Object.values(metric).join(' ') : legend(target, metric)
        series.push({ name, values })
      }
    }
    const scale = (at) => {
      const share = at === -Infinity ? 0 : at === 1 || at === 0 ? at / (endS - startS) : (at - startS) / (endS - startS)
      return x + 8 + share * (w - 22)
    }
    parts.push(`<rect x="${x + 2}" y="${y + 2}" width="${w - 8}" height="${h - 8}" fill="#181b1f" stroke="#333"/>`)
    parts.push(word(x + 8, y + 17, panel.title, 12, '#eee', 'bold'))
    if (panel.type === 'stat') parts.push(stat(panel, series, x, y, w, h))
    else if (panel.type === 'state-timeline') parts.push(timeline(panel, series, x, y, w, h, scale))
    else if (panel.type === 'table')
      series.forEach(({ name }, i) => parts.push(word(x + 12, y + 50 + i * 16, name, 12)))
    else parts.push(lines(panel, series, x, y, w, h, scale))
  }
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW
  const frame = `viewBox="0 0 ${WIDTH} ${bottom}" width="${WIDTH}" height="${bottom}"`
  const back = `<rect width="${WIDTH}" height="${bottom}" fill="#111217"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${frame} font-family="sans-serif">${back}${parts.join('')}</svg>\n`
}
