// The formatters have nothing to change.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.kind === 'format')
