"""Readers return no old frame: not of a camera that has gone, and not because they were away themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq
from wire import message, send, some

from framegate import FrameSubscriber
from framegate._freshness import Freshness, Times
from framegate.message import decode_message


class Reader:
    """Reads frames whose times are given, by a clock that is ``skew`` seconds ahead of the gateway's."""

    def __init__(self, max_age_ms: float | None = 1000, skew: float = 0) -> None:
        self.freshness, self.skew, self.seq = Freshness(max_age_ms), skew, 0

    def takes(self, at: float, age: float = 0.01, waited: bool = True, frames: int = 1, run: str = "a") -> bool:
        """Whether the reader returns a frame that is ``age`` seconds old ``at`` a time."""
        self.seq += frames
        at += 1_000_000
        header = decode_message(message(seq=self.seq, run=run, received_at_us=int((at - age) * 1e6))).header
        return not self.freshness.is_old(header, Times(at + self.skew, at + 77), waited)


@pytest.mark.parametrize("skew", [0, 20, -20, 100_000])
def test_a_frame_that_lay_around_is_old_whatever_the_clocks(skew: float) -> None:
    reader = Reader(skew=skew)
    assert reader.takes(1000)
    assert reader.takes(1000.9, age=0.9, waited=False)
    if skew >= 0:
        assert not reader.takes(1010, age=9, waited=False)
    assert reader.takes(1010.04)


def test_of_the_first_frame_only_the_clocks_are_known() -> None:
    assert not Reader().takes(1000, age=60, waited=False)
    assert Reader().takes(1000, age=60, waited=True), "it has just arrived: the clocks differ"


def test_frames_that_waited_in_the_kernel_while_the_process_was_suspended_are_old() -> None:
    reader = Reader()
    assert reader.takes(1000)
    took = [reader.takes(1010 + i / 1000, age=9.9 - i / 10, waited=i == 0) for i in range(99)]
    assert took.index(True) == 89, "the first that is younger than the limit"


def test_slow_cameras_have_three_of_their_intervals() -> None:
    reader = Reader()
    assert reader.takes(1000)
    assert reader.takes(1010), "10 s later"
    assert reader.takes(1045, age=25, waited=False)
    assert not reader.takes(1050, age=20, waited=False, frames=4), "now they come every 2.5 s"


def test_a_clock_that_is_changed_hides_frames_for_two_seconds_at_most() -> None:
    for change in (3600, -3600):
        reader = Reader(skew=5)
        assert reader.takes(1000)
        # The gateway's clock.
        took = [reader.takes(1001 + i / 10, age=change) for i in range(30)]
        assert took.index(True) <= 20
        assert all(took[21:])
        reader.skew += change  # This machine's clock.
        assert reader.takes(1005, age=change)


@pytest.mark.parametrize("run", ["a", "b"])
def test_a_gateway_that_restarts_with_its_clock_set_back_hides_nothing(run: str) -> None:
    reader = Reader()
    assert all(reader.takes(1000 + i * 0.04) for i in range(50))
    reader.seq = -1  # An old gateway sends no run.
    assert all(reader.takes(1003 + i * 0.04, age=600, run=run) for i in range(50))


def test_clocks_that_drift_apart_hide_nothing() -> None:
    reader = Reader(skew=30)
    assert all(reader.takes(1000 + t, age=0.01 + t * 0.0005) for t in range(0, 20000, 10))


def test_without_a_limit_nothing_is_old() -> None:
    assert Reader(None).takes(1000, age=60, waited=False)


@pytest.fixture
def publisher() -> Iterator[zmq.Socket[bytes]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind("tcp://127.0.0.1:*")
    yield socket
    socket.close()
    context.term()


def test_a_reader_that_comes_back_gets_nothing_of_a_camera_that_has_gone(publisher: Any) -> None:
    endpoint = publisher.getsockopt_string(zmq.LAST_ENDPOINT)
    with (
        FrameSubscriber("cam1", endpoint, max_age_ms=300) as reader,
        FrameSubscriber("cam1", endpoint, max_age_ms=None) as any_age,
    ):
        for _ in range(2):
            assert publisher.poll(10000) and publisher.recv()
        send(publisher, message(seq=1))
        assert reader.read(10000).seq == any_age.read(10000).seq == 1
        send(publisher, message(seq=2))
        time.sleep(0.5)
        assert reader.read(100) is None
        assert reader.missed == 1
        assert any_age.read(100).seq == 2
        send(publisher, message(seq=3))
        assert reader.read(10000).seq == 3


READER = """
import sys
from framegate import FrameSubscriber
with FrameSubscriber("cam1", sys.argv[1]) as reader:
    while True:
        frame = reader.read()
        if frame:
            print(frame.seq, frame.age_ms, flush=True)
"""


def test_a_suspended_process_returns_no_old_frame(publisher: Any) -> None:
    endpoint = publisher.getsockopt_string(zmq.LAST_ENDPOINT)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", READER, endpoint], stdout=subprocess.PIPE, text=True, env=env)
    lines: list[str] = []
    threading.Thread(target=lambda: lines.extend(some(child.stdout)), daemon=True).start()
    try:
        assert publisher.poll(20000) and publisher.recv()
        seq = 0

        def publish_until(holds: Callable[[], bool]) -> None:
            nonlocal seq
            end = time.monotonic() + 30
            while not holds():
                assert time.monotonic() < end
                seq += 1
                publisher.send(message(seq=seq, picture=b"\xff\xd8" + bytes(20000) + b"\xff\xd9"))
                time.sleep(0.04)

        publish_until(lambda: len(lines) > 10)
        os.kill(child.pid, signal.SIGSTOP)
        resume = time.monotonic() + 3
        publish_until(lambda: time.monotonic() > resume)
        os.kill(child.pid, signal.SIGCONT)
        before = len(lines)
        publish_until(lambda: len(lines) > before + 10)
    finally:
        child.kill()
    assert max(float(line.split()[1]) for line in lines) < 2000, "1000 ms, and the time to print on a busy machine"
