#!/usr/bin/env python3
"""Damaged frames under packet loss: Framegate through MediaMTX and direct, OpenCV and plain decodebin, all on the same
camera at the same time, each picture judged against what the camera drew.

    python3 bench/damage.py [--seconds 20] [--only "H.265"] [--transport tcp|udp|both]

Loss is made behind the camera's payloader, so that all readers miss the same packets. A cell is: damaged of those that
were given (share of those that were sent). A frame counts as damaged where the worst 16x16 block differs by more than
test/python/test_picture.py's DAMAGED, or where its number cannot be read. The exit status is 1 if Framegate gives one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]
import time  # noqa: E402

os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"  # Its decoder reports each missing picture, in the middle of the table.

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from harness import STREAMS, Camera, Gateway, first_image, some  # noqa: E402
from test_picture import DAMAGED, damage, read_number  # noqa: E402

from framegate import open_capture  # noqa: E402

SIZE = (480, 272)
FAULTS = {"0.2 %": "loss 0.2", "1 %": "loss 1", "5 %": "loss 5", "1 % in bursts of 10": "loss 1 10"}


class Reader(threading.Thread):
    """Judges what `read` returns until `over` is set."""

    def __init__(self, read: Callable[[], Any], close: Callable[[], object]) -> None:
        super().__init__(daemon=True)  # OpenCV may wait for packets that no longer come.
        self.read, self.close = read, close
        self.frames = self.damaged = 0
        self.counting = self.over = False

    def run(self) -> None:
        while not self.over:
            image = self.read()
            if image is None or not self.counting:
                continue
            self.frames += 1
            number = read_number(image)
            self.damaged += number is None or damage(image, number, SIZE) >= DAMAGED
        self.close()


def framegate(camera: Camera, gateway: Gateway, transport: str) -> Reader:
    capture = open_capture(
        camera.url, pub_fps=25, scale_width=0, timeout_ms=500, gateway=gateway.base, rtsp_transport=transport
    )
    first_image(capture)

    def close() -> None:
        from framegate import Gateway as Api

        Api(gateway.base).stop(some(capture.name))
        capture.release()

    return Reader(lambda: capture.read()[1], close)


def opencv(camera: Camera, transport: str) -> Reader:
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"rtsp_transport;{transport}"
    capture = cv2.VideoCapture(camera.url, cv2.CAP_FFMPEG)
    return Reader(lambda: capture.read()[1], capture.release)


def decodebin(camera: Camera, transport: str) -> Reader:
    process = subprocess.Popen(
        [
            "gst-launch-1.0",
            "-q",
            "rtspsrc",
            f"location={camera.url}",
            "latency=0",
            f"protocols={transport}",
            "!",
            "decodebin",
            "!",
            "videoconvert",
            "!",
            "video/x-raw,format=BGR",
            "!",
            "fdsink",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    size = SIZE[0] * SIZE[1] * 3

    def read() -> Any:
        data = process.stdout.read(size)
        return np.frombuffer(data, np.uint8).reshape(SIZE[1], SIZE[0], 3) if len(data) == size else None

    return Reader(read, process.kill)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--transport", choices=("tcp", "udp", "both"), default="tcp")
    options = parser.parse_args()
    managed, direct = Gateway(), Gateway(mediamtx="off")
    together = [[0, 0]] * 4
    print("| stream | loss | Framegate through MediaMTX | Framegate direct | OpenCV | decodebin |")
    print("| --- | --- | --- | --- | --- | --- |")
    transports = ("tcp", "udp") if options.transport == "both" else (options.transport,)
    streams = [name for name in STREAMS if options.only in name]
    if not streams:
        parser.error(f"--only fits none of: {'; '.join(STREAMS)}")
    for stream, over in itertools.product(streams, transports):
        for loss, fault in FAULTS.items():
            camera = Camera(
                "--width",
                str(SIZE[0]),
                "--height",
                str(SIZE[1]),
                "--gop",
                "25",
                "--bitrate-kbps",
                "800",
                *STREAMS[stream],
            )
            readers = [
                framegate(camera, managed, over),
                framegate(camera, direct, over),
                opencv(camera, over),
                decodebin(camera, over),
            ]
            for reader in readers:
                reader.start()
            time.sleep(2)
            camera.command(f"fault {fault}")
            for reader in readers:
                reader.counting = True
            time.sleep(options.seconds)
            for reader in readers:
                reader.over = True
            sent = 25 * options.seconds
            cells = [f"{r.damaged} of {r.frames} ({min(1, r.frames / sent):.0%})" for r in readers]
            together = [[a + r.damaged, b + r.frames] for (a, b), r in zip(together, readers)]
            camera.command("clear")
            for reader in readers:
                reader.join(20)
            camera.stop()
            print(f"| {stream}, {over.upper()} | {loss} | {' | '.join(cells)} |", flush=True)
    print(f"| all | | {' | '.join(f'{damaged} of {frames}' for damaged, frames in together)} |")
    managed.stop()
    direct.stop()
    (relayed_damage, relayed), (direct_damage, alone), *_ = together
    failed = [
        f"{count} damaged frames {way}"
        for count, way in ((relayed_damage, "through MediaMTX"), (direct_damage, "direct"))
        if count
    ]
    if not relayed or not alone:
        failed.append("a way gave no frames")
    print("FAILED: " + "; ".join(failed) if failed else "ok")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
