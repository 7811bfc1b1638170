// clang-tidy finds nothing. In a file of its own, since a new checkout or a changed common header costs minutes. The test
// camera and the C++ tests would double that; `npm run lint` judges them too.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.name === 'clang-tidy: the addon')
