#!/bin/sh
# Runs the tests of a checkout with another Node.js, taken from npm:
#   packaging/try-node.sh VERSION [FILES...]
# VERSION is one such as 22 or 24.1.0; FILES as for npm test.
set -eu
version=$1 && shift
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
name=node-linux-$(node -p process.arch)
npm install --prefix "$box" --no-audit --no-fund --silent "$name@$version"
PATH="$box/node_modules/$name/bin:$PATH"
export PATH
node --version
npm test -- "$@"
