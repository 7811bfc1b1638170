"""A machine that is too slow: decoding takes longer than the frame interval. All published frames are whole and new."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import ROOT, STREAMS, Camera, Gateway, first_image, read_loop, some

from framegate import Gateway as Api
from framegate import open_capture

SLOW_DECODER = ROOT / "build/Release/libslow_decoder.so"
# At 25 fps a frame arrives every 40 ms.
SLOW_MS = 60


class SlowGateway(Gateway):
    """A gateway whose decoders take longer by the milliseconds in the file ``delay``."""

    def __init__(self, delay: pathlib.Path) -> None:
        self.delay = delay
        delay.write_text("0")
        super().__init__(mediamtx="off", env={"LD_PRELOAD": str(SLOW_DECODER), "SLOW_DECODER_FILE": str(delay)})


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowGateway]:
    gateway = SlowGateway(tmp_path_factory.mktemp("slow") / "ms")
    yield gateway
    gateway.stop()


Row = dict[str, Any]


def wait_for(slow: SlowGateway, name: str, holds: Callable[[Row], bool]) -> Row:
    """The camera in ``GET /cameras`` once this holds."""
    end = time.monotonic() + 60
    row = Api(slow.base).camera(name)
    while not holds(row) and time.monotonic() < end:
        time.sleep(0.05)
        row = Api(slow.base).camera(name)
    assert holds(row), row
    return row


@pytest.mark.parametrize("stream", ["H.264, 4 slices", "H.265"])
def test_a_slow_decoder_shows_no_damaged_and_no_old_frame(stream: str, slow: SlowGateway) -> None:
    slow.delay.write_text(str(SLOW_MS))  # From the start: the session becomes live all the same.
    camera = Camera("--width", "320", "--height", "180", "--gop", "25", "--bitrate-kbps", "500", *STREAMS[stream])
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=slow.base) as capture:
        first_image(capture)
        read_loop(capture, camera, 1, (320, 180), judge=False)
        result = read_loop(capture, camera, 3, (320, 180), frames=5)
        assert result["damaged"] == result["repeated"] == result["out_of_order"] == 0, result
        # The gateway drops a frame that is older than 250 ms when decoded (three intervals, or five with B-frames, are
        # less at 25 fps). Scaling, encoding and publishing follow, with time for a busy machine: without the limit a
        # frame is seconds old by now.
        assert result["oldest_published_ms"] < 750, result
        assert result["frames"] >= 5, result
        row = wait_for(slow, some(capture.name), lambda row: row["state"] == "live")
        assert row["reconnects"] == 0, row
        # When decoding is fast again, all frames arrive.
        slow.delay.write_text("0")
        wait_for(slow, some(capture.name), lambda row: row["decoding"] == "all")
        read_loop(capture, camera, 0, (320, 180), judge=False, frames=15)
        result = read_loop(capture, camera, 0, (320, 180), frames=35)
        assert result["frames"] >= 35 and result["damaged"] == 0, result
    Api(slow.base).stop(some(capture.name))
    camera.stop()


# Only key pictures can be shown then: behind another picture, each would be too late.
KEYS_ALONE_MS = 160


def test_a_decoder_that_is_far_too_slow_shows_key_pictures_in_one_session(slow: SlowGateway) -> None:
    slow.delay.write_text("0")
    camera = Camera(
        "--width", "320", "--height", "180", "--gop", "25", "--bitrate-kbps", "500", *STREAMS["H.264 high, B-frames"]
    )
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=slow.base) as capture:
        first_image(capture)
        name = some(capture.name)
        slow.delay.write_text(str(KEYS_ALONE_MS))
        wait_for(slow, name, lambda row: row["decoding"] == "key_frames")
        result = read_loop(capture, camera, 0, (320, 180), frames=3)
        assert result["damaged"] == result["repeated"] == result["out_of_order"] == 0, result
        assert result["frames"] >= 3 and result["oldest_published_ms"] < 750, result
        row = wait_for(slow, name, lambda row: row["state"] == "live")
        assert row["reconnects"] == 0 and row["last_error"] is None, row
        slow.delay.write_text("0")
        wait_for(slow, name, lambda row: row["decoding"] == "all")
        assert read_loop(capture, camera, 0, (320, 180), frames=30)["frames"] >= 30
    Api(slow.base).stop(name)
    camera.stop()


def test_key_pictures_alone_are_decoded_if_they_are_enough(slow: SlowGateway) -> None:
    slow.delay.write_text("0")
    camera = Camera("--width", "320", "--height", "180", "--gop", "25", "--bframes", "2", "--profile", "high")
    with open_capture(camera.url, pub_fps=1, scale_width=0, gateway=slow.base) as slowly:
        first_image(slowly)
        name = some(slowly.name)
        wait_for(slow, name, lambda row: row["decoding"] == "key_frames")
        result = read_loop(slowly, camera, 0, (320, 180), frames=3)
        assert result["frames"] >= 3 and result["damaged"] == result["repeated"] == 0, result
        with open_capture(camera.url, pub_fps=25, scale_width=160, gateway=slow.base) as fast:
            first_image(fast)
            wait_for(slow, name, lambda row: row["decoding"] == "all")
            result = read_loop(fast, camera, 0, (160, 90), judge=False, frames=30)
            assert result["frames"] >= 30 and result["repeated"] == result["out_of_order"] == 0, result
        wait_for(slow, name, lambda row: row["decoding"] == "key_frames")
    Api(slow.base).stop(name)
    camera.stop()


def test_frames_that_arrive_and_cannot_be_shown_are_a_fault(slow: SlowGateway) -> None:
    slow.delay.write_text("0")
    camera = Camera("--width", "320", "--height", "180", "--gop", "25", "--bitrate-kbps", "500")
    gateway = Api(slow.base)
    with open_capture(camera.url, pub_fps=25, gateway=slow.base) as capture:
        first_image(capture)
        name = some(capture.name)
        slow.delay.write_text("1000")  # Each picture is too old once it is decoded.
        row = gateway.camera(name)
        end = time.monotonic() + 20
        while row["last_error"] is None and time.monotonic() < end:
            time.sleep(0.1)
            row = gateway.camera(name)
        assert some(row["last_error"])["code"] == "ERR_NOT_SHOWN", row
        # The next session, which shows nothing from its start, is never live.
        end = time.monotonic() + 2
        while time.monotonic() < end:
            row = gateway.camera(name)
            assert row["state"] != "live" and row["last_error"] is not None, row
            time.sleep(0.05)
        slow.delay.write_text("0")
        end = time.monotonic() + 20
        while row["state"] != "live" and time.monotonic() < end:
            time.sleep(0.1)
            row = gateway.camera(name)
        assert row["state"] == "live" and row["last_error"] is None, row
    gateway.stop(name)
    camera.stop()
