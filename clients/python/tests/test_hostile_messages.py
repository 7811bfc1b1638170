"""Any bytes may arrive over the network: readers count and skip them, and never raise or show them."""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import jpeg, message, send

from framegate import Frame, FrameSubscriber, MessageError, decode_message

GOOD = message(seq=5)

#: A publisher, its subscriber, and the last number that was sent.
Wire = tuple["zmq.Socket[bytes]", FrameSubscriber, list[int]]


def judged(data: bytes) -> None:
    """Decodes to a complete frame or a MessageError, and nothing else."""
    try:
        topic, header, picture = decode_message(data)
    except MessageError as error:
        assert str(error)
        return
    frame = Frame(topic, header, picture)
    assert isinstance(frame.age_ms, float) and frame.seq >= 0
    try:
        image = frame.image
    except ValueError:
        return
    assert image.shape == (header.height, header.width, 3)


@given(st.binary(max_size=600))
def test_random_bytes(data: bytes) -> None:
    judged(data)
    judged(b"cam1\0" + data)
    judged(b"cam1\0" + len(data).to_bytes(4, "little") + data + jpeg())


@given(st.integers(0, len(GOOD) - 1))
def test_truncated_anywhere(length: int) -> None:
    judged(GOOD[:length])


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_changed_anywhere(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    judged(bytes(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)
KEYS = [
    "v",
    "camera",
    "run",
    "seq",
    "width",
    "height",
    "source_width",
    "received_at_us",
    "published_at_us",
    "captured_at_us",
]


@given(st.dictionaries(st.sampled_from(KEYS), JSON, min_size=1))
def test_any_value_in_the_header(changes: dict[str, Any]) -> None:
    judged(message(**changes))


@given(JSON)
def test_any_json_as_the_header(value: Any) -> None:
    text = json.dumps(value).encode()
    judged(b"cam1\0" + len(text).to_bytes(4, "little") + text + jpeg())


@pytest.mark.parametrize("version", [0, 2, 99, "1", None, True, 1.0])
def test_a_newer_version_is_an_error(version: Any) -> None:
    with pytest.raises(MessageError):
        decode_message(message(v=version))


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind("tcp://127.0.0.1:*")
    subscriber = FrameSubscriber("cam1", socket.getsockopt_string(zmq.LAST_ENDPOINT))
    assert socket.poll(10000)
    socket.recv()
    yield socket, subscriber, [1000]
    subscriber.close()
    socket.close()
    context.term()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_a_reader_skips_and_counts_an_invalid_message_and_gets_the_next_frame(wire: Wire, data: bytes) -> None:
    socket, subscriber, seq = wire
    before = subscriber.invalid
    send(socket, b"cam1\0" + data)
    end = time.monotonic() + 10
    while subscriber.invalid == before:
        assert subscriber.read(20) is None
        assert time.monotonic() < end
    assert subscriber.last_invalid
    seq[0] += 1
    send(socket, message(seq=seq[0]))
    assert subscriber.read(10000).seq == seq[0]


def test_huge_messages_are_counted_and_freed(wire: Wire) -> None:
    socket, subscriber, seq = wire
    before = subscriber.invalid
    for header in (b"\xff\xff\xff\xff", b"\0\0\0\0"):
        send(socket, b"cam1\0" + header + bytes(63 << 20))
        end = time.monotonic() + 20
        while subscriber.invalid == before:
            subscriber.read(100)
            assert time.monotonic() < end
        before = subscriber.invalid
    seq[0] += 1
    send(socket, message(seq=seq[0]))
    assert subscriber.read(20000).seq == seq[0]


def test_a_message_beyond_the_limit_is_not_read() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind("tcp://127.0.0.1:*")
    try:
        with FrameSubscriber("cam1", socket.getsockopt_string(zmq.LAST_ENDPOINT)) as subscriber:
            assert socket.poll(10000) and socket.recv()
            data = b"cam1\0" + bytes(300 << 20)  # Sent without a copy.
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            socket.send(data, copy=False)
            assert subscriber.read(500) is None
            assert subscriber.invalid == 0
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10, "KiB"
            assert socket.poll(10000) and socket.recv() == b"\0cam1\0", "the reader has disconnected"
    finally:
        socket.close()
        context.term()


def test_a_small_jpeg_of_a_huge_picture_is_not_decoded() -> None:
    picture = bytearray(jpeg())
    at = picture.index(b"\xff\xc0")
    picture[at + 5 : at + 9] = b"\xff\xdc\xff\xdc"  # 65500 x 65500: decoding would take 12.9 GB.
    frame = Frame(*decode_message(message(picture=bytes(picture))))
    with pytest.raises(ValueError, match="65500x65500 pixels, not 32x24"):
        frame.decode()


def test_a_frame_with_another_size_than_its_header_is_an_error() -> None:
    frame = Frame(*decode_message(message(picture=jpeg(width=64, height=48))))
    with pytest.raises(ValueError, match="64x48 pixels, not 32x24"):
        frame.decode()
    for reduce in (2, 4, 8):
        with pytest.raises(ValueError, match="64x48 pixels, not 32x24"):
            frame.decode(reduce=reduce)


def test_garbage_between_frames_never_reaches_a_reader(wire: Wire) -> None:
    socket, subscriber, seq = wire
    rng = np.random.default_rng(7)
    over = threading.Event()

    def publish() -> None:
        while not over.is_set():
            socket.send(b"cam1\0" + rng.bytes(int(rng.integers(0, 2000))))
            seq[0] += 1
            socket.send(message(seq=seq[0], picture=jpeg(seq[0] % 256)))
            time.sleep(0.001)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        last, count, end = 0, 0, time.monotonic() + 30
        while count < 200:
            frame = subscriber.read(1000)
            assert time.monotonic() < end
            if frame is None:
                continue
            assert frame.seq > last
            assert abs(int(frame.image[0, 0, 0]) - frame.seq % 256) <= 2
            last, count = frame.seq, count + 1
    finally:
        over.set()
        thread.join()
