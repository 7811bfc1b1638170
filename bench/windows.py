"""One window: what one contender costs and gets for some seconds. And contenders in turn, round after round.

The speed of a machine drifts within minutes. In turn, the drift meets all contenders alike, so only figures of one
round are divided by each other.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from clip import FRAMES, recording  # noqa: E402
from harness import Camera, Gateway, quantile  # noqa: E402
from processes import Spent, end  # noqa: E402

Figures = dict[str, float]
#: The figures of each contender: one entry for each round.
Rounds = dict[str, list[Figures]]
#: Measures one window.
Measure = Callable[[], Figures]

_START_LIMIT_S = 60
_READER = str(ROOT / "bench/reader.py")


class Plan(NamedTuple):
    """How often to measure, and how long each time."""

    rounds: int
    cpu_s: float
    ages_s: float
    settle_s: float
    first_frames: int


class Reader:
    """A process of reader.py."""

    def __init__(self, way: str, source: str, transport: str = "", **options: Any) -> None:
        environment = {"FRAMEGATE_TRANSPORT": transport} if transport else {}
        self.program = subprocess.Popen(
            [sys.executable, _READER, way, source, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def wait_for_frames(self) -> float:
        """:returns: milliseconds until the first frame."""
        return float(self._line()["first_ms"])

    def command(self, word: str) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(word + "\n")
        self.program.stdin.flush()

    def result(self) -> dict[str, Any]:
        self.command("end")
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self.program.stdout is not None
        line = self.program.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.program.args!r}: ended without a frame")
        return dict(json.loads(line))


@contextlib.contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=True)
    try:
        yield program
    finally:
        end(program)


@contextlib.contextmanager
def a_camera(gop: int = 50) -> Iterator[Camera]:
    """Replays a recording (clip.py)."""
    camera = Camera("--file", str(recording(gop)))
    try:
        yield camera
    finally:
        camera.stop()


@contextlib.contextmanager
def a_gateway() -> Iterator[Gateway]:
    gateway = Gateway("managed")
    try:
        yield gateway
    finally:
        gateway.stop()


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _START_LIMIT_S
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("a program has not come as far as expected within a minute")
        time.sleep(0.05)


def in_turn(plan: Plan, contenders: dict[str, Measure]) -> Rounds:
    found: Rounds = {name: [] for name in contenders}
    for number in range(1, plan.rounds + 1):
        print(f"  round {number} of {plan.rounds}: {', '.join(contenders)}", flush=True)
        for name, measure in contenders.items():
            found[name].append(measure())
    return found


def medians(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def ratio(rounds: Rounds, of: str, to: str, key: str, key_to: str | None = None) -> float:
    """The median of the rounds' quotients."""
    pairs = zip(rounds[of], rounds[to])
    return statistics.median(mine[key] / other[key_to or key] for mine, other in pairs)


def read(
    plan: Plan,
    camera: Camera,
    count: int,
    servers: list[int],
    way: str,
    source: str,
    ages: bool,
    ready: Callable[[], bool] = lambda: True,
    **options: Any,
) -> Figures:
    """A window of `count` readers of one kind, which begins when it is `ready`."""
    readers = [Reader(way, source, **options) for _ in range(count)]
    try:
        first_ms = [reader.wait_for_frames() for reader in readers]
        wait_for(ready)
        time.sleep(plan.settle_s)
        for reader in readers:
            reader.command("count")
        begun = time.monotonic()
        groups = {"readers": [reader.program.pid for reader in readers], "servers": servers}
        used = cores(plan, camera, groups)
        figures = {"reader": used["readers"] / count, "servers": used["servers"], "first_ms": first_ms[0]}
        figures["all"] = used["readers"] + used["servers"]
        if ages:
            readers[0].command("numbers")
            time.sleep(plan.ages_s)
        seconds = time.monotonic() - begun
        results = [reader.result() for reader in readers]
        figures["fps"] = results[0]["frames"] / seconds
        if ages:
            figures.update(_ages(camera, results[0]["seen"]))
        return figures
    finally:
        for reader in readers:
            end(reader.program)


def decoding(plan: Plan, camera: Camera, command: str) -> Figures:
    """A window of a program that gives its pictures to no reader."""
    sessions = camera.total
    with running(*command.split()) as program:
        wait_for(lambda: camera.total > sessions or program.poll() is not None)
        time.sleep(plan.settle_s + 1)
        used = cores(plan, camera, {"all": [program.pid]})
        if program.poll() is not None:
            raise RuntimeError(f"{command} ended with status {program.returncode}")
    return used


def cores(plan: Plan, camera: Camera, groups: dict[str, list[int]]) -> Figures:
    """What groups of processes use for 25 frames a second: a busy machine's camera sends fewer, which cost less."""
    sent = len(camera.sent_us)
    spent = Spent(groups)
    time.sleep(plan.cpu_s)
    used = spent.so_far()
    frames = len(camera.sent_us) - sent
    return {name: cpu_s / frames * 25 for name, cpu_s in used.items()}


def _ages(camera: Camera, seen: list[tuple[int | None, float]]) -> Figures:
    """From the moment at which the camera begins to send the picture."""
    began_us = dict(camera.captured_us)
    # The camera may report a picture after the reader has it, and a direct reader ends the stream with its last one.
    reported_us = max(began_us.values())
    pictures = [(number, at_us) for number, at_us in seen if number is not None and at_us < reported_us]
    ages = [(at_us - began_us[_last_sent(began_us, n, at_us)]) / 1000 for n, at_us in pictures]
    return {"median_ms": statistics.median(ages), "p99_ms": quantile(ages, 0.99)}


def _last_sent(began_us: dict[int, int], picture: int, at_us: float) -> int:
    """:returns: the number under which the camera last sent a picture of the recording, which comes round again."""
    newest = max(began_us)
    rounds = range(newest - (newest - picture) % FRAMES, -1, -FRAMES)
    return next(number for number in rounds if began_us.get(number, at_us) < at_us)
