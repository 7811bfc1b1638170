#!/usr/bin/env python3
"""The main job, measured: a 1080p25 camera to BGR images in Python, beside OpenCV on the
same camera in the same run; rates; a slow consumer; real footage; one session for all.

    python3 bench/main_job.py [--seconds 60] [--only latency,rates,slow,footage]

Run it with nothing else on the machine. Prints a table and, with --json FILE, writes it.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

import cv2  # noqa: E402
from harness import FOOTAGE, Camera, Gateway, read_loop  # noqa: E402
from processes import own_cpu_s  # noqa: E402

from framegate import open_capture  # noqa: E402

#: By what was measured: the figures by their names.
Rows = dict[str, dict[str, Any]]


def latency(seconds: float) -> Rows:
    """Camera (picture handed to its encoder) to BGR image, Framegate beside OpenCV."""
    size = ["--width", "1920", "--height", "1080", "--fps", "25", "--gop", "50", "--bitrate-kbps", "4000"]
    rows: Rows = {}
    for mediamtx in ("managed", "off"):
        camera, gateway = Camera(*size), Gateway(mediamtx)
        with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
            while not capture.read()[0]:
                pass
            time.sleep(2)
            before = own_cpu_s(gateway.process.pid), own_cpu_s(os.getpid())
            # Judging costs more than reading; it is done in a run of its own.
            rows[f"framegate, MediaMTX {mediamtx}"] = row = read_loop(
                capture, camera, seconds, (1920, 1080), judge=False
            )
            row["gateway_cores"] = round((own_cpu_s(gateway.process.pid) - before[0]) / seconds, 3)
            row["reader_cores"] = round((own_cpu_s(os.getpid()) - before[1]) / seconds, 3)
            row["sessions"] = camera.total
            judged = read_loop(capture, camera, min(seconds, 20), (1920, 1080))
            row["damaged"], row["judged"] = judged["damaged"], judged["frames"]
        gateway.stop()
        camera.stop()
    camera = Camera(*size)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    opencv = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG)
    for _ in range(50):
        opencv.read()
    cpu_before = own_cpu_s(os.getpid())
    rows["cv2.VideoCapture"] = row = read_loop(opencv, camera, seconds, (1920, 1080), judge=False)
    row["reader_cores"] = round((own_cpu_s(os.getpid()) - cpu_before) / seconds, 3)
    opencv.release()
    camera.stop()
    return rows


def slow(seconds: float) -> Rows:
    """A consumer that works 200 ms on each frame."""
    rows: Rows = {}
    camera, gateway = Camera("--gop", "25"), Gateway()
    with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
        while not capture.read()[0]:
            pass
        rows["framegate, 200 ms of work"] = read_loop(capture, camera, seconds, (1280, 720), False, 200)
    gateway.stop()
    opencv = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG)
    opencv.read()
    rows["cv2.VideoCapture, 200 ms of work"] = read_loop(opencv, camera, seconds, (1280, 720), False, 200)
    opencv.release()
    camera.stop()
    return rows


def rates(seconds: float) -> Rows:
    """Frames a second for what is asked for."""
    rows: Rows = {}
    for source, wanted in ((25, 20), (12.5, 7), (25, 30)):
        camera, gateway = Camera("--fps", str(source), "--gop", "25"), Gateway()
        with open_capture(camera.url, pub_fps=wanted, gateway=gateway.base) as capture:
            while not capture.read()[0]:
                pass
            time.sleep(1)
            row = read_loop(capture, camera, seconds, (1280, 720), judge=False)
            row["fps"] = round(row["frames"] / seconds, 2)
            rows[f"{wanted} asked of {source}"] = row
        gateway.stop()
        camera.stop()
    return rows


def footage(seconds: float) -> Rows:
    """Real footage with an audio track."""
    if not FOOTAGE.exists():
        return {"footage": {"frames": None}}
    camera, gateway = Camera("--file", str(FOOTAGE)), Gateway()
    count = 0
    with open_capture(camera.url, pub_fps=20, gateway=gateway.base) as capture:
        while not capture.read()[0]:
            pass
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            count += capture.read()[0]
        row = {"frames": count, "fps": round(count / seconds, 2), "missed": capture.missed, "sessions": camera.total}
    gateway.stop()
    camera.stop()
    return {"car-detection.mp4 (12.5 fps, AAC)": row}


def main() -> None:
    parts = {"latency": latency, "slow": slow, "rates": rates, "footage": footage}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", default=",".join(parts))
    parser.add_argument("--json")
    options = parser.parse_args()
    result: dict[str, Rows] = {}
    for part in options.only.split(","):
        print(f"\n{part}: {parts[part].__doc__}")
        result[part] = parts[part](options.seconds)
        for name, row in result[part].items():
            print(f"  {name:36s}", "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
