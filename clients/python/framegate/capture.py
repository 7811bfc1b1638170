"""Capture: cv2.VideoCapture's habits, always the newest frame."""

import hashlib
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Optional, Tuple
from urllib.parse import urlsplit

from .gateway import Gateway, GatewayError
from .subscriber import Frame, FrameSubscriber, _check_ms

if TYPE_CHECKING:
    from .subscriber import Image

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
    """What :func:`open_capture` returns. All methods may be called from any thread."""

    def __init__(
        self,
        body: "dict[str, Any]",
        gateway: Gateway,
        zmq_connect: Optional[str],
        timeout_ms: float,
    ) -> None:
        self._body = body
        self._gateway = gateway
        self._zmq_connect = zmq_connect
        self.timeout_ms = timeout_ms
        self._lock = threading.RLock()
        self._subscriber: Optional[FrameSubscriber] = None
        self._frame: Optional[Frame] = None
        self._released = False
        self._error: Optional[str] = None
        self._missed_before = 0
        self._last_frame_at = time.monotonic()
        self._asked_at = 0.0
        self._asking: Optional[threading.Thread] = None
        #: The camera's name at the gateway, once it has answered.
        self.name: Optional[str] = None

    # What cv2.VideoCapture has.

    def read(self) -> "Tuple[bool, Optional[Image]]":
        """Waits ``timeout_ms`` at most for a frame newer than the last one.

        :returns: ``(True, image)``: BGR, uint8, shape ``(height, width, 3)``;
            ``(False, None)`` where none came, and :attr:`last_error` says why.
        """
        if not self.grab():
            return False, None
        return self.retrieve()

    def grab(self) -> bool:
        """As :meth:`read`, without decoding the JPEG."""
        deadline = time.monotonic() + self.timeout_ms / 1000
        while not self._released:
            self._keep_asking()
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms < 0:
                return False
            subscriber = self._subscriber
            if subscriber is None:  # The gateway has not answered yet.
                time.sleep(min(left_ms / 1000 + 0.001, 0.02))
                continue
            # In slices, so that asking the gateway again goes on meanwhile.
            frame = subscriber.read(min(left_ms, 250))
            if frame is not None:
                self._frame = frame
                self._last_frame_at = time.monotonic()
                self._error = None
                return True
        return False

    def retrieve(self) -> "Tuple[bool, Optional[Image]]":
        """Decodes the frame that was grabbed last."""
        frame = self._frame
        if frame is None:
            return False, None
        try:
            return True, frame.image
        except ValueError as error:
            self._error = str(error)
            return False, None

    def isOpened(self) -> bool:
        """The gateway knows the camera and this has not been released."""
        return self._subscriber is not None and not self._released

    def release(self) -> None:
        """Idempotent. The camera runs on at the gateway, for others."""
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
    def frame(self) -> Optional[Frame]:
        """The frame of the last read, with its header and JPEG."""
        return self._frame

    @property
    def age_ms(self) -> Optional[float]:
        """How old the last read frame is now."""
        return None if self._frame is None else self._frame.age_ms

    @property
    def seq(self) -> Optional[int]:
        return None if self._frame is None else self._frame.seq

    @property
    def missed(self) -> int:
        """Frames that were published but not read here, because newer ones were."""
        subscriber = self._subscriber
        return self._missed_before + (subscriber.missed if subscriber else 0)

    @property
    def captured_at(self) -> Optional[float]:
        """Seconds since 1970 by the camera's clock; None where it does not tell."""
        frame = self._frame
        if frame is None or frame.header.captured_at_us is None:
            return None
        return frame.header.captured_at_us / 1e6

    @property
    def last_error(self) -> Optional[str]:
        """Why the last read had no frame; None where it had one."""
        return self._error

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if not getattr(self, "_released", True):
            self.release()

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
        connect = self._zmq_connect or self._reachable(endpoint)
        with self._lock:
            current = self._subscriber
            if self._released or (
                current is not None and (current.topic, current.connect) == (topic, connect)
            ):
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

    def _reachable(self, endpoint: str) -> str:
        """The gateway's own loopback or wildcard address is, from elsewhere, its host."""
        match = re.fullmatch(r"tcp://(0\.0\.0\.0|127\.0\.0\.1|\*|\[::\]|\[::1\]):(\d+)", endpoint)
        if match is None:
            return endpoint
        host = self._gateway.host
        return f"tcp://{'[' + host + ']' if ':' in host else host}:{match.group(2)}"


def open_capture(
    rtsp_url: str,
    timeout_ms: float = 2000,
    pub_fps: Optional[float] = 20,
    scale_width: Optional[int] = 640,
    *,
    name: Optional[str] = None,
    jpeg_quality: Optional[int] = None,
    gateway: Optional[str] = None,
    zmq_connect: Optional[str] = None,
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
    :param gateway: default GATEWAY_BASE, then http://127.0.0.1:8090.
    :param zmq_connect: default ZMQ_CONNECT, then what the gateway answers.
    :raises TypeError, ValueError: an argument is wrong; the message names it.
    """
    if not isinstance(rtsp_url, str):
        raise TypeError(f"rtsp_url must be a string, not {type(rtsp_url).__name__}")
    if not re.match(r"rtsps?://[^/]", rtsp_url, re.IGNORECASE):
        raise ValueError("rtsp_url must begin with rtsp:// or rtsps:// and name a host")
    timeout = _check_ms("timeout_ms", timeout_ms)
    _check_number("pub_fps", pub_fps, 0.1, 120, float)
    _check_number("scale_width", scale_width, 0, 7680, int)
    _check_number("jpeg_quality", jpeg_quality, 1, 100, int)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError("name must be 1 to 64 letters, digits, _ or -")
    body: "dict[str, Any]" = {"name": name or camera_name(rtsp_url), "rtsp": rtsp_url}
    optional = (("pub_fps", pub_fps), ("scale_width", scale_width), ("jpeg_quality", jpeg_quality))
    body.update({key: value for key, value in optional if value is not None})
    capture = Capture(body, Gateway(gateway), zmq_connect or os.environ.get("ZMQ_CONNECT"), timeout)
    # Opened when it returns, where the gateway answers in time.
    capture._keep_asking()
    asking = capture._asking
    if asking is not None:
        asking.join(timeout / 1000)
    return capture


def _check_number(name: str, value: Any, least: float, most: float, kind: type) -> None:
    if value is None:
        return
    kinds = (int, float) if kind is float else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds):
        expected = "a number" if kind is float else "a whole number"
        raise TypeError(f"{name} must be {expected}, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {value}")
