"""Reads raw frames from a gateway on this machine (docs/lane-format.md): no JPEG, and no copy of large frames."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ._frame import Frame
from ._freshness import DEFAULT_MAX_AGE_MS, Freshness, Times
from .checks import check_ms, check_process
from .jpeg import encode_jpeg
from .message import FrameHeader

if TYPE_CHECKING:
    from .jpeg import Image

LANE_VERSION = 1
#: Pixel formats, by their numbers in the lane format.
FORMATS = {"bgr": 1, "rgb": 2, "gray": 3, "i420": 4, "nv12": 5}

_HELLO = struct.Struct("=4I")
_NEXT = struct.Struct("=4I")
_WELCOME = struct.Struct("=8IQ")
_FRAME = struct.Struct("=4IQ3q")
_REFUSED = struct.Struct("=2I")
_TYPE_WELCOME, _TYPE_FRAME, _TYPE_REFUSED, _TYPE_NOTHING = 3, 4, 5, 6
_WANT_NOTHING, _WANT_NEXT, _WANT_NOW = 0, 1, 2
# The gateway answers at once; a machine that is very busy takes longer.
ANSWER_LIMIT_S = 0.2
_MAX_MESSAGE = 512
_MAX_RELEASED = 16
# The gateway lends three; one is for a frame that is copied at once.
_MAX_KEPT = 2
_LEND_FROM_BYTES = 1024 * 1024
# A program that takes the JPEG of so many frames in a row wants JPEGs.
_JPEGS_IN_A_ROW = 3


class LaneError(OSError):
    """The lane cannot be used; the message says why."""


class _Memory:
    """The gateway's frames of one size, mapped twice: to look at, and to write on."""

    def __init__(self, fd: int, welcome: tuple[int, ...]) -> None:
        _, self.format, self.width, self.height, _, slots, _, _, self.slot_bytes = welcome
        size = slots * self.slot_bytes
        self.shared = mmap.mmap(fd, size, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
        # What is written goes to pages of this process.
        self.private = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        pixels = self.width * self.height
        planes = 2 * ((self.width + 1) // 2) * ((self.height + 1) // 2)
        shapes: dict[int, tuple[int, ...]] = {
            FORMATS["bgr"]: (self.height, self.width, 3),
            FORMATS["rgb"]: (self.height, self.width, 3),
            FORMATS["gray"]: (self.height, self.width),
        }
        even = self.width % 2 == 0 and self.height % 2 == 0
        self.shape = shapes.get(self.format, (self.height * 3 // 2, self.width) if even else (pixels + planes,))
        self.addresses = [np.frombuffer(which, np.uint8).ctypes.data for which in (self.shared, self.private)]


class _Lease:
    """A frame that the gateway does not write on while this lives. numpy keeps it as the base of every view."""

    def __init__(self, reader: LaneReader, memory: _Memory, slot: int, seq: int) -> None:
        self._reader, self.memory, self._slot, self._seq = reader, memory, slot, seq
        self._pid = os.getpid()
        self.writes = False  # The private pages of the slot may have been written to.

    def array(self, writable: bool) -> Image:
        return np.asarray(_View(self, writable))

    def view(self, writable: bool) -> dict[str, Any]:
        self.writes = self.writes or writable
        data = (self.memory.addresses[writable] + self._slot * self.memory.slot_bytes, not writable)
        return {"version": 3, "typestr": "|u1", "shape": self.memory.shape, "data": data}

    def __del__(self) -> None:
        if self._pid != os.getpid():
            return  # It is the parent's.
        if self.writes:
            self._reader._written.append((self.memory, self._slot))
        self._reader._released.append(self._seq)
        self._reader._kept.discard(self._seq)


class _View:
    """One array's share of a lease."""

    __slots__ = ("__array_interface__", "_lease")

    def __init__(self, lease: _Lease, writable: bool) -> None:
        self._lease = lease
        self.__array_interface__ = lease.view(writable)


class LaneFrame(Frame):
    """A frame with its pixels at hand."""

    def __init__(self, reader: LaneReader, header: FrameHeader, lease: _Lease | None, copied: Image | None) -> None:
        super().__init__(reader.topic, header, b"")
        self._reader = reader
        self._number = reader.frames
        self._lease = lease
        self._copied = copied
        self._given = False  # The writable array of the lease.

    @property
    def shared(self) -> Image:
        """The pixels, read-only."""
        if self._lease is not None:
            return self._lease.array(writable=False)
        assert self._copied is not None
        view = self._copied.view()
        view.flags.writeable = False
        return view

    def decode(self, gray: bool = False, reduce: int = 1, out: Image | None = None) -> Image:
        """A new array for each call, or ``out`` if it fits. What the lane does not have goes through a JPEG."""
        shared = self.shared
        if reduce != 1 or gray != (shared.ndim == 2):
            return super().decode(gray, reduce, out)
        if out is not None and out.dtype == np.uint8 and out.shape == shared.shape:
            out[...] = shared
            return out
        # Copying a small one costs as little as lending it, and holds nothing.
        if self._given or self._lease is None or shared.nbytes < _LEND_FROM_BYTES:
            return shared.copy()
        self._given = True
        return self._lease.array(writable=True)

    @property
    def jpeg(self) -> bytes:
        if not self._jpeg:
            self._jpeg = encode_jpeg(self.shared)
            self._reader.note_jpeg(self._number)
        return self._jpeg


class LaneReader:
    """The newest frame of one topic. Any thread may read; one at a time does, others wait for it.

    After a fork it belongs to the parent.

    :param offer: ``lane`` of the gateway's answer.
    :param format: a key of :data:`FORMATS`.
    :raises LaneError: no gateway can be reached there, or it does not have this format.
    """

    transport = "lane"

    def __init__(
        self, offer: dict[str, Any], format: str = "bgr", max_age_ms: float | None = DEFAULT_MAX_AGE_MS
    ) -> None:
        path, topic, key, formats = (offer.get(name) for name in ("socket", "topic", "key", "formats"))
        if not (isinstance(path, str) and isinstance(topic, str) and type(key) is int and isinstance(formats, list)):
            raise LaneError("the gateway's answer has no socket, key, topic and formats")
        if format not in formats:
            raise LaneError(
                f"the lane does not offer the pixel format {format}; it offers {', '.join(map(str, formats))}"
            )
        self.topic = topic
        self.offer, self.format = offer, format
        #: Frames that were published but not read, because newer ones replaced them.
        self.missed = 0
        #: Why no more frames will come; None while they may.
        self.error: str | None = None
        #: The gateway goes on without this reader.
        self.refused = False
        #: The frames that were read so far.
        self.frames = 0
        #: The program takes the JPEG of each frame, which the gateway makes at a lower cost.
        self.wants_jpegs = False
        self._jpegs = (0, 0)  # The number of the last frame whose JPEG was taken, and how many in a row.
        self._wanted = _WANT_NOTHING  # What the gateway has not answered yet.
        # A frame that no read has returned yet, and its memory.
        self._arrived: tuple[tuple[int, ...], _Memory | None] | None = None
        self._late = False  # It arrived after the read that had asked for it.
        self._memory: _Memory | None = None
        self._released: deque[int] = deque()
        # Slots of those whose private pages a program may have written to.
        self._written: deque[tuple[_Memory, int]] = deque()
        self._kept: set[int] = set()  # Numbers of the frames that are lent to this reader.
        self._last_seq = 0
        self._freshness = Freshness(max_age_ms)
        self._run = f"lane-{os.getpid()}-{id(self)}"
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.settimeout(1)
            self._socket.connect(path)
            self._socket.setblocking(False)
            self._socket.send(_HELLO.pack(1, LANE_VERSION, FORMATS[format], key) + topic.encode("ascii"))
        except OSError as error:
            self._socket.close()
            raise LaneError(f"{path}: {error.strerror or error}") from error
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def read(self, timeout_ms: float = 2000) -> LaneFrame | None:
        """The newest frame that this reader has not returned yet; None if none arrives in time, and after an
        :attr:`error`."""
        check_process(self._pid, "this LaneReader", "create it")
        deadline = time.monotonic() + check_ms("timeout_ms", timeout_ms) / 1000
        with self._lock:
            return self._read(deadline)

    def _read(self, deadline: float) -> LaneFrame | None:
        while self.error is None:
            waits = time.monotonic() < deadline
            self.begin(now=not waits)
            until = deadline if waits and not self.owes_answer else time.monotonic() + ANSWER_LIMIT_S
            while self.error is None and not self.collect():
                left_s = until - time.monotonic()
                if left_s <= 0 or not self._poll.poll(math.ceil(left_s * 1000)):
                    break
            found = self.take()
            if found is not None or time.monotonic() >= deadline:
                return found
        return None

    # The steps of a read, for a caller that waits for several readers at once. What fails is in `error` afterwards.

    def fileno(self) -> int:
        return self._socket.fileno()

    def begin(self, now: bool) -> None:
        """Asks for a frame.

        :param now: one that the gateway has now, or the answer that it has none.
        """
        self.collect()
        if self.owes_answer or self.error is not None:
            return
        self._late = self._arrived is not None
        if self._late and len(self._kept) >= _MAX_KEPT:
            self._drop_arrived()  # There is no room for a newer one beside it.
            now = True
        with self._noting_errors():
            if now or self._late:
                self._ask(_WANT_NOW)
            elif self._wanted == _WANT_NOTHING:
                self._ask(_WANT_NEXT)

    @property
    def owes_answer(self) -> bool:
        """The gateway has yet to answer whether it has a frame now."""
        return self._wanted == _WANT_NOW and self.error is None

    def collect(self) -> bool:
        """Takes in what has arrived. Whether that answers the last :meth:`begin`."""
        with self._noting_errors():
            while self.error is None and self._poll.poll(0):
                kind, frame = self._receive()
                if frame is not None:
                    self._drop_arrived()
                    self._arrived = (frame, self._memory)
                if frame is not None or kind == _TYPE_NOTHING:
                    self._wanted = _WANT_NOTHING
        return self._wanted == _WANT_NOTHING

    def take(self) -> LaneFrame | None:
        """The newest frame, if it has arrived and no read has returned it."""
        if self._arrived is None or self.owes_answer or self.error is not None:
            return None
        (frame, memory), late = self._arrived, self._late
        self._arrived, self._late = None, False
        if memory is None:
            self.error = "the gateway sent a frame before its memory"
            return None
        return self._lent(frame, memory, waited=not late)

    def _drop_arrived(self) -> None:
        if self._arrived is not None:
            self._released.append(self._arrived[0][4])
        self._arrived, self._late = None, False

    @contextlib.contextmanager
    def _noting_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):
                while self.error is None and self._poll.poll(0):
                    self._receive()  # The gateway may have said why.
            self.error = self.error or f"the gateway closed the lane ({error.strerror or error})"

    def note_jpeg(self, number: int) -> None:
        """The program has taken the JPEG of this frame."""
        last, in_a_row = self._jpegs
        self._jpegs = (number, in_a_row + 1 if number == last + 1 else 1)
        self.wants_jpegs = self.wants_jpegs or self._jpegs[1] >= _JPEGS_IN_A_ROW

    def _ask(self, want: int) -> None:
        while True:
            released = [self._released.popleft() for _ in range(min(len(self._released), _MAX_RELEASED))]
            last = not self._released
            self._forget_writes()
            message = _NEXT.pack(2, want if last else _WANT_NOTHING, len(released), 0)
            self._socket.send(message + struct.pack(f"={len(released)}Q", *released))
            if last:
                self._wanted = want
                return

    def _forget_writes(self) -> None:
        """Before the gateway may lend these slots again. Not where a frame ends, because a program drops the last one
        when it has just read the next."""
        while self._written:
            memory, slot = self._written.popleft()
            memory.private.madvise(mmap.MADV_DONTNEED, slot * memory.slot_bytes, memory.slot_bytes)

    def _receive(self) -> tuple[int, tuple[int, ...] | None]:
        """The next message: its type, and its content if it is a frame."""
        data, fds, _, _ = socket.recv_fds(self._socket, _MAX_MESSAGE, 1)
        kind = struct.unpack_from("=I", data)[0] if len(data) >= 4 else 0
        try:
            if kind == _TYPE_WELCOME and fds:
                self._memory = _Memory(fds[0], _WELCOME.unpack_from(data))
            elif kind == _TYPE_FRAME:
                return kind, _FRAME.unpack_from(data)
            elif kind == _TYPE_REFUSED:
                self.error = data[_REFUSED.size :].decode("utf-8", "replace")
                self.refused = True
            elif kind != _TYPE_NOTHING:
                self.error = "the gateway closed the lane"
        finally:
            for fd in fds:
                os.close(fd)
        return kind, None

    def _lent(self, frame: tuple[int, ...], memory: _Memory, waited: bool) -> LaneFrame | None:
        _, slot, source_width, source_height, seq, received_at_us, published_at_us, captured_at_us = frame
        header = FrameHeader(
            camera=self.topic.split("@")[0],
            seq=seq,
            width=memory.width,
            height=memory.height,
            source_width=source_width,
            source_height=source_height,
            received_at_us=received_at_us,
            published_at_us=published_at_us,
            captured_at_us=None if captured_at_us < 0 else captured_at_us,
            run=self._run,
        )
        if self._last_seq > 0:
            self.missed += seq - self._last_seq - 1
        self._last_seq = seq
        self.frames += 1
        self._kept.add(seq)
        lease = _Lease(self, memory, slot, seq)  # Releases the frame at the end, whatever happens below.
        if self._freshness.is_old(header, Times(time.time(), time.monotonic()), waited):
            return None
        if len(self._kept) > _MAX_KEPT:
            return LaneFrame(self, header, None, lease.array(writable=False).copy())
        return LaneFrame(self, header, lease, None)

    def close(self) -> None:
        """Idempotent. Frames that were read stay valid."""
        if self._pid == os.getpid():
            with self._lock:
                self.error = self.error or "this LaneReader is closed"
                self._socket.close()

    def __enter__(self) -> LaneReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
