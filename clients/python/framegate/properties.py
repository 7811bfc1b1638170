"""The numbers of cv2's CAP_PROP_* that a Capture supports, without importing cv2."""

from __future__ import annotations

POS_MSEC = 0
POS_FRAMES = 1
FRAME_WIDTH = 3
FRAME_HEIGHT = 4
FPS = 5
FOURCC = 6
FRAME_COUNT = 7
CONVERT_RGB = 16
BUFFERSIZE = 38
OPEN_TIMEOUT_MSEC = 53
READ_TIMEOUT_MSEC = 54

_FOURCC = {"h264": "h264", "h265": "hevc", "mjpeg": "MJPG", "mpeg4": "FMP4"}


def fourcc(codec: str) -> float:
    """The value of cv2.VideoCapture.get(CAP_PROP_FOURCC); 0 for a codec without one."""
    letters = _FOURCC.get(codec, "")
    return float(sum(ord(letter) << (8 * i) for i, letter in enumerate(letters)))
