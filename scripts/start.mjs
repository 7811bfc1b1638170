// `npm start`: runs the setup, then the gateway in the same process, so that signals reach it.

import { setupOrExit } from './setup.mjs'

await setupOrExit({})
const { main } = await import('../dist/src/main.js')
await main(process.argv.slice(2))
