#!/bin/sh
# Runs the arm64 Debian package and the npm package on an x64 machine under qemu-user, and checks each step: the gateway
# starts, a camera is live, and a Python program gets its frames over ZeroMQ and over the lane. It needs root, qemu-user-static,
# pip, and a checkout in which `npm run setup -- --tests` has run, for the test camera:
#   try-arm64.sh TREE framegate_VERSION_arm64.deb framegate-VERSION.tgz
# TREE is the arm64 Debian that cross-arm64.sh made. Times and frame rates under qemu mean nothing.
set -eu
cd "$(dirname "$0")/.."
tree=$(realpath "$1") deb=$(realpath "$2") tgz=$(realpath "$3")
# Where the ports of a gateway are in use.
offset=${PORT_OFFSET:-0}
base=http://127.0.0.1:$((8090 + offset))
formats=/proc/sys/fs/binfmt_misc
work=$(mktemp -d)
camera='' gateway='' registered='' binfmt='' mounted=''
cleanup() {
  # shellcheck disable=SC2086
  kill $gateway $camera 2>/dev/null || true
  wait
  for folder in $mounted; do umount "$folder"; done
  if [ -n "$registered" ]; then echo -1 >"$formats/qemu-aarch64"; fi
  if [ -n "$binfmt" ]; then umount $formats; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
began=$(date +%s)
step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
fail() { printf 'FAILED: %s\n' "$1"; cat "$work/log"; exit 1; }

step 'let the kernel run arm64 programs with qemu'
if [ ! -e $formats/qemu-aarch64 ]; then
  if [ ! -e $formats/register ]; then
    mount -t binfmt_misc binfmt_misc $formats
    binfmt=yes
  fi
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  # F: the kernel opens qemu now, so it is found in the tree too.
  printf '%s' ":qemu-aarch64:M::$magic:$mask:$(command -v qemu-aarch64-static):F" >$formats/register
  registered=yes
fi
mount -t proc proc "$tree/proc"
mounted="$tree/proc"
mount --bind /dev "$tree/dev"
mounted="$mounted $tree/dev"
# Programs in the tree run as the gateway's user.
user=10001
replace() {
  exec chroot --userspec=$user:$user "$tree" /usr/bin/env -i HOME=/tmp PATH=/usr/bin:/bin:/usr/lib/framegate/libexec \
    PORT_OFFSET="$offset" NODE_ENV=production STATE_FILE=/var/lib/framegate/cameras.json LANE_SOCKET=/run/framegate/lane.sock \
    XDG_CACHE_HOME=/var/cache/framegate PYTHONPATH=/opt/framegate-python "$@"
}
run() { (replace "$@"); }

step 'install the Debian package, the npm package and the Python client'
# What the packages would do when they are configured, as far as the gateway needs it: FFmpeg loads BLAS and LAPACK, which
# Debian links to one of several, and GIO reads settings.
libraries=/usr/lib/aarch64-linux-gnu
printf '%s\n' $libraries/blas $libraries/lapack >"$tree/etc/ld.so.conf.d/unconfigured.conf"
chroot "$tree" /sbin/ldconfig
chroot "$tree" $libraries/glib-2.0/glib-compile-schemas /usr/share/glib-2.0/schemas
dpkg-deb -x "$deb" "$tree"
rm -rf "$tree/opt/framegate-npm" "$tree/opt/framegate-python"
mkdir -p "$tree/opt/framegate-npm"
# npm itself under qemu would take minutes. The package's own install script runs below, with the arm64 Node.js.
npm install --prefix "$tree/opt/framegate-npm" --cpu arm64 --ignore-scripts --no-audit --no-fund --silent "$tgz"
python3 -m pip install -q --root-user-action ignore --target "$tree/opt/framegate-python" --only-binary :all: --python-version 3.11 \
  --platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 -r clients/python/requirements.txt
cp -r clients/python/framegate "$tree/opt/framegate-python/"

step 'start a camera on this machine'
port=$((15540 + offset))
"${TEST_CAMERA:-build/Release/test-camera}" --port $port --width 320 --height 180 --fps 5 --gop 5 --no-stdin >"$work/camera" 2>&1 &
camera=$!

start() { # COMMAND: the gateway, with this camera
  rm -rf "$tree/run/framegate" "$tree/var/lib/framegate" "$tree/var/cache/framegate"
  install -d -m 0750 -o $user -g $user "$tree/run/framegate" "$tree/var/lib/framegate" "$tree/var/cache/framegate"
  mkdir -p "$tree/etc/framegate"
  printf 'cameras:\n  door: {rtsp: "rtsp://127.0.0.1:%s/cam"}\n' $port >"$tree/etc/framegate/framegate.yaml"
  chown -R $user "$tree/etc/framegate"
  # shellcheck disable=SC2086
  replace $1 --config /etc/framegate/framegate.yaml >"$work/log" 2>&1 &
  gateway=$!
  tries=0
  until curl -fs "$base/health/ready" >"$work/ready"; do
    tries=$((tries + 1))
    kill -0 $gateway || fail 'the gateway ended'
    [ $tries -lt 180 ] || fail 'the gateway did not start'
    sleep 1
  done
  cat "$work/ready"
  grep -Eo 'MediaMTX v[0-9.]+ is ready' "$work/log" || fail 'MediaMTX did not start'
}
live() {
  tries=0
  until curl -fs "$base/cameras/door" | grep -q '"state":"live"'; do
    tries=$((tries + 1))
    kill -0 $gateway || fail 'the gateway ended'
    [ $tries -lt 180 ] || fail "the camera is not live: $(curl -s "$base/cameras/door")"
    sleep 1
  done
}
frames() { # TRANSPORT
  run FRAMEGATE_TRANSPORT="$1" GATEWAY_BASE="$base" python3 - "$1" <<'PYTHON' || fail "no frames over $1"
import platform, sys
from framegate import FrameSubscriber

with FrameSubscriber("door") as frames:
    got = [frame for frame in (frames.read(timeout_ms=60000) for _ in range(3)) if frame is not None]
    if len(got) < 3:
        sys.exit(f"{len(got)} of 3 frames: {frames.last_error}")
    image = got[-1].image
    if frames.transport != sys.argv[1] or image.shape != (180, 320, 3) or image.std() < 10:
        sys.exit(f"{image.shape} with deviation {image.std():.1f} over {frames.transport}")
    print(f"{platform.machine()}: {image.shape} over {frames.transport}")
PYTHON
}
stop() {
  kill $gateway
  wait $gateway || fail "the exit status is $?"
  gateway=''
}

step 'the Debian package: the gateway starts'
run /usr/lib/framegate/libexec/node -p '`Node.js ${process.version} for ${process.arch}`'
run /usr/lib/framegate/libexec/mediamtx --version
run framegated --version
start framegated
step 'the camera is live'
live
step 'Python reads frames over ZeroMQ and over the lane'
frames zmq
frames lane
step 'the gateway stops on SIGTERM'
stop

step 'the npm package: its install script is content with the prebuilt addon, and the gateway starts'
node=/usr/lib/framegate/libexec/node package=/opt/framegate-npm/node_modules/framegate
run $node $package/bin/install.cjs
start "$node $package/bin/framegated.cjs"
live
frames lane
stop
step 'everything passed'
