// Runs the gates of scripts/quality/gates.mjs as tests. A failure shows the tool's output and how to fix it.

import t from 'tap'

interface Gate {
  name: string
  kind: 'format' | 'lint' | 'types'
  sentence: string
  check: () => Promise<{ ok: boolean; output: string }>
  remedy: string
}

const scripts = new URL('../../../scripts/quality/', import.meta.url)
const { gates } = (await import(new URL('gates.mjs', scripts).href)) as { gates: Gate[] }

/** Defines a test for each gate that `wanted` accepts. */
export function testGates(wanted: (gate: Gate) => boolean): void {
  for (const gate of gates.filter(wanted)) {
    t.test(gate.sentence, async (t) => {
      const { ok, output } = await gate.check()
      if (!ok) t.comment(output)
      t.ok(ok, `${gate.name} failed. ${gate.remedy}`)
    })
  }
}
