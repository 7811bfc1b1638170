"""Reads the newest frames of topics from ZeroMQ: what both subscribers have in common, and a reader without HTTP."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Sequence
from socket import AF_INET, AF_INET6, SOCK_STREAM, getaddrinfo
from typing import TYPE_CHECKING, Any

import zmq

from ._curve import use_curve
from ._freshness import DEFAULT_MAX_AGE_MS, Freshness, Times
from .checks import check_ms, check_process
from .jpeg import decode_jpeg, jpeg_size
from .message import FrameHeader, MessageError, decode_message

if TYPE_CHECKING:
    from .jpeg import Image

#: A longer message ends the connection for good: no gateway sends it. A JPEG of 8192 x 4320 pixels is shorter.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_TCP = re.compile(r"tcp://(\[[^\]]*\]|[^:;/]+):\d+")


class Frame:
    """One published frame. ``image`` is decoded on first use."""

    def __init__(self, topic: str, header: FrameHeader, jpeg: bytes) -> None:
        self.topic = topic
        self.header = header
        self._jpeg = jpeg
        self._image: Image | None = None

    @property
    def jpeg(self) -> bytes:
        """FF D8 ... FF D9, ``header.width`` x ``header.height`` pixels.

        Over the lane it is made here, when it is first asked for.
        """
        return self._jpeg

    @property
    def seq(self) -> int:
        return self.header.seq

    @property
    def age_ms(self) -> float:
        """Milliseconds since the frame's last packet reached the gateway. If the gateway runs on another
        machine, this compares two clocks, and is only as accurate as they agree."""
        return time.time() * 1000 - self.header.received_at_us / 1000

    @property
    def image(self) -> Image:
        """BGR, uint8, shape ``(height, width, 3)``.

        :raises ValueError: the JPEG does not decode.
        :raises ImportError: no JPEG decoder is installed; the message says how to get one.
        """
        if self._image is None:
            self._image = self.decode()
        return self._image

    def decode(self, gray: bool = False, reduce: int = 1, out: Image | None = None) -> Image:
        """Like :func:`framegate.decode_jpeg`: gray, smaller, or into your own array.

        :raises ValueError: also if the JPEG does not have the size in the header.
        """
        size = (self.header.width, self.header.height)
        # Before decoding: a JPEG of some hundred bytes can take gigabytes.
        if (found := jpeg_size(self.jpeg)) != size:
            raise ValueError(f"the JPEG has {found[0]}x{found[1]} pixels, not {size[0]}x{size[1]}")
        return decode_jpeg(self.jpeg, gray, reduce, out)

    def __repr__(self) -> str:
        return f"<Frame {self.topic} seq={self.seq} {self.header.width}x{self.header.height}>"


def check_topics(topics: Any) -> list[str]:
    one = isinstance(topics, str)
    if not one and (isinstance(topics, bytes) or not isinstance(topics, Sequence)):
        raise TypeError(f"topic must be a string or a list of them, not {type(topics).__name__}")
    checked = [topics] if one else list(topics)
    for topic in checked:
        if not isinstance(topic, str):
            raise TypeError(f"topic must be a string, not {type(topic).__name__}")
        if not topic or len(topic) > 128 or not topic.isascii() or "\0" in topic:
            raise ValueError("topic must be a camera's name or a rendition of it")
    if not checked or len(set(checked)) != len(checked):
        raise ValueError("topic: the list must contain at least one topic, and no duplicates")
    return checked


def needs_ipv6(connect: str) -> bool:
    """Whether ZeroMQ must be allowed IPv6 to connect: the host is an IPv6 address, or a name that has no IPv4 one.

    A name that has both is connected to by IPv4: with IPv6 allowed, ZeroMQ would try that alone.
    """
    match = _TCP.fullmatch(connect)
    if match is None or match[1].startswith("["):
        return match is not None
    try:
        families = {family for family, *_ in getaddrinfo(match[1], None, type=SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False  # ZeroMQ looks it up again whenever it connects.
    return AF_INET6 in families and AF_INET not in families


def _prepare(socket: zmq.Socket[Any], topic: str, connect: str, keys: tuple[str | None, str | None]) -> None:
    use_curve(socket, connect, *keys)
    # A high-water mark alone leaves old frames in the kernel's buffers; conflating
    # keeps one message, the newest.
    socket.setsockopt(zmq.CONFLATE, 1)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
    # Detects that the gateway's machine has disappeared, and reconnects.
    socket.setsockopt(zmq.HEARTBEAT_IVL, 2000)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 6000)
    socket.setsockopt(zmq.IPV6, int(needs_ipv6(connect)))
    try:
        socket.setsockopt(zmq.SUBSCRIBE, topic.encode("ascii") + b"\0")
        socket.connect(connect)
    except zmq.ZMQError as error:
        raise ValueError(f"connect: {connect!r} is not a valid ZeroMQ address ({error})") from None


def _is_same(header: FrameHeader, last: FrameHeader) -> bool:
    """Whether this is the last frame again: the gateway sends the newest one again for each new subscriber."""
    if header.run is None:  # From an older gateway, which may have restarted between the two frames.
        return header.seq <= last.seq and header.published_at_us <= last.published_at_us
    return (header.seq, header.published_at_us) == (last.seq, last.published_at_us)


class _Topic:
    """The read position of one topic."""

    def __init__(self, topic: str, max_age_ms: float | None) -> None:
        self.topic = topic
        self.missed = 0
        self._last: FrameHeader | None = None
        self._freshness = Freshness(max_age_ms)

    def accept(self, data: bytes, waited: bool) -> Frame | None:
        """None for a frame that was read before, or is too old.

        :param waited: it was not there yet when the reader asked for it.
        :raises MessageError:
        """
        message = decode_message(data)
        if message.topic != self.topic:
            raise MessageError("the message belongs to another topic")
        header, last = message.header, self._last
        # Another run of the gateway counts from 0 again, and its clock may have been set back.
        if last is not None and header.run == last.run:
            if _is_same(header, last):
                return None
            if header.seq > last.seq:
                self.missed += header.seq - last.seq - 1
        self._last = header
        if self._freshness.is_old(header, Times(time.time(), time.monotonic()), waited):
            self.missed += 1
            return None
        return Frame(message.topic, header, message.jpeg)


class Reader:
    """The common part of all readers, which differ in how they wait."""

    def __init__(
        self,
        topics: Any,
        connect: str | None,
        timeout_ms: float,
        max_age_ms: float | None,
        poller: Any,
        keys: tuple[str | None, str | None] = (None, None),
    ) -> None:
        """
        :param connect: None: not known yet; :meth:`_connect` follows.
        """
        #: The topics, as given.
        self.topics = check_topics(topics)
        if connect is not None and not isinstance(connect, str):
            raise TypeError(f"connect must be a string, not {type(connect).__name__}")
        #: The ZeroMQ endpoint; None until it is known.
        self.connect: str | None = None
        self.timeout_ms = check_ms("timeout_ms", timeout_ms)
        self.max_age_ms = None if max_age_ms is None else check_ms("max_age_ms", max_age_ms)
        #: The number of invalid messages.
        self.invalid = 0
        #: What was wrong with the last invalid message.
        self.last_invalid: str | None = None
        self._states = [_Topic(topic, self.max_age_ms) for topic in self.topics]
        self._turn = 0
        self._closed = False
        self._pid = os.getpid()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        # One socket per topic: a conflating socket keeps one message.
        self._sockets: list[zmq.Socket[bytes]] = []
        self._poller = poller
        self._keys = keys
        if connect is not None:
            try:
                self._connect(connect)
            except ValueError:
                self._close()
                raise

    @property
    def topic(self) -> str:
        """The first of the topics."""
        return self.topics[0]

    @property
    def missed(self) -> int:
        """Frames that were published but never read here (gaps in ``seq``)."""
        return sum(state.missed for state in self._states)

    @property
    def closed(self) -> bool:
        return self._closed

    def _connect(self, connect: str) -> None:
        """Subscribes at this endpoint, and no longer at the one before.

        :raises ValueError: it is not an endpoint, or a key file is wrong.
        """
        self._disconnect()
        self.connect = connect
        for name in self.topics:
            socket = self._context.socket(zmq.SUB)
            self._sockets.append(socket)
            _prepare(socket, name, connect, self._keys)
            self._poller.register(socket, zmq.POLLIN)

    def _disconnect(self) -> None:
        for socket in self._sockets:
            if socket in self._poller:
                self._poller.unregister(socket)
            socket.close(0)
        self._sockets = []

    def _limit_s(self, timeout_ms: float | None) -> float:
        check_process(self._pid, f"this {type(self).__name__}", "create it")
        limit_ms = self.timeout_ms if timeout_ms is None else check_ms("timeout_ms", timeout_ms)
        return limit_ms / 1000

    def _take(self, ready: dict[Any, int], most: int, waited: bool) -> list[Frame]:
        """The new frames that are ready, at most one per topic; topics take turns."""
        frames: list[Frame] = []
        count, first = len(self._sockets), self._turn
        for index in ((first + step) % count for step in range(count)):
            if self._closed or self._sockets[index] not in ready or len(frames) == most:
                continue
            try:
                frame = self._states[index].accept(self._sockets[index].recv(zmq.NOBLOCK), waited)
            except zmq.Again:
                continue
            except MessageError as error:
                self.invalid += 1
                self.last_invalid = str(error)
                continue
            self._turn = (index + 1) % count
            if frame is not None:
                frames.append(frame)
        return frames

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._pid != os.getpid():
            return  # The sockets belong to the parent.
        for socket in self._sockets:
            socket.close(0)
        self._context.term()


class SyncReader(Reader):
    """A reader for one thread at a time; others wait for it."""

    def __init__(
        self,
        topics: Any,
        connect: str | None,
        timeout_ms: float = 2000,
        max_age_ms: float | None = DEFAULT_MAX_AGE_MS,
        keys: tuple[str | None, str | None] = (None, None),
    ) -> None:
        self._lock = threading.Lock()
        super().__init__(topics, connect, timeout_ms, max_age_ms, zmq.Poller(), keys)

    def _new_frames(self, most: int, wait_s: float) -> list[Frame]:
        """What is there, or else what arrives in this time. The caller holds the lock."""
        ready = dict(self._poller.poll(0))
        waited = not ready
        if waited:
            ready = dict(self._poller.poll(math.ceil(max(0.0, wait_s) * 1000)))
        return self._take(ready, most, waited)

    def close(self) -> None:
        """Idempotent. A read in another thread ends at its limit first."""
        if self._pid != os.getpid():
            self._close()  # The process may have forked while the lock was held.
            return
        with self._lock:
            self._close()


class TopicReader(SyncReader):
    """Reads one topic, and asks no gateway why there is no frame."""

    transport = "zmq"

    def read(self, timeout_ms: float | None = None) -> Frame | None:
        """The newest frame that this reader has not returned yet; None if none arrives in time."""
        deadline = time.monotonic() + self._limit_s(timeout_ms)
        with self._lock:
            while not self._closed:
                frames = self._new_frames(1, deadline - time.monotonic())
                if frames or time.monotonic() >= deadline:
                    return frames[0] if frames else None
        return None

    def __enter__(self) -> TopicReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
