"""Reads the newest frames of topics from ZeroMQ: what both subscribers have in common, and a reader without HTTP."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Generator, Sequence
from socket import AF_INET, AF_INET6, SOCK_STREAM, getaddrinfo
from typing import Any, cast

import zmq

from ._curve import NO_KEYS, Keys, use_curve
from ._frame import Frame
from ._freshness import DEFAULT_MAX_AGE_MS, Freshness, Times
from ._lane import ANSWER_LIMIT_S, LaneReader
from ._numbering import Numbering
from .checks import check_ms, check_process
from .message import FrameHeader, MessageError, decode_message

#: A longer message ends the connection for good: no gateway sends it. A JPEG of 8192 x 4320 pixels is shorter.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_TCP = re.compile(r"tcp://(\[[^\]]*\]|[^:;/]+):\d+")


def whole_ms(seconds: float) -> int:
    return math.ceil(max(0.0, seconds) * 1000)


def check_topics(topics: Any) -> list[str]:
    one = isinstance(topics, str)
    if not one and (isinstance(topics, bytes) or not isinstance(topics, Sequence)):
        raise TypeError(f"topic must be a string or a list of them, not {type(topics).__name__}")
    checked = [topics] if one else list(topics)
    for topic in checked:
        if not isinstance(topic, str):
            raise TypeError(f"topic must be a string, not {type(topic).__name__}")
        if re.search("[/:]", topic):  # Not shown: it may hold a password.
            raise ValueError("topic must be a camera's name; to read a camera by its address, use open_capture")
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


def _prepare(socket: zmq.Socket[Any], topic: str, connect: str, keys: Keys) -> None:
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
        self._numbering = Numbering()

    def leave_lane(self, missed: int, restarted: bool) -> None:
        """The next frame comes over ZeroMQ, perhaps of another run of the gateway."""
        self._last = None
        self.missed += missed
        if restarted:
            self._numbering.restarted()

    def take(self, lane: LaneReader) -> Frame | None:
        """A frame that has come over the lane."""
        frame = lane.take()
        return None if frame is None else self._numbering.frame(frame, lane)

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
        return self._numbering.frame(Frame(message.topic, header, message.jpeg), None)


class Reader:
    """The common part of all readers, which differ in how they wait."""

    def __init__(
        self,
        topics: Any,
        connect: str | None,
        timeout_ms: float,
        max_age_ms: float | None,
        poller: Any,
        keys: Keys = NO_KEYS,
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
        # One socket per topic, because a conflating socket keeps one message; None if its frames come over the lane.
        self._sockets: list[zmq.Socket[bytes] | None] = []
        self._lanes: dict[str, LaneReader] = {}
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
        return sum(state.missed for state in self._states) + sum(lane.missed for lane in self._lanes.values())

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def transport(self) -> str | None:
        """``lane``: raw frames of all topics, from a gateway on this machine; ``zmq``: JPEGs; None while it is not
        known, and after :meth:`close`."""
        if self._closed or not (self._lanes or self._sockets):
            return None
        return "lane" if len(self._lanes) == len(self.topics) else "zmq"

    def _connect(self, connect: str) -> None:
        """Subscribes at this endpoint, and no longer at the one before.

        :raises ValueError: it is not an endpoint, or a key file is wrong.
        """
        self._disconnect()
        self.connect = connect
        self._sockets = [None] * len(self.topics)
        for index, topic in enumerate(self.topics):
            if topic not in self._lanes:
                self._subscribe(index)

    def _subscribe(self, index: int) -> None:
        assert self.connect is not None
        socket = self._sockets[index] = self._context.socket(zmq.SUB)
        _prepare(socket, self.topics[index], self.connect, self._keys)
        self._poller.register(socket, zmq.POLLIN)

    def _disconnect(self) -> None:
        for index in range(len(self._sockets)):
            self._unsubscribe(index)
        self._sockets = []

    def _unsubscribe(self, index: int) -> None:
        socket = self._sockets[index]
        if socket is not None:
            if socket in self._poller:
                self._poller.unregister(socket)
            socket.close(0)
        self._sockets[index] = None

    def _enter_lane(self, lane: LaneReader) -> None:
        """From now on, the frames of its topic come this way."""
        index = self.topics.index(lane.topic)
        self._lanes[lane.topic] = lane
        self._poller.register(lane.fileno(), zmq.POLLIN)
        if self._sockets:
            self._unsubscribe(index)

    def _leave_lane(self, lane: LaneReader) -> None:
        """Goes on over ZeroMQ."""
        index = self.topics.index(lane.topic)
        ended = lane.error is not None and not lane.refused
        self._close_lane(lane)
        self._states[index].leave_lane(lane.missed, ended)
        if self._sockets:
            self._subscribe(index)

    def _close_lane(self, lane: LaneReader) -> None:
        del self._lanes[lane.topic]
        self._poller.unregister(lane.fileno())
        lane.close()

    def _limit_s(self, timeout_ms: float | None) -> float:
        check_process(self._pid, f"this {type(self).__name__}", "create it")
        limit_ms = self.timeout_ms if timeout_ms is None else check_ms("timeout_ms", timeout_ms)
        return limit_ms / 1000

    def _waits(self, most: int, wait_s: float) -> Generator[float, dict[Any, int], list[Frame]]:
        """Finds what is there, or else what arrives in this time. Yields how many seconds to wait for the sockets, and
        is sent those that are ready."""
        lanes = list(self._lanes.values())
        for lane in lanes:
            # Of several topics, each that has a frame now must get to deliver it.
            lane.begin(now=wait_s <= 0 or len(self.topics) > 1)
        ready = yield 0.0
        end = time.monotonic() + ANSWER_LIMIT_S
        for lane in lanes:
            lane.collect()
        while any(lane.owes_answer for lane in lanes) and time.monotonic() < end:
            ready = yield end - time.monotonic()
            for lane in lanes:
                lane.collect()
        frames = self._take(ready, most, waited=False)
        if frames or wait_s <= 0:
            return frames
        for lane in lanes:
            lane.begin(now=False)
        ready = yield wait_s
        for lane in lanes:
            lane.collect()
        return self._take(ready, most, waited=True)

    def _take(self, ready: dict[Any, int], most: int, waited: bool) -> list[Frame]:
        """The new frames that are ready, at most one per topic; topics take turns."""
        frames: list[Frame] = []
        count, first = len(self.topics), self._turn
        for index in ((first + step) % count for step in range(count)):
            if self._closed or len(frames) == most:
                break
            frame = self._take_topic(index, ready, waited)
            if frame is not None:
                self._turn = (index + 1) % count
                frames.append(frame)
        return frames

    def _take_topic(self, index: int, ready: dict[Any, int], waited: bool) -> Frame | None:
        state = self._states[index]
        lane = self._lanes.get(state.topic)
        if lane is not None:
            return state.take(lane)
        socket = self._sockets[index] if self._sockets else None
        if socket is None or socket not in ready:
            return None
        try:
            return state.accept(socket.recv(zmq.NOBLOCK), waited)
        except zmq.Again:
            return None
        except MessageError as error:
            self.invalid += 1
            self.last_invalid = str(error)
            return None

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._pid != os.getpid():
            return  # The sockets belong to the parent.
        for lane in list(self._lanes.values()):
            self._close_lane(lane)
        for socket in self._sockets:
            if socket is not None:
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
        keys: Keys = NO_KEYS,
    ) -> None:
        self._lock = threading.Lock()
        super().__init__(topics, connect, timeout_ms, max_age_ms, zmq.Poller(), keys)

    def _new_frames(self, most: int, wait_s: float) -> list[Frame]:
        """What is there, or else what arrives in this time. The caller holds the lock."""
        waits = self._waits(most, wait_s)
        try:
            limit_s = next(waits)
            while True:
                limit_s = waits.send(dict(self._poller.poll(whole_ms(limit_s))))
        except StopIteration as done:
            return cast("list[Frame]", done.value)

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
