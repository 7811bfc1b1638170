// The linters find nothing.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.kind === 'lint' && !['ESLint', 'clang-tidy'].includes(gate.name))
