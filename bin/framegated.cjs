#!/usr/bin/env node
// The gateway's program.
'use strict'

require('./require-node.cjs')

import('../dist/src/main.js').then(function (gateway) {
  return gateway.main(process.argv.slice(2))
})
