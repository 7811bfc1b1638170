#!/bin/sh
# Cross-builds the arm64 half of a release on Debian 12 for x64: the addon in prebuilds/linux-arm64, MediaMTX, and the
# Debian package. It needs root, debootstrap, g++-aarch64-linux-gnu and a checkout in which `npm run setup` has run:
#   cross-arm64.sh TREE [OUT]        (OUT is the folder of the package, by default dist)
# TREE becomes an arm64 Debian 12 with the development files, and with all that try-arm64.sh needs. Its packages are unpacked
# and not configured, so nothing in it has to run here. It is kept, and used again by the next call.
set -eu
cd "$(dirname "$0")/.."
out=${2:-dist}
began=$(date +%s)
step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }

# Build: the -dev packages. Run: what the Debian package depends on, and Python.
packages=libgstreamer1.0-dev,libgstreamer-plugins-base1.0-dev,libturbojpeg0-dev,libyuv-dev
packages=$packages,gstreamer1.0-libav,gstreamer1.0-plugins-bad,gstreamer1.0-plugins-base,gstreamer1.0-plugins-good
packages=$packages,ca-certificates,libturbojpeg0,libyuv0,python3

if [ ! -e "$1/.ready" ]; then
  step "make an arm64 Debian in $1"
  debootstrap --foreign --arch=arm64 --variant=minbase --include="$packages" bookworm "$1" >/dev/null
  for archive in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$1"
  done
  # The linker would look for the target of an absolute link on this machine, and take the static library if there is none.
  find "$1/usr/lib" -type l -lname '/*' | while read -r link; do ln -sfnr "$1$(readlink "$link")" "$link"; done
  # In a container, debootstrap makes a link to this machine's /proc.
  rm -rf "$1"/var/cache/apt/archives "$1"/debootstrap "$1"/proc
  mkdir "$1/proc"
  touch "$1/.ready"
fi
tree=$(realpath "$1")

step 'build the addon'
npm run --silent prebuild -- --arch arm64 --sysroot "$tree"
file=prebuilds/linux-arm64/framegate.node
aarch64-linux-gnu-readelf -h "$file" | grep -E 'Machine: +AArch64'

step 'get MediaMTX'
[ -x dist/mediamtx-arm64 ] || node packaging/mediamtx.mjs --arch arm64 --out dist/mediamtx-arm64

step 'build the Debian package'
MEDIAMTX_BIN=dist/mediamtx-arm64 npm run --silent package:debian -- --arch arm64 --out "$out"
step 'done'
