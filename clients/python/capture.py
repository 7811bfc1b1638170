"""An alias of the package, for programs that say ``from capture import open_capture``."""

from __future__ import annotations

from framegate import Capture, Frame, FrameSubscriber, open_capture

__all__ = ["Capture", "Frame", "FrameSubscriber", "open_capture"]
