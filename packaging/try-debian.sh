#!/bin/sh
# Installs, uses, upgrades, removes and purges the Debian package, and checks each step. Run it as root in a bare Debian
# (a chroot or a container) that may be thrown away:
#   try-debian.sh OLD.deb NEW.deb
# Without systemd, it starts the gateway as the unit would: the command of ExecStart, with its environment, as its user.
set -eu
old=$(realpath "$1") new=$(realpath "$2")
unit=/usr/lib/systemd/system/framegated.service
# Where the ports of a gateway are in use.
offset=${PORT_OFFSET:-0}
export DEBIAN_FRONTEND=noninteractive

step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
began=$(date +%s)

start() {
  install -d -m 0750 -o framegate -g framegate /run/framegate
  command=$(sed -n 's/^ExecStart=//p' $unit)
  # shellcheck disable=SC2046,SC2086
  setpriv --reuid framegate --regid framegate --init-groups --no-new-privs --inh-caps=-all \
    env -i PATH="$PATH" PORT_OFFSET="$offset" $(sed -n 's/^Environment=//p' $unit) $command >/tmp/framegated.log 2>&1 &
  pid=$!
  for _ in $(seq 60); do
    if get health >/dev/null 2>&1; then return; fi
    sleep 1
  done
  cat /tmp/framegated.log
  exit 1
}
stop() { kill $pid && wait $pid; }
js() { /usr/lib/framegate/libexec/node -e "$1"; }
get() { js "fetch('http://127.0.0.1:$((8090 + offset))/$1').then((r) => r.text()).then(console.log, () => process.exit(1))"; }
# An upgrade as unattended-upgrades does it: nothing answers a question.
add() { # PACKAGE
  apt-get install -y -qq --no-install-recommends "$1" >/tmp/apt.log 2>&1 </dev/null || { tail -20 /tmp/apt.log; exit 1; }
}
cameras() { get cameras | js "process.stdin.on('data', (d) => console.log(JSON.parse(d).cameras.map((c) => c.name + ':' + c.owner).join(' ')))"; }

step "install $old"
apt-get update -qq
add "$old"
framegated --version
ls -ld /etc/framegate/framegate.yaml /var/lib/framegate

step 'configure one camera'
printf 'cameras:\n  door: {rtsp: "rtsp://viewer:secret@127.0.0.1:9/door"}\n' >>/etc/framegate/framegate.yaml
framegated check --config /etc/framegate/framegate.yaml | tail -8

step 'start, and add a camera by the API'
start
js "fetch('http://127.0.0.1:$((8090 + offset))/cameras/start', {method: 'POST', body: JSON.stringify({name: 'hall', rtsp: 'rtsp://127.0.0.1:9/hall'})}).then((r) => r.text())"
get health
test "$(cameras)" = 'door:file hall:api'
stop

step "upgrade to $new, which brings another framegate.yaml than the one that was edited"
work=$(mktemp -d)
chmod 0755 "$work"
dpkg-deb -R "$new" "$work/new"
find "$work/new" -name framegate.yaml -exec sh -c 'echo "# A new comment." >>"$1"' sh {} \;
dpkg-deb -Znone -b "$work/new" "$work/new.deb" >/dev/null
cp -p /etc/framegate/framegate.yaml "$work/before"
add "$work/new.deb"
framegated --version
cmp /etc/framegate/framegate.yaml "$work/before"
test "$(stat -c '%U:%G %a' /etc/framegate/framegate.yaml)" = 'root:framegate 640'
test "$(ls /etc/framegate)" = framegate.yaml
rm -r "$work"
start
test "$(cameras)" = 'door:file hall:api'
stop

step 'remove: the configuration and the cameras stay'
apt-get remove -y -qq framegate >/tmp/apt.log 2>&1
test -e /etc/framegate/framegate.yaml -a -e /var/lib/framegate/cameras.json -a ! -e /usr/bin/framegated

step 'purge: nothing is left'
apt-get purge -y -qq framegate >/tmp/apt.log 2>&1
left=$(find / -xdev -iname '*framegate*' -not -path '/proc/*' -not -path '/root/*' -not -path '/tmp/*' -not -path "$(dirname "$old")/*"; getent passwd framegate || true)
if [ -n "$left" ]; then printf 'left behind:\n%s\n' "$left"; exit 1; fi

step 'everything passed'
