#!/usr/bin/env python3
"""Soak: cameras that suffer random faults for a given time; every frame judged against what was drawn.

    python3 bench/soak.py --minutes 30 [--cameras 4] [--mediamtx managed|off] [--out DIR/NAME]

Prints a table and writes OUT.md and OUT.svg: frames, damaged frames, the oldest frame at a reader, recoveries and how
long they took from the fault's end, and the gateway's memory, descriptors and threads. The exit status is 1 if a frame
is damaged, if a camera does not come back within 30 s, or if memory, descriptors or threads have grown.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, Gateway, first_image, quantile, some, usage  # noqa: E402
from test_picture import DAMAGED, damage, read_number  # noqa: E402

from framegate import open_capture  # noqa: E402

SIZE = (480, 272)
UDP = "--slices"  # This one is pulled over UDP.
STREAMS = [
    ("--gop", "25"),
    ("--gop", "25", "--slices", "4"),
    ("--gop", "25", "--bframes", "2", "--profile", "high"),
    ("--gop", "25", "--intra-refresh"),
    ("--gop", "25", "--open-gop", "--bframes", "2"),
    ("--codec", "h265", "--gop", "25"),
]
FAULTS = [
    "fault loss 1",
    "fault loss 5",
    "fault loss 2 10",
    "fault drop-frames 5",
    "fault silence",
    "fault half-open",
    "fault fin",
    "fault rst",
    "fault bye",
    "fault hang options",
    "fault hang describe",
    "fault hang setup",
    "fault hang play",
    "fault status describe 404",
    "fault status setup 453",
    "fault status describe 503",
    "fault jump 100000",
    "fault jump -50000",
    "fault ssrc",
]
ENDS_SESSION = ("hang", "status")


class Watched(threading.Thread):
    """One camera, its faults' times, and a reader that judges every frame."""

    def __init__(self, index: int, gateway: Gateway, end: float) -> None:
        super().__init__()
        self.name = " ".join(STREAMS[index % len(STREAMS)])
        self.camera = Camera(
            "--width",
            str(SIZE[0]),
            "--height",
            str(SIZE[1]),
            "--fps",
            "10",
            "--bitrate-kbps",
            "400",
            *STREAMS[index % len(STREAMS)],
        )
        self.capture = open_capture(
            self.camera.url,
            pub_fps=25,
            scale_width=0,
            timeout_ms=200,
            gateway=gateway.base,
            name=f"cam-{index}",
            rtsp_transport="udp" if UDP in STREAMS[index % len(STREAMS)] else "tcp",
        )
        self.end = end
        self.frames = self.damaged = self.faults = self.sessions = 0
        self.lost = False  # No frame came after the last fault.
        self.oldest_ms = 0.0
        self.recoveries: list[float] = []
        self.cleared_at: float | None = None
        self.random = random.Random(index)

    def run(self) -> None:
        first_image(self.capture, 60)
        fault_over: float | None = None
        next_fault = time.monotonic() + 5
        while (now := time.monotonic()) < self.end or fault_over is not None:
            _, image = self.capture.read()
            if image is not None:
                self.oldest_ms = max(self.oldest_ms, some(self.capture.age_ms))
                self.frames += 1
                number = read_number(image)
                self.damaged += number is None or damage(image, number, SIZE) >= DAMAGED
                if self.cleared_at is not None:
                    self.recoveries.append(time.monotonic() - self.cleared_at)
                    self.cleared_at = None
            if fault_over is not None and now > fault_over:
                self.camera.command("clear")
                self.cleared_at, fault_over = time.monotonic(), None
                next_fault = now + self.random.uniform(6, 12)
            elif fault_over is None and now > next_fault and now < self.end:
                fault = self.random.choice(FAULTS)
                self.camera.command(fault)
                if any(word in fault for word in ENDS_SESSION):
                    self.camera.command("fault fin")
                self.faults += 1
                fault_over = now + self.random.uniform(1, 6)
        # The last one's recovery counts too.
        limit = time.monotonic() + 30
        while self.cleared_at is not None and time.monotonic() < limit:
            if self.capture.read()[0]:
                self.recoveries.append(time.monotonic() - self.cleared_at)
                self.cleared_at = None
        if self.cleared_at is not None:
            self.lost = True
            self.recoveries.append(float("inf"))
        self.sessions = self.camera.active
        self.capture.release()
        self.camera.stop()


def plot(samples: Sequence[tuple[float, ...]], path: pathlib.Path) -> None:
    """Memory, descriptors and threads over time, each against its own largest value."""
    width, height, left = 800, 240, 10
    span = max(samples[-1][0], 1)
    lines = []
    curves = (("MB", "#1a73e8"), ("descriptors", "#188038"), ("threads", "#d93025"))
    for column, (label, colour) in enumerate(curves, 1):
        most = max(sample[column] for sample in samples)
        points = " ".join(
            f"{left + at[0] / span * (width - 2 * left):.1f},{height - 20 - at[column] / most * (height - 60):.1f}"
            for at in samples
        )
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        lines.append(f'<text x="{left + 180 * (column - 1)}" y="16" fill="{colour}">{label}, at most {most:.0f}</text>')
    text = f"{span / 60:.0f} minutes"
    lines.append(f'<text x="{width - 100}" y="{height - 4}" fill="#555">{text}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(lines)}</svg>\n'
    )


def problems(watched: Sequence[Watched], samples: Sequence[tuple[float, ...]]) -> list[str]:
    """Why the run fails; empty if it passes. A quarter of the time warms up, and the last one shows what grew."""
    found = [f"{one.name}: {one.damaged} damaged frames" for one in watched if one.damaged]
    found += [f"{one.name}: no frame within 30 s of the last fault's end" for one in watched if one.lost]
    found += [f"{one.name}: no frames" for one in watched if not one.frames]
    quarter = max(1, len(samples) // 4)
    # Sessions that are away have fewer; a leak adds one or more with each fault.
    for column, name, more in ((1, "memory in MB", 20), (2, "descriptors", 8), (3, "threads", 8)):
        early = statistics.median(sample[column] for sample in samples[quarter : 2 * quarter] or samples)
        late = statistics.median(sample[column] for sample in samples[-quarter:])
        if late > early * 1.1 + more:
            found.append(f"{name}: {early:.0f} in the second quarter, {late:.0f} in the last")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--mediamtx", default="managed")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "bench/soak")
    options = parser.parse_args()
    os.environ.setdefault("NODE_OPTIONS", "--max-old-space-size=64")  # Else V8 holds 70 MB of garbage at times.
    gateway = Gateway(mediamtx=options.mediamtx)
    begun = time.monotonic()
    watched = [Watched(i, gateway, begun + options.minutes * 60) for i in range(options.cameras)]
    for one in watched:
        one.start()
    samples: list[tuple[float, ...]] = []
    while any(one.is_alive() for one in watched):
        if not samples or time.monotonic() < watched[0].end:  # Then cameras end one after the other.
            samples.append((time.monotonic() - begun, *usage(gateway.process.pid)))
        time.sleep(5)
    gateway.stop()

    rows = ["| camera | frames | damaged | oldest | faults | back after: median | p95 | worst |"]
    rows.append("| --- |" + " --- |" * 7)
    for one in watched:
        times = one.recoveries or [0.0]
        rows.append(
            f"| {one.name} | {one.frames} | {one.damaged} | {one.oldest_ms:.0f} ms | {one.faults} | "
            f"{statistics.median(times):.2f} s | {quantile(times, 0.95):.2f} s | {max(times):.2f} s |"
        )
    settled = samples[len(samples) // 10 :] or samples
    rows.append("")
    rows.append(
        f"{options.minutes:.0f} minutes, MediaMTX {options.mediamtx}. The gateway's memory: {settled[0][1]:.0f} MB "
        f"after a tenth of the time, {settled[-1][1]:.0f} MB at the end, {max(s[1] for s in samples):.0f} MB at most; "
        f"descriptors {settled[0][2]} and {settled[-1][2]}; threads {settled[0][3]} and {settled[-1][3]}."
    )
    print("\n".join(rows))
    options.out.with_suffix(".md").write_text("\n".join(rows) + "\n")
    plot(samples, options.out.with_suffix(".svg"))
    failed = problems(watched, samples)
    print("\n" + ("FAILED: " + "; ".join(failed) if failed else "ok"))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
