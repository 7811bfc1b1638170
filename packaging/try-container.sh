#!/bin/sh
# Builds the gateway's image and the consumer's with buildah, runs both with runc as the compose file does (user 10001, no
# capabilities, read-only system, the host's network, shared volume of the lane), and checks each step. It needs root, a
# free port range and a checkout in which `npm run setup -- --tests` has run, for the test camera.
#   NODE_IMAGE=… BASE_IMAGE=… PYTHON_IMAGE=… try-container.sh    (by default those of the Dockerfiles)
#   GATEWAY_IMAGE=… CONSUMER_IMAGE=… try-container.sh            (images that are there: builds nothing)
#   BUILD_OPTIONS=…                                              (for buildah)
# BUILDAH_ISOLATION=chroot builds where buildah cannot use namespaces.
set -eu
cd "$(dirname "$0")/.."
offset=${PORT_OFFSET:-0}
address=http://127.0.0.1:$((8090 + offset))
work=$(mktemp -d)
name=framegate-$$
camera=''
cleanup() {
  for container in gateway consumer; do
    runc kill "$name-$container" KILL 2>/dev/null || true
    sleep 1
    runc delete -f "$name-$container" 2>/dev/null || true
    if [ -e "$work/$container.id" ]; then buildah rm "$(cat "$work/$container.id")" >/dev/null || true; fi
  done
  if [ -n "$camera" ]; then kill "$camera" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
began=$(date +%s)
step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
fail() { echo "$1"; cat "$work"/*.log; exit 1; }

build() {
  file=$1 tag=$2
  shift 2
  # shellcheck disable=SC2086
  buildah bud -q --layers --format docker --network host ${BUILD_OPTIONS:-} "$@" -f "packaging/container/$file" -t "$tag" . >/dev/null
}

# Makes a bundle for runc from an image: bundle NAME IMAGE COMMAND MOUNTS ENV (three JSON arrays).
bundle() {
  mkdir "$work/$1"
  buildah from --pull-never "$2" >"$work/$1.id"
  (cd "$work/$1" && runc spec)
  node -e '
    const [file, rootfs, args, mounts, env] = process.argv.slice(1)
    const config = JSON.parse(require("fs").readFileSync(file))
    const noCapabilities = Object.fromEntries(Object.keys(config.process.capabilities).map((set) => [set, []]))
    Object.assign(config.process, { terminal: false, user: { uid: 10001, gid: 10001 }, noNewPrivileges: true })
    Object.assign(config.process, { args: JSON.parse(args), capabilities: noCapabilities })
    config.process.env.push(...JSON.parse(env))
    delete config.process.rlimits
    delete config.hostname
    config.root = { path: rootfs, readonly: true }
    config.linux.namespaces = ["pid", "mount", "ipc"].map((type) => ({ type }))
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/sys"))
    for (const [source, destination, mode] of JSON.parse(mounts))
      config.mounts.push(
        source === "tmpfs"
          ? { type: "tmpfs", source, destination, options: ["nosuid", "nodev", "noexec", mode] }
          : { type: "none", source, destination, options: ["rbind", mode] },
      )
    require("fs").writeFileSync(file, JSON.stringify(config))
  ' "$work/$1/config.json" "$(buildah mount "$(cat "$work/$1.id")")" "$3" "$4" "$5"
}

start_gateway() {
  runc run --bundle "$work/gateway" "$name-gateway" >"$work/gateway.log" 2>&1 &
  run=$!
  for i in $(seq 120); do
    if curl -fsS "$address/health/ready" >/dev/null 2>&1; then return; fi
    kill -0 "$run" 2>/dev/null || break
    sleep 1
  done
  fail "the gateway does not start ($i s)"
}

cameras() { curl -fsS "$address/cameras" | grep -o '"name":"[^"]*"' | tr '\n' ' '; }

gateway_image=${GATEWAY_IMAGE:-framegate} consumer_image=${CONSUMER_IMAGE:-framegate-consumer}
if [ -z "${GATEWAY_IMAGE:-}" ]; then
  step 'build the images'
  build Dockerfile framegate ${NODE_IMAGE:+--build-arg NODE_IMAGE="$NODE_IMAGE"} ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"}
  build consumer.Dockerfile framegate-consumer ${PYTHON_IMAGE:+--build-arg PYTHON_IMAGE="$PYTHON_IMAGE"}
fi
buildah images

step 'start a camera and the gateway'
port=$((15540 + offset))
"${TEST_CAMERA:-build/Release/test-camera}" --port "$port" --no-stdin >"$work/camera.log" 2>&1 &
camera=$!
mkdir -m 0750 "$work/lane" && mkdir -m 0700 "$work/state" && chown 10001:10001 "$work/lane" "$work/state"
printf 'cameras:\n  door: {rtsp: "rtsp://127.0.0.1:%s/cam"}\n' "$port" >"$work/framegate.yaml"
chmod 0755 "$work" && chmod 0644 "$work/framegate.yaml"
bundle gateway "$gateway_image" '["framegated"]' "[[\"$work/framegate.yaml\", \"/etc/framegate/framegate.yaml\", \"ro\"],
  [\"$work/lane\", \"/run/framegate\", \"rw\"], [\"$work/state\", \"/var/lib/framegate\", \"rw\"],
  [\"tmpfs\", \"/tmp\", \"mode=1777\"], [\"tmpfs\", \"/var/cache/framegate\", \"uid=10001\"]]" \
  "[\"PORT_OFFSET=$offset\", \"STATE_FILE=/var/lib/framegate/cameras.json\", \"LANE_SOCKET=/run/framegate/lane.sock\",
  \"XDG_CACHE_HOME=/var/cache/framegate\", \"FRAMEGATE_CONFIG=/etc/framegate/framegate.yaml\"]"
start_gateway
runc exec "$name-gateway" sh -c 'id; grep -E "Cap(Eff|Bnd)|NoNewPrivs" /proc/1/status; ! touch /usr/x'
ls -la "$work/lane"

step 'the health check, as the image has it'
check=$(buildah inspect --type image --format '{{index .Docker.Config.Healthcheck.Test 3}}' "$gateway_image")
runc exec "$name-gateway" /usr/lib/framegate/libexec/node -e "$check"

step 'a program in another container reads raw frames'
bundle consumer "$consumer_image" '["python3", "-u", "/consumer.py", "60"]' "[[\"$work/lane\", \"/run/framegate\", \"rw\"]]" \
  "[\"GATEWAY_BASE=$address\"]"
timeout -k 5 60 runc run --bundle "$work/consumer" "$name-consumer" | tee "$work/consumer.log"
grep -q 'over lane' "$work/consumer.log"

step 'SIGTERM ends it, and its cameras come back'
curl -fsS "$address/cameras/start" -d '{"name": "added", "rtsp": "rtsp://127.0.0.1:9/nothing"}' >/dev/null
stopped=$(date +%s)
runc kill "$name-gateway" TERM
wait "$run"
echo "ended with status 0 after $(($(date +%s) - stopped)) s"
start_gateway
cameras
cameras | grep -q added
step 'done'
