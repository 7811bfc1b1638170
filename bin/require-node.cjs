// Ends the process if this Node.js is too old, and says where to get a newer one. Loaded before everything else, so it
// is written in ES5 (Node.js 12 must parse it) and imports nothing of the project.
'use strict'

var OLDEST = 20

/** What to tell the user; null if the version suffices. @param version without "v". */
function nodeProblem(version, execPath) {
  if (parseInt(version, 10) >= OLDEST) return null
  return [
    'Framegate needs Node.js ' + OLDEST + ' or newer, and this is ' + version + ' (' + execPath + ').',
    '',
    'Debian 12, Debian 13, Ubuntu 22.04, Ubuntu 24.04, Raspberry Pi OS (64-bit): install Node.js 24 from NodeSource,',
    '  curl -fsSL https://deb.nodesource.com/setup_24.x | sudo -E bash -',
    '  sudo apt-get install -y nodejs',
    'Debian 13 also has a Node.js that is new enough (sudo apt-get install nodejs npm); the other systems have not.',
    '',
    'Without root, or on another system: unpack an archive from https://nodejs.org/dist/latest-v24.x/ (linux-x64 or',
    'linux-arm64), and put its bin folder first on PATH.',
    '',
    'Then run the same command again.',
    '',
  ].join('\n')
}

module.exports = nodeProblem

var problem = nodeProblem(process.versions.node, process.execPath)
if (problem !== null) {
  process.stderr.write(problem)
  process.exit(1)
}
