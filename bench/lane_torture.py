#!/usr/bin/env python3
"""The lane under torture: readers that are killed, that stop, that hold frames and that write on them, by the hundred.

    python3 bench/lane_torture.py [--frames 100000] [--readers 40] [--fps 100] [--hold 60]

First it measures the intervals of the frames with one quiet reader, then it checks frames while the others suffer. Each
frame is checked twice, when it comes and later: its number must be legible, and its pixels must not have changed.
It ends with status 1 if a frame is torn or changes, if something is left in /dev/shm, or if the gateway keeps readers.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from framegate import Gateway as Api  # noqa: E402
from framegate._lane import LaneReader  # noqa: E402

SIZE = (320, 180)
_QUIET_FRAMES = 1000
_LEAVE_S = 30
#: What the victims do; each is killed at a random moment.
HABITS = ("reads", "holds", "writes", "stops")


def suffer(offer: dict[str, Any], habit: str, hold_s: float) -> None:
    """A victim's process. Prints what it finds wrong."""
    reader = LaneReader(offer)
    held: list[tuple[Any, int]] = []
    while reader.error is None:
        frame = reader.read(2000)
        if frame is None:
            continue
        if habit == "writes":
            frame.decode()[:] = random.randrange(256)
        elif habit == "holds":
            pixels = frame.shared
            held = [*held, (pixels, zlib.crc32(pixels.tobytes()))][-2:]
            time.sleep(random.uniform(0, hold_s))
            if any(zlib.crc32(kept.tobytes()) != sum_before for kept, sum_before in held):
                print("a held frame has changed", flush=True)
        elif habit == "stops":
            os.kill(os.getpid(), signal.SIGSTOP)


class Victims:
    """As many processes as wanted; whenever one is killed, another one takes its place."""

    def __init__(self, offer: dict[str, Any], count: int, hold_s: float) -> None:
        self._command = [sys.executable, __file__, "--suffer", json.dumps(offer), "--hold", str(hold_s)]
        self.killed = 0
        self.complaints: list[str] = []
        self._all = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen([*self._command, "--habit", random.choice(HABITS)], stdout=subprocess.PIPE, text=True)

    def kill_one(self, again: bool = True) -> None:
        victim = self._all.pop(random.randrange(len(self._all)))
        victim.kill()
        self.complaints += (victim.communicate()[0] or "").splitlines()
        self.killed += 1
        if again:
            self._all.append(self._start())

    def kill_all(self) -> None:
        while self._all:
            self.kill_one(again=False)


def intervals(published: list[tuple[int, int]]) -> dict[str, float]:
    """Between publications, in milliseconds. They are the writer's: it stamps and numbers each frame."""
    steps = sorted((b - a) / 1000 for (n, a), (m, b) in zip(published, published[1:]) if m == n + 1)
    return {"median": statistics.median(steps), "p99": steps[int(len(steps) * 0.99)], "longest": steps[-1]}


class Watcher:
    """Reads every frame, and checks it when it comes and before it is given back."""

    def __init__(self, reader: LaneReader, read_number: Callable[[Any], int | None]) -> None:
        self._read_number = read_number
        self._reader = reader
        self._held: list[tuple[Any, int]] = []
        self.torn = self.checked = 0
        self.published: list[tuple[int, int]] = []

    def read(self) -> None:
        frame = self._reader.read(5000)
        if frame is None:
            raise SystemExit(f"no frame within 5 s: {self._reader.error}")
        pixels = frame.shared
        self.torn += self._read_number(pixels) is None
        self._held.append((pixels, zlib.crc32(pixels.tobytes())))
        if len(self._held) > 2:
            kept, before = self._held.pop(0)
            self.torn += zlib.crc32(kept.tobytes()) != before
        self.checked += 1
        self.published.append((frame.seq, frame.header.published_at_us))


def run(options: argparse.Namespace) -> int:
    from harness import Camera, Gateway  # Not in the victims: it starts Node.js.
    from test_picture import read_number

    before = set(os.listdir("/dev/shm"))
    camera = Camera("--width", str(SIZE[0]), "--height", str(SIZE[1]), "--fps", str(options.fps), "--gop", "100")
    gateway = Gateway("off")
    api = Api(gateway.base)
    offer = api.start({"name": "cam", "rtsp": camera.url, "pub_fps": 120, "scale_width": 0})["lane"]
    with LaneReader(offer) as reader:
        if reader.read(30000) is None:
            raise SystemExit(f"no frame: {reader.error}")
        quiet = Watcher(reader, read_number)
        for _ in range(min(_QUIET_FRAMES, options.frames)):
            quiet.read()
        victims = Victims(offer, options.readers, options.hold)
        watched = Watcher(reader, read_number)
        killed_at = time.monotonic()
        while watched.checked < options.frames:
            watched.read()
            if time.monotonic() - killed_at > options.kill_every:
                victims.kill_one()
                killed_at = time.monotonic()
            if watched.checked % 10_000 == 0:
                print(f"{watched.checked} frames, {watched.torn} torn", flush=True)
        missed = reader.missed
        victims.kill_all()
    until = time.monotonic() + _LEAVE_S
    while (left := api.camera("cam")["readers_by_kind"]["lane"]) and time.monotonic() < until:
        time.sleep(0.1)
    gateway.stop()
    camera.stop()
    behind = sorted(set(os.listdir("/dev/shm")) - before)
    calm, tormented = intervals(quiet.published), intervals(watched.published)
    print(
        f"{watched.checked} frames checked, {watched.torn} torn, {missed} missed, {len(victims.complaints)} complaints"
    )
    print(f"{victims.killed} readers killed, {left} still counted, left in /dev/shm: {behind or 'nothing'}")
    for name, value in tormented.items():
        print(f"interval, {name}: {calm[name]:.1f} ms quiet, {value:.1f} ms under torture ({value / calm[name]:.2f})")
    return int(bool(watched.torn or victims.complaints or left or behind))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--readers", type=int, default=40, help="at once")
    parser.add_argument("--fps", type=int, default=100, help="at most 120")
    parser.add_argument("--hold", type=float, default=60, help="seconds at most that a reader holds a frame")
    parser.add_argument("--kill-every", type=float, default=0.5, help="seconds")
    parser.add_argument("--suffer", help=argparse.SUPPRESS)
    parser.add_argument("--habit", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.suffer:
        suffer(json.loads(options.suffer), options.habit, options.hold)
        return 0
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
