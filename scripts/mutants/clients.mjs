// Faults of the Python client and of the React component.

const player = 'test/browser/player.test.ts'

/** @type {import('./list.mjs').Mutant[]} */
export const clients = [
  {
    id: 'python-missed',
    why: '`missed` goes on counting when the topic changes.',
    file: 'clients/python/framegate/capture.py',
    text: 'self._missed_before += current.missed',
    fault: 'pass',
    tests: ['clients/python/tests/test_capture.py'],
  },
  {
    id: 'python-max-age',
    why: 'read(max_age_ms=...) goes on to the next frame if the first is too old.',
    file: 'clients/python/framegate/capture.py',
    text: 'is older than {max_age_ms:.0f} ms"\n                continue',
    fault: 'is older than {max_age_ms:.0f} ms"\n                return None',
    tests: ['clients/python/tests/test_capture.py'],
  },
  {
    id: 'python-ipv6',
    why: 'An IPv6 host has brackets in an endpoint.',
    file: 'clients/python/framegate/capture.py',
    text: "{'[' + host + ']' if ':' in host else host}",
    fault: '{host}',
    tests: ['clients/python/tests/test_capture.py'],
  },
  {
    id: 'python-loopback-endpoint',
    why: "The gateway's own 127.0.0.1 is, from another machine, the gateway's host.",
    file: 'clients/python/framegate/capture.py',
    text: '|127\\.0\\.0\\.1|',
    fault: '|',
    tests: ['clients/python/tests/test_capture.py'],
  },
  {
    id: 'python-asks-once-a-second',
    why: 'A reader that waits asks the gateway once a second, not at each turn.',
    file: 'clients/python/framegate/capture.py',
    text: ' or now - self._asked_at < _ASK_EVERY_S',
    fault: '',
    tests: ['clients/python/tests/test_capture.py'],
  },
  {
    id: 'python-fork-close',
    why: "After a fork, a child's close() must not touch the parent's sockets.",
    file: 'clients/python/framegate/subscriber.py',
    text: 'if self._pid != os.getpid():\n            return  # Its',
    fault: 'if False:\n            return  # Its',
    equivalent: 'pyzmq compares the process id itself when it closes sockets and contexts.',
  },
  {
    id: 'player-stall',
    why: 'A picture that stands still is told, also when the connection stands.',
    file: 'clients/react/ReactWhepSample.tsx',
    text: '} else if (silentMs >= Math.max(FROZEN_MS, 3 * shown.intervalMs)) {',
    fault: '} else if (shown.ended !== null && silentMs >= Math.max(FROZEN_MS, 3 * shown.intervalMs)) {',
    tests: [player],
  },
  {
    id: 'player-tries-again',
    why: 'A way that failed is tried again after its penalty.',
    file: 'clients/react/ReactWhepSample.tsx',
    text: 'untilMs: performance.now() + delayMs,',
    fault: 'untilMs: performance.now() + delayMs * 1e6,',
    tests: [player],
  },
  {
    id: 'player-whep-delete',
    why: 'The WHEP session is deleted when the player leaves it.',
    file: 'clients/react/ReactWhepSample.tsx',
    text: "method: 'DELETE', keepalive",
    fault: "method: 'HEAD', keepalive",
    tests: [player],
  },
  {
    id: 'player-page-leave',
    why: 'A page that is left ends its sessions.',
    file: 'clients/react/ReactWhepSample.tsx',
    text: "    addEventListener('pagehide', this.#onLeave)\n",
    fault: '',
    tests: [player],
  },
]
