import net from 'node:net'
import t from 'tap'
import { portHolder } from '../../src/port-holder.js'

t.test('finds the process that holds a port', async (t) => {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  t.match(portHolder((server.address() as net.AddressInfo).port), new RegExp(`^node \\(process ${process.pid}\\)$`))
  t.equal(portHolder(1), null)
})
