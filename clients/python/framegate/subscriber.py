"""FrameSubscriber: the newest frame of one topic, over ZeroMQ, without HTTP."""

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Iterator, Optional

import zmq

from .message import FrameHeader, MessageError, decode_message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

DEFAULT_CONNECT = "tcp://127.0.0.1:5555"


class Frame:
    """One picture as it was published. ``image`` is decoded when it is asked for."""

    def __init__(self, topic: str, header: FrameHeader, jpeg: bytes) -> None:
        self.topic = topic
        self.header = header
        #: FF D8 ... FF D9, ``header.width`` x ``header.height`` pixels.
        self.jpeg = jpeg
        self._image: "Optional[Image]" = None

    @property
    def seq(self) -> int:
        return self.header.seq

    @property
    def age_ms(self) -> float:
        """Milliseconds since its last packet reached the gateway. By two clocks where
        the gateway is another machine: right as far as they agree."""
        return time.time() * 1000 - self.header.received_at_us / 1000

    @property
    def image(self) -> "Image":
        """BGR, uint8, shape ``(height, width, 3)``.

        :raises ValueError: the JPEG does not decode.
        :raises ImportError: OpenCV is not installed; the message says how to get it.
        """
        if self._image is None:
            self._image = decode_jpeg(self.jpeg)
        return self._image

    def __repr__(self) -> str:
        return f"<Frame {self.topic} seq={self.seq} {self.header.width}x{self.header.height}>"


def decode_jpeg(jpeg: bytes) -> "Image":
    try:
        import cv2
        import numpy as np
    except ImportError:
        raise ImportError(
            "a picture needs OpenCV: pip install opencv-python-headless "
            "(frames' JPEG bytes can be had without it)"
        ) from None
    image: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("the JPEG does not decode")
    return image  # type: ignore[no-any-return]


def _check_ms(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of milliseconds, not {type(value).__name__}")
    if not 0 <= value <= 86_400_000:
        raise ValueError(f"{name} must be from 0 to 86400000 ms, not {value}")
    return float(value)


class FrameSubscriber:
    """The newest frame of a topic; what was not read in time is replaced, never queued.

    One thread at a time reads; others wait for it. Not to be used after a fork.

    :param topic: a camera's name (``lobby-1``) or a rendition (``lobby-1@320w5fps``).
    :param connect: the gateway's ZMQ_BIND as seen from here.
    :param timeout_ms: how long :meth:`read` waits unless told otherwise.
    """

    def __init__(
        self, topic: str, connect: str = DEFAULT_CONNECT, timeout_ms: float = 2000
    ) -> None:
        if not isinstance(topic, str):
            raise TypeError(f"topic must be a string, not {type(topic).__name__}")
        if not topic or len(topic) > 128 or not topic.isascii() or "\0" in topic:
            raise ValueError("topic must be a camera's name or a rendition of it")
        if not isinstance(connect, str):
            raise TypeError(f"connect must be a string, not {type(connect).__name__}")
        self.topic = topic
        self.connect = connect
        self.timeout_ms = _check_ms("timeout_ms", timeout_ms)
        #: Frames that were published but never read here (gaps in ``seq``).
        self.missed = 0
        #: Messages that were no frames.
        self.invalid = 0
        #: What was wrong with the last of them.
        self.last_invalid: Optional[str] = None
        self._last: Optional[FrameHeader] = None
        self._lock = threading.Lock()
        self._closed = False
        self._context: "zmq.Context[zmq.Socket[bytes]]" = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        # A high-water mark alone leaves old frames in the kernel's buffers; conflating
        # keeps one message, the newest.
        self._socket.setsockopt(zmq.CONFLATE, 1)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        # A gateway whose machine vanished is noticed, and connected to again.
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, 2000)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 6000)
        try:
            self._socket.setsockopt(zmq.SUBSCRIBE, topic.encode("ascii") + b"\0")
            self._socket.connect(connect)
        except zmq.ZMQError as error:
            self.close()
            raise ValueError(f"connect: {connect!r} is no ZeroMQ address ({error})") from None

    def read(self, timeout_ms: Optional[float] = None) -> Optional[Frame]:
        """The newest frame that this reader has not had; None where none comes in time."""
        limit_ms = self.timeout_ms if timeout_ms is None else _check_ms("timeout_ms", timeout_ms)
        deadline = time.monotonic() + limit_ms / 1000
        with self._lock:
            while not self._closed:
                left_ms = max(0.0, (deadline - time.monotonic()) * 1000)
                if not self._socket.poll(math.ceil(left_ms), zmq.POLLIN):
                    return None
                try:
                    data = self._socket.recv(zmq.NOBLOCK)
                except zmq.Again:
                    continue
                frame = self._accept(data)
                if frame is not None:
                    return frame
                if time.monotonic() > deadline:
                    return None
        return None

    def _accept(self, data: bytes) -> Optional[Frame]:
        try:
            message = decode_message(data)
            if message.topic != self.topic:
                raise MessageError("it is of another topic")
        except MessageError as error:
            self.invalid += 1
            self.last_invalid = str(error)
            return None
        header, last = message.header, self._last
        if last is not None:
            # The newest frame is sent again for whoever subscribes; those who have it skip
            # it. A gateway that was restarted counts from 0 again, in new frames.
            if header.seq <= last.seq and header.published_at_us <= last.published_at_us:
                return None
            if header.seq > last.seq:
                self.missed += header.seq - last.seq - 1
        self._last = header
        return Frame(message.topic, header, message.jpeg)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Idempotent. A read in another thread ends at its limit first."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._socket.close(0)
            self._context.term()

    def __enter__(self) -> "FrameSubscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        """Frames without end, as they come."""
        while not self._closed:
            frame = self.read()
            if frame is not None:
                yield frame
