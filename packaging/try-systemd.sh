#!/bin/sh
# Boots systemd in a folder with a bare Debian, as a container without network, and checks the Debian package as its service:
#   try-systemd.sh FOLDER PACKAGE.deb [TEST-CAMERA]
# Run it as root on Linux with cgroup v2. FOLDER is one that debootstrap made, and may be thrown away afterwards. TEST-CAMERA is
# the program in build/Release: it runs outside the container, in its network.
set -eu

step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
fail() { printf 'FAILED: %s\n' "$1"; exit 1; }
until_true() { # SECONDS COMMAND...
  limit=$(($(date +%s) + $1)) && shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$limit" ] || fail "$*"
    sleep 1
  done
}
began=$(date +%s)

# What runs in the container, as the first process's sibling.
if [ "$1" = --inside ]; then
  export DEBIAN_FRONTEND=noninteractive
  yaml=/etc/framegate/framegate.yaml
  js() { /usr/lib/framegate/libexec/node -e "$1"; }
  get() { js "fetch('http://127.0.0.1:8090/$1').then((r) => r.text()).then(console.log, () => process.exit(1))"; }
  post() { js "fetch('http://127.0.0.1:8090/cameras/$1', {method: 'POST', body: '$2'}).then((r) => process.exit(r.ok ? 0 : 1))"; }
  cameras() { get cameras | js "process.stdin.on('data', (d) => console.log(JSON.parse(d).cameras.map((c) => c.name + ':' + c.owner).join(' ')))"; }
  has() { [ "$(cameras)" = "$1" ]; }
  of() { systemctl show --value -p "$1" framegated; }
  restarted() { [ "$(of NRestarts)" -ge "$1" ] && systemctl is-active --quiet framegated && [ "$(of MainPID)" != "$pid" ]; }
  problems() { journalctl -u framegated -o cat -p warning | grep -q '^{"level":"warn".*door'; }

  step 'install: systemd starts the service'
  dpkg -i "$2" >/tmp/dpkg.log 2>&1 </dev/null || { cat /tmp/dpkg.log; systemctl status --no-pager framegated; exit 1; }
  systemctl is-enabled framegated
  systemctl is-active framegated || { journalctl -u framegated --no-pager | tail -30; fail 'it does not run'; }

  step 'ready means ready: the API answers when the start returns'
  systemctl restart framegated
  get health
  of StatusText

  step 'sandbox'
  systemd-analyze security --no-pager framegated | tail -1
  pid=$(of MainPID)
  grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status"
  grep -q '^NoNewPrivs:.1' "/proc/$pid/status" || fail 'new privileges'
  grep -q '^Seccomp:.2' "/proc/$pid/status" || fail 'no filter of system calls'
  grep -q '^CapBnd:.0*$' "/proc/$pid/status" || fail 'capabilities'
  for path in /usr /etc; do
    if nsenter -t "$pid" -m touch "$path/written" 2>/dev/null; then fail "$path is writable"; fi
  done

  if [ "$3" = camera ]; then
    step 'a camera is decoded under all of this'
    post start '{"name": "cam", "rtsp": "rtsp://127.0.0.1:8600/cam"}'
    until_true 60 js "fetch('http://127.0.0.1:8090/snapshot?cam=cam').then((r) => r.arrayBuffer()).then((b) => process.exit(b.byteLength > 2000 ? 0 : 1))"
    ls -l /run/framegate
    post stop '{"name": "cam"}'
  fi

  step 'reload: another camera, the same process'
  post start '{"name": "hall", "rtsp": "rtsp://127.0.0.1:9/hall"}'
  printf 'cameras:\n  door: {rtsp: "rtsp://viewer:secret@127.0.0.1:9/door"}\n' >>$yaml
  framegated check --config $yaml | tail -2
  systemctl reload framegated
  until_true 60 has 'hall:api door:file'
  test "$(of MainPID)" = "$pid"

  step 'journal: the level of a line is its priority, and no line has the password'
  until_true 60 problems
  journalctl -u framegated -o cat -p warning | grep '^{' | cut -c1-160 | head -3
  if journalctl -u framegated -o cat -p warning | grep '"level":"info"'; then fail 'info among the warnings'; fi
  journalctl -u framegated -o cat -p info | grep -q '"level":"info"' || fail 'no line of the level info'
  if journalctl -o cat | grep 'viewer:secret'; then fail 'a password'; fi

  step 'watchdog: a process that hangs is started again'
  kill -STOP "$pid"
  until_true 120 restarted 1
  journalctl -u framegated -o cat --no-pager | grep -i 'watchdog' | head -2
  has 'door:file hall:api' || fail "$(cameras)"

  step 'kill -9: it is started again'
  pid=$(of MainPID)
  kill -9 "$pid"
  until_true 60 restarted 2
  has 'door:file hall:api' || fail "$(cameras)"

  step 'upgrade: the service runs the new package'
  pid=$(of MainPID)
  cp $yaml /tmp/before
  dpkg -i "$2" >/tmp/dpkg.log 2>&1 </dev/null || { cat /tmp/dpkg.log; exit 1; }
  test "$(of MainPID)" != "$pid"
  cmp $yaml /tmp/before
  has 'door:file hall:api' || fail "$(cameras)"

  step 'stop'
  systemctl stop framegated
  test "$(of Result)" = success

  step 'purge: nothing is left'
  dpkg --purge framegate >/tmp/dpkg.log 2>&1 </dev/null || { cat /tmp/dpkg.log; exit 1; }
  if systemctl cat framegated 2>/dev/null; then fail 'the unit'; fi
  left=$(find / -xdev -iname '*framegate*' -not -path "$2" -not -path '/root/*'; getent passwd framegate || true)
  [ -z "$left" ] || fail "left behind: $left"

  step 'everything passed'
  exit
fi

root=$(realpath "$1") package=$2
groups=$(findmnt -n -o TARGET -t cgroup2 | head -1)
[ -n "$groups" ] || fail 'no cgroup v2 is mounted'
group=$groups/framegate-try-systemd

step 'systemd, and what the package depends on'
cp "$package" "$root/srv/package.deb"
cp "$0" "$root/srv/try-systemd.sh"
rm -rf "$root/var/log/journal" "$root"/var/tmp/systemd-private-*
# shellcheck disable=SC2016
unshare --mount sh -eu -c '
  root=$1
  mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
  mountpoint -q "$root/dev" || mount --bind /dev "$root/dev"
  export DEBIAN_FRONTEND=noninteractive
  chroot "$root" apt-get update -qq
  chroot "$root" apt-get install -y -qq --no-install-recommends systemd /srv/package.deb >"$root/tmp/apt.log" 2>&1 </dev/null ||
    { tail -20 "$root/tmp/apt.log"; exit 1; }
  chroot "$root" dpkg --purge framegate >/dev/null
' sh "$root"

step 'boot'
mkdir -p "$group"
finish() {
  [ -z "${camera:-}" ] || kill "$camera" || true
  [ -z "${init:-}" ] || kill -9 "$init" 2>/dev/null || true
  sleep 1
  find "$group" -depth -type d -exec rmdir {} +
}
trap finish EXIT
# Everything of its own. What belongs to the machine is read-only, and its clock and modules stay out of reach.
# shellcheck disable=SC2016
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
  unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net sh -eu -c '
  root=$1
  mount --make-rprivate /
  umount "$root/proc" "$root/dev" 2>/dev/null || true
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs tmpfs "$root/dev"
  for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/run"
  cd "$root"
  pivot_root . .
  umount -l .
  exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio --inh-caps=-all \
    env -i container=framegate PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --system --log-target=journal
' sh "$root" &
container=$!
begun() { init=$(tr -d ' ' <"/proc/$container/task/$container/children") && [ -n "$init" ]; }
until_true 20 begun
inside() { nsenter -t "$init" --mount --uts --ipc --net --pid --cgroup --root --wd "$@"; }
booted() { inside systemctl is-system-running | grep -E 'running|degraded'; }
until_true 120 booted
inside systemctl --version | head -1
inside systemctl --failed --no-pager --no-legend
if [ -n "${3:-}" ]; then
  nsenter -t "$init" --net "$3" --port 8600 --no-stdin >/dev/null &
  camera=$!
fi
inside sh /srv/try-systemd.sh --inside /srv/package.deb "${3:+camera}"
