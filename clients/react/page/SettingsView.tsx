import { useEffect, useState } from 'react'
import { getSettings } from './api'
import type { GatewaySetting, SettingsAnswer } from './api-types'
import { Dialog } from './Dialog'
import { capitalized } from './words'

/** The settings in effect, and where they come from. */
export function SettingsView({ onClose }: { onClose: () => void }) {
  const [answer, setAnswer] = useState<SettingsAnswer | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let over = false
    getSettings().then(
      (settings) => void (!over && setAnswer(settings)),
      (error: unknown) => void (!over && setProblem(error instanceof Error ? error.message : String(error))),
    )
    return () => {
      over = true
    }
  }, [])
  return (
    <Dialog title="Settings" className="medium" onClose={onClose}>
      {problem !== null && (
        <p className="wrong" role="alert">
          Cannot read the settings: {problem}
        </p>
      )}
      {answer === null && problem === null && <p className="hint">Loading…</p>}
      {answer !== null && <Lists {...answer} />}
    </Dialog>
  )
}

function Lists({ file, settings }: SettingsAnswer) {
  const own = settings.filter(({ source }) => source !== 'default')
  const defaults = settings.filter(({ source }) => source === 'default')
  return (
    <>
      <p className="hint">
        In effect now. Change them in {file === null ? 'framegate.yaml' : <code>{file}</code>}, by an environment
        variable or by a flag, then restart the gateway. <code>pub_fps</code>, <code>scale_width</code> and{' '}
        <code>jpeg_quality</code> in the file take effect when the gateway reloads it.
      </p>
      <h3>Set for this gateway</h3>
      {own.length === 0 ? <p className="hint">Nothing: all settings have their default.</p> : <List settings={own} />}
      <h3>Defaults</h3>
      <List settings={defaults} />
    </>
  )
}

function List({ settings }: { settings: GatewaySetting[] }) {
  return (
    <dl className="settings">
      {settings.map((setting) => (
        <div key={setting.name}>
          <dt>
            <code>{setting.name}</code>
            <p className="hint">{capitalized(setting.meaning)}</p>
          </dt>
          <dd>
            <Value {...setting} />
            {setting.source !== 'default' && <small>{originWords(setting)}</small>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Value({ value }: GatewaySetting) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return <span className="hint">not set</span>
  if (typeof value === 'boolean') return <b>{value ? 'on' : 'off'}</b>
  const lines = Array.isArray(value) ? value : [String(value)]
  return lines.map((line) => <b key={line}>{line}</b>)
}

function originWords({ source, variable, line, name }: GatewaySetting): string {
  if (source === 'file') return line === null ? 'framegate.yaml' : `framegate.yaml, line ${line}`
  return source === 'flag' ? `flag --${name.replaceAll('_', '-')}` : `environment, ${variable}`
}
