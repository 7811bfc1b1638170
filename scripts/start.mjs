// `npm start`: the set-up, then the gateway in this same process, so that signals reach it.

import { setupOrExit } from './setup.mjs'

await setupOrExit({})
const { main } = await import('../dist/src/main.js')
await main(process.argv.slice(2))
