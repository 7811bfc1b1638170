// Copies what a gateway writes to files of RECORD_TO: output, and the head and body of each response. watched_tests.py
// loads this into every Node.js process by NODE_OPTIONS; only gateways and their commands are recorded.

const fs = require('node:fs')
const { ServerResponse } = require('node:http')

const folder = process.env.RECORD_TO
if (folder && /(main\.js|framegated(\.cjs)?)$/.test(process.argv[1] ?? '')) {
  const { openSync, writeSync } = fs
  const file = (kind) => openSync(`${folder}/${kind}.${process.pid}.${Date.now()}`, 'a', 0o600)
  const copy = (fd, data) => {
    if (typeof data === 'string' || data instanceof Uint8Array) writeSync(fd, Buffer.from(data))
  }
  const output = file('output')
  fs.writeSync = (fd, data, ...rest) => {
    if (fd === 1 || fd === 2) copy(output, data)
    return writeSync(fd, data, ...rest)
  }
  require('node:module').syncBuiltinESMExports()
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream
    stream.write = (data, ...rest) => {
      copy(output, data)
      return write.call(stream, data, ...rest)
    }
  }
  const responses = file('responses')
  for (const method of ['write', 'end']) {
    const own = ServerResponse.prototype[method]
    ServerResponse.prototype[method] = function (data, ...rest) {
      const result = own.call(this, data, ...rest)
      copy(responses, data)
      if (method === 'end') copy(responses, `\n${this._header}\n`)
      return result
    }
  }
}
