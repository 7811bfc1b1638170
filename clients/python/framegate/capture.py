"""Capture: behaves like cv2.VideoCapture, but always returns the newest frame."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import properties as props
from ._address import is_name
from ._frame import Frame
from ._inquiry import logger
from ._lane import LaneFrame
from ._opening import Opening
from ._transport import LaneChoice, choose_lane
from .checks import (
    check_fingerprint,
    check_fps,
    check_ms,
    check_name,
    check_options,
    check_process,
    check_url,
    check_width,
)
from .gateway import Gateway
from .jpeg import check_reduce
from .message import FrameHeader
from .naming import TRANSPORTS, camera_name

if TYPE_CHECKING:
    from .jpeg import Image

# After this time, a frame that was fetched for its size is too old to read.
_PEEKED_LIMIT_S = 1.0


class Capture:
    """What :func:`open_capture` returns: cv2.VideoCapture's methods, and always the newest frame.

    All methods may be called from any thread. After a fork it belongs to the parent: reading
    in the child raises RuntimeError.
    """

    def __init__(
        self,
        request: dict[str, Any],
        gateway: Gateway,
        zmq_connect: str | None,
        timeout_ms: float,
        gray: bool = False,
        reduce: int = 1,
    ) -> None:
        """For :func:`open_capture`, which checks the arguments.

        Waits ``timeout_ms`` at most for the gateway's answer.
        """
        self._gateway = gateway
        self._zmq_connect = zmq_connect
        self.timeout_ms = timeout_ms
        #: Images are gray, ``(height, width)``.
        self.gray = gray
        #: Images are 1/1, 1/2, 1/4 or 1/8 of the frame's size.
        self.reduce = reduce
        self._pid = os.getpid()
        self._peek_lock = threading.Lock()
        #: Called when a read has no frame, and when isOpened() is False.
        self._when_failed: Callable[[Capture], None] = lambda _: None
        self._begin(request)

    def _begin(self, request: dict[str, Any]) -> None:
        self._frame: Frame | None = None  # The last one read.
        self._grabbed: Frame | None = None  # The same; None if the last grab or read failed.
        self._first: FrameHeader | None = None  # Of the first one read from this run of the gateway, for positions.
        self._peeked: Frame | None = None  # Fetched for its size, but not read yet.
        self._peeked_at = 0.0
        self._opening = Opening(self._gateway, request, self._zmq_connect, self._lane_choice())
        self._opening.ask_now(self.timeout_ms / 1000)

    def _lane_choice(self) -> LaneChoice | None:
        return choose_lane(self.gray, self.reduce, self._zmq_connect)

    # What cv2.VideoCapture has.

    def read(
        self, image: Image | None = None, *, max_age_ms: float | None = None, shared: bool = False
    ) -> tuple[bool, Image | None]:
        """Waits up to ``timeout_ms`` for a frame newer than the last one.

        :param image: an array to fill if its shape fits; otherwise the result is a new one.
        :param max_age_ms: skip frames that are older.
        :param shared: the result may not be written to. Over the lane, it is the gateway's own memory, and stays as it
            is while it or a part of it is in use.
        :returns: ``(True, image)``: BGR, uint8, shape ``(height, width, 3)`` (gray:
            ``(height, width)``); ``(False, None)`` if none came, and :attr:`last_error`
            says why.
        """
        if max_age_ms is not None:
            check_ms("max_age_ms", max_age_ms)
        frame = self._grab(max_age_ms)
        if shared and isinstance(frame, LaneFrame):
            return True, frame.shared
        ok, found = self._decode(frame, image)
        if shared and found is not None and found is not image:
            found.flags.writeable = False
        return ok, found

    def read_new(self, timeout_ms: float | None = None) -> tuple[bool, Image | None]:
        """Like :meth:`read`, with a time limit of its own. No read returns a frame twice."""
        return self._decode(self._grab(None, timeout_ms), None)

    def grab(self) -> bool:
        """Like :meth:`read`, without decoding the JPEG."""
        return self._grab(None) is not None

    def retrieve(self, image: Image | None = None, flag: int = 0) -> tuple[bool, Image | None]:
        """Decodes the frame of the last :meth:`grab` or :meth:`read`. May be called repeatedly.

        :param flag: for compatibility with cv2; has no effect.
        :returns: ``(False, None)`` if that failed, before the first, and after :meth:`release`.
        """
        return self._decode(None if self._opening.closed else self._grabbed, image)

    def isOpened(self) -> bool:
        """True once the gateway has accepted the camera, until release(); also while the camera is away.

        As in cv2, False if the camera refuses to be opened: wrong password, no such path, nothing at the address.
        That is so only until this Capture has once seen it live. Waits for the camera's first answer, ``timeout_ms``
        after the opening at most.
        """
        opened = self._opening.is_open(self.timeout_ms / 1000)
        if not opened:
            self._when_failed(self)
        return opened

    def open(self, filename: str, apiPreference: int = 0, params: Any = None) -> bool:
        """Releases this and opens another camera, with the settings of :func:`open_capture`.

        ``apiPreference`` and ``params`` are cv2's and have no meaning here.
        """
        camera = _camera_of("filename", filename)
        self._check_process()
        self.release()
        before = self._opening.request
        self._begin({**{key: before[key] for key in before if key not in ("rtsp", "keep")}, **camera})
        return self.isOpened()

    def get(self, propId: int) -> float:
        """A CAP_PROP_* of cv2; 0.0 for what is not known, as cv2 does.

        Width and height are those of the images that :meth:`read` gives; FPS is the rate at which
        they come. Waits ``timeout_ms`` at most for what is not known yet. POS_MSEC and POS_FRAMES count from
        the first frame that was read, and start over if the gateway is restarted. FRAME_COUNT is -1: it does not end.
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
                return (frame.header.received_at_us - first.received_at_us) / 1000
            return float(max(0, frame.seq - first.seq) + 1)
        if propId == props.FPS:
            source = self._wait_for("fps") or 0.0
            return float(min(source, self._opening.known("pub_fps") or source))
        if propId == props.FOURCC:
            return props.fourcc(str(self._wait_for("codec")))
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
        and rate; READ_TIMEOUT_MSEC sets ``timeout_ms``; BUFFERSIZE is always 1.

        :returns: whether it took effect; False for everything else, like cv2.
        """
        try:
            if propId == props.FRAME_WIDTH:
                return self._change("scale_width", check_width(int(value)))
            if propId == props.FPS:
                return self._change("pub_fps", check_fps(value))
            if propId == props.READ_TIMEOUT_MSEC:
                self.timeout_ms = check_ms("timeout_ms", value)
                return True
        except (ValueError, OverflowError):
            return False
        return propId == props.BUFFERSIZE and value == 1

    def getBackendName(self) -> str:
        return "FRAMEGATE"

    def setExceptionMode(self, enable: bool) -> None:
        """For compatibility with cv2: a missing frame never raises here, whatever this is set to."""

    def getExceptionMode(self) -> bool:
        return False

    def release(self) -> None:
        """Idempotent. The gateway keeps the camera running for other readers."""
        if self._pid == os.getpid():
            self._opening.close()
        else:
            self._opening.closed = True  # The sockets and threads are the parent's.

    # What cv2.VideoCapture lacks.

    @property
    def frame(self) -> Frame | None:
        """The last frame that was read, with its header and JPEG; stays if a read fails."""
        return self._frame

    @property
    def age_ms(self) -> float | None:
        """The age of the last read frame now."""
        return None if self._frame is None else self._frame.age_ms

    @property
    def seq(self) -> int | None:
        """The number of the last read frame. Each published frame adds 1."""
        return None if self._frame is None else self._frame.seq

    @property
    def missed(self) -> int:
        """Frames that were published but not read here, because newer ones replaced them."""
        return self._opening.missed

    @property
    def captured_at(self) -> float | None:
        """Seconds since 1970 by the camera's clock; None if it does not send it."""
        frame = self._frame
        if frame is None or frame.header.captured_at_us is None:
            return None
        return frame.header.captured_at_us / 1e6

    @property
    def last_error(self) -> str | None:
        """Why the last read had no frame; None if it had one. Before the first read: why there will be none."""
        return self._opening.error

    @property
    def _reason(self) -> tuple[str, str]:
        """Which camera has no frames, and the code of the gateway for that; ``""`` if it has none."""
        return str(self._opening.name or self._opening.request["name"]), self._opening.code

    @property
    def name(self) -> str | None:
        """The camera's name at the gateway; None until it has answered."""
        return self._opening.name

    @property
    def endpoint(self) -> str | None:
        """The ZeroMQ address of the frames; None while this is not open."""
        return None if self._opening.subscriber is None else self._opening.endpoint

    @property
    def transport(self) -> str | None:
        """``lane``: raw frames from a gateway on this machine; ``zmq``: JPEGs; None while this is not open."""
        subscriber = self._opening.subscriber
        return None if subscriber is None else subscriber.transport

    def __iter__(self) -> Iterator[Image]:
        """Images as they arrive, until release(). Waits for an unreachable camera, and logs once why there are none."""
        logged = None
        while not self._opening.closed:
            ok, image = self.read()
            if ok and image is not None:
                logged = None
                yield image
            elif logged != self._reason and not self._opening.closed:
                logged = self._reason
                logger.warning("%s: %s", self.name or "framegate", self.last_error)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        opening = getattr(self, "_opening", None)  # Missing if the constructor raised.
        if opening is not None and self._pid == os.getpid():
            opening.close(wait=False)

    # Waiting for frames.

    def _check_process(self) -> None:
        check_process(self._pid, "this Capture", "open it")

    def _decode(self, frame: Frame | None, image: Image | None) -> tuple[bool, Image | None]:
        # Passed as an argument: another thread may have read a newer frame since.
        if frame is None:
            return False, None
        try:
            return True, frame.decode(self.gray, self.reduce, image)
        except ValueError as error:
            self._opening.error, self._opening.code = str(error), "decode"
            return False, None

    def _grab(self, max_age_ms: float | None, timeout_ms: float | None = None) -> Frame | None:
        self._check_process()
        limit_ms = self.timeout_ms if timeout_ms is None else check_ms("timeout_ms", timeout_ms)
        frame = self._grabbed = self._wait_for_frame(max_age_ms, time.monotonic() + limit_ms / 1000)
        if frame is None:
            self._opening.explain(limit_ms)
            self._when_failed(self)
        return frame

    def _wait_for_frame(self, max_age_ms: float | None, deadline: float) -> Frame | None:
        self._opening.use_lane(self._lane_choice())  # gray and reduce may have changed.
        while not self._opening.closed:
            frame = self._next(deadline)
            if frame is None:
                return None
            if max_age_ms is not None and frame.age_ms > max_age_ms:
                self._opening.code = "old"
                self._opening.error = f"the newest frame is older than {max_age_ms:.0f} ms"
                continue
            self._frame = frame
            if self._first is None or self._first.run != frame.header.run:
                self._first = frame.header
            self._opening.error, self._opening.code = None, ""
            return frame
        return None

    def _next(self, deadline: float) -> Frame | None:
        with self._peek_lock:
            peeked, self._peeked = self._peeked, None
        if peeked is None or time.monotonic() - self._peeked_at > _PEEKED_LIMIT_S:
            return self._opening.read(deadline)
        return self._opening.read_if_there() or peeked

    def _peek(self) -> Frame | None:
        """The newest frame, which the next read still returns if there is no newer one by then."""
        self._check_process()
        frame = self._next(time.monotonic() + self.timeout_ms / 1000)
        with self._peek_lock:
            if frame is not None and self._peeked is None:
                self._peeked, self._peeked_at = frame, time.monotonic()
        return frame

    def _wait_for(self, key: str) -> Any:
        self._check_process()
        return self._opening.wait_for(key, self.timeout_ms / 1000)

    def _change(self, key: str, value: float) -> bool:
        self._check_process()
        if self._opening.closed or not self._opening.change(key, value, self.timeout_ms / 1000):
            return False
        self._peeked = self._frame = self._grabbed = None  # These have the previous size.
        return True


class Reading(NamedTuple):
    """How to read a camera, as opposed to what to ask of the gateway."""

    timeout_ms: float
    gray: bool
    reduce: int
    gateway: str | None
    token: str | None
    zmq_connect: str | None

    def checked(self) -> tuple[Gateway, str | None, float, bool, int]:
        """The arguments of :class:`Capture`. :raises TypeError, ValueError: the message names the argument."""
        if not isinstance(self.gray, bool):
            raise TypeError(f"gray must be True or False, not {type(self.gray).__name__}")
        check_reduce(self.reduce)
        timeout_ms = check_ms("timeout_ms", self.timeout_ms)
        connect = self.zmq_connect or os.environ.get("ZMQ_CONNECT") or None
        return Gateway(self.gateway, self.token), connect, timeout_ms, self.gray, self.reduce


def check_request(rtsp_url: Any, name: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The body of /cameras/start. :raises TypeError, ValueError: the message names the argument."""
    camera = _camera_of("rtsp_url", rtsp_url)
    check_options(options["pub_fps"], options["scale_width"], options["jpeg_quality"])
    if options["rtsp_transport"] not in (None, *TRANSPORTS):
        raise ValueError(f"rtsp_transport must be one of {', '.join(TRANSPORTS)}, not {options['rtsp_transport']!r}")
    if options["tls_fingerprint"] is not None:
        check_fingerprint(options["tls_fingerprint"])
    if name is not None:
        check_name(name)
    options = {key: value for key, value in options.items() if value is not None}
    if "rtsp" in camera:
        return {**camera, **options, "name": name or camera["name"]}
    # The name of the running camera may be given twice.
    for key, value in {"name": None if name == camera["name"] else name, **options}.items():
        if value is not None and key not in ("pub_fps", "scale_width"):
            raise ValueError(
                f"{key} has no effect on {camera['name']}, which is the name of a running camera; leave it out"
            )
    return {**options, **camera}


def _camera_of(argument: str, value: Any) -> dict[str, Any]:
    """The fields of /cameras/start that say which camera: that at an address, or the running one of a name."""
    if isinstance(value, str) and is_name(value):
        name, at, rendition = value.strip().partition("@")
        check_name(name)
        if not at:
            return {"name": name}
        width, fps = rendition[: -len("fps")].split("w")
        return {"name": name, "scale_width": check_width(int(width)), "pub_fps": check_fps(float(fps))}
    rtsp = check_url(argument, value)
    # A mistyped address does not stay behind: the gateway keeps the camera once it has been live.
    return {"name": camera_name(rtsp), "rtsp": rtsp, "keep": False}


def open_capture(
    rtsp_url: str,
    timeout_ms: float = 2000,
    pub_fps: float | None = 20,
    scale_width: int | None = 640,
    *,
    name: str | None = None,
    jpeg_quality: int | None = None,
    rtsp_transport: str | None = None,
    tls_fingerprint: str | None = None,
    gray: bool = False,
    reduce: int = 1,
    gateway: str | None = None,
    token: str | None = None,
    zmq_connect: str | None = None,
) -> Capture:
    """Starts the camera at the gateway and reads its newest frames.

    Idempotent: an address is pulled once for all its readers. Like cv2, it does not raise
    if the camera or the gateway is away. :meth:`Capture.isOpened` is False until the gateway
    has accepted the camera, and while the camera refuses. Once the camera was live, it stays True, even while
    the camera is away. :attr:`Capture.last_error` says why there is no frame, and reads succeed once frames arrive.

    :param rtsp_url: ``rtsp://user:password@host/path``; ``rtsp://`` may be left out. Or the name of a running camera
        (``lobby-1``), or a rendition of one.
    :param timeout_ms: the longest that a read waits, 0 to 86400000.
    :param pub_fps: maximum frames per second, 0.1 to 120 with at most one decimal; None: the gateway's default.
    :param scale_width: pixels, 16 to 7680, 0 for the camera's own; None: the default.
    :param name: the camera's name at the gateway; default: made from the address.
    :param jpeg_quality: 1 to 100; ignored if the camera is already running.
    :param rtsp_transport: ``automatic`` (TCP; UDP if the camera refuses TCP), ``tcp`` or
        ``udp``; ignored if the camera is already running.
    :param tls_fingerprint: SHA-256 of the certificate of an ``rtsps://`` camera, 64 hexadecimal digits with
        or without colons; the gateway accepts no other certificate.
    :param gray: images are gray, ``(height, width)``; costs less than BGR.
    :param reduce: 2, 4 or 8: images of a half, a quarter, an eighth of the frame's size, which
        cost less to decode. Smaller frames (``scale_width``) cost less still.
    :param gateway: default GATEWAY_BASE, then http://127.0.0.1:8090.
    :param token: for a gateway that requires one; default FRAMEGATE_TOKEN.
    :param zmq_connect: default ZMQ_CONNECT, then what the gateway answers.
    :raises TypeError, ValueError: an argument is invalid; the message names it.
    """
    options: dict[str, Any] = {"pub_fps": pub_fps, "scale_width": scale_width, "jpeg_quality": jpeg_quality}
    options.update(rtsp_transport=rtsp_transport, tls_fingerprint=tls_fingerprint)
    reading = Reading(timeout_ms, gray, reduce, gateway, token, zmq_connect)
    return Capture(check_request(rtsp_url, name, options), *reading.checked())
