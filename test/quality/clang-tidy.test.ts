// clang-tidy finds nothing. It has its own file, because it takes a minute or more after a change to a common header.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.name === 'clang-tidy')
