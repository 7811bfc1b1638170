#!/bin/sh
# Builds the gateway's image and the consumer's with buildah, runs both as the compose file does, and checks each step. It needs
# root, a free port range and a checkout in which `npm run setup -- --tests` has run, for the test camera.
#   NODE_IMAGE=… BASE_IMAGE=… PYTHON_IMAGE=… try-container.sh    (by default those of the Dockerfiles)
#   BUILD_OPTIONS=…                                              (for buildah)
# BUILDAH_ISOLATION=chroot works where namespaces are not allowed. Resource limits and the read-only system are not tried.
set -eu
cd "$(dirname "$0")/.."
offset=${PORT_OFFSET:-0}
work=$(mktemp -d)
pids=''
cleanup() {
  # shellcheck disable=SC2086
  kill $pids 2>/dev/null || true
  pkill -KILL -u 10001 || true
  wait
  for container in ${gateway:-} ${consumer:-}; do buildah rm "$container" >/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
step() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }
began=$(date +%s)

build() {
  file=$1 tag=$2
  shift 2
  # shellcheck disable=SC2086
  buildah bud -q --layers --format docker --network host ${BUILD_OPTIONS:-} "$@" -f "packaging/container/$file" -t "$tag" . >/dev/null
  buildah images --format '{{.Name}} {{.Size}}' "$tag"
}
step 'build the images'
build Dockerfile framegate ${NODE_IMAGE:+--build-arg NODE_IMAGE="$NODE_IMAGE"} ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"}
build consumer.Dockerfile framegate-consumer ${PYTHON_IMAGE:+--build-arg PYTHON_IMAGE="$PYTHON_IMAGE"}

step 'start a camera and the gateway'
port=$((15540 + offset))
"${TEST_CAMERA:-build/Release/test-camera}" --port "$port" --no-stdin >"$work/camera.log" 2>&1 &
pids="$pids $!"
mkdir -m 0750 "$work/lane" && mkdir -m 0700 "$work/state" && chown 10001:10001 "$work/lane" "$work/state"
printf 'cameras:\n  door: {rtsp: "rtsp://127.0.0.1:%s/cam"}\n' "$port" >"$work/framegate.yaml"
chmod 0755 "$work"
gateway=$(buildah from --pull-never framegate)
buildah run --env PORT_OFFSET="$offset" -v "$work/framegate.yaml:/etc/framegate/framegate.yaml:ro" \
  -v "$work/lane:/run/framegate" -v "$work/state:/var/lib/framegate" "$gateway" -- framegated >"$work/gateway.log" 2>&1 &
gateway_run=$!
in_gateway() { buildah run --env HTTP_PORT="$((8090 + offset))" "$gateway" -- "$@"; }
for i in $(seq 60); do
  if curl -fsS "http://127.0.0.1:$((8090 + offset))/health/ready" >/dev/null 2>&1; then break; fi
  [ "$i" -lt 60 ] || { cat "$work/gateway.log"; exit 1; }
  sleep 1
done
cat "$work/gateway.log"

step 'the health check, as the image has it'
buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.Docker.Config.Healthcheck}}' framegate
in_gateway /usr/lib/framegate/libexec/node -e "fetch('http://127.0.0.1:$((8090 + offset))/health/live').then((r) => console.log(r.status))"

step 'a program in another container reads raw frames'
consumer=$(buildah from --pull-never framegate-consumer)
buildah run --env GATEWAY_BASE="http://127.0.0.1:$((8090 + offset))" -v "$work/lane:/run/framegate" "$consumer" -- \
  timeout 60 python3 -u /consumer.py 30 | tee "$work/consumer.log"
grep -q 'over lane' "$work/consumer.log"

step 'the gateway stops on SIGTERM and keeps its state'
pkill -TERM -u 10001 -f framegated.cjs
wait "$gateway_run"
tail -3 "$work/gateway.log"
ls -l "$work/state"
step 'done'
