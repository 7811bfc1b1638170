"""The ``framegate`` command: list, start, stop, snapshot, watch, doctor."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, Callable

from . import __version__
from ._address import is_name
from ._doctor import doctor, remedies, start_it
from ._frame import Frame
from ._lane import LaneFrame
from ._process_list import hide_addresses
from ._reasons import names_of, start_notes, unknown_camera, why_away
from ._running import find_running
from .checks import check_url
from .gateway import REPLACE_HERE, TOKEN_HERE, Gateway, GatewayError
from .naming import TRANSPORTS, camera_name
from .subscriber import FrameSubscriber

# Exit statuses.
OK, FAILED, USAGE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    if argv is None:
        hide_addresses()
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
    start.add_argument(
        "rtsp",
        metavar="ADDRESS",
        help="rtsp://user:password@host/path; without rtsp:// too. -: read it from standard input, so that no process "
        "list shows it, not even while Python starts. Or the name of a running camera, to --retry it or --replace its "
        "settings",
    )
    start.add_argument("--name", help="default: derived from the address")
    start.add_argument("--pub-fps", type=float)
    start.add_argument("--scale-width", type=int)
    start.add_argument("--jpeg-quality", type=int)
    start.add_argument("--rtsp-transport", choices=TRANSPORTS)
    start.add_argument("--tls-fingerprint", help="SHA-256 of the certificate of an rtsps:// camera")
    start.add_argument(
        "--replace", action="store_true", help="change a camera that runs with another address, password or settings"
    )
    start.add_argument("--retry", action="store_true", help="try at once, even after a refused password")
    stop = command("stop", stop_camera, "stop a camera, for all its readers")
    stop.add_argument("name", metavar="NAME")
    snapshot = command("snapshot", save_snapshot, "write the newest frame as a JPEG file")
    snapshot.usage = "framegate snapshot [-h] [NAME] OUT.jpg"
    snapshot.add_argument("words", metavar="[NAME] OUT.jpg", nargs="+", help="NAME is optional if one camera runs")
    snapshot.add_argument("--name", help="the same as NAME")
    watch = command("watch", watch_camera, "rate, age, missed frames and size, as a live line")
    watch.add_argument("name", metavar="NAME", help="a camera, or a rendition (lobby-1@320w5fps)")
    watch.add_argument("--seconds", type=float, default=0, help="stop after this many seconds (default: never)")
    check = command("doctor", doctor, "check every step from the gateway to a frame, and say what to do")
    check.add_argument("name", metavar="NAME", nargs="?", help="one camera (default: all)")
    options = parser.parse_args(argv)
    gateway = None
    try:
        gateway = Gateway(options.gateway)
        gateway.user_agent = "framegate-cli"
        return int(options.run(gateway, options))
    except GatewayError as error:
        print(f"framegate: {_explained(gateway, error, getattr(options, 'name', None))}", file=sys.stderr)
        return FAILED
    except (ValueError, TypeError) as error:
        print(f"framegate: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _explained(gateway: Gateway | None, error: GatewayError, name: str | None) -> str:
    """The message of an error, and what to do."""
    if gateway is not None and error.code == "ERR_GATEWAY_UNREACHABLE":
        return f"{error.message}; {start_it(gateway)}"
    if error.code == "ERR_GATEWAY":
        return f"{error.message}; set its address: --gateway or GATEWAY_BASE"
    if gateway is not None and name is not None and error.code == "ERR_CAMERA_NOT_FOUND":
        try:
            return unknown_camera(name.split("@")[0], names_of(gateway.cameras()))
        except GatewayError:
            return error.message
    message = error.message
    for in_python, here in (
        (REPLACE_HERE, "add --replace"),
        ("pass the name", "pass --name"),
        (TOKEN_HERE, "set FRAMEGATE_TOKEN"),
    ):
        message = message.replace(in_python, here)
    return message


def list_cameras(gateway: Gateway, _options: Any) -> int:
    cameras = gateway.cameras()
    if not cameras:
        print(f"no camera at {gateway.base}; start one: framegate start rtsp://...")
        return OK
    rows = [("NAME", "STATE", "FPS", "AGE", "SIZE", "CODEC", "SOURCE", "")]
    for camera in cameras:
        live = camera.get("state") == "live"
        age, width = camera.get("age_ms"), camera.get("width")
        rows.append(
            (
                str(camera.get("name")),
                str(camera.get("state")),
                f"{camera['fps']:.1f}" if live and camera.get("fps") else "-",  # 0 in the first second.
                "-" if age is None else f"{age} ms",
                f"{width}x{camera.get('height')}" if width else "-",
                str(camera.get("codec") or "-"),
                str(camera.get("source") or "-"),
                why_away(camera) or "" if camera.get("last_error") else "",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(7)]
    for row in rows:
        print("  ".join([cell.ljust(width) for cell, width in zip(row, widths)] + [row[7]]).rstrip())
    return OK


def start_camera(gateway: Gateway, options: Any) -> int:
    typed = (sys.stdin.readline() if options.rtsp == "-" else options.rtsp).strip()
    keys = ("pub_fps", "scale_width", "jpeg_quality", "rtsp_transport", "tls_fingerprint")
    body: dict[str, Any] = {key: getattr(options, key) for key in keys if getattr(options, key) is not None}
    if is_name(typed):
        body = {**_running(gateway, typed, options, changes=bool(body)), **body}
    else:
        rtsp = check_url("the address", typed)
        body = {"name": options.name or camera_name(rtsp), "rtsp": rtsp, **body}
    if options.retry:
        body["retry"] = True
    answer = gateway.start(body, replace=options.replace or is_name(typed))
    name = str(answer["name"])
    for note in start_notes(body, answer, named=options.name is not None):
        print(note, flush=True)
    camera, deadline = gateway.camera(name), time.monotonic() + 10
    while _is_trying(camera) and time.monotonic() < deadline:
        time.sleep(0.1)
        camera = gateway.camera(name)
    error = camera.get("last_error") or {}
    print(f"{name}: {camera.get('state')}" + (f": {error['message']}" if "message" in error else ""))
    topic = answer.get("zmq_topic", name)
    if topic != name:
        print(f"{name} already runs with other settings; {topic} has yours. To change the camera, use --replace")
    if camera.get("state") != "live":
        for line in remedies(camera):
            print(f"  {line}")
    return OK if camera.get("state") == "live" else FAILED


def _running(gateway: Gateway, name: str, options: Any, *, changes: bool) -> dict[str, Any]:
    """What stands for a running camera, whose address need not be typed again."""
    if options.name is not None:
        raise ValueError(
            f"--name: {name} is the name of a camera, not an address; to start another camera, give its address"
        )
    if changes and not options.replace:
        raise ValueError(f"to change the settings of {name}, which may be running, add --replace")
    return {"name": name, "rtsp": find_running(gateway, name)["source"]}


def _is_trying(camera: dict[str, Any]) -> bool:
    state = camera.get("state")
    return state == "connecting" or (state == "retrying" and camera.get("next_attempt_s", 0) is None)


def stop_camera(gateway: Gateway, options: Any) -> int:
    running = names_of(gateway.cameras())
    if options.name not in running:
        print(f"framegate: {unknown_camera(options.name, running)}", file=sys.stderr)
        return FAILED
    gateway.stop(options.name, timeout_s=30)
    print(f"{options.name}: stopped")
    return OK


def save_snapshot(gateway: Gateway, options: Any) -> int:
    *names, options.out = options.words
    if len(names) + (options.name is not None) > 1:
        raise ValueError("snapshot: expected [NAME] OUT.jpg")
    name = options.name = names[0] if names else options.name
    if name is None:
        running = names_of(gateway.cameras())
        if options.out in running:
            raise ValueError(f"which file? framegate snapshot {options.out} OUT.jpg")
        if len(running) != 1:
            known = ", ".join(running) if running else "none"
            raise ValueError(f"which camera? framegate snapshot NAME {options.out}; running: {known}")
        name = running[0]
    jpeg = gateway.snapshot(name)
    try:
        with open(options.out, "wb") as file:
            file.write(jpeg)
    except OSError as error:
        print(f"framegate: {options.out} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED
    print(f"{options.out}: {len(jpeg)} bytes of {name}")
    return OK


def watch_camera(gateway: Gateway, options: Any) -> int:
    end = time.monotonic() + options.seconds if options.seconds > 0 else float("inf")
    terminal = sys.stdout.isatty()
    count, since, seen = 0, time.monotonic(), 0
    newest: Frame | None = None
    gateway.camera(options.name.split("@")[0])  # It exists.
    with FrameSubscriber(options.name, timeout_ms=1000, gateway=gateway.base) as subscriber:
        while time.monotonic() < end:
            frame = subscriber.read(min(1000, max(0, (end - time.monotonic()) * 1000)))
            count += frame is not None
            newest = frame or newest
            elapsed = time.monotonic() - since
            if elapsed < 1:
                continue
            if frame is None or newest is None:
                away = why_away(gateway.camera(options.name.split("@")[0]))
                line = f"{options.name}: no frame received" + ("" if away is None else f": {away}")
            else:
                header, raw = newest.header, isinstance(newest, LaneFrame)
                line = (
                    f"{options.name}: {count / elapsed:.1f} fps  age {newest.age_ms:.0f} ms  "
                    f"missed {subscriber.missed}  {header.width}x{header.height} of "
                    f"{header.source_width}x{header.source_height}  "
                    + ("raw" if raw else f"{len(newest.jpeg) / 1024:.0f} KiB")
                )
            print(f"\r{line}\033[K" if terminal else line, end="" if terminal else "\n", flush=True)
            seen, count, since = seen + count, 0, time.monotonic()
    if terminal:
        print()
    return OK if seen + count else FAILED


if __name__ == "__main__":
    sys.exit(main())
