"""FrameSubscriber: the newest frames of topics, over ZeroMQ. HTTP only says where they are, and why there are none."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple, cast

import zmq
import zmq.asyncio

from ._frame import Frame
from ._freshness import DEFAULT_MAX_AGE_MS
from ._inquiry import GRACE_S, Inquiry
from ._lane import LaneError, LaneReader
from ._reader import Reader, SyncReader, check_topics, whole_ms
from ._transport import LANE_AGAIN_S, LaneChoice, choose_lane
from .gateway import Gateway, base_beside, default_connect

__all__ = ["AsyncFrameSubscriber", "Frame", "FrameSubscriber"]

# A wait is cut into pieces of this length, to look at what the gateway has answered.
_SLICE_S = 0.25
_SHORT_SLICE_S = 0.02


class _Subscriber(Reader):
    """What both subscribers say about a topic without frames."""

    #: Why the last read returned nothing; None if it returned a frame, and before the first.
    last_error: str | None = None
    _inquiry: Inquiry

    @property
    def errors(self) -> dict[str, str]:
        """Why each topic without frames has none, as far as the gateway has said."""
        return self._inquiry.reasons()

    def _begin(self, source: _Source) -> None:
        self._inquiry = Inquiry(source.gateway, self.topics, source.fixed, self.timeout_ms / 1000, self._keys)
        self._lane = source.lane
        self._otherwise = source.otherwise if source.connect is None else None
        # Topics of which the gateway has not said whether they have a lane.
        self._undecided = set(self.topics) if self._lane else set()
        self._lane_from = dict.fromkeys(self.topics, float("-inf"))  # Not before this time.
        if self.connect is None or self._lane is not None:
            self._inquiry.ask()

    def _follow(self) -> float:
        """Asks the gateway if that is due, and reads from where it has said that frames are.

        :returns: how long to wait for frames before the next call, in seconds.
        """
        inquiry = self._inquiry
        # Before the offers of the same answer, so that frames do not begin over ZeroMQ if there is a lane.
        endpoint = inquiry.endpoint or (self._otherwise if inquiry.asked else None)
        inquiry.ask_if_due()
        for lane in list(self._lanes.values()):
            self._follow_lane(lane)
        if self._undecided:
            inquiry.ask()
        if self._lane is not None:
            self._use_offers(self._lane)
        inquiry.over_lane = set(self._lanes)
        if endpoint is not None and endpoint != self.connect and not (self._lane and self._lane.required):
            try:
                self._connect(endpoint)
            except ValueError as error:
                inquiry.failed(self.topics, str(error))
        return _SHORT_SLICE_S if self.transport is None else _SLICE_S

    def _follow_lane(self, lane: LaneReader) -> None:
        """Leaves a lane that has ended, and one that costs the program more than ZeroMQ."""
        required = self._lane is not None and self._lane.required
        if lane.wants_jpegs and not required:
            self._lane, self._undecided = None, set()
        if lane.error is not None or self._lane is None:
            self._leave_lane(lane)
        if lane.error is not None and self._lane is not None:
            if lane.refused:
                self._lane_from[lane.topic] = time.monotonic() + LANE_AGAIN_S
            self._undecided.add(lane.topic)

    def _use_offers(self, choice: LaneChoice) -> None:
        """Takes the lanes that the gateway's last answer offers."""
        now = time.monotonic()
        offers, self._inquiry.offers = self._inquiry.offers, {}
        for topic, offer in offers.items():
            if topic in self._lanes or now < self._lane_from[topic]:
                continue
            self._undecided.discard(topic)
            problem = "the gateway offers no lane"
            if isinstance(offer, dict):
                try:
                    self._enter_lane(LaneReader({**offer, "topic": topic}, choice.format, self.max_age_ms))
                    continue
                except LaneError as error:
                    problem = f"the lane cannot be used: {error}"
            if choice.required:
                self._inquiry.failed([topic], f"{topic}: {problem}, and FRAMEGATE_TRANSPORT is lane")

    def _needs_reason(self) -> bool:
        """Whether a read that fails now has to ask why. A topic with recent frames has just none yet."""
        inquiry = self._inquiry
        if self._closed or not inquiry.silent() or inquiry.reasons():
            return False
        inquiry.ask()
        return inquiry.running

    def _finish(self, frames: list[Frame], limit_s: float) -> list[Frame]:
        inquiry = self._inquiry
        if not frames and not self._closed:
            self._follow()  # What the gateway has answered meanwhile may be the reason.
        for frame in frames:
            inquiry.heard(frame.topic)
        if frames:
            self.last_error = None
        elif self._closed:
            self.last_error = f"this {type(self).__name__} is closed"
        else:
            reasons = dict.fromkeys(inquiry.reasons().values())
            nothing = f"no new frame of {', '.join(self.topics)} within {limit_s * 1000:.0f} ms"
            self.last_error = "; ".join(reasons) or nothing
        inquiry.log_silent()
        return frames


class _Source(NamedTuple):
    """Where frames come from."""

    #: The ZeroMQ endpoint; None until the gateway has named it.
    connect: str | None
    #: The same, if it was asked for.
    fixed: str | None
    #: The one to read from if the gateway does not answer; None: wait until it does.
    otherwise: str | None
    #: None: frames do not come over the lane.
    lane: LaneChoice | None
    #: It knows why there are no frames.
    gateway: Gateway


def _source(connect: Any, gateway: str | None, token: str | None) -> _Source:
    connect = connect if connect is not None else os.environ.get("ZMQ_CONNECT") or None
    base = gateway if gateway is not None else os.environ.get("GATEWAY_BASE") or None
    lane = choose_lane(gray=False, reduce=1, zmq_connect=connect)
    if connect is not None:
        return _Source(connect, connect, None, lane, Gateway(base if base is not None else base_beside(connect), token))
    # The default endpoint may be that of another gateway if one was named: it says where its own is.
    known = default_connect() if base is None and not (lane and lane.required) else None
    # If frames may come over the lane, they do so from the first one on.
    return _Source(None if lane else known, None, known, lane, Gateway(base, token))


class FrameSubscriber(SyncReader, _Subscriber):
    """The newest frame of a topic, or of several; what is not read in time is replaced, never
    queued.

    One thread at a time reads; others wait for it. After a fork it belongs to the parent.

    :param topic: a camera's name (``lobby-1``), a rendition (``lobby-1@320w5fps``), or a list.
    :param connect: the gateway's ZMQ_BIND as seen from here; default ZMQ_CONNECT, then what the gateway reports, or
        tcp://127.0.0.1:5555 if no gateway is named.
    :param timeout_ms: how long :meth:`read` and :meth:`poll` wait by default.
    :param max_age_ms: skip frames that are older (or older than three frame intervals, if that is longer), such as
        those of a camera that has gone since the last read. If the clocks of two machines differ, the quickest frame
        so far is the measure. None: no limit.
    :param gateway: asked why there are no frames; default GATEWAY_BASE, then port 8090 of the host in ``connect``.
    :param token: for a gateway that requires one; default FRAMEGATE_TOKEN.
    :param curve_key: the client's own ``.key_secret`` file, for a gateway on another machine; default
        FRAMEGATE_CURVE_KEY.
    :param curve_server_key: the gateway's ``.key`` file; default FRAMEGATE_CURVE_SERVER_KEY.
    :raises TypeError, ValueError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        topic: str | Sequence[str],
        connect: str | None = None,
        timeout_ms: float = 2000,
        max_age_ms: float | None = DEFAULT_MAX_AGE_MS,
        *,
        gateway: str | None = None,
        token: str | None = None,
        curve_key: str | None = None,
        curve_server_key: str | None = None,
    ) -> None:
        check_topics(topic)
        source = _source(connect, gateway, token)
        super().__init__(topic, source.connect, timeout_ms, max_age_ms, (curve_key, curve_server_key))
        self._begin(source)

    def read(self, timeout_ms: float | None = None) -> Frame | None:
        """The newest frame that this reader has not returned yet; None if none arrives in time, and
        :attr:`last_error` says why. Of several topics each has its turn.

        The first read without a frame may take half a second longer, to ask the gateway for the reason.
        """
        found = self._wait(timeout_ms, 1)
        return found[0] if found else None

    def poll(self, timeout_ms: float | None = None) -> dict[str, Frame]:
        """Waits until a topic has a new frame, and returns the newest frame of each topic that has one.

        :attr:`errors` says why the others have none; if that lasts, it is also logged.
        """
        return {frame.topic: frame for frame in self._wait(timeout_ms, len(self.topics))}

    def _wait(self, timeout_ms: float | None, most: int) -> list[Frame]:
        limit_s = self._limit_s(timeout_ms)
        deadline = time.monotonic() + limit_s
        frames: list[Frame] = []
        with self._lock:
            while not self._closed:
                slice_s = self._follow()
                frames = self._new_frames(most, min(slice_s, deadline - time.monotonic()))
                if frames or time.monotonic() >= deadline:
                    break
            if not frames and self._needs_reason():
                self._inquiry.wait(GRACE_S)
                if self._inquiry.running:
                    self._inquiry.give_up()
            return self._finish(frames, limit_s)

    def close(self) -> None:
        super().close()
        if self._pid == os.getpid():
            self._inquiry.wait(GRACE_S)

    def __enter__(self) -> FrameSubscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        """An endless sequence of frames, as they arrive. Why there are none is logged."""
        self._inquiry.logs = True
        while not self._closed:
            frame = self.read()
            if frame is not None:
                yield frame


class AsyncFrameSubscriber(_Subscriber):
    """:class:`FrameSubscriber` for asyncio: ``async for frame in subscriber``.

    To be made, used and closed in one running event loop.
    """

    def __init__(
        self,
        topic: str | Sequence[str],
        connect: str | None = None,
        timeout_ms: float = 2000,
        max_age_ms: float | None = DEFAULT_MAX_AGE_MS,
        *,
        gateway: str | None = None,
        token: str | None = None,
        curve_key: str | None = None,
        curve_server_key: str | None = None,
    ) -> None:
        asyncio.get_running_loop()
        check_topics(topic)
        source = _source(connect, gateway, token)
        keys = (curve_key, curve_server_key)
        super().__init__(topic, source.connect, timeout_ms, max_age_ms, zmq.asyncio.Poller(), keys)
        self._begin(source)

    async def read(self, timeout_ms: float | None = None) -> Frame | None:
        """Like :meth:`FrameSubscriber.read`."""
        found = await self._wait(timeout_ms, 1)
        return found[0] if found else None

    async def poll(self, timeout_ms: float | None = None) -> dict[str, Frame]:
        """Like :meth:`FrameSubscriber.poll`."""
        return {frame.topic: frame for frame in await self._wait(timeout_ms, len(self.topics))}

    async def _wait(self, timeout_ms: float | None, most: int) -> list[Frame]:
        limit_s = self._limit_s(timeout_ms)
        deadline = time.monotonic() + limit_s
        frames: list[Frame] = []
        while not self._closed:
            wait_s = max(0.0, min(self._follow(), deadline - time.monotonic()))
            frames = await self._new_frames(most, wait_s)
            if frames or time.monotonic() >= deadline:
                break
        if not frames and self._needs_reason():
            end = time.monotonic() + GRACE_S
            while self._inquiry.running and time.monotonic() < end:
                await asyncio.sleep(_SHORT_SLICE_S)
            if self._inquiry.running:
                self._inquiry.give_up()
        return self._finish(frames, limit_s)

    async def _new_frames(self, most: int, wait_s: float) -> list[Frame]:
        if self.transport is None:
            await asyncio.sleep(wait_s)
            return []
        waits = self._waits(most, wait_s)
        try:
            limit_s = next(waits)
            while True:
                limit_s = waits.send(dict(await self._poller.poll(whole_ms(limit_s))))
        except StopIteration as done:
            return cast("list[Frame]", done.value)

    def close(self) -> None:
        """Idempotent."""
        self._close()

    async def __aenter__(self) -> AsyncFrameSubscriber:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        """An endless sequence of frames, as they arrive. Why there are none is logged."""
        self._inquiry.logs = True
        while not self._closed:
            frame = await self.read()
            if frame is not None:
                yield frame
