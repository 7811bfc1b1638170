// clang-tidy finds nothing. In a file of its own: after a change of a common header it takes a minute or more.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.name === 'clang-tidy')
