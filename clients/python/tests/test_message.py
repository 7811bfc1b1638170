from __future__ import annotations

import contextlib
import random

import pytest
from wire import jpeg, message

from framegate import MessageError, decode_message


def test_decodes_a_message() -> None:
    picture = jpeg()
    got = decode_message(message("cam1@320w5fps", 7, picture, captured_at_us=12345))
    assert got.topic == "cam1@320w5fps"
    assert got.jpeg == picture
    assert (got.header.camera, got.header.seq, got.header.captured_at_us) == ("cam1", 7, 12345)


def test_unknown_keys_of_the_header_are_ignored() -> None:
    assert decode_message(message(new_key={"a": [1]})).header.seq == 0


def test_the_run_is_read_if_it_is_there() -> None:
    assert decode_message(message(run="a" * 64)).header.run == "a" * 64
    assert decode_message(message(run=...)).header.run is decode_message(message(run=None)).header.run is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "zero byte"),
        (b"cam1", "zero byte"),
        (b"cam1\0", "header's length"),
        (b"cam1\0\x05\0\0", "header's length"),
        (b"cam1\0\xff\xff\xff\xff{}", "longer than the message"),
        (b"cam1\0\x02\0\0\0[]", "not a JSON object"),
        (b"cam1\0\x02\0\0\0{x", "not JSON"),
        (b"cam1\0\x02\0\0\0\xff\xfe", "not JSON"),
        (b"c\xe9\0\x02\0\0\0{}", "not ASCII"),
        (message(v=2), "version 2"),
        (message(v=...), "v must be"),
        (message(seq=-1), "seq"),
        (message(seq="1"), "seq"),
        (message(seq=True), "seq"),
        (message(run=7), "run"),
        (message(run=""), "run"),
        (message(run="a b"), "run"),
        (message(run="a" * 65), "run"),
        (message(width=0), "width"),
        (message(camera=5), "camera"),
        (message(camera="\ud800"), "camera"),  # No program could print it.
        (message(camera="../cam1"), "camera"),
        (message(received_at_us=1.5), "received_at_us"),
        (message(captured_at_us="x"), "captured_at_us"),
        (message(picture=b"not a jpeg"), "complete JPEG"),
        (message()[:-1], "complete JPEG"),
    ],
)
def test_an_invalid_message_is_an_error_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why):
        decode_message(data)


def test_truncation_and_flipped_bits_raise_nothing_else() -> None:
    whole = message()
    dice = random.Random(5)
    for cut in range(len(whole)):
        with pytest.raises(MessageError):
            decode_message(whole[:cut])
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with contextlib.suppress(MessageError):
            decode_message(bytes(data))
