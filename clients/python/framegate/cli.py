"""The ``framegate`` command: list, start, stop, snapshot, watch, doctor."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from typing import Any, Callable
from urllib.parse import urlsplit

from . import __version__
from .gateway import Gateway, GatewayError
from .naming import TRANSPORTS, camera_name, reachable_from
from .subscriber import Frame, FrameSubscriber

# Exit statuses.
OK, FAILED, USAGE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="framegate", description="Cameras of a Framegate gateway.")
    parser.add_argument("--gateway", help="default GATEWAY_BASE, then http://127.0.0.1:8090")
    parser.add_argument("--version", action="version", version=f"framegate {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Gateway, Any], int], what: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=what, description=what)
        sub.set_defaults(run=run)
        return sub

    command("list", list_cameras, "all cameras: state, rate, age, or why not")
    start = command("start", start_camera, "start a camera")
    start.add_argument("rtsp", metavar="RTSP_URL", help="-: read it from standard input; process lists show arguments")
    start.add_argument("--name", help="default: derived from the address")
    start.add_argument("--pub-fps", type=float)
    start.add_argument("--scale-width", type=int)
    start.add_argument("--jpeg-quality", type=int)
    start.add_argument("--rtsp-transport", choices=TRANSPORTS)
    start.add_argument("--tls-fingerprint", help="SHA-256 of the certificate of an rtsps:// camera")
    start.add_argument("--retry", action="store_true", help="try at once, even after a refused password")
    stop = command("stop", stop_camera, "stop a camera, for all its readers")
    stop.add_argument("name", metavar="NAME")
    snapshot = command("snapshot", save_snapshot, "write the newest frame as a JPEG file")
    snapshot.add_argument("out", metavar="OUT.jpg")
    snapshot.add_argument("--name", help="default: the only camera")
    watch = command("watch", watch_camera, "rate, age, missed frames and size, as a live line")
    watch.add_argument("name", metavar="NAME", help="a camera, or a rendition (lobby-1@320w5fps)")
    watch.add_argument("--seconds", type=float, default=0, help="stop after this many seconds (default: never)")
    command("doctor", doctor, "check every step from the gateway to a frame, and say what to do")
    options = parser.parse_args(argv)
    try:
        return int(options.run(Gateway(options.gateway), options))
    except GatewayError as error:
        print(f"framegate: {error.message}", file=sys.stderr)
        return FAILED
    except (ValueError, TypeError) as error:
        print(f"framegate: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def list_cameras(gateway: Gateway, _options: Any) -> int:
    cameras = gateway.cameras()
    if not cameras:
        print(f"no camera at {gateway.base}; start one: framegate start rtsp://...")
        return OK
    rows = [("NAME", "STATE", "FPS", "AGE", "SIZE", "CODEC", "")]
    for camera in cameras:
        live = camera.get("state") == "live"
        age, width = camera.get("age_ms"), camera.get("width")
        error = camera.get("last_error") or {}
        rows.append(
            (
                str(camera.get("name")),
                str(camera.get("state")),
                f"{camera.get('fps', 0):.1f}" if live else "-",
                "-" if age is None else f"{age} ms",
                f"{width}x{camera.get('height')}" if width else "-",
                str(camera.get("codec") or "-"),
                str(error.get("message", "")),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    for row in rows:
        print("  ".join([cell.ljust(width) for cell, width in zip(row, widths)] + [row[6]]).rstrip())
    return OK


def start_camera(gateway: Gateway, options: Any) -> int:
    rtsp = sys.stdin.readline().strip() if options.rtsp == "-" else options.rtsp
    body: dict[str, Any] = {"name": options.name or camera_name(rtsp), "rtsp": rtsp}
    if options.retry:
        body["retry"] = True
    for key in ("pub_fps", "scale_width", "jpeg_quality", "rtsp_transport", "tls_fingerprint"):
        if getattr(options, key) is not None:
            body[key] = getattr(options, key)
    answer = gateway.start(body)
    name = str(answer["name"])
    camera, deadline = gateway.camera(name), time.monotonic() + 10
    while camera.get("state") == "connecting" and time.monotonic() < deadline:
        time.sleep(0.1)
        camera = gateway.camera(name)
    error = camera.get("last_error") or {}
    print(f"{name}: {camera.get('state')}" + (f": {error['message']}" if "message" in error else ""))
    if camera.get("state") != "live":
        print("the gateway keeps trying; framegate list shows its state")
    return OK if camera.get("state") == "live" else FAILED


def stop_camera(gateway: Gateway, options: Any) -> int:
    known = any(camera.get("name") == options.name for camera in gateway.cameras())
    gateway.stop(options.name, timeout_s=30)
    print(f"{options.name}: {'stopped' if known else 'was not running'}")
    return OK


def save_snapshot(gateway: Gateway, options: Any) -> int:
    name = options.name
    if name is None:
        names = [str(camera.get("name")) for camera in gateway.cameras()]
        if len(names) != 1:
            known = ", ".join(names) if names else "none"
            print(f"framegate: which camera? --name NAME; there are: {known}", file=sys.stderr)
            return USAGE
        name = names[0]
    jpeg = gateway.snapshot(name)
    try:
        with open(options.out, "wb") as file:
            file.write(jpeg)
    except OSError as error:
        print(f"framegate: {options.out} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED
    print(f"{options.out}: {len(jpeg)} bytes of {name}")
    return OK


def _subscribe(gateway: Gateway, topic: str, timeout_ms: float) -> FrameSubscriber:
    return FrameSubscriber(topic, _frames_of(gateway, gateway.camera(topic.split("@")[0])), timeout_ms)


def _frames_of(gateway: Gateway, camera: dict[str, Any]) -> str:
    """The endpoint of the camera's frames, as seen from this machine."""
    return os.environ.get("ZMQ_CONNECT") or reachable_from(gateway.host, str(camera["zmq_endpoint"]))


def watch_camera(gateway: Gateway, options: Any) -> int:
    end = time.monotonic() + options.seconds if options.seconds > 0 else float("inf")
    terminal = sys.stdout.isatty()
    count, since, seen = 0, time.monotonic(), 0
    newest: Frame | None = None
    with _subscribe(gateway, options.name, 1000) as subscriber:
        while time.monotonic() < end:
            frame = subscriber.read(min(1000, max(0, (end - time.monotonic()) * 1000)))
            count += frame is not None
            newest = frame or newest
            elapsed = time.monotonic() - since
            if elapsed < 1:
                continue
            if frame is None or newest is None:
                error = gateway.camera(options.name.split("@")[0]).get("last_error") or {}
                line = f"{options.name}: no frame received" + (f": {error['message']}" if "message" in error else "")
            else:
                header = newest.header
                line = (
                    f"{options.name}: {count / elapsed:.1f} fps  age {newest.age_ms:.0f} ms  "
                    f"missed {subscriber.missed}  {header.width}x{header.height} of "
                    f"{header.source_width}x{header.source_height}  {len(newest.jpeg) / 1024:.0f} KiB"
                )
            print(f"\r{line}\033[K" if terminal else line, end="" if terminal else "\n", flush=True)
            seen, count, since = seen + count, 0, time.monotonic()
    if terminal:
        print()
    return OK if seen + count else FAILED


def doctor(gateway: Gateway, _options: Any) -> int:
    """Checks each step from the camera to this machine, and stops at the first one that fails."""
    good = True

    def report(ok: bool, found: str, remedy: str) -> bool:
        nonlocal good
        good = good and ok
        print(f"ok    {found}" if ok else f"FAIL  {found}\n      {remedy}")
        return ok

    try:
        health = gateway.health()
    except GatewayError as error:
        remedy = "start the gateway (npm start), or set its address: --gateway or GATEWAY_BASE"
        report(False, error.message, remedy)
        return FAILED
    report(True, f"the gateway at {gateway.base} responds: version {health.get('version')}", "")
    mediamtx: Any = health.get("mediamtx") or {}
    report(
        mediamtx.get("mode") == "off" or bool(mediamtx.get("ready")),
        f"MediaMTX: {mediamtx.get('mode')}, {mediamtx.get('version') or mediamtx.get('problem')}",
        "until MediaMTX runs, browsers get MJPEG only; npm run setup installs it",
    )
    cameras = gateway.cameras()
    found = f"cameras: {len(cameras)}" if cameras else "no camera is running"
    if not report(bool(cameras), found, "start one: framegate start rtsp://user:password@host/path"):
        return FAILED
    for camera in cameras:
        _examine(gateway, camera, report)
    return OK if good else FAILED


def _examine(gateway: Gateway, camera: dict[str, Any], report: Callable[[bool, str, str], bool]) -> None:
    name, error = str(camera.get("name")), camera.get("last_error") or {}
    state = f"{name}: {camera.get('state')} {error.get('message', '')}".rstrip()
    if not report(camera.get("state") == "live", state, _REMEDIES.get(str(error.get("code")), _TRYING)):
        return
    connect = _frames_of(gateway, camera)
    accepts = _accepts(connect)
    found = f"{name}: frames at {connect}" if accepts else f"{name}: this machine cannot connect to {connect}"
    if not report(accepts, found, _NO_SOCKET):
        return
    with FrameSubscriber(str(camera["zmq_topic"]), connect) as subscriber:
        frame = subscriber.read(5000)
    found = f"{name}: no frames within 5 s" if frame is None else f"{name}: frames arrive"
    report(frame is not None, found, "see the gateway's log for the reason")
    if frame is not None:
        clocks = "this machine's clock and the gateway's differ (NTP), or the network is slow"
        report(-1000 < frame.age_ms < 1000, f"{name}: the newest frame is {frame.age_ms:.0f} ms old", clocks)


def _accepts(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    if parts.scheme != "tcp" or parts.hostname is None or parts.port is None:
        return True  # ipc:// and others: only reading a frame can tell.
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=3):
            return True
    except OSError:
        return False


_TRYING = "the gateway keeps trying"
_NO_SOCKET = "set the gateway's ZMQ_BIND (tcp://0.0.0.0:5555 for the LAN), or ZMQ_CONNECT here"
_NO_WAY = "check that the camera is on, that its address is right, and that the gateway's machine can reach it"
_REMEDIES = {
    "ERR_SOURCE_UNAUTHORIZED": "user name or password is wrong; start it again with the right ones in the address",
    "ERR_SOURCE_NOT_FOUND": "the path in the address is wrong; the camera's manual names it",
    "ERR_SOURCE_UNKNOWN_HOST": "the gateway's machine cannot resolve the host name",
    "ERR_SOURCE_UNREACHABLE": _NO_WAY,
    "ERR_SOURCE_TIMEOUT": _NO_WAY,
    "ERR_SOURCE_BUSY": "the camera has no free session; end other clients, or restart it",
    "ERR_SOURCE_NO_VIDEO": "this address has no video; try another path of the camera",
}


if __name__ == "__main__":
    sys.exit(main())
