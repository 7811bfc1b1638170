#!/usr/bin/env python3
"""Python's side, measured: framegate's Capture and cv2.VideoCapture on the same camera in the same run, each consumer
in a process of its own. Age of the frame when read() returns it, CPU, first frame; and with work on each frame.

    python3 bench/python_client.py [--seconds 60] [--size 1920x1080]

Age is from the moment that the picture is handed to the camera's encoder; the frame's number is read back from the
picture. CPU is of a consumer that does nothing but read. Run it with nothing else on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, Gateway, quantile  # noqa: E402

CONSUMERS: dict[str, dict[str, Any] | None] = {
    "framegate": {},
    "framegate, scale_width=0": {"scale_width": 0},
    "framegate, gray": {"gray": True},
    "cv2.VideoCapture": None,
}


def consume(kind: str, url: str, base: str, work_ms: float, seconds: float, numbers: bool) -> None:
    """In the consumer's process: prints what it saw."""
    opened_at = time.monotonic()
    options = CONSUMERS[kind]
    capture: Any
    if options is None:
        import cv2

        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    else:
        from framegate import open_capture

        capture = open_capture(url, pub_fps=25, gateway=base, **options)
    while not capture.read()[0]:
        pass
    first_ms = (time.monotonic() - opened_at) * 1000
    if numbers:
        from test_picture import read_number
    settle = time.monotonic() + 3
    while time.monotonic() < settle:
        capture.read()
    cpu, begun = time.process_time(), time.monotonic()
    seen, count = [], 0
    while time.monotonic() - begun < seconds:
        ok, image = capture.read()
        now_us = time.time() * 1e6
        if not ok:
            continue
        count += 1
        if numbers:
            seen.append((read_number(image), now_us))
        if work_ms:
            time.sleep(work_ms / 1000)
    elapsed = time.monotonic() - begun
    cores = (time.process_time() - cpu) / elapsed
    print(json.dumps({"first_ms": first_ms, "cores": cores, "fps": count / elapsed, "seen": seen}))


def run(
    kind: str, camera: Camera, gateway: Gateway, seconds: float, work_ms: float = 0, numbers: bool = True
) -> dict[str, float | None]:
    out = subprocess.run(
        [
            sys.executable,
            __file__,
            "--consume",
            kind,
            camera.url,
            gateway.base,
            str(work_ms),
            str(seconds),
            str(int(numbers)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    result = json.loads(out)
    camera.wait_for_report([n for n, _ in result["seen"]])
    ages = [(at - camera.captured_us[n]) / 1000 for n, at in result["seen"] if n in camera.captured_us]
    return {
        "fps": round(result["fps"], 1),
        "first frame ms": round(result["first_ms"]),
        "median age ms": round(statistics.median(ages), 1) if ages else None,
        "p99 ms": round(quantile(ages, 0.99), 1) if ages else None,
        "worst ms": round(max(ages), 1) if ages else None,
        "cores": round(result["cores"], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--consume", nargs=6)
    options = parser.parse_args()
    if options.consume:
        kind, url, base, work_ms, seconds, numbers = options.consume
        consume(kind, url, base, float(work_ms), float(seconds), numbers == "1")
        return
    width, height = options.size.split("x")
    camera = Camera("--width", width, "--height", height, "--fps", "25", "--gop", "50", "--bitrate-kbps", "4000")
    gateway = Gateway()

    def row(label: str, *arguments: Any, **options: Any) -> None:
        result = run(*arguments, **options)
        known = "  ".join(f"{key} {value}" for key, value in result.items() if value is not None)
        print(f"{label:44s}", known, flush=True)

    for kind in CONSUMERS:
        if "gray" not in kind:
            row(kind, kind, camera, gateway, options.seconds)
    for work_ms in (100, 500):
        for kind in ("framegate", "cv2.VideoCapture"):
            row(f"{kind}, {work_ms} ms of work", kind, camera, gateway, options.seconds, work_ms=work_ms)
    for kind in CONSUMERS:
        row(f"{kind}: reads only", kind, camera, gateway, options.seconds, numbers=False)
    gateway.stop()
    camera.stop()


if __name__ == "__main__":
    main()
