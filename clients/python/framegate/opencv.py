"""patch_opencv: programs that open ``cv2.VideoCapture("rtsp://...")`` read through the gateway."""

from __future__ import annotations

import os
import sys
from typing import Any

from ._address import is_surely_camera
from .capture import Capture, open_capture
from .checks import check_ms, check_options
from .gateway import Gateway

_real: Any = None
# What was reported: once per camera and reason.
_reported: set[tuple[str | None, str]] = set()
_GATEWAY_AWAY = ("ERR_GATEWAY", "ERR_GATEWAY_UNREACHABLE", "")
_WHEN_BACK = (
    ". Frames arrive once the gateway has started the camera. "
    "To open cameras directly meanwhile, set FRAMEGATE_FALLBACK=opencv."
)


def patch_opencv(
    gateway: str | None = None,
    *,
    fallback: bool | None = None,
    timeout_ms: float = 5000,
    pub_fps: float | None = 120,
    scale_width: int | None = 0,
) -> None:
    """Replaces ``cv2.VideoCapture`` in this process. Idempotent; the arguments of the last call apply.

    Addresses that begin with rtsp:// or rtsps://, and those without it that could be no file
    (``192.168.1.10/stream``), are read through the gateway, in the camera's own size and rate by default; files,
    devices and all else by the real OpenCV.

    :param gateway: default GATEWAY_BASE, then http://127.0.0.1:8090.
    :param fallback: if the gateway cannot be reached when a camera is opened: True opens it
        with the real OpenCV, False leaves it closed until the gateway responds. Default: the
        environment's FRAMEGATE_FALLBACK (``opencv`` or ``fail``), then False. Either is reported
        once, on stderr.
    :param timeout_ms: the maximum wait of opening and of a read.
    :raises ImportError: OpenCV is not installed.
    :raises TypeError, ValueError: an argument is invalid; the message names it.
    """
    import cv2

    check_ms("timeout_ms", timeout_ms)
    check_options(pub_fps, scale_width)
    Gateway(gateway)

    global _real
    if _real is None:
        _real = cv2.VideoCapture
    if fallback is None:
        chosen = os.environ.get("FRAMEGATE_FALLBACK", "fail")
        if chosen not in ("opencv", "fail"):
            raise ValueError(f"FRAMEGATE_FALLBACK must be opencv or fail, not {chosen!r}")
        fallback = chosen == "opencv"
    options = {"timeout_ms": timeout_ms, "pub_fps": pub_fps, "scale_width": scale_width, "gateway": gateway}
    cv2.VideoCapture = _make_class(_real, options, fallback)  # type: ignore[misc]


def unpatch_opencv() -> None:
    """Restores the real ``cv2.VideoCapture``. Open captures stay open."""
    global _real
    _reported.clear()
    if _real is not None:
        import cv2

        cv2.VideoCapture = _real  # type: ignore[misc]
        _real = None


def _report(capture: Capture, then: str = "") -> None:
    """Says on stderr why a camera has no frames. A program that was written for OpenCV asks nothing more."""
    name, code = capture._reason
    away = capture.endpoint is None and code in _GATEWAY_AWAY
    key = (None if away else name, code)
    if key not in _reported:
        _reported.add(key)
        why = capture.last_error or "the gateway has not answered yet"
        text = f"{why}{then or _WHEN_BACK}" if away else f"{name}: {why}{then}"
        print(f"framegate: {text}", file=sys.stderr, flush=True)


def _make_class(real: Any, options: dict[str, Any], fallback: bool) -> Any:
    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return type.__instancecheck__(cls, instance) or isinstance(instance, real)

    class VideoCapture(metaclass=Meta):
        """cv2.VideoCapture; RTSP addresses come from the Framegate gateway."""

        _capture: Any

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._capture = None
            if args or kwargs:
                self.open(*args, **kwargs)
            else:
                self._capture = real()

        def open(self, *args: Any, **kwargs: Any) -> bool:
            source = args[0] if args else kwargs.get("filename", kwargs.get("index"))
            if not (isinstance(source, str) and is_surely_camera(source)):
                self._close()
                self._capture = real(*args, **kwargs)
                return bool(self._capture.isOpened())
            self._close()
            capture = open_capture(source, **options)
            if fallback and capture.endpoint is None:
                _report(capture, ". OpenCV opens the camera directly instead.")
                capture.release()
                self._capture = real(*args, **kwargs)
                return bool(self._capture.isOpened())
            capture._when_failed = _report
            self._capture = capture
            return capture.isOpened()

        def _close(self) -> None:
            if isinstance(self._capture, Capture):
                self._capture.release()
            self._capture = None

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["_capture"], name)

    VideoCapture.__qualname__ = "VideoCapture"
    VideoCapture.__module__ = "cv2"
    return VideoCapture
