"""Whole, newest frames of IP cameras from a Framegate gateway."""

from __future__ import annotations

from .async_capture import AsyncCapture, open_async_capture
from .capture import Capture, open_capture
from .captures import Captures, open_captures
from .gateway import Gateway, GatewayError
from .jpeg import decode_jpeg
from .message import FrameHeader, MessageError, decode_message
from .opencv import patch_opencv, unpatch_opencv
from .subscriber import AsyncFrameSubscriber, Frame, FrameSubscriber

__version__ = "0.1.0"

__all__ = [
    "AsyncCapture",
    "AsyncFrameSubscriber",
    "Capture",
    "Captures",
    "Frame",
    "FrameHeader",
    "FrameSubscriber",
    "Gateway",
    "GatewayError",
    "MessageError",
    "decode_jpeg",
    "decode_message",
    "open_async_capture",
    "open_capture",
    "open_captures",
    "patch_opencv",
    "unpatch_opencv",
]
