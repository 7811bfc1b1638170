"""From the camera through MediaMTX and the gateway to images in Python: the real parts."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from harness import ROOT, Camera, Delay, Gateway, first_image, free_port, read_loop, some
from test_picture import read_number

from framegate import FrameSubscriber, GatewayError, open_capture
from framegate import Gateway as Api


@pytest.mark.parametrize(
    "options",
    [
        ("--width", "1920", "--height", "1080", "--slices", "4"),
        ("--profile", "high", "--bframes", "2"),
        ("--codec", "h265"),
        ("--codec", "mjpeg"),
    ],
    ids=lambda options: " ".join(options),
)
def test_every_frame_is_whole_and_arrives_once_and_in_order(options: tuple[str, ...], gateway: Gateway) -> None:
    camera = Camera("--gop", "25", *options)
    size = (1920, 1080) if "1920" in options else (1280, 720)
    with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
        image = first_image(capture)
        assert image.shape == (360, 640, 3)
        result = read_loop(capture, camera, 2, size, frames=40)
    assert result["frames"] >= 20, result
    assert result["damaged"] == result["repeated"] == result["out_of_order"] == 0, result
    assert (camera.active, camera.total) == (1, 1)
    camera.stop()


def test_a_slow_consumer_gets_the_newest_frame(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
        first_image(capture)
        result = read_loop(capture, camera, 4, (1280, 720), work_ms=200, frames=20)
        # Without a queue, most frames are missed. Their age grows with the length of a queue, to more than 3 s by now.
        assert capture.missed > result["frames"], result
    assert result["frames"] >= 20 and result["median_ms"] < 1000, result


def test_all_readers_share_one_session(camera: Camera, gateway: Gateway) -> None:
    captures = [open_capture(camera.url, pub_fps=25, gateway=gateway.base) for _ in range(4)]
    for capture in captures:
        first_image(capture)
    assert (camera.active, camera.total) == (1, 1)
    assert len({capture.name for capture in captures}) == 1
    for capture in captures:
        capture.release()


def test_full_size_and_a_rendition_at_once(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, scale_width=0, gateway=gateway.base) as full:
        assert first_image(full).shape == (720, 1280, 3)
        with open_capture(camera.url, pub_fps=5, scale_width=160, gateway=gateway.base) as small:
            assert first_image(small).shape == (90, 160, 3)
            assert small.name == full.name


def test_frames_return_after_the_gateway_was_killed(camera: Camera) -> None:
    http_port, zmq_port = free_port(), free_port()
    gateway = Gateway(http_port=http_port, zmq_port=zmq_port)
    with open_capture(camera.url, timeout_ms=500, gateway=gateway.base) as capture:
        first_image(capture)
        gateway.process.kill()
        gateway.process.wait()
        end = time.monotonic() + 5
        while capture.read()[0]:
            assert time.monotonic() < end
        # The new gateway has no list of cameras: the capture starts the camera again.
        gateway = Gateway(http_port=http_port, zmq_port=zmq_port)
        first_image(capture, limit_s=60)
    gateway.stop()


def test_frames_return_after_another_client_stopped_the_camera(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, timeout_ms=500, gateway=gateway.base) as capture:
        first_image(capture)
        Api(gateway.base).stop(some(capture.name))
        while capture.read()[0]:
            pass
        first_image(capture)


def test_an_unreachable_camera_is_reported_and_works_later(gateway: Gateway) -> None:
    port = free_port()
    url = f"rtsp://127.0.0.1:{port}/cam"
    with open_capture(url, timeout_ms=300, gateway=gateway.base) as capture:
        end = time.monotonic() + 30
        while "refused" not in (capture.last_error or ""):
            assert capture.read() == (False, None)
            assert time.monotonic() < end, capture.last_error
        camera = Camera("--gop", "25", "--port", str(port))
        first_image(capture)
        camera.stop()


def test_consumer_example_prints_what_it_reads(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, gateway=gateway.base) as capture:
        first_image(capture)
        name, endpoint = some(capture.name), some(capture.endpoint)
        output = subprocess.run(
            [sys.executable, "consumer_example.py", "--name", name, "--connect", endpoint, "--frames", "40"],
            cwd=ROOT / "clients/python",
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    assert "640x360" in output and "fps" in output and "age" in output


def test_twenty_captures_in_one_process_leak_nothing(camera: Camera, gateway: Gateway) -> None:
    threads = threading.active_count()
    captures = [open_capture(camera.url, gateway=gateway.base) for _ in range(20)]
    for capture in captures:
        first_image(capture)
    with FrameSubscriber(some(captures[0].name), some(captures[0].endpoint)) as subscriber:
        assert subscriber.read(10000) is not None
    for capture in captures:
        capture.release()
    assert threading.active_count() <= threads


def handles() -> tuple[int, int, int]:
    return len(os.listdir("/proc/self/fd")), threading.active_count(), len(os.listdir("/proc/self/task"))


def resident_kb() -> int:
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def test_a_thousand_cycles_of_open_and_release_leak_nothing(camera: Camera, gateway: Gateway) -> None:
    def cycle(read: bool) -> None:
        with open_capture(camera.url, timeout_ms=20000, gateway=gateway.base) as capture:
            if read:
                assert capture.read()[0], capture.last_error

    for _ in range(100):
        cycle(True)
    gc.collect()
    before, memory = handles(), resident_kb()
    for count in range(900):
        cycle(count % 10 == 0)
    gc.collect()
    # The kernel's view of an ended thread may lag behind Python's.
    end = time.monotonic() + 20
    while handles() != before and time.monotonic() < end:
        time.sleep(0.1)
    assert handles() == before
    assert resident_kb() < memory * 1.1 + 4096
    assert (camera.active, camera.total) == (1, 1)


def test_four_threads_share_a_capture_and_get_each_frame_once(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, timeout_ms=20000, gateway=gateway.base) as capture:
        first_image(capture)
        numbers, errors = [], []

        def read() -> None:
            try:
                for _ in range(20):
                    ok, image = capture.read()
                    assert ok, capture.last_error
                    numbers.append(read_number(some(image)))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors
        assert len(set(numbers)) == len(numbers) == 80 and None not in numbers


def test_a_camera_that_disappears_and_returns(gateway: Gateway) -> None:
    port = free_port()
    camera = Camera("--gop", "25", "--port", str(port))
    with open_capture(camera.url, timeout_ms=400, gateway=gateway.base) as capture:
        first_image(capture)
        camera.stop()
        end = time.monotonic() + 30
        while capture.last_error is None or "refused" not in capture.last_error:
            before = time.monotonic()
            capture.read()
            assert time.monotonic() - before < 10, "a read ends by its limit"
            assert time.monotonic() < end, capture.last_error
        camera = Camera("--gop", "25", "--port", str(port))
        first_image(capture)
        assert capture.last_error is None
    camera.stop()


@pytest.mark.parametrize("mediamtx", ["on", "off"])
def test_captured_at_is_the_cameras_own_clock(mediamtx: str, camera: Camera) -> None:
    delay = Delay(camera.url, 0.5)  # So that the time of arrival cannot pass as the camera's.
    gateway = Gateway(mediamtx="off" if mediamtx == "off" else None)
    Api(gateway.base).start({"name": "yard", "rtsp": delay.url, "pub_fps": 25})
    with open_capture(delay.url, pub_fps=25, name="yard", gateway=gateway.base) as capture:
        image = first_image(capture)
        end = time.monotonic() + 20
        while capture.captured_at is None:  # Until the camera's first RTCP report.
            assert time.monotonic() < end
            image = first_image(capture)
        number = some(read_number(image))
        camera.wait_for_report([number])
        captured_us = camera.captured_us[number]
        assert some(capture.frame).header.received_at_us - captured_us > 500_000
        assert abs(capture.captured_at * 1e6 - captured_us) < 250_000
    gateway.stop()
    delay.stop()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("pub_fps", value) for value in (0.1, 120, 12.5, 0.05, 0, 120.1, 29.97)),
        *(("scale_width", value) for value in (0, 16, 7680, 1, 15, 7681, -16)),
        *(("jpeg_quality", value) for value in (1, 100, 0, 101)),
        *(("name", value) for value in ("a", "x" * 64, "x" * 65, "a b", "")),
        *(("rtsp_transport", value) for value in ("automatic", "tcp", "udp", "multicast")),
    ],
)
def test_the_clients_limits_match_the_gateways(argument: str, value: Any, limits_gateway: Gateway) -> None:
    api = Api(limits_gateway.base)
    url = "rtsp://127.0.0.1:9/a"
    try:
        api.stop(api.start({"name": "a", "rtsp": url, argument: value})["name"])
        accepted = True
    except GatewayError as error:
        assert error.code == "ERR_FIELD_INVALID", error
        accepted = False
    try:
        open_capture(url, timeout_ms=0, gateway="http://127.0.0.1:9", **{argument: value}).release()
        assert accepted
    except ValueError as error:
        assert argument in str(error)
        assert not accepted


@pytest.fixture(scope="module")
def limits_gateway() -> Iterator[Gateway]:
    gateway = Gateway(mediamtx="off")
    yield gateway
    gateway.stop()


def test_a_gateway_at_an_address_without_a_host() -> None:
    # 192.0.2.0/24 is reserved for documentation: no host answers, or the network reports an error.
    before = time.monotonic()
    capture = open_capture("rtsp://10.0.0.1/a", timeout_ms=300, gateway="http://192.0.2.1:8090")
    assert not capture.isOpened()
    assert capture.read() == (False, None)
    assert capture.get(3) == 0.0
    end = time.monotonic() + 30
    while "192.0.2.1:8090 does not respond" not in (capture.last_error or ""):
        assert capture.read() == (False, None)
        assert time.monotonic() < end, capture.last_error
    capture.release()
    assert time.monotonic() - before < 40
    assert not [thread for thread in threading.enumerate() if thread.name == "framegate-ask"]
