"""Tests of the test picture: reads numbers, detects damage, ignores noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import test_picture as tp

if TYPE_CHECKING:
    from test_picture import Image

SIZES = [(1280, 720), (1920, 1080), (640, 480), (768, 432), (160, 90)]
NUMBERS = [0, 1, 24, 255, 65536, 999_999, 0x89ABCDEF]


def as_received(luma: Image, width: int, quality: int = 70) -> Image:
    """The picture as a viewer gets it: scaled to `width` px, through JPEG, as BGR."""
    height = luma.shape[0] * width // luma.shape[1]
    small = cv2.resize(luma, (width, height), interpolation=cv2.INTER_LINEAR)
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("n", NUMBERS)
def test_reads_the_number_back_at_every_size(size: tuple[int, int], n: int) -> None:
    luma = tp.render(n, *size)
    assert luma.shape == (size[1], size[0])
    assert tp.read_number(luma) == n
    for width in (640, 320, 160):
        if width <= size[0]:
            assert tp.read_number(as_received(luma, width)) == n


def test_reads_no_number_from_other_images() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640), dtype=np.uint8)
    assert tp.read_number(noise) is None
    assert tp.read_number(np.full((360, 640), 128, np.uint8)) is None
    wrong = tp.render(7, 640, 360)
    wrong[: tp.bar_height(360), 16 * 10 : 16 * 11] = 220  # One flipped bit.
    assert tp.read_number(wrong) is None


@pytest.mark.parametrize("n", NUMBERS)
def test_the_same_picture_has_no_damage(n: int) -> None:
    assert tp.damage(tp.render(n, 1280, 720), n) == 0.0


@pytest.mark.parametrize("width", [1280, 640, 320, 160])
def test_scaling_and_jpeg_are_not_damage(width: int) -> None:
    image = as_received(tp.render(1234, 1280, 720), width)
    assert tp.damage(image, 1234, (1280, 720)) < tp.DAMAGED / 2


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_a_stretched_range_is_not_damage(width: int) -> None:
    luma = tp.render(1234, 1280, 720).astype(np.float32)
    full = np.clip((luma - 16) * 255 / 219, 0, 255).astype(np.uint8)
    assert tp.damage(as_received(full, width), 1234, (1280, 720)) < tp.DAMAGED / 2


def test_a_gray_block_is_damage() -> None:
    luma = tp.render(1234, 1280, 720)
    luma[320:352, 600:632] = 200
    assert tp.damage(as_received(luma, 640), 1234, (1280, 720)) > tp.DAMAGED


def test_an_older_picture_under_a_new_number_is_damage() -> None:
    luma = tp.render(1234, 1280, 720)
    luma[60:] = tp.render(1230, 1280, 720)[60:]
    assert tp.damage(as_received(luma, 640), 1234, (1280, 720)) > tp.DAMAGED
