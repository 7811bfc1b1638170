"""Whole, newest frames of IP cameras from a Framegate gateway."""

from .capture import Capture, open_capture
from .gateway import Gateway, GatewayError
from .message import FrameHeader, MessageError, decode_message
from .subscriber import Frame, FrameSubscriber

__version__ = "0.1.0"

__all__ = [
    "Capture",
    "Frame",
    "FrameHeader",
    "FrameSubscriber",
    "Gateway",
    "GatewayError",
    "MessageError",
    "decode_message",
    "open_capture",
]
