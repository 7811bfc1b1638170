from __future__ import annotations

import asyncio
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import zmq
from wire import in_child, message, send

from framegate import AsyncFrameSubscriber, Frame, FrameSubscriber

Publisher = zmq.Socket[bytes]


@pytest.fixture(params=["tcp", "ipc"])
def publisher(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Publisher]:
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind("tcp://127.0.0.1:*" if request.param == "tcp" else f"ipc://{tmp_path}/frames")
    yield socket
    socket.close()
    context.term()


def endpoint(publisher: Publisher) -> str:
    return publisher.getsockopt_string(zmq.LAST_ENDPOINT)


def subscribed(publisher: Publisher, topic: str = "cam1", **options: Any) -> FrameSubscriber:
    subscriber = FrameSubscriber(topic, endpoint(publisher), **options)
    assert publisher.poll(10000), "the subscription must arrive"
    assert publisher.recv() == b"\1" + topic.encode() + b"\0"
    return subscriber


def read_until(subscriber: FrameSubscriber, seq: int) -> Frame:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        frame = subscriber.read(100)
        if frame is not None and frame.seq == seq:
            return frame
    raise AssertionError(f"no frame {seq}")


def test_reads_the_newest_frame_and_counts_missed_ones(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        send(publisher, message(seq=4))
        assert subscriber.read(10000).seq == 4
        assert subscriber.missed == 0
        for seq in range(5, 50):
            send(publisher, message(seq=seq))
        last = read_until(subscriber, 49)
        assert subscriber.missed >= 40
        assert last.image.shape == (24, 32, 3)
        assert last.age_ms >= 0


# With ..., the header has no run, as from older gateways.
@pytest.mark.parametrize("run", ["a", ...])
def test_skips_a_repeated_frame_but_not_those_of_a_restarted_camera(publisher: Publisher, run: Any) -> None:
    with subscribed(publisher) as subscriber:
        again = message(seq=9, published_at_us=1_000_000, run=run)
        send(publisher, again)
        assert subscriber.read(10000).seq == 9
        send(publisher, again)
        assert subscriber.read(300) is None
        send(publisher, message(seq=0, published_at_us=1_000_001, run=run))
        assert subscriber.read(10000).seq == 0
        assert subscriber.missed == 0


def test_reads_at_once_from_a_gateway_that_restarts_with_its_clock_set_back(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        send(publisher, message(seq=5000, published_at_us=2_000_000, run="a"))
        assert subscriber.read(10000).seq == 5000
        for seq in range(3):
            send(publisher, message(seq=seq, published_at_us=1_000_000 + seq, run="b"))
            assert subscriber.read(10000).seq == seq
        assert subscriber.missed == 0


@pytest.mark.parametrize(("before", "after"), [("a", "b"), (..., "b"), ("a", ...)])
def test_does_not_compare_numbers_and_times_of_different_runs(publisher: Publisher, before: Any, after: Any) -> None:
    with subscribed(publisher) as subscriber:
        for run, seq in ((before, 7), (after, 7), (before, 1000)):
            send(publisher, message(seq=seq, published_at_us=1_000_000, run=run))
            assert subscriber.read(10000).header.run == (None if run is ... else run)
        assert subscriber.missed == 0, "a new run is not a gap"


def test_reads_from_a_camera_that_is_restarted_after_the_clock_was_set_back(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        for seq, published_at_us in ((9, 2_000_000), (0, 1_000_000), (1, 1_040_000)):
            send(publisher, message(seq=seq, published_at_us=published_at_us))
            assert subscriber.read(10000).seq == seq


def test_reads_the_default_endpoint_only_if_frames_cannot_come_over_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GATEWAY_BASE", "ZMQ_CONNECT", "FRAMEGATE_TRANSPORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT_OFFSET", "41234")  # Nothing listens there.
    default = "tcp://127.0.0.1:46789"
    with FrameSubscriber("cam1", timeout_ms=100) as subscriber:
        assert subscriber.connect is None, "the gateway is asked first"
        end = time.monotonic() + 30
        while subscriber.connect != default:
            assert subscriber.read() is None and time.monotonic() < end
        assert "does not respond" in str(subscriber.last_error)
    monkeypatch.setenv("FRAMEGATE_TRANSPORT", "zmq")
    with FrameSubscriber("cam1") as subscriber:
        assert subscriber.connect == default


def test_a_subscription_to_cam1_gets_nothing_from_cam10(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        send(publisher, message("cam10", seq=1))
        send(publisher, message("cam1@320w5fps", seq=2))
        assert subscriber.read(300) is None
        send(publisher, message("cam1", seq=3))
        assert subscriber.read(10000).seq == 3


def test_counts_and_skips_invalid_messages(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        send(publisher, b"cam1\0rubbish")
        assert subscriber.read(300) is None
        assert subscriber.invalid == 1
        assert subscriber.last_invalid
        send(publisher, message(v=2))
        assert subscriber.read(300) is None
        send(publisher, message(seq=1))
        assert subscriber.read(10000).seq == 1


def test_a_read_without_frames_ends_in_time(publisher: Publisher) -> None:
    with FrameSubscriber("cam1", endpoint(publisher), timeout_ms=100) as subscriber:
        before = time.monotonic()
        assert subscriber.read() is None
        assert 0.09 <= time.monotonic() - before < 5
        assert subscriber.read(0) is None


def test_reads_from_several_threads_share_the_frames(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        seen, lock = [], threading.Lock()

        def reader() -> None:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                frame = subscriber.read(100)
                if frame:
                    with lock:
                        seen.append(frame.seq)

        threads = [threading.Thread(target=reader) for _ in range(4)]
        for thread in threads:
            thread.start()
        for seq in range(60):
            send(publisher, message(seq=seq))
            time.sleep(0.02)
        for thread in threads:
            thread.join(20)
        assert len(seen) == len(set(seen)) > 5


def test_close_is_idempotent_and_a_later_read_returns_nothing(publisher: Publisher) -> None:
    subscriber = subscribed(publisher)
    subscriber.close()
    subscriber.close()
    assert subscriber.read(100) is None
    assert subscriber.closed


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ({"topic": 5}, TypeError, "topic"),
        ({"topic": ""}, ValueError, "topic"),
        ({"topic": "a\0b"}, ValueError, "topic"),
        ({"topic": "rtsp://u:p@cam/a"}, ValueError, "to read a camera by its address, use open_capture$"),
        ({"topic": "kamera-é"}, ValueError, "topic"),
        ({"topic": "a", "connect": 5}, TypeError, "connect"),
        ({"topic": "a", "connect": "nonsense"}, ValueError, "connect"),
        ({"topic": "a", "timeout_ms": "1"}, TypeError, "timeout_ms"),
        ({"topic": "a", "timeout_ms": -1}, ValueError, "timeout_ms"),
        ({"topic": "a", "timeout_ms": float("nan")}, ValueError, "timeout_ms"),
    ],
)
def test_errors_name_invalid_arguments(arguments: dict[str, Any], error: type[Exception], names: str) -> None:
    with pytest.raises(error, match=names):
        FrameSubscriber(**arguments)


def test_poll_returns_the_newest_frame_of_each_topic_that_has_one(publisher: Publisher) -> None:
    topics = ["cam1", "cam2", "cam3"]
    with FrameSubscriber(topics, endpoint(publisher)) as subscriber:
        for _ in topics:
            assert publisher.poll(10000)
            publisher.recv()
        for seq in range(20):
            send(publisher, message("cam1", seq=seq))
            send(publisher, message("cam3", seq=100 + seq))
        newest: dict[str, int] = {}
        end = time.monotonic() + 10
        while newest != {"cam1": 19, "cam3": 119}:
            assert time.monotonic() < end, newest
            newest.update({name: frame.seq for name, frame in subscriber.poll(1000).items()})
        assert subscriber.poll(50) == {}
        send(publisher, message("cam2", seq=7))
        assert {name: frame.seq for name, frame in subscriber.poll(10000).items()} == {"cam2": 7}
        assert subscriber.topics == topics and subscriber.topic == "cam1"
        missed = subscriber.missed
        send(publisher, message("cam1", seq=25))
        assert subscriber.poll(10000)["cam1"].seq == 25
        assert subscriber.missed == missed + 5


def test_reading_several_topics_starves_none(publisher: Publisher) -> None:
    with FrameSubscriber(["cam1", "cam2"], endpoint(publisher)) as subscriber:
        for _ in range(2):
            assert publisher.poll(10000)
            publisher.recv()
        seen = []
        for seq in range(30):
            send(publisher, message("cam1", seq=seq))
            send(publisher, message("cam2", seq=seq))
            time.sleep(0.01)
            frame = subscriber.read(10000)
            seen.append(frame.topic)
        assert 5 <= seen.count("cam1") <= 25, seen


def test_asyncio(publisher: Publisher) -> None:
    async def main() -> None:
        async with AsyncFrameSubscriber(["cam1", "cam2"], endpoint(publisher), timeout_ms=10000) as subscriber:
            for _ in range(2):
                assert publisher.poll(10000)
                publisher.recv()
            send(publisher, b"cam2\0rubbish")
            assert await subscriber.read(200) is None
            assert subscriber.invalid == 1
            seen = {}
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.01)
                    ticks += 1

            ticking = asyncio.ensure_future(tick())
            for seq in range(10):
                send(publisher, message("cam1", seq=seq))
                send(publisher, message("cam2", seq=seq))
            async for frame in subscriber:
                seen[frame.topic] = frame.seq
                if seen == {"cam1": 9, "cam2": 9}:
                    break
            send(publisher, message("cam2", seq=12))
            assert {name: frame.seq for name, frame in (await subscriber.poll()).items()} == {"cam2": 12}
            assert await subscriber.poll(50) == {}
            before, ticks = time.monotonic(), 0
            assert await subscriber.read(300) is None
            assert time.monotonic() - before >= 0.25
            assert ticks > 2, "others run meanwhile"
            ticking.cancel()
        assert subscriber.closed
        assert await subscriber.read(100) is None
        subscriber.close()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_read_that_is_cancelled_loses_nothing(publisher: Publisher) -> None:
    async def main() -> None:
        async with AsyncFrameSubscriber("cam1", endpoint(publisher)) as subscriber:
            assert publisher.poll(10000)
            publisher.recv()
            for _ in range(20):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(subscriber.read(5000), 0.005)
            send(publisher, message(seq=1))
            assert (await subscriber.read(10000)).seq == 1

    asyncio.run(asyncio.wait_for(main(), 60))


def test_asyncio_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError):
        AsyncFrameSubscriber("cam1")


def test_after_a_fork_the_child_gets_an_error_and_the_parent_keeps_reading(publisher: Publisher) -> None:
    with subscribed(publisher) as subscriber:
        assert in_child(subscriber.read).startswith(
            "RuntimeError: this FrameSubscriber was created before a fork; create it in the child process"
        )
        assert in_child(subscriber.poll).startswith("RuntimeError")
        assert in_child(subscriber.close) == "None"
        send(publisher, message(seq=1))
        assert subscriber.read(10000).seq == 1


def test_close_while_another_thread_reads(publisher: Publisher) -> None:
    subscriber = subscribed(publisher)
    read = []
    thread = threading.Thread(target=lambda: read.append(subscriber.read(1000)))
    thread.start()
    time.sleep(0.1)
    subscriber.close()
    thread.join(10)
    assert read == [None] and not thread.is_alive()
    assert subscriber.read(1000) is None and subscriber.poll(1000) == {}


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        ("", ValueError),
        ("a\0b", ValueError),
        ("k\u00fcche", ValueError),
        ("x" * 129, ValueError),
        ([], ValueError),
        (["a", "a"], ValueError),
        (["a", ""], ValueError),
        (None, TypeError),
        (b"a", TypeError),
        ([1], TypeError),
        (7, TypeError),
    ],
)
def test_topics_are_checked(topic: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="topic"):
        FrameSubscriber(topic)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"connect": 5555}, TypeError, "connect"),
        ({"connect": "no address"}, ValueError, "connect"),
        ({"timeout_ms": -1}, ValueError, "timeout_ms"),
        ({"timeout_ms": float("nan")}, ValueError, "timeout_ms"),
        ({"timeout_ms": True}, TypeError, "timeout_ms"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error, match=name):
        FrameSubscriber("cam1", **arguments)
    with FrameSubscriber("cam1", "tcp://127.0.0.1:1") as subscriber, pytest.raises(TypeError, match="timeout_ms"):
        subscriber.read("soon")  # type: ignore[arg-type]
