#!/bin/sh
# Installs the npm package into an empty folder and runs it, and checks that the gateway names what the box lacks. Run it as
# root in a bare Debian (a chroot or a container) with Node.js, without a compiler, that may be thrown away:
#   try-npm.sh framegate-VERSION.tgz [MEDIAMTX]
# MEDIAMTX is the program to use in the last step. Without it, the gateway must run without MediaMTX.
set -eu
package=$(realpath "$1") mediamtx=${2:-}
# Where the ports of a gateway are in use.
offset=${PORT_OFFSET:-0}
export DEBIAN_FRONTEND=noninteractive LOG_FORMAT=pretty PORT_OFFSET="$offset" STATE_FILE=/tmp/try-npm.json
box=$(mktemp -d)
framegated=$box/node_modules/.bin/framegated
began=$(date +%s)

step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
fail() { printf 'FAILED: %s\n' "$1"; cat "$box/log"; exit 1; }
get() { node -e "fetch('http://127.0.0.1:$((8090 + offset))/$1').then(async (r) => r.ok ? console.log((await r.text()).slice(0, 300)) : process.exit(1), () => process.exit(1))"; }
refused() { # REGULAR-EXPRESSION: the start must fail with it.
  if timeout 60 "$framegated" >"$box/log" 2>&1; then fail 'the gateway started'; fi
  grep -E "$1" "$box/log" || fail "no line matches $1"
}

for tool in gcc g++ make python3; do
  if command -v $tool; then echo "$tool is installed: this box proves nothing"; exit 1; fi
done

step "npm install $package"
cd "$box"
npm install --no-audit --no-fund "$package" >"$box/log" 2>&1 || fail 'npm install'
du -sh "$box/node_modules" | cut -f1
"$framegated" --version

step 'without GStreamer, the start names the library and the packages'
refused 'lib[a-z0-9-]+-1\.0\.so\.0: cannot open shared object file.*apt-get install libyuv0'

step 'with the libraries alone, it names the elements and the packages'
apt-get update -qq
apt-get install -y -qq --no-install-recommends libyuv0 libturbojpeg0 libgstreamer-plugins-base1.0-0 >"$box/log" 2>&1 || fail 'apt-get'
refused 'lacks .*rtspsrc.*apt-get install gstreamer1\.0-plugins-base'

step 'the commands that it named'
command=$(sed -n 's/.*run "sudo apt-get \(install [^"]*\)".*/\1/p' "$box/log")
# shellcheck disable=SC2086
apt-get -y -qq $command >"$box/log" 2>&1 || fail "apt-get $command"

if [ -n "$mediamtx" ]; then install -m 0755 "$mediamtx" /usr/local/bin/mediamtx; fi
step 'it runs, with the page and the metrics'
"$framegated" >"$box/log" 2>&1 &
pid=$!
tries=0
until get health; do
  tries=$((tries + 1))
  [ $tries -lt 60 ] || fail 'the gateway did not start'
  sleep 1
done
get '' | grep -q '<title>' || fail 'the page'
get metrics | grep -q '^# HELP' || fail '/metrics'
node -e "fetch('http://127.0.0.1:$((8090 + offset))/cameras/start', {method: 'POST', body: JSON.stringify({name: 'door', rtsp: 'rtsp://127.0.0.1:9/door'})}).then(async (r) => { console.log((await r.text()).slice(0, 200)); process.exit(r.ok ? 0 : 1) })"
if [ -n "$mediamtx" ]; then get health/ready; else grep -E 'MediaMTX is not installed.*curl' "$box/log" || fail 'no word about MediaMTX'; fi
kill $pid
wait $pid || fail "the exit status is $?"

rm -rf "$box" "$STATE_FILE"*
step 'everything passed'
