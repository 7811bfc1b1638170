// npm runs this when it installs the package. With a prebuilt addon there is nothing to do: what else this machine
// lacks, the gateway names when it starts. Without one, the addon is built.
'use strict'

var childProcess = require('child_process')
var fs = require('fs')
var path = require('path')

var target = process.platform + '-' + process.arch
var fromSource = process.env.npm_config_build_from_source === 'true'

if (fromSource || !fs.existsSync(path.join(__dirname, '../prebuilds', target))) build()

function build() {
  var program = require.resolve('node-gyp-build/bin.js')
  var status = childProcess.spawnSync(process.execPath, [program], { stdio: 'inherit' }).status
  if (status === 0) return
  process.exitCode = status || 1
  import('../dist/src/remedies.js').then(function (remedies) {
    process.stderr.write(
      'framegate: the addon for ' + target + ' could not be built; ' + remedies.remedy('addon') + '\n',
    )
  })
}
