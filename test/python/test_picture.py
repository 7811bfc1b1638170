"""The test camera's picture in numpy: draws it, reads its number, finds damage.

What is drawn is defined once, in native/test_camera/picture.h. Needs numpy and OpenCV.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

# A picture counts as damaged from this damage() upwards. Clean streams, scaled and through
# JPEG, stay below 6.4; docs/test-camera.md has the measurements.
DAMAGED = 12.0

CELLS = 40
PERIOD = 512


def crc8(n: int) -> int:
    """The CRC-8 (polynomial 0x07, start 0xFF) of n's four bytes."""
    crc = 0xFF
    for shift in (24, 16, 8, 0):
        crc ^= (n >> shift) & 0xFF
        for _ in range(8):
            crc = ((crc << 1) ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc


def wave(t: Any, amplitude: int) -> Any:
    """Sine-like wave of integers; `t` is an integer array."""
    half = PERIOD // 2
    u = t % half
    value = amplitude * 4 * u * (half - u) // (half * half)
    return np.where(t % PERIOD < half, value, -value)


def bounce(t: int, span: int) -> int:
    at = t % (2 * span)
    return 2 * span - at if at > span else at


def bar_height(h: int) -> int:
    return max(4, h // 12 // 2 * 2)


def _disc(plane: Image, cx: int, cy: int, r: int, value: int) -> None:
    half = r
    for d in range(r + 1):
        while half * half > r * r - d * d:
            half -= 1
        plane[cy + d, cx - half : cx + half + 1] = value
        plane[cy - d, cx - half : cx + half + 1] = value


SEGMENTS = (0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F)


def _digits(luma: Image, n: int) -> None:
    h, w = luma.shape
    height = min(h // 6, w // 5)
    width, middle, stroke = height // 2, height // 2, max(2, height // 8)
    advance = 5 * width // 4
    top = h - height - height // 4
    for place, digit in enumerate(f"{n % 1000000:06d}"):
        lit = SEGMENTS[int(digit)]
        x = height // 4 + place * advance
        boxes = (
            (0, 0, width, stroke),
            (width - stroke, 0, stroke, middle),
            (width - stroke, middle, stroke, height - middle),
            (0, height - stroke, width, stroke),
            (0, middle, stroke, height - middle),
            (0, 0, stroke, middle),
            (0, middle - stroke // 2, width, stroke),
        )
        for bit, (left, down, bw, bh) in enumerate(boxes):
            if lit >> bit & 1:
                luma[top + down : top + down + bh, x + left : x + left + bw] = 200


def render_planes(n: int, w: int, h: int) -> tuple[Image, Image, Image]:
    """Frame `n` as (Y, U, V), uint8: (h, w), (h/2, w/2), (h/2, w/2), limited range."""
    bar, step = bar_height(h), max(2, w // 160)
    diagonal = np.arange(h)[:, None] + np.arange(w)[None, :]
    y = (112 + wave(diagonal + step * n, 48)).astype(np.uint8)
    small = diagonal[: h // 2, : w // 2]
    u = (128 + wave(small + n, 20)).astype(np.uint8)
    v = (128 + wave(small + n + 128, 20)).astype(np.uint8)
    r = min(w, h) // 10
    cx = (r + 1 + bounce(step * n, w - 2 - 2 * r)) // 2 * 2
    cy = (bar + r + 1 + bounce(max(1, h // 180) * n, h - 2 - bar - 2 * r)) // 2 * 2
    _disc(y, cx, cy, r, 190)
    _disc(u, cx // 2, cy // 2, r // 2, 100)
    _disc(v, cx // 2, cy // 2, r // 2, 156)
    _digits(y, n)
    code = n << 8 | crc8(n)
    for i in range(CELLS):
        one = code >> (CELLS - 1 - i) & 1
        y[:bar, i * w // CELLS : (i + 1) * w // CELLS] = 220 if one else 30
    u[: bar // 2] = v[: bar // 2] = 128
    return y, u, v


def render(n: int, w: int, h: int) -> Image:
    """Luma of frame `n`: (h, w), uint8, 16..235. `w` and `h` are even, as the camera's."""
    return render_planes(n, w, h)[0]


def _gray(image: Image) -> Image:
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def read_number(image: Image) -> int | None:
    """The frame number that `image` ((h, w) or BGR (h, w, 3), uint8) carries, or None.

    Works on scaled pictures from 160 px wide.
    """
    gray = _gray(image)
    h, w = gray.shape
    if w < 160 or h < 48:
        return None
    bar = h / 12
    rows = gray[max(1, round(bar * 0.25)) : max(2, round(bar * 0.7))].astype(np.float32)
    line = rows.mean(axis=0)
    cells = np.empty(CELLS)
    for i in range(CELLS):
        left, right = (i + 0.25) * w / CELLS, (i + 0.75) * w / CELLS
        cells[i] = line[int(left) : max(int(left) + 1, int(right))].mean()
    low, high = cells.min(), cells.max()
    if high - low < 80:
        return None
    code = 0
    for cell in cells:
        code = code << 1 | int(cell > (low + high) / 2)
    n = code >> 8
    return n if crc8(n) == code & 0xFF else None


# How a receiver may have converted the camera's luma: with the range kept or stretched to
# 0..255, and with the BT.601 or the BT.709 weights (B, G, R).
_WEIGHTS = ((0.114, 0.587, 0.299), (0.0722, 0.7152, 0.2126))


def _candidates(image: Image) -> Iterator[NDArray[np.float32]]:
    floats = image.astype(np.float32)
    for luma in [floats] if image.ndim == 2 else [floats @ np.array(weights, np.float32) for weights in _WEIGHTS]:
        yield luma
        yield luma * np.float32(219.0 / 255.0) + np.float32(16.0)


def damage(image: Image, n: int, source_size: tuple[int, int] | None = None) -> float:
    """The largest local difference between `image` and frame `n`: 0 for an identical picture.

    The mean absolute luma difference of the worst block of 16x16 px (the picture's edges
    belong to smaller ones). `image` is (h, w) or BGR (h, w, 3), uint8, of any size with
    the camera's aspect ratio; `source_size` is the camera's (w, h), needed where it is
    not the image's own.
    """
    h, w = image.shape[:2]
    source_w, source_h = source_size or (w, h)
    drawn = render(n, source_w, source_h)
    if (source_w, source_h) != (w, h):
        drawn = np.asarray(cv2.resize(drawn, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    expected = drawn.astype(np.float32)
    worst = []
    for luma in _candidates(image):
        # Scalers place edges differently by part of a pixel, so this measures the distance
        # of the luma to the range of a small neighborhood.
        low = cv2.erode(expected, np.ones((3, 3)))
        high = cv2.dilate(expected, np.ones((3, 3)))
        off = np.maximum(0, np.maximum(low - luma, luma - high))
        rows, columns = -(-h // 16), -(-w // 16)
        padded = np.zeros((rows * 16, columns * 16), np.float32)
        padded[:h, :w] = off
        worst.append(padded.reshape(rows, 16, columns, 16).mean(axis=(1, 3)).max())
    return float(min(worst))
