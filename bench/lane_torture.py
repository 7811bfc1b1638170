#!/usr/bin/env python3
"""The lane under torture: readers that are killed, that stop, that hold frames and that write on them, by the hundred.

    python3 bench/lane_torture.py [--frames 100000] [--readers 40] [--fps 100] [--hold 60]

First it measures the intervals of the frames with one quiet reader, then it checks frames while the others suffer. Each
frame is checked twice, when it comes and later: its number must be legible, and its pixels must not have changed.
At the end it prints a table. The exit status is 1 if a frame is torn or changes, if something is left in /dev/shm, if
the gateway keeps readers, or if the writer ran out of slots or paused for 5 s: it never waits for readers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from framegate import Gateway as Api  # noqa: E402
from framegate._lane import LaneReader  # noqa: E402

SIZE = (320, 180)
_QUIET_FRAMES = 1000
# A busy machine takes seconds.
_LEAVE_S = 60
_FRAME_LIMIT_S = 60
_LONGEST_MS = 5000
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
        frame = self._reader.read(_FRAME_LIMIT_S * 1000)
        if frame is None:
            raise SystemExit(f"FAILED: no frame within {_FRAME_LIMIT_S} s: {self._reader.error}")
        pixels = frame.shared
        self.torn += self._read_number(pixels) is None
        self._held.append((pixels, zlib.crc32(pixels.tobytes())))
        if len(self._held) > 2:
            kept, before = self._held.pop(0)
            self.torn += zlib.crc32(kept.tobytes()) != before
        self.checked += 1
        self.published.append((frame.seq, frame.header.published_at_us))


def torture(options: argparse.Namespace, offer: dict[str, Any]) -> dict[str, Any]:
    """What was found, by name."""
    from test_picture import read_number

    with LaneReader(offer) as reader:
        quiet = Watcher(reader, read_number)
        for _ in range(min(_QUIET_FRAMES, options.frames)):
            quiet.read()
        watched = Watcher(reader, read_number)
        victims = Victims(offer, options.readers, options.hold)
        try:
            killed_at = time.monotonic()
            while watched.checked < options.frames:
                watched.read()
                if time.monotonic() - killed_at > options.kill_every:
                    victims.kill_one()
                    killed_at = time.monotonic()
                if watched.checked % max(1, options.frames // 10) == 0:
                    print(f"{watched.checked} frames, {watched.torn} torn", flush=True)
        finally:
            victims.kill_all()
    return {
        "checked": quiet.checked + watched.checked,
        "torn": quiet.torn + watched.torn,
        "missed": reader.missed,
        "killed": victims.killed,
        "complaints": len(victims.complaints),
        "calm": intervals(quiet.published),
        "tormented": intervals(watched.published),
    }


def dropped(gateway: str) -> int:
    """Frames that the gateway did not lend to anyone, because all slots were held."""
    with urllib.request.urlopen(f"{gateway}/metrics", timeout=30) as response:
        text = response.read().decode()
    return int(float(re.findall(r"^framegate_lane_frames_dropped_total (\S+)", text, re.MULTILINE)[0]))


def left_behind(before: set[str]) -> list[str]:
    """New files in /dev/shm that no program uses: another program's file of this moment is not left behind."""
    used = ""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            used += (process / "maps").read_text()
            used += "".join(os.readlink(descriptor) for descriptor in (process / "fd").iterdir())
    return sorted(name for name in set(os.listdir("/dev/shm")) - before if f"/dev/shm/{name}" not in used)


def run(options: argparse.Namespace) -> int:
    from harness import Camera, Gateway  # Not in the victims: it starts Node.js.

    before = set(os.listdir("/dev/shm"))
    camera = Camera("--width", str(SIZE[0]), "--height", str(SIZE[1]), "--fps", str(options.fps), "--gop", "100")
    gateway = Gateway("off")
    try:
        api = Api(gateway.base)
        offer = api.start({"name": "cam", "rtsp": camera.url, "pub_fps": 120, "scale_width": 0})["lane"]
        found = torture(options, offer)
        until = time.monotonic() + _LEAVE_S
        while (left := api.camera("cam")["readers_by_kind"]["lane"]) and time.monotonic() < until:
            time.sleep(0.1)
        lost = dropped(gateway.base)
    finally:
        gateway.stop()
        camera.stop()
    behind = left_behind(before)
    return report(found, left, lost, behind)


def report(found: dict[str, Any], left: int, lost: int, behind: list[str]) -> int:
    """Prints the table. Returns the exit status."""
    longest_ms = found["tormented"]["longest"]
    rows: list[tuple[str, Any, str, bool]] = [
        ("frames checked", found["checked"], "", True),
        ("torn, or changed while held", found["torn"], "0", found["torn"] == 0),
        ("changed while a victim held it", found["complaints"], "0", found["complaints"] == 0),
        ("readers killed", found["killed"], "", True),
        ("readers still counted", left, "0", left == 0),
        ("left in /dev/shm", ", ".join(behind) or "nothing", "nothing", not behind),
        ("frames without a free slot", lost, "0", lost == 0),
        # A writer that waited for a stopped reader would wait until that one is killed.
        ("longest interval of the writer", f"{longest_ms:.0f} ms", f"{_LONGEST_MS} ms", longest_ms <= _LONGEST_MS),
        ("newer frames came before this one was read", found["missed"], "", True),
    ]
    for name in ("median", "p99"):
        calm, tormented = found["calm"][name], found["tormented"][name]
        rows.append((f"interval, {name}: quiet, tormented", f"{calm:.1f} ms, {tormented:.1f} ms", "", True))
    print("| check | found | at most | |\n| --- | --- | --- | --- |")
    for name, value, limit, good in rows:
        print(f"| {name} | {value} | {limit} | {'' if not limit else 'ok' if good else 'FAILED'} |")
    failed = [name for name, _, _, good in rows if not good]
    print(f"FAILED: {'; '.join(failed)}" if failed else "ok")
    return int(bool(failed))


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
