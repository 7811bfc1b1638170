// TypeScript finds no type errors, also in the React component and the page, which the setup does not check.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.kind === 'types')
