"""open_captures and open_async_capture, as far as they need no camera."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from stand_in import URL, Publishing, StandIn
from wire import in_child

from framegate import open_async_capture, open_captures


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ({"rtsp_urls": URL}, TypeError, "rtsp_urls must be a list, not str"),
        ({"rtsp_urls": []}, ValueError, "rtsp_urls must not be empty"),
        ({"rtsp_urls": [URL, "http://h/", 5]}, ValueError, r"rtsp_urls\[1\] must begin .*; rtsp_urls\[2\] must be"),
        (
            {"rtsp_urls": [URL], "names": ["a", "b"]},
            ValueError,
            "names must have as many entries as rtsp_urls: 1, not 2",
        ),
        ({"rtsp_urls": [URL], "names": "a"}, TypeError, "names must be a list"),
        ({"rtsp_urls": [URL], "names": ["a b"]}, ValueError, "name must be 1 to 64 letters"),
        ({"rtsp_urls": [URL, URL], "pub_fps": 0}, ValueError, "^pub_fps must be [^;]*$"),
        ({"rtsp_urls": [URL], "timeout_ms": -1}, ValueError, "timeout_ms"),
    ],
)
def test_errors_name_invalid_arguments(arguments: dict[str, Any], error: type[Exception], names: str) -> None:
    with pytest.raises(error, match=names) as raised:
        open_captures(**arguments)
    assert "S3CRET" not in str(raised.value)


def test_opening_takes_no_longer_for_many_cameras_than_for_one() -> None:
    # 192.0.2.0/24 is reserved for documentation: no host answers, or the network reports an error.
    before = time.monotonic()
    captures = open_captures([f"rtsp://10.0.0.{i}/a" for i in range(40)], timeout_ms=300, gateway="http://192.0.2.1:9")
    took_s = time.monotonic() - before
    assert len(captures) == 40 and len(captures[2:4]) == 2
    assert took_s < 8, "each waits for 300 ms"
    assert captures.read(0) == [(False, None)] * 40
    assert all(captures.last_errors)
    for capture in captures:
        capture._opening.close(wait=False)
    captures._threads.shutdown(wait=False)


def test_a_batch_has_the_cameras_in_order(gateway: StandIn) -> None:
    other = "rtsp://10.0.0.2/b"
    gateway.answers = {other: {"zmq_topic": "away", "name": "away"}}
    with Publishing(gateway), open_captures([URL, other, URL], timeout_ms=1000, gateway=gateway.base) as captures:
        captures.read()
        before = time.monotonic()
        for _ in range(5):
            assert [ok for ok, _ in captures.read(5000)] == [True, False, True]
        assert time.monotonic() - before < 20, "the one that is away does not hold up the others for 5 s each time"
        assert in_child(captures.read).startswith("RuntimeError: this Capture was created before a fork")
    captures.release()
    assert captures.read() == [(False, None)] * 3


def test_a_cancelled_read_leaves_the_async_capture_usable(gateway: StandIn) -> None:
    async def main() -> None:
        async with open_async_capture(URL, timeout_ms=500, gateway=gateway.base) as capture:
            for _ in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(capture.read(), 0.05)
            with Publishing(gateway):
                ok, image = await capture.read_new(20000)
                assert ok and image is not None and image.shape == (24, 32, 3)
                assert capture.transport == "zmq" and str(capture.endpoint).startswith("tcp://")
                assert capture.seq is not None and capture.missed >= 0 and capture.frame is not None

    asyncio.run(asyncio.wait_for(main(), 60))


def test_arguments_of_an_async_capture_are_checked() -> None:
    with pytest.raises(ValueError, match="rtsp_url must begin"):
        open_async_capture("http://h/")
