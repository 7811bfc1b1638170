"""Capture: cv2.VideoCapture's habits, always the newest frame."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import properties as props
from .checks import check_ms, check_number, check_options, check_process, check_url
from .gateway import Gateway, GatewayError
from .jpeg import check_reduce
from .subscriber import Frame, FrameSubscriber

if TYPE_CHECKING:
    from .jpeg import Image

#: How a camera's packets may come to the gateway.
TRANSPORTS = ("automatic", "tcp", "udp")

# Without a frame for this long the gateway is asked again: it may have been restarted
# without its cameras, or somebody stopped this one.
_ASK_AGAIN_S = 2.0
_ASK_EVERY_S = 1.0


def camera_name(rtsp_url: str) -> str:
    """A name for an address, the same each time: readable, without credentials."""
    parts = urlsplit(rtsp_url)
    bare = f"{parts.hostname or ''}{parts.path}{'?' + parts.query if parts.query else ''}"
    slug = re.sub(r"[^A-Za-z0-9]+", "-", bare).strip("-")[:50]
    port = f":{parts.port}" if parts.port else ""
    digest = hashlib.sha256(f"{parts.scheme.lower()}{bare}{port}".encode()).hexdigest()[:8]
    return f"{slug}-{digest}" if slug else f"camera-{digest}"


class Capture:
    """What :func:`open_capture` returns: cv2.VideoCapture's methods, always the newest frame.

    All methods may be called from any thread. After a fork it belongs to the parent: reading
    in the child raises RuntimeError.
    """

    def __init__(
        self,
        body: dict[str, Any],
        gateway: Gateway,
        zmq_connect: str | None,
        timeout_ms: float,
        gray: bool = False,
        reduce: int = 1,
    ) -> None:
        self._gateway = gateway
        self._zmq_connect = zmq_connect
        self.timeout_ms = timeout_ms
        #: Images are gray, ``(height, width)``.
        self.gray = gray
        #: Images are 1/1, 1/2, 1/4 or 1/8 of the frame's size.
        self.reduce = reduce
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._asking: threading.Thread | None = None
        self._subscriber: FrameSubscriber | None = None
        self._begin(body)

    def _begin(self, body: dict[str, Any]) -> None:
        self._body = body
        self._answer: dict[str, Any] = {}
        self._frame: Frame | None = None
        self._peeked: Frame | None = None
        self._first: Frame | None = None
        self._released = False
        self._error: str | None = None
        self._missed_before = 0
        self._last_frame_at = time.monotonic()
        self._asked_at = 0.0
        #: The camera's name at the gateway, once it has answered.
        self.name: str | None = None

    # What cv2.VideoCapture has.

    def read(self, image: Image | None = None, *, max_age_ms: float | None = None) -> tuple[bool, Image | None]:
        """Waits ``timeout_ms`` at most for a frame newer than the last one.

        :param image: an array to fill, where its shape fits; else a new one is made.
        :param max_age_ms: frames that are older are skipped.
        :returns: ``(True, image)``: BGR, uint8, shape ``(height, width, 3)`` (gray:
            ``(height, width)``); ``(False, None)`` where none came, and :attr:`last_error`
            says why.
        """
        if max_age_ms is not None:
            check_ms("max_age_ms", max_age_ms)
        return self._decode(self._grab(max_age_ms), image)

    def read_new(self, timeout_ms: float | None = None) -> tuple[bool, Image | None]:
        """As :meth:`read`, with a limit of its own; no frame is ever given twice."""
        return self._decode(self._grab(None, timeout_ms), None)

    def grab(self) -> bool:
        """As :meth:`read`, without decoding the JPEG."""
        return self._grab(None) is not None

    def retrieve(self, image: Image | None = None, flag: int = 0) -> tuple[bool, Image | None]:
        """Decodes the frame that was grabbed last. ``flag`` is cv2's and has no meaning here."""
        return self._decode(self._frame, image)

    def isOpened(self) -> bool:
        """The gateway knows the camera and this has not been released."""
        return self._subscriber is not None and not self._released

    def open(self, filename: str, apiPreference: int = 0, params: Any = None) -> bool:
        """Releases this and opens another camera, with the settings of :func:`open_capture`.

        ``apiPreference`` and ``params`` are cv2's and have no meaning here.
        """
        check_url("filename", filename)
        self._mine()
        self.release()
        with self._lock:
            kept = {key: value for key, value in self._body.items() if key not in ("name", "rtsp")}
            self._begin({"name": camera_name(filename), "rtsp": filename, **kept})
        self._ask_and_wait()
        return self.isOpened()

    def get(self, propId: int) -> float:
        """A CAP_PROP_* of cv2; 0.0 for what is not known, as cv2 does.

        Width and height are those of the images that :meth:`read` gives; FPS is the rate at which
        they come. What is not known yet is waited for (``timeout_ms``). POS_MSEC and POS_FRAMES count from
        the first frame that was read. FRAME_COUNT is -1: it does not end.
        """
        frame = self._frame
        if propId in (props.FRAME_WIDTH, props.FRAME_HEIGHT):
            frame = frame or self._peek()
            if frame is None:
                return 0.0
            size = frame.header.width if propId == props.FRAME_WIDTH else frame.header.height
            return float(-(-size // self.reduce))
        if propId in (props.POS_MSEC, props.POS_FRAMES):
            first = self._first
            if frame is None or first is None:
                return 0.0
            if propId == props.POS_MSEC:
                return (frame.header.received_at_us - first.header.received_at_us) / 1000
            return float(max(0, frame.seq - first.seq) + 1)
        if propId == props.FPS:
            source = self._ask_for("fps") or 0.0
            return float(min(source, self._answer.get("pub_fps") or source))
        if propId == props.FOURCC:
            return props.fourcc(str(self._ask_for("codec")))
        known = {
            props.FRAME_COUNT: -1.0,
            props.CONVERT_RGB: 1.0,
            props.BUFFERSIZE: 1.0,
            props.READ_TIMEOUT_MSEC: self.timeout_ms,
            props.OPEN_TIMEOUT_MSEC: self.timeout_ms,
        }
        return known.get(propId, 0.0)

    def set(self, propId: int, value: float) -> bool:
        """FRAME_WIDTH and FPS ask the gateway for frames of this width (0: the camera's own)
        and rate; READ_TIMEOUT_MSEC sets ``timeout_ms``; BUFFERSIZE 1 is what there always is.

        :returns: whether it took effect; False for all else, as cv2 does.
        """
        try:
            if propId == props.FRAME_WIDTH:
                width = int(value)
                check_number("scale_width", width, 0, 7680, int)
                return self._change("scale_width", width)
            if propId == props.FPS:
                check_number("pub_fps", value, 0.1, 120, float)
                return self._change("pub_fps", value)
            if propId == props.READ_TIMEOUT_MSEC:
                self.timeout_ms = check_ms("timeout_ms", value)
                return True
        except ValueError:
            return False
        return propId == props.BUFFERSIZE and value == 1

    def getBackendName(self) -> str:
        return "FRAMEGATE"

    def setExceptionMode(self, enable: bool) -> None:
        """cv2 has it; nothing here raises on a missing frame, whatever it is set to."""

    def getExceptionMode(self) -> bool:
        return False

    def release(self) -> None:
        """Idempotent. The camera runs on at the gateway, for others."""
        if self._pid != os.getpid():
            self._released = True  # The sockets and threads are the parent's.
            return
        with self._lock:
            self._released = True
            subscriber, self._subscriber = self._subscriber, None
            asking = self._asking
        if subscriber is not None:
            self._missed_before += subscriber.missed
            subscriber.close()
        if asking is not None and asking is not threading.current_thread():
            asking.join(6)

    # What it lacks.

    @property
    def frame(self) -> Frame | None:
        """The frame of the last read, with its header and JPEG."""
        return self._frame

    @property
    def age_ms(self) -> float | None:
        """How old the last read frame is now."""
        return None if self._frame is None else self._frame.age_ms

    @property
    def seq(self) -> int | None:
        """The number of the last read frame; +1 for each that was published."""
        return None if self._frame is None else self._frame.seq

    @property
    def missed(self) -> int:
        """Frames that were published but not read here, because newer ones were."""
        subscriber = self._subscriber
        return self._missed_before + (subscriber.missed if subscriber else 0)

    @property
    def captured_at(self) -> float | None:
        """Seconds since 1970 by the camera's clock; None where it does not tell."""
        frame = self._frame
        if frame is None or frame.header.captured_at_us is None:
            return None
        return frame.header.captured_at_us / 1e6

    @property
    def last_error(self) -> str | None:
        """Why the last read had no frame; None where it had one."""
        return self._error

    def __iter__(self) -> Iterator[Image]:
        """Images as they come, until this is released. A camera that is away is waited for."""
        while not self._released:
            ok, image = self.read()
            if ok and image is not None:
                yield image

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if not getattr(self, "_released", True):
            self.release()

    # Waiting for frames.

    def _mine(self) -> None:
        check_process(self._pid, "this Capture", "open it")

    def _decode(self, frame: Frame | None, image: Image | None) -> tuple[bool, Image | None]:
        # The frame is handed over, not looked up: another thread may have read a newer one since.
        if frame is None:
            return False, None
        try:
            return True, frame.decode(self.gray, self.reduce, image)
        except ValueError as error:
            self._error = str(error)
            return False, None

    def _grab(self, max_age_ms: float | None, timeout_ms: float | None = None) -> Frame | None:
        self._mine()
        limit_ms = self.timeout_ms if timeout_ms is None else check_ms("timeout_ms", timeout_ms)
        deadline = time.monotonic() + limit_ms / 1000
        while not self._released:
            frame = self._next(deadline)
            if frame is None:
                return None
            if max_age_ms is not None and frame.age_ms > max_age_ms:
                self._error = f"the newest frame is older than {max_age_ms:.0f} ms"
                continue
            self._frame = frame
            self._first = self._first or frame
            self._error = None
            return frame
        return None

    def _next(self, deadline: float) -> Frame | None:
        with self._lock:
            peeked, self._peeked = self._peeked, None
        subscriber = self._subscriber
        if peeked is not None:
            # A newer one may have come since.
            return (subscriber.read(0) if subscriber is not None else None) or peeked
        while not self._released:
            self._keep_asking()
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms < 0:
                return None
            subscriber = self._subscriber
            if subscriber is None:  # The gateway has not answered yet.
                time.sleep(min(left_ms / 1000 + 0.001, 0.02))
                continue
            # In slices, so that asking the gateway again goes on meanwhile.
            frame = subscriber.read(min(left_ms, 250))
            if frame is not None:
                self._last_frame_at = time.monotonic()
                return frame
        return None

    def _peek(self) -> Frame | None:
        """The first frame, which the next read still gives."""
        self._mine()
        frame = self._next(time.monotonic() + self.timeout_ms / 1000)
        with self._lock:
            if frame is not None and self._peeked is None:
                self._peeked = frame
        return frame

    def _ask_for(self, key: str) -> Any:
        """What the gateway knows of the camera, once it knows it; None where it does not in time."""
        self._mine()
        deadline = time.monotonic() + self.timeout_ms / 1000
        while not self._released and not self._answer.get(key):
            try:
                if self.name is not None:
                    self._answer = {**self._answer, key: self._gateway.camera(self.name).get(key)}
            except GatewayError as error:
                self._error = error.message
            if self._answer.get(key) or time.monotonic() > deadline:
                break
            self._keep_asking()
            time.sleep(0.05)
        return self._answer.get(key)

    def _change(self, key: str, value: float) -> bool:
        self._mine()
        if self._released:
            return False
        self._body[key] = value
        self._peeked = self._frame = None  # Of another size.
        before = self._answer
        self._ask_and_wait()
        return self._answer is not before

    # Asking the gateway.

    def _keep_asking(self) -> None:
        """Asks in a thread of its own where that is due, so that no read waits for HTTP."""
        now = time.monotonic()
        due = self._subscriber is None or now - self._last_frame_at > _ASK_AGAIN_S
        with self._lock:
            if not due or self._released or now - self._asked_at < _ASK_EVERY_S:
                return
            if self._asking is not None and self._asking.is_alive():
                return
            self._asked_at = now
            self._asking = threading.Thread(target=self._ask, name="framegate-ask", daemon=True)
            self._asking.start()

    def _ask_and_wait(self) -> None:
        """Opened when this returns, where the gateway answers within ``timeout_ms``."""
        asking = self._asking
        if asking is not None:
            asking.join(self.timeout_ms / 1000)
        self._asked_at = 0.0
        self._last_frame_at = 0.0
        self._keep_asking()
        self._last_frame_at = time.monotonic()
        asking = self._asking
        if asking is not None:
            asking.join(self.timeout_ms / 1000)

    def _ask(self) -> None:
        try:
            answer = self._gateway.start(self._body, timeout_s=5)
            topic, endpoint = str(answer["zmq_topic"]), str(answer["zmq_endpoint"])
        except GatewayError as error:
            self._error = error.message
            return
        except KeyError as error:
            self._error = f"{self._gateway.base} is no Framegate gateway (no {error} in its answer)"
            return
        told = answer.get("last_error")
        if isinstance(told, dict):
            self._error = str(told.get("message"))
        elif self._error is not None:
            self._error = f"the camera is {answer.get('state')}"
        self.name = str(answer.get("name"))
        self._answer = answer
        connect = self._zmq_connect or reachable_from(self._gateway, endpoint)
        with self._lock:
            current = self._subscriber
            if self._released or (current is not None and (current.topic, current.connect) == (topic, connect)):
                return
            try:
                self._subscriber = FrameSubscriber(topic, connect, self.timeout_ms)
            except ValueError as error:
                self._error = str(error)
                return
            if current is not None:
                self._missed_before += current.missed
        if current is not None:
            current.close()


def reachable_from(gateway: Gateway, endpoint: str) -> str:
    """The gateway's own loopback or wildcard address is, from elsewhere, its host."""
    match = re.fullmatch(r"tcp://(0\.0\.0\.0|127\.0\.0\.1|\*|\[::\]|\[::1\]):(\d+)", endpoint)
    if match is None:
        return endpoint
    host = gateway.host
    return f"tcp://{'[' + host + ']' if ':' in host else host}:{match.group(2)}"


def open_capture(
    rtsp_url: str,
    timeout_ms: float = 2000,
    pub_fps: float | None = 20,
    scale_width: int | None = 640,
    *,
    name: str | None = None,
    jpeg_quality: int | None = None,
    rtsp_transport: str | None = None,
    gray: bool = False,
    reduce: int = 1,
    gateway: str | None = None,
    zmq_connect: str | None = None,
) -> Capture:
    """Starts the camera at the gateway and reads its newest frames.

    Idempotent: an address is pulled once, whoever asks for it. Like cv2, it does not raise
    where the camera or the gateway is away: :meth:`Capture.isOpened` is False,
    :attr:`Capture.last_error` says why, and frames come by themselves once they can.

    :param rtsp_url: ``rtsp://user:password@host/path``.
    :param timeout_ms: the longest that a read waits, 0 to 86400000.
    :param pub_fps: frames a second at most, 0.1 to 120; None: the gateway's default.
    :param scale_width: pixels, 16 to 7680, 0 for the camera's own; None: the default.
    :param name: the camera's name at the gateway; made from the address where None.
    :param jpeg_quality: 1 to 100; the first start of a camera decides.
    :param rtsp_transport: ``automatic`` (TCP, UDP where the camera takes no TCP), ``tcp`` or
        ``udp``; the first start of a camera decides.
    :param gray: images are gray, ``(height, width)``; costs less than BGR.
    :param reduce: 2, 4 or 8: images of a half, a quarter, an eighth of the frame's size, which
        cost less to decode. Smaller frames (``scale_width``) cost less still.
    :param gateway: default GATEWAY_BASE, then http://127.0.0.1:8090.
    :param zmq_connect: default ZMQ_CONNECT, then what the gateway answers.
    :raises TypeError, ValueError: an argument is wrong; the message names it.
    """
    check_url("rtsp_url", rtsp_url)
    if not isinstance(gray, bool):
        raise TypeError(f"gray must be True or False, not {type(gray).__name__}")
    check_reduce(reduce)
    timeout = check_options(timeout_ms, pub_fps, scale_width, jpeg_quality)
    if rtsp_transport not in (None, *TRANSPORTS):
        raise ValueError(f"rtsp_transport must be one of {', '.join(TRANSPORTS)}, not {rtsp_transport!r}")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError("name must be 1 to 64 letters, digits, _ or -")
    body: dict[str, Any] = {"name": name or camera_name(rtsp_url), "rtsp": rtsp_url}
    optional = {
        "pub_fps": pub_fps,
        "scale_width": scale_width,
        "jpeg_quality": jpeg_quality,
        "rtsp_transport": rtsp_transport,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    connect = zmq_connect or os.environ.get("ZMQ_CONNECT")
    capture = Capture(body, Gateway(gateway), connect, timeout, gray, reduce)
    capture._ask_and_wait()
    return capture
