// HTTP_HOST and ZMQ_BIND, as clients see them.

import t from 'tap'
import { endpointFor, inUrl } from '../../src/endpoints.js'

t.test('the ZeroMQ endpoint for a client', async (t) => {
  const local = 'tcp://127.0.0.1:5555'
  const ipc = 'ipc:///run/framegate.sock'
  const cases: [string[], string, string][] = [
    [[local], '127.0.0.1', local],
    [[local], 'gateway.lan', local],
    [['tcp://0.0.0.0:5555'], 'gateway.lan', 'tcp://gateway.lan:5555'],
    [['tcp://0.0.0.0:5555'], '127.0.0.1', local],
    [['tcp://0.0.0.0:5555'], '[::1]', local],
    [['tcp://[::]:5555'], '127.0.0.1', local],
    [['tcp://[::]:5555'], '[::1]', 'tcp://[::1]:5555'],
    [['tcp://[::1]:5555'], '127.0.0.1', 'tcp://[::1]:5555'],
    [['tcp://*:5555'], '10.0.0.7', 'tcp://10.0.0.7:5555'],
    [['tcp://[::]:5555'], '[fe80::1]', 'tcp://[fe80::1]:5555'],
    [[ipc], 'gateway.lan', ipc],
    [[ipc, 'tcp://0.0.0.0:5555'], 'gateway.lan', 'tcp://gateway.lan:5555'],
    [[ipc, 'tcp://0.0.0.0:5555'], 'localhost', ipc],
    [[local, 'tcp://10.0.0.7:5556'], 'gateway.lan', 'tcp://10.0.0.7:5556'],
    [[local, 'tcp://10.0.0.7:5556', 'tcp://10.1.0.7:5557'], '10.1.0.7', 'tcp://10.1.0.7:5557'],
    [[local, 'tcp://0.0.0.0:5555', 'tcp://10.1.0.7:5557'], '10.1.0.7', 'tcp://10.1.0.7:5557'],
    [[local, 'tcp://10.0.0.7:5556'], '127.0.0.1', local],
    [[], 'gateway.lan', ''],
  ]
  for (const [bound, host, expected] of cases)
    t.equal(endpointFor(bound, host), expected, `${bound.join()} for ${host}`)
})

t.test('a host in a URL', async (t) => {
  for (const [host, expected] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '[::1]'],
    ['[::1]', '[::1]'],
    ['gateway.lan', 'gateway.lan'],
  ])
    t.equal(inUrl(host!), expected)
})
