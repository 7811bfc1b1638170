"""The wire format, version 1 (docs/wire-format.md). Pure: bytes in, values out."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

#: Newest wire version that this reader knows.
WIRE_VERSION = 1
#: Maximum length of a header in bytes; the gateway's has about 300.
MAX_HEADER_BYTES = 64 * 1024

_MOST = 2**63 - 1
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MessageError(ValueError):
    """A message that is not a frame of a version this reader knows."""


class FrameHeader(NamedTuple):
    """What the gateway says about a frame. Times are microseconds since 1970."""

    camera: str
    #: Counts the frames published on the topic; a gap shows frames that this reader did not get.
    seq: int
    #: Pixels of the JPEG.
    width: int
    height: int
    #: Pixels of the camera's own video.
    source_width: int
    source_height: int
    #: The gateway's clock: when the frame's last packet had arrived, and when it was sent.
    received_at_us: int
    published_at_us: int
    #: By the camera's own clock; None while unknown.
    captured_at_us: int | None
    #: Identifies the run of the gateway: ``seq`` and times of two runs cannot be compared. None: an older gateway.
    run: str | None = None


class Message(NamedTuple):
    topic: str
    header: FrameHeader
    #: FF D8 ... FF D9
    jpeg: bytes


def _integer(header: dict[str, Any], key: str, least: int) -> int:
    value = header.get(key)
    if type(value) is not int or not least <= value <= _MOST:
        raise MessageError(f"header: {key} must be an integer from {least} to 2^63 - 1")
    return value


def decode_message(data: bytes) -> Message:
    """Decodes a message.

    Keys of the header that are not known here are ignored.

    :raises MessageError: the message is invalid; the error says why.
    """
    nul = data.find(b"\0", 0, 256)
    if nul < 0:
        raise MessageError("no zero byte after the topic")
    try:
        topic = data[:nul].decode("ascii")
    except UnicodeDecodeError:
        raise MessageError("the topic is not ASCII") from None
    if len(data) < nul + 5:
        raise MessageError("the message ends before the header's length")
    length = int.from_bytes(data[nul + 1 : nul + 5], "little")
    start = nul + 5
    if length > MAX_HEADER_BYTES or length > len(data) - start:
        raise MessageError("the header is longer than the message")
    try:
        header = json.loads(data[start : start + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise MessageError("the header is not JSON") from None
    if not isinstance(header, dict):
        raise MessageError("the header is not a JSON object")
    if _integer(header, "v", 1) != WIRE_VERSION:
        raise MessageError(f"wire version {header['v']} is not supported; this client supports only {WIRE_VERSION}")
    camera = header.get("camera")
    if not isinstance(camera, str) or not _NAME.fullmatch(camera):
        raise MessageError("header: camera must be a camera's name: 1 to 64 letters, digits, _ or -")
    run = header.get("run")
    if run is not None and not (isinstance(run, str) and _NAME.fullmatch(run)):
        raise MessageError("header: run must be 1 to 64 letters, digits, _ or -")
    captured = header.get("captured_at_us")
    if captured is not None:
        captured = _integer(header, "captured_at_us", 0)
    jpeg = data[start + length :]
    if jpeg[:2] != b"\xff\xd8" or jpeg[-2:] != b"\xff\xd9":
        raise MessageError("the picture is not a complete JPEG")
    return Message(
        topic,
        FrameHeader(
            camera=camera,
            seq=_integer(header, "seq", 0),
            width=_integer(header, "width", 1),
            height=_integer(header, "height", 1),
            source_width=_integer(header, "source_width", 1),
            source_height=_integer(header, "source_height", 1),
            received_at_us=_integer(header, "received_at_us", 0),
            published_at_us=_integer(header, "published_at_us", 0),
            captured_at_us=captured,
            run=run,
        ),
        jpeg,
    )
