"""Which frames are too old to return. Pure: the caller passes the times."""

from __future__ import annotations

import math
from typing import NamedTuple

from .message import FrameHeader

#: Default limit, for readers that do not set their own: what a suspended reader or a camera that is away leaves behind.
DEFAULT_MAX_AGE_MS = 1000.0
# Of the topic's own frame intervals, if that is longer.
_INTERVALS = 3
# How fast two clocks may drift apart: 0.1 %.
_DRIFT = 0.001
# If every frame of so many seconds seems old, a clock was changed.
_RELEARN_S = 2.0


class Times(NamedTuple):
    """When a frame was read, by both clocks of this machine, in seconds."""

    wall: float
    monotonic: float


class Freshness:
    """Judges the frames of one topic.

    A frame is old if it exceeds the limit by the clocks, and if it also took longer than the limit more than the
    quickest frame so far: the clocks of two machines may differ by any constant time.
    """

    def __init__(self, max_age_ms: float | None) -> None:
        self._limit_s = math.inf if max_age_ms is None else max_age_ms / 1000
        self._interval_s = 0.0
        self._last: FrameHeader | None = None
        # By how much the quickest frame's arrival exceeds its time at the gateway, and when that was.
        self._quickest_s: float | None = None
        self._quickest_at = 0.0
        self._old_since: float | None = None

    def is_old(self, header: FrameHeader, now: Times, waited: bool) -> bool:
        """Whether not to return this frame.

        :param waited: the reader waited for it, so that it has only just arrived.
        """
        if math.isinf(self._limit_s):
            return False
        self._learn_interval(header)
        received_s = header.received_at_us / 1e6
        took_s = now.monotonic - received_s
        limit_s = max(self._limit_s, _INTERVALS * self._interval_s)
        old = now.wall - received_s > limit_s
        if old and self._quickest_s is not None:
            drift_s = _DRIFT * (now.monotonic - self._quickest_at)
            old = took_s - self._quickest_s > limit_s + drift_s
        elif old:
            old = not waited
        if old:
            self._old_since = now.monotonic if self._old_since is None else self._old_since
            if not waited or now.monotonic - self._old_since < _RELEARN_S:
                return True
            self._quickest_s = None
        self._old_since = None
        if self._quickest_s is None or took_s < self._quickest_s:
            self._quickest_s, self._quickest_at = took_s, now.monotonic
        return False

    def _learn_interval(self, header: FrameHeader) -> None:
        last, self._last = self._last, header
        if last is None or last.run != header.run or header.seq <= last.seq:
            # The camera or the gateway was restarted, and the gateway's clock may have been set back.
            self._interval_s = 0.0
            self._quickest_s = self._old_since = None
            return
        between_s = (header.received_at_us - last.received_at_us) / 1e6 / (header.seq - last.seq)
        self._interval_s = max(0.0, between_s)
