"""Numbers the frames of one reader, which may begin to come another way: over the lane, over ZeroMQ. Pure."""

from __future__ import annotations

import threading

from ._frame import Frame
from .message import FrameHeader

# After a change of the way, frames of the last second may come once more.
_AGAIN_US = 1_000_000


class Numbering:
    """Each way counts on its own; this goes on counting where the way before has ended. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._way: object = None
        self._last: FrameHeader | None = None  # As it was shown.
        self._run: str | None = None  # Of the way.
        self._from_seq = 0
        self._shift = 0
        self._restarted = False

    def restarted(self) -> None:
        """The way has ended, perhaps with the gateway: what follows is another run."""
        self._restarted = True

    def frame(self, frame: Frame, way: object) -> Frame | None:
        """The frame with the number to show; None as :meth:`header`."""
        header = self.header(frame.header, way)
        if header is None:
            return None
        frame.header = header
        return frame

    def header(self, header: FrameHeader, way: object) -> FrameHeader | None:
        """The header with the number to show; None if the frame, or a newer one, has come another way.

        :param way: what the frame came from; compared by identity.
        """
        with self._lock:
            last = self._last
            if last is not None and way is not self._way:
                if 0 <= last.received_at_us - header.received_at_us < _AGAIN_US:
                    return None
                self._begin(way, header, last.seq + 1 - header.seq)
            elif last is None or header.run != self._run or header.seq < self._from_seq:
                self._begin(way, header, 0)
                last, self._restarted = None, False
            run = header.run if last is None or self._restarted else last.run
            self._restarted = False
            shown = (
                header
                if (self._shift, run) == (0, header.run)
                else header._replace(seq=header.seq + self._shift, run=run)
            )
            if last is None or shown.seq > last.seq:
                self._last = shown
            return shown

    def _begin(self, way: object, header: FrameHeader, shift: int) -> None:
        self._way, self._run, self._from_seq, self._shift = way, header.run, header.seq, shift
