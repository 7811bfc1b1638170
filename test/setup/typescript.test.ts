// The setup step that compiles TypeScript.

import t from 'tap'

const { staleOutputs } = await import(new URL('../../../scripts/setup/typescript.mjs', import.meta.url).href)

t.test('outputs without a source are stale', async (t) => {
  const outputs = ['src/a.js', 'src/a.js.map', 'src/a.d.ts', 'test/gone.test.js', 'test/b.test.js'].map(
    (name) => `/dist/${name}`,
  )
  t.same(staleOutputs(['/r/src/a.ts', '/r/test/b.test.ts'], outputs, '/r', '/dist'), ['/dist/test/gone.test.js'])
})
