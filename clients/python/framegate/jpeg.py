"""Decodes JPEG to arrays with simplejpeg or OpenCV, whichever is installed. Both return the same pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

REDUCTIONS = (1, 2, 4, 8)
_MISSING = (
    "decoding needs a JPEG decoder: pip install simplejpeg (or opencv-python-headless); frame.jpeg works without one"
)


def check_reduce(value: Any) -> int:
    """:raises TypeError, ValueError: the message names ``reduce``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"reduce must be 1, 2, 4 or 8, not {type(value).__name__}")
    reduce = int(value)
    if reduce not in REDUCTIONS:
        raise ValueError(f"reduce must be 1, 2, 4 or 8, not {reduce}")
    return reduce


def decode_jpeg(jpeg: bytes, gray: bool = False, reduce: int = 1, out: Image | None = None) -> Image:
    """Decodes a JPEG.

    :param gray: ``(height, width)``, brightness only, instead of BGR ``(height, width, 3)``.
    :param reduce: 2, 4 or 8 gives a half, a quarter or an eighth of width and height (rounded
        up), which costs less than decoding the full size.
    :param out: uint8 and contiguous; it is filled and returned if its shape fits, else a new
        array is made (cv2's habit).
    :raises ValueError: the JPEG does not decode.
    :raises ImportError: neither simplejpeg nor OpenCV is installed.
    """
    return _decoder()(jpeg, gray, check_reduce(reduce), out)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height as the JPEG's own header has them, without decoding it.

    :raises ValueError: it has none.
    """
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # Padding.
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # SOFn; not DHT, JPG or DAC.
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
        elif marker == 0xDA:  # The picture's data begin without a size.
            break
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise ValueError("the JPEG does not decode: it has no size")


_chosen: Callable[[bytes, bool, int, Image | None], Image] | None = None


def _decoder() -> Callable[[bytes, bool, int, Image | None], Image]:
    global _chosen
    if _chosen is None:
        try:
            import simplejpeg  # noqa: F401

            _chosen = decode_simplejpeg
        except ImportError:
            try:
                import cv2  # noqa: F401
            except ImportError:
                raise ImportError(_MISSING) from None
            _chosen = decode_opencv
    return _chosen


def decode_simplejpeg(jpeg: bytes, gray: bool, reduce: int, out: Image | None) -> Image:
    import simplejpeg

    options: dict[str, Any] = {"colorspace": "GRAY" if gray else "BGR"}
    if reduce > 1:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
        # simplejpeg chooses the smallest scale that is not below these.
        options.update(min_height=-(-height // reduce), min_width=-(-width // reduce))
        options.update(min_factor=reduce)
    if out is not None and out.dtype == np.uint8 and out.flags.c_contiguous:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
        size = (-(-height // reduce), -(-width // reduce))
        if out.shape == (size if gray else (*size, 3)):
            options["buffer"] = out
    else:
        out = None
    image: Any = simplejpeg.decode_jpeg(jpeg, **options)
    if "buffer" in options and out is not None:
        return out
    return image[..., 0] if gray else image  # type: ignore[no-any-return]


def decode_opencv(jpeg: bytes, gray: bool, reduce: int, out: Image | None) -> Image:
    import cv2

    kind = "GRAYSCALE" if gray else "COLOR"
    name = f"IMREAD_{kind}" if reduce == 1 else f"IMREAD_REDUCED_{kind}_{reduce}"
    try:
        image: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), getattr(cv2, name))
    except cv2.error:
        image = None
    if image is None:
        raise ValueError("the JPEG does not decode")
    if out is not None and out.dtype == np.uint8 and out.shape == image.shape:
        out[...] = image
        return out
    return image  # type: ignore[no-any-return]


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """:param image: gray or BGR.

    :raises ImportError: neither simplejpeg nor OpenCV is installed.
    """
    gray = image.ndim == 2
    if _decoder() is decode_opencv:
        import cv2

        return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
    import simplejpeg

    pixels = np.ascontiguousarray(image[..., None] if gray else image)
    return bytes(simplejpeg.encode_jpeg(pixels, quality, "GRAY" if gray else "BGR", "420"))
