// Faults of the set-up.

/** @type {import('./list.mjs').Mutant[]} */
export const setup = [
  {
    id: 'download-proxy-hash',
    why: 'An archive that came through a proxy is checked like any other.',
    file: 'scripts/setup/mediamtx-download.mjs',
    text: 'else await curlTo(url, file, allowed, onProgress, env)',
    fault: 'else return await curlTo(url, file, allowed, onProgress, env)',
    tests: ['test/setup/mediamtx-download.test.ts'],
  },
  {
    id: 'download-hash',
    why: 'An archive with another SHA-256 is not installed.',
    file: 'scripts/setup/mediamtx-download.mjs',
    text: 'if (got !== sha256)',
    fault: 'if (got.length !== sha256.length)',
    tests: ['test/setup/mediamtx-download.test.ts'],
  },
  {
    id: 'lock-touched',
    why: 'A lock that is held for long is not taken for one of a dead process.',
    file: 'scripts/setup/lock.mjs',
    text: 'setInterval(() => touch(file), TOUCH_MS)',
    fault: 'setInterval(() => undefined, TOUCH_MS)',
    tests: ['test/setup/parts.test.ts'],
  },
  {
    id: 'stamp-of-tests',
    why: 'A build without the tests does not claim to have built them.',
    file: 'scripts/setup/native.mjs',
    text: 'tests: forTests ? wanted.tests : stamp.tests',
    fault: 'tests: wanted.tests',
    tests: ['test/setup/parts.test.ts'],
  },
]
