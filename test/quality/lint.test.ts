// The linters find nothing.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.kind === 'lint' && !gate.name.startsWith('clang-tidy'))
