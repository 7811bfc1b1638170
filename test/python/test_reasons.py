"""Nothing is silent: a read without a frame has its reason, by the real gateway, within its first time limit."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from harness import ROOT, Camera, Gateway, first_image, free_port

from framegate import AsyncFrameSubscriber, FrameSubscriber, open_async_capture, open_capture, open_captures
from framegate import Gateway as Api


class Site(NamedTuple):
    gateway: Gateway
    camera: Camera  # Runs as "yard".
    locked: Camera  # Wants a password.
    endpoint: str


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    gateway = Gateway(mediamtx="off")
    small = ("--width", "320", "--height", "180", "--gop", "25", "--bitrate-kbps", "300")
    camera, locked = Camera(*small), Camera(*small, "--user", "admin", "--password", "S3CRET")
    api = Api(gateway.base)
    api.start({"name": "yard", "rtsp": camera.url})
    end = time.monotonic() + 30
    while api.camera("yard")["state"] != "live":
        assert time.monotonic() < end
        time.sleep(0.05)
    yield Site(gateway, camera, locked, api.camera("yard")["zmq_endpoint"])
    locked.stop()
    camera.stop()
    gateway.stop()


@pytest.fixture(autouse=True)
def environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_BASE", site.gateway.base)
    monkeypatch.delenv("ZMQ_CONNECT", raising=False)


def read(kind: str, topic: str, connect: str | None = None, timeout_ms: float = 600) -> tuple[bool, str | None]:
    """Whether the first read has a frame, and ``last_error``."""
    if kind == "FrameSubscriber":
        with FrameSubscriber(topic, connect, timeout_ms) as subscriber:
            return subscriber.read() is not None, subscriber.last_error

    async def read_once() -> tuple[bool, str | None]:
        async with AsyncFrameSubscriber(topic, connect, timeout_ms) as subscriber:
            return await subscriber.read() is not None, subscriber.last_error

    return asyncio.run(read_once())


KINDS = pytest.mark.parametrize("kind", ["FrameSubscriber", "AsyncFrameSubscriber"])


@KINDS
def test_a_subscriber_finds_the_frames_of_the_gateway_in_the_environment(
    kind: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(kind, "yard", timeout_ms=20000) == (True, None)
    monkeypatch.setenv("ZMQ_CONNECT", site.endpoint)
    monkeypatch.setenv("GATEWAY_BASE", "http://127.0.0.1:1")
    assert read(kind, "yard", timeout_ms=20000) == (True, None)


@KINDS
@pytest.mark.parametrize("timeout_ms", [0, 150, 600])
def test_an_unknown_camera_is_named_with_those_that_run(kind: str, timeout_ms: float, site: Site) -> None:
    assert read(kind, "yard1", site.endpoint, timeout_ms) == (False, "no camera yard1; running: yard")
    assert read(kind, "yard1", timeout_ms=timeout_ms) == (False, "no camera yard1; running: yard")


@KINDS
def test_a_gateway_that_is_away_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_BASE", f"http://127.0.0.1:{free_port()}")
    ok, error = read(kind, "yard")
    assert not ok and "does not respond" in (error or "")


@KINDS
def test_an_endpoint_without_frames_is_named(kind: str, site: Site) -> None:
    wrong = f"tcp://127.0.0.1:{free_port()}"
    ok, error = read(kind, "yard", wrong)
    assert not ok and f"cannot connect to {wrong}" in (error or "")
    assert f"the gateway publishes at {site.endpoint}" in (error or "")


@KINDS
def test_a_rendition_that_cannot_be_is_no_topic(kind: str) -> None:
    assert read(kind, "yard@big") == (
        False,
        "yard@big is not a topic: expected yard, or a rendition such as yard@320w5fps",
    )


def test_an_iteration_logs_once_why_there_are_no_frames(caplog: pytest.LogCaptureFixture) -> None:
    async def iterate() -> None:
        async with AsyncFrameSubscriber("yard1", timeout_ms=100) as frames:
            async for _ in frames:
                pass

    with caplog.at_level(logging.WARNING, "framegate"), pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(iterate(), 1))
    assert [record.getMessage() for record in caplog.records] == ["no camera yard1; running: yard"]


def test_one_topic_of_several_is_reported_while_the_others_deliver(caplog: pytest.LogCaptureFixture) -> None:
    with FrameSubscriber(["yard", "yard1"], timeout_ms=1000) as frames:
        end = time.monotonic() + 20
        with caplog.at_level(logging.WARNING, "framegate"):
            while not caplog.records:
                frames.poll()
                assert time.monotonic() < end
        assert frames.errors == {"yard1": "no camera yard1; running: yard"}
        assert list(frames.poll(10000)) == ["yard"] and frames.last_error is None


def with_password(url: str, password: str) -> str:
    return url.replace("rtsp://", f"rtsp://admin:{password}@")


@pytest.mark.parametrize("timeout_ms", [0, 300])
def test_a_refused_password_is_the_first_reason_and_the_capture_is_not_open(site: Site, timeout_ms: float) -> None:
    url = with_password(site.locked.url, f"S3CRET{timeout_ms:.0f}")
    with open_capture(url, timeout_ms=timeout_ms, name=f"wrong-{timeout_ms:.0f}") as capture:
        end = time.monotonic() + 20
        while "password" not in (capture.last_error or ""):
            assert capture.read() == (False, None)
            assert capture.last_error
            assert time.monotonic() < end
        assert not capture.isOpened()
        assert "S3CRET" not in str(capture.last_error)
    Api(site.gateway.base).stop(f"wrong-{timeout_ms:.0f}")


def test_opening_waits_for_the_cameras_refusal_as_opencv_does(site: Site) -> None:
    for url in (site.camera.url + "/nope", f"rtsp://127.0.0.1:{free_port()}/a"):
        with open_capture(url, timeout_ms=20000) as capture:
            before = time.monotonic()
            assert not capture.isOpened()
            assert capture.last_error and time.monotonic() - before < 15
            Api(site.gateway.base).stop(str(capture.name))


def test_a_capture_that_was_refused_opens_when_the_camera_is_there(site: Site) -> None:
    port = free_port()
    with open_capture(f"rtsp://127.0.0.1:{port}/cam", timeout_ms=500, name="late") as capture:
        end = time.monotonic() + 30
        while capture.isOpened():
            assert time.monotonic() < end
        assert "refused" in str(capture.last_error)
        camera = Camera("--gop", "25", "--port", str(port))
        while not capture.isOpened():  # Without any read.
            assert time.monotonic() < end
            time.sleep(0.05)
        first_image(capture)
        camera.stop()
        # A program with `while cap.isOpened()` survives that.
        while capture.last_error is None or "refused" not in capture.last_error:
            assert capture.isOpened()
            capture.read()
            assert time.monotonic() < end
        assert capture.isOpened()
    Api(site.gateway.base).stop("late")


def test_a_failed_read_between_two_frames_has_a_reason_too(site: Site) -> None:
    with open_capture(site.camera.url, timeout_ms=20000, name="yard") as capture:
        first_image(capture)
        failures = 0
        while failures < 3:
            ok, _ = capture.read_new(0)
            failures += not ok
            assert (capture.last_error is None) == ok
        assert "no new frame of yard within 0 ms" in str(capture.last_error)
    assert capture.read() == (False, None) and capture.last_error == "this Capture is released"


def test_a_running_camera_is_opened_by_its_name(site: Site) -> None:
    own = Api(site.gateway.base).camera("yard")["width"]
    for what, width in (("yard", own), ("yard@160w5fps", 160), (site.camera.url.replace("rtsp://", ""), own)):
        with open_capture(what, timeout_ms=20000) as capture:
            assert first_image(capture).shape[1] == width and capture.name == "yard" and capture.isOpened()
    with open_captures(["yard", "yard"], timeout_ms=20000, scale_width=160) as captures:
        captures.read()
        assert [capture.name for capture in captures] == ["yard", "yard"]
    with open_capture("yrd", timeout_ms=500) as capture:
        assert not capture.isOpened() and capture.read() == (False, None)
        assert "no camera yrd; running: yard. To start one, pass its address" in str(capture.last_error)
        assert capture.open("yard")


def test_several_captures_open_at_once_and_a_failure_hides_no_other(site: Site) -> None:
    urls = [site.camera.url, site.camera.url + "/none", site.camera.url]
    with open_captures(urls, timeout_ms=20000, names=["yard", "none", None], scale_width=160) as captures:
        assert [capture.isOpened() for capture in captures] == [True, False, True]
        assert [capture.name for capture in captures] == ["yard", "none", "yard"]
        captures[1].timeout_ms = 100
        captures.read(1000)
        for _ in range(10):
            before = time.monotonic()
            batch = captures.read()
            assert time.monotonic() - before < 10, "the camera that is away does not hold up the others"
            assert [ok for ok, _ in batch] == [True, False, True]
            assert [None if image is None else image.shape for _, image in batch] == [(90, 160, 3), None, (90, 160, 3)]
        assert captures.last_errors[0] is None and "no such path" in str(captures.last_errors[1])
    assert captures.read() == [(False, None)] * 3
    Api(site.gateway.base).stop("none")


def test_async_captures_of_two_cameras_in_one_loop(site: Site) -> None:
    async def frames(url: str, name: str, count: int) -> list[tuple[int, ...]]:
        shapes = []
        async with open_async_capture(url, timeout_ms=20000, name=name) as capture:
            assert await capture.isOpened() and capture.name == name
            async for image in capture:
                shapes.append(image.shape)
                assert capture.last_error is None and capture.age_ms is not None
                if len(shapes) == count:
                    break
        assert await capture.read() == (False, None)
        return shapes

    async def refused() -> str | None:
        capture = await open_async_capture(site.camera.url + "/none", timeout_ms=300, name="none")
        assert not await capture.isOpened() or not (await capture.read())[0]
        reading = asyncio.ensure_future(capture.read_new(60000))
        await asyncio.sleep(0.1)
        await capture.release()
        assert await asyncio.wait_for(reading, 10) == (False, None)
        return capture.last_error

    async def main() -> list[object]:
        watched = (frames(site.camera.url, "yard", 5), frames(site.camera.url, "yard", 10), refused())
        return list(await asyncio.wait_for(asyncio.gather(*watched), 60))

    first, second, error = asyncio.run(main())
    assert first == [(180, 320, 3)] * 5 and second == [(180, 320, 3)] * 10
    assert error
    Api(site.gateway.base).stop("none")


def test_framegate_run_says_once_per_camera_why_no_frame_comes(site: Site) -> None:
    program = (
        "import sys, cv2\n"
        "for url in sys.argv[1:]:\n"
        "    for _ in range(2):\n"
        "        cap = cv2.VideoCapture(url)\n"
        "        assert not cap.isOpened() and not cap.isOpened()\n"
    )
    script = ROOT / "dist" / f"refused-{os.getpid()}.py"
    script.write_text(program)
    urls = [with_password(site.locked.url, "S3CRET-wrong"), site.camera.url + "/nope"]
    done = subprocess.run(
        [sys.executable, "-m", "framegate.run", str(script), *urls],
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    script.unlink()
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and "password" in lines[0] and "nope" in lines[1], lines
    assert "S3CRET-wrong" not in done.stderr
