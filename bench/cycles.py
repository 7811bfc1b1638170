#!/usr/bin/env python3
"""Start and stop, and reconnect, over and over: does anything grow?

    python3 bench/cycles.py [--cycles 1000] [--reconnects 200] [--cameras 4] [--mediamtx managed|off]

A cycle starts all cameras, reads a frame of each and stops them; a reconnect cuts all of their connections and waits
for a new frame of each. Prints memory, descriptors and threads of the gateway and of MediaMTX. The exit status is 1 if
memory rose by more than 3 %, if descriptors or threads differ, or if a camera has a session too many. The default takes
about 20 minutes. `--cycles 300 --reconnects 60` takes 5 and finds a leak of 30 KB in each start of a camera.

Memory is judged after the first half, which warms up: the least of the last quarter against the least of the third.
V8's old space is limited to 64 MB: else it holds 70 MB of garbage at times, in which no leak would show. Descriptors
and threads count once they stand still: MediaMTX's API is spoken to over connections that live on for 4 s, and GLib
keeps idle threads for 15 s.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, Gateway, Usage, usage  # noqa: E402

from framegate import FrameSubscriber  # noqa: E402

LIMIT_S = 30
# Three quarters of it must outlast GLib's 15 s.
STANDS_STILL_S = 22.0
MOST_GROWTH = 1.03


class Rig:
    """A gateway, cameras, and a subscriber of each that stays."""

    def __init__(self, cameras: int, mediamtx: str | None = None) -> None:
        self.gateway = Gateway(mediamtx=mediamtx)
        self.cameras = [Camera("--width", "320", "--height", "180", "--gop", "25") for _ in range(cameras)]
        self.names = [f"cam-{i}" for i in range(cameras)]
        self.pool = concurrent.futures.ThreadPoolExecutor(cameras)
        self.endpoint = str(self.start(0)["zmq_endpoint"])
        self.stop(0)
        self.readers: list[FrameSubscriber] = []
        self.watch()
        gateway = self.gateway.process.pid
        self.pids = {"gateway": gateway}
        for task in os.listdir(f"/proc/{gateway}/task"):
            for child in pathlib.Path(f"/proc/{gateway}/task/{task}/children").read_text().split():
                self.pids["MediaMTX"] = int(child)

    def watch(self) -> None:
        self.readers = [FrameSubscriber(name, self.endpoint) for name in self.names]

    def unwatch(self) -> None:
        for reader in self.readers:
            reader.close()

    def close(self) -> None:
        self.unwatch()
        self.pool.shutdown()
        self.gateway.stop()
        for camera in self.cameras:
            camera.stop()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(self.gateway.base + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def start(self, i: int) -> dict[str, Any]:
        return self.post("/cameras/start", {"name": self.names[i], "rtsp": self.cameras[i].url, "pub_fps": 25})

    def stop(self, i: int) -> None:
        self.post("/cameras/stop", {"name": self.names[i]})

    def each(self, run: Callable[[int], object]) -> None:
        list(self.pool.map(run, range(len(self.cameras))))

    def read(self, i: int) -> None:
        """A frame that was published after this moment."""
        after_us = time.time() * 1e6
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            frame = self.readers[i].read(100)
            if frame is not None and frame.header.published_at_us > after_us:
                return
        raise SystemExit(f"{self.names[i]}: no frame in {LIMIT_S} s")

    def cycle(self) -> None:
        def run(i: int) -> None:
            self.start(i)
            self.read(i)
            self.stop(i)

        self.each(run)

    def reconnect(self) -> None:
        def run(i: int) -> None:
            camera, sessions = self.cameras[i], self.cameras[i].total
            camera.command("fault fin")
            end = time.monotonic() + LIMIT_S
            while camera.total == sessions:
                if time.monotonic() > end:
                    raise SystemExit(f"{self.names[i]}: no new session in {LIMIT_S} s")
                time.sleep(0.05)
                self.start(i)  # A camera that waits before its next try tries at once.
            self.read(i)

        self.each(run)

    def sessions(self) -> int:
        return sum(camera.active for camera in self.cameras)

    def samples(self) -> dict[str, Usage]:
        return {name: usage(pid) for name, pid in self.pids.items()}

    def settled(self, still_s: float = STANDS_STILL_S) -> dict[str, Usage]:
        """Samples once the counts of descriptors and threads have been stable for this long.

        A process that waits for a socket briefly has one descriptor more, so the most frequent count is used.
        """
        end = time.monotonic() + LIMIT_S + 2 * still_s
        window = []
        while (now := time.monotonic()) < end:
            samples = self.samples()
            window.append((now, tuple(one[1:] for one in samples.values())))
            if now - window[0][0] > still_s:
                before = statistics.mode(counts for at, counts in window if at <= now - still_s / 2)
                counts = statistics.mode(counts for at, counts in window if at > now - still_s / 2)
                if before == counts:
                    return {name: Usage(one.mb, *seen) for (name, one), seen in zip(samples.items(), counts)}
                del window[0]
            time.sleep(0.05)
        raise SystemExit(f"descriptors and threads do not come to rest: {window[-1][1]}")


def floors(mb: Sequence[float]) -> tuple[float, float]:
    """The least memory in the third and in the last quarter: garbage comes and goes above it, a leak lifts it."""
    quarter = max(1, len(mb) // 4)
    return min(mb[-2 * quarter : -quarter] or mb), min(mb[-quarter:])


class Phase:
    """Runs something many times and compares the end with how it was when warm."""

    def __init__(self, what: str, rig: Rig, run: Callable[[], None], count: int, warm: int, sessions: int) -> None:
        self.what, self.rig, self.count, self.warm = what, rig, count, warm
        taken: dict[str, list[float]] = {name: [] for name in rig.pids}
        begun, resting = time.monotonic(), 0.0
        for i in range(count):
            run()
            for name, one in rig.samples().items():
                taken[name].append(one.mb)
            if i + 1 == warm:
                rest = time.monotonic()
                before = rig.settled()
                resting = time.monotonic() - rest
        self.seconds = time.monotonic() - begun - resting
        after = rig.settled()
        self.left = rig.sessions() - sessions
        self.rows, self.problems = [], []
        for name, mb in taken.items():
            first, last = floors(mb)
            self.rows.append((name, first, last, max(mb), before[name], after[name]))
            if last > first * MOST_GROWTH:
                self.problems.append(f"{what}: memory of {name} rose from {first:.0f} to {last:.0f} MB")
            # Go keeps each thread that it ever needed: reported, not judged.
            for field in ("descriptors", "threads") if name == "gateway" else ("descriptors",):
                counts = getattr(before[name], field), getattr(after[name], field)
                if counts[0] != counts[1]:
                    self.problems.append(f"{what}: {field} of {name}: {counts[0]}, then {counts[1]}")
        if self.left:
            self.problems.append(f"{what}: {self.left} sessions too many at the cameras")

    def table(self) -> list[str]:
        return [
            f"| {self.what} x {self.count} | {name} | {first:.0f} MB | {last:.0f} MB | {most:.0f} MB | "
            f"{before.descriptors}, {after.descriptors} | {before.threads}, {after.threads} | {self.left} | "
            f"{self.seconds / self.count:.2f} s |"
            for name, first, last, most, before, after in self.rows
        ]


def warm_up(count: int) -> int:
    return 100 if count >= 200 else max(1, count // 10)


def run(
    cycles: int, reconnects: int, cameras: int, mediamtx: str | None = None, warm: int | None = None
) -> list[Phase]:
    """:param warm: cycles and reconnects before the comparison begins; default :func:`warm_up`."""
    rig = Rig(cameras, mediamtx)
    try:
        phases = [Phase("start, stop", rig, rig.cycle, cycles, warm or warm_up(cycles), 0)]
        rig.each(rig.start)
        rig.each(rig.read)
        phases.append(Phase("reconnect", rig, rig.reconnect, reconnects, warm or warm_up(reconnects), cameras))
    finally:
        rig.close()
    return phases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--reconnects", type=int, default=200)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--mediamtx", choices=["managed", "off"], default="managed")
    options = parser.parse_args()
    os.environ.setdefault("NODE_OPTIONS", "--max-old-space-size=64")
    phases = run(options.cycles, options.reconnects, options.cameras, options.mediamtx)
    print(
        f"{options.cameras} cameras, MediaMTX {options.mediamtx}; descriptors and threads when warm, and at the end:\n"
    )
    print(
        "| | process | memory, third quarter | last quarter | at most | descriptors | threads | sessions left | each |"
    )
    print("| --- |" + " --- |" * 8)
    print("\n".join(row for phase in phases for row in phase.table()))
    problems = [problem for phase in phases for problem in phase.problems]
    print("\n" + ("\n".join(f"FAILED: {problem}" for problem in problems) or "ok: nothing grew"))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
