// `npm start`: runs the setup, then the gateway in the same process, so that signals reach it.

import { setupOrExit } from './setup.mjs'
import { runningGateway } from './setup/running-gateway.mjs'

const args = process.argv.slice(2)
// Flags may give it another port, or a command that starts nothing.
const running = args.every((arg) => arg === '--demo') ? await runningGateway(process.env) : null
if (running !== null) {
  process.stderr.write(
    `framegate: a gateway is already running at ${running}; use that one, stop it, or give this one other ports (PORT_OFFSET=100)\n`,
  )
  process.exit(1)
}
await setupOrExit({})
const { main } = await import('../dist/src/main.js')
await main(args)
