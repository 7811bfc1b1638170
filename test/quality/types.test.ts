// TypeScript's types are right where the set-up does not compile them too: the React component and the page.

import { testGates } from './gate-tests.js'

testGates((gate) => gate.kind === 'types')
