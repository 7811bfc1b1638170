"""Frame: what all readers return."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .jpeg import decode_jpeg, jpeg_size
from .message import FrameHeader

if TYPE_CHECKING:
    from .jpeg import Image


class Frame:
    """One published frame. ``image`` is decoded on first use."""

    def __init__(self, topic: str, header: FrameHeader, jpeg: bytes) -> None:
        self.topic = topic
        self.header = header
        self._jpeg = jpeg
        self._image: Image | None = None

    @property
    def jpeg(self) -> bytes:
        """FF D8 ... FF D9, ``header.width`` x ``header.height`` pixels.

        Over the lane it is made here, when it is first asked for.
        """
        return self._jpeg

    @property
    def seq(self) -> int:
        return self.header.seq

    @property
    def age_ms(self) -> float:
        """Milliseconds since the frame's last packet reached the gateway. If the gateway runs on another
        machine, this compares two clocks, and is only as accurate as they agree."""
        return time.time() * 1000 - self.header.received_at_us / 1000

    @property
    def image(self) -> Image:
        """BGR, uint8, shape ``(height, width, 3)``.

        :raises ValueError: the JPEG does not decode.
        :raises ImportError: no JPEG decoder is installed; the message says how to get one.
        """
        if self._image is None:
            self._image = self.decode()
        return self._image

    def decode(self, gray: bool = False, reduce: int = 1, out: Image | None = None) -> Image:
        """Like :func:`framegate.decode_jpeg`: gray, smaller, or into your own array.

        :raises ValueError: also if the JPEG does not have the size in the header.
        """
        size = (self.header.width, self.header.height)
        # Before decoding: a JPEG of some hundred bytes can take gigabytes.
        if (found := jpeg_size(self.jpeg)) != size:
            raise ValueError(f"the JPEG has {found[0]}x{found[1]} pixels, not {size[0]}x{size[1]}")
        return decode_jpeg(self.jpeg, gray, reduce, out)

    def __repr__(self) -> str:
        return f"<Frame {self.topic} seq={self.seq} {self.header.width}x{self.header.height}>"
