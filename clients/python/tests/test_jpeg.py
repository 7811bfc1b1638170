from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from framegate import decode_jpeg, jpeg

if TYPE_CHECKING:
    from framegate.jpeg import Image

BOTH = [jpeg.decode_simplejpeg, jpeg.decode_opencv]


def picture(width: int, height: int) -> bytes:
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack([columns * 3 % 256, rows * 5 % 256, (columns + rows) % 256], -1).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


@pytest.mark.parametrize("size", [(640, 360), (33, 17), (8, 8), (1, 1), (1001, 563)])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("reduce", [1, 2, 4, 8])
def test_both_decoders_return_the_same_arrays(size: tuple[int, int], gray: bool, reduce: int) -> None:
    data = picture(*size)
    ours, theirs = (decode(data, gray, reduce, None) for decode in BOTH)
    expected = (-(-size[1] // reduce), -(-size[0] // reduce))
    assert ours.shape == theirs.shape == (expected if gray else (*expected, 3))
    assert ours.dtype == theirs.dtype == np.uint8
    assert ours.flags.c_contiguous and ours.flags.writeable
    # Gray: OpenCV uses the JPEG's own brightness too. The scalers of the two libjpegs may round differently.
    assert np.abs(ours.astype(int) - theirs).max() <= (0 if reduce == 1 else 2)


@pytest.mark.parametrize("decode", BOTH)
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("reduce", [1, 2, 4])
def test_fills_an_array_that_fits_and_leaves_others_unchanged(
    decode: Callable[..., Image], gray: bool, reduce: int
) -> None:
    data = picture(64, 48)
    fresh = decode(data, gray, reduce, None)
    fits = np.zeros_like(fresh)
    assert decode(data, gray, reduce, fits) is fits
    assert (fits == fresh).all()
    for other in (
        np.zeros((7, 7, 3), np.uint8),
        np.zeros(fresh.shape, np.float32),
        np.zeros((*fresh.shape, 2), np.uint8),
    ):
        assert (decode(data, gray, reduce, other) == fresh).all()
        assert (other == 0).all()
    strided = np.zeros((fresh.shape[0] * 2, *fresh.shape[1:]), np.uint8)[::2]
    assert (decode(data, gray, reduce, strided) == fresh).all()


@pytest.mark.parametrize("decode", BOTH)
def test_anything_but_a_jpeg_is_a_value_error(decode: Callable[..., Image]) -> None:
    for data in (b"", b"\xff\xd8\xff\xd9", b"rubbish", picture(64, 48)[:100], bytes(1000)):
        with pytest.raises(ValueError, match="JPEG"):
            decode(data, False, 1, None)


def test_a_jpeg_with_its_middle_missing_is_a_value_error() -> None:
    data = picture(640, 360)
    with pytest.raises(ValueError, match="premature end"):
        decode_jpeg(data[: len(data) // 2] + b"\xff\xd9")


def test_errors_name_invalid_arguments() -> None:
    data = picture(8, 8)
    with pytest.raises(ValueError, match="reduce"):
        decode_jpeg(data, reduce=3)
    with pytest.raises(TypeError, match="reduce"):
        decode_jpeg(data, reduce="2")  # type: ignore[arg-type]


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[2:]))  # Importing these fails.
from framegate import decode_jpeg
try:
    print(decode_jpeg(open(sys.argv[1], "rb").read()).shape, "cv2" in sys.modules)
except ImportError as error:
    print(error)
"""


def decoded_without(tmp_path: pathlib.Path, *modules: str) -> str:
    path = tmp_path / "picture.jpg"
    path.write_bytes(picture(32, 24))
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, str(path), *modules],
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_without_any_decoder_the_error_says_what_to_install(tmp_path: pathlib.Path) -> None:
    assert "pip install simplejpeg" in decoded_without(tmp_path, "simplejpeg", "cv2")


def test_uses_opencv_if_simplejpeg_is_missing(tmp_path: pathlib.Path) -> None:
    assert decoded_without(tmp_path, "simplejpeg") == "(24, 32, 3) True\n"
    assert decoded_without(tmp_path) == "(24, 32, 3) False\n"
