"""FrameSubscriber: the newest frames of topics, over ZeroMQ. HTTP only says where they are, and why there are none."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import zmq
import zmq.asyncio

from ._freshness import DEFAULT_MAX_AGE_MS
from ._inquiry import GRACE_S, Inquiry
from ._reader import Frame, Reader, SyncReader, check_topics
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

    def _begin(self, endpoint: tuple[str | None, bool], gateway: Gateway) -> None:
        """:param endpoint: where to read, and whether that was asked for."""
        connect, fixed = endpoint
        self._inquiry = Inquiry(gateway, self.topics, connect if fixed else None, self.timeout_ms / 1000)
        if connect is None:
            self._inquiry.ask()

    def _follow(self) -> float:
        """Asks the gateway if that is due, and connects to the endpoint that it has named.

        :returns: how long to wait for frames before the next call, in seconds.
        """
        inquiry = self._inquiry
        inquiry.ask_if_due()
        endpoint = inquiry.endpoint
        if endpoint is not None and endpoint != self.connect:
            try:
                self._connect(endpoint)
            except ValueError as error:
                inquiry.failed(str(error))
        return _SHORT_SLICE_S if self.connect is None and inquiry.running else _SLICE_S

    def _needs_reason(self) -> bool:
        """Whether a read that fails now has to ask why. A topic with recent frames has just none yet."""
        inquiry = self._inquiry
        if self._closed or not inquiry.silent() or inquiry.reasons():
            return False
        inquiry.ask()
        return inquiry.running

    def _finish(self, frames: list[Frame], limit_s: float) -> list[Frame]:
        inquiry = self._inquiry
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


def _endpoint(connect: Any, gateway: str | None, token: str | None) -> tuple[tuple[str | None, bool], Gateway]:
    """Where frames are read, whether that was asked for, and the gateway that knows why there are none."""
    connect = connect if connect is not None else os.environ.get("ZMQ_CONNECT") or None
    base = gateway if gateway is not None else os.environ.get("GATEWAY_BASE") or None
    if connect is not None:
        return (connect, True), Gateway(base if base is not None else base_beside(connect), token)
    # The default endpoint may be that of another gateway if one was named: it says where its own is.
    return (default_connect() if base is None else None, False), Gateway(base, token)


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
        endpoint, api = _endpoint(connect, gateway, token)
        super().__init__(topic, endpoint[0], timeout_ms, max_age_ms, (curve_key, curve_server_key))
        self._begin(endpoint, api)

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
        endpoint, api = _endpoint(connect, gateway, token)
        keys = (curve_key, curve_server_key)
        super().__init__(topic, endpoint[0], timeout_ms, max_age_ms, zmq.asyncio.Poller(), keys)
        self._begin(endpoint, api)

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
        if self.connect is None:
            await asyncio.sleep(wait_s)
            return []
        ready = dict(await self._poller.poll(0))
        waited = not ready
        if waited:
            ready = dict(await self._poller.poll(math.ceil(wait_s * 1000)))
        return self._take(ready, most, waited)

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
