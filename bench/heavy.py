#!/usr/bin/env python3
"""A camera of 4K at 60 fps beside seven normal ones (720p25): what the seven and the big one get, before and with it.

    python3 bench/heavy.py [--seconds 20] [--mediamtx managed|off]

The cameras play files that are encoded first, so that they cost next to nothing. All are read by one process, the
newest frame of each; every tenth frame is judged.
"""

from __future__ import annotations

import argparse
import copy
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, Gateway, first_image, quantile, some  # noqa: E402
from test_picture import DAMAGED, damage, read_number, render_planes  # noqa: E402

from framegate import open_capture  # noqa: E402

if TYPE_CHECKING:
    from test_picture import Image


def encode(path: str, width: int, height: int, fps: int, frames: int, kbps: int) -> None:
    """Frames 0, 1, 2, ... of the test camera's picture as an H.264 file with a GOP of a second."""
    encoder = subprocess.Popen(
        [
            "gst-launch-1.0",
            "-q",
            "fdsrc",
            "!",
            "rawvideoparse",
            "format=i420",
            f"width={width}",
            f"height={height}",
            f"framerate={fps}/1",
            "!",
            "x264enc",
            "speed-preset=ultrafast",
            "tune=zerolatency",
            f"bitrate={kbps}",
            f"key-int-max={fps}",
            "!",
            "h264parse",
            "!",
            "mp4mux",
            "!",
            "filesink",
            f"location={path}",
        ],
        stdin=subprocess.PIPE,
    )
    for n in range(frames):
        encoder.stdin.write(b"".join(plane.tobytes() for plane in render_planes(n, width, height)))
    encoder.stdin.close()
    encoder.wait()


class Reader(threading.Thread):
    """Reads one camera's frames; when each came, how old it was, and whether it was whole."""

    def __init__(self, name: str, url: str, gateway: str, source_size: tuple[int, int] | None) -> None:
        super().__init__(daemon=True)
        self.source_size = source_size
        self.capture = open_capture(url, pub_fps=25, scale_width=640, gateway=gateway, name=name)
        self.over = False
        self.clear()

    def clear(self) -> None:
        self.at: list[float] = []
        self.ages: list[float] = []
        self.kept: list[Image] = []

    def run(self) -> None:
        first_image(self.capture)
        while not self.over:
            _, image = self.capture.read()
            if image is None:
                continue
            self.at.append(time.monotonic())
            self.ages.append(some(self.capture.age_ms))
            if len(self.at) % 10 == 0:
                self.kept.append(image)  # Judged later: that costs more than all else.

    def damaged(self) -> int:
        numbers = [read_number(image) for image in self.kept]
        return sum(
            number is None or damage(image, number, self.source_size) >= DAMAGED
            for number, image in zip(numbers, self.kept)
        )


def row(what: str, readers: list[Reader], seconds: float) -> None:
    readers = [reader for reader in readers if len(reader.at) > 1]
    if not readers:
        return print(f"| {what} | 0 | | | | | |")
    ages = [age for reader in readers for age in reader.ages]
    gaps = [(b - a) * 1000 for reader in readers for a, b in zip(reader.at, reader.at[1:])]
    fps = sum(len(reader.at) for reader in readers) / len(readers) / seconds
    judged, damaged = sum(len(reader.kept) for reader in readers), sum(reader.damaged() for reader in readers)
    print(
        f"| {what} | {fps:.1f} | {quantile(ages, 0.5):.0f} ms | {quantile(ages, 0.99):.0f} ms | {max(ages):.0f} ms | "
        f"{max(gaps):.0f} ms | {damaged} of {judged} |",
        flush=True,
    )
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--mediamtx", default="managed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        normal, big = f"{folder}/normal.mp4", f"{folder}/big.mp4"
        encode(normal, 1280, 720, 25, 75, 2000)
        encode(big, 3840, 2160, 60, 120, 30000)
        gateway = Gateway(mediamtx=options.mediamtx)
        cameras: list[Camera] = []
        try:
            run(gateway, cameras, normal, big, options.seconds)
        finally:
            gateway.stop()
            for camera in cameras:
                camera.stop()


def run(gateway: Gateway, cameras: list[Camera], normal: str, big: str, seconds: float) -> None:
    cameras += [Camera("--file", normal) for _ in range(7)]
    seven = [Reader(f"normal-{i}", camera.url, gateway.base, (1280, 720)) for i, camera in enumerate(cameras)]
    for reader in seven:
        reader.start()
    print("| cameras | fps | age: median | p99 | oldest | longest gap | damaged |\n| --- |" + " --- |" * 6)
    time.sleep(4)
    for reader in seven:
        reader.clear()
    time.sleep(seconds)
    alone = [copy.copy(reader) for reader in seven]
    for reader in seven:
        reader.clear()
    cameras.append(Camera("--file", big))
    heavy = Reader("big", cameras[-1].url, gateway.base, (3840, 2160))
    heavy.start()
    time.sleep(4)
    for reader in [*seven, heavy]:
        reader.clear()
    time.sleep(seconds)
    gateway.stop()  # Nothing comes while it is judged.
    row("seven alone", alone, seconds)
    row("seven beside 4K60", seven, seconds)
    row("4K60", [heavy], seconds)


if __name__ == "__main__":
    main()
