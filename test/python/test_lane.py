"""The lane: raw frames from a gateway on the same machine, instead of JPEGs."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from harness import ROOT, Camera, Gateway, first_image, free_port, read_loop, some
from test_picture import read_number

from framegate import AsyncFrameSubscriber, Frame, FrameSubscriber, open_capture
from framegate import Gateway as Api
from framegate._lane import LaneReader

LIMIT_S = 60


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(mediamtx="off")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera("--width", "1280", "--height", "720", "--gop", "25")
    yield camera
    camera.stop()


def started(gateway: Gateway, camera: Camera, **options: Any) -> dict[str, Any]:
    request = {"name": "cam", "rtsp": camera.url, "pub_fps": 25, "scale_width": 0, **options}
    return Api(gateway.base).start(request)


def lane_of(gateway: Gateway, camera: Camera, **options: Any) -> dict[str, Any]:
    lane = started(gateway, camera, **options)["lane"]
    assert isinstance(lane, dict)
    return lane


def until(holds: Any, limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def readers(gateway: Gateway, lane: dict[str, Any]) -> int:
    name = lane["topic"].split("@")[0]
    return int(Api(gateway.base).camera(name)["readers_by_kind"]["lane"])


@pytest.mark.parametrize("width", [640, 0])
def test_a_capture_takes_the_lane_and_no_jpeg_is_made(width: int, camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=width, gateway=gateway.base) as capture:
        image = first_image(capture)
        assert capture.transport == "lane"
        assert image.shape == ((360, 640, 3) if width else (720, 1280, 3))
        assert image.flags.writeable and image.flags.c_contiguous
        result = read_loop(capture, camera, 2, (1280, 720), frames=20)
        assert result["frames"] >= 20, result
        assert result["damaged"] == result["repeated"] == result["out_of_order"] == 0, result
        name = some(capture.name)
        row = Api(gateway.base).camera(name)
        assert row["readers_by_kind"]["lane"] == 1 and row["readers_by_kind"]["zmq"] == 0
        assert row["frames_published"] >= 20
        assert some(capture.frame).jpeg[:2] == b"\xff\xd8"


def test_numbers_go_on_when_frames_come_another_way(camera: Camera, gateway: Gateway) -> None:
    topic = started(gateway, camera)["zmq_topic"]
    seen: list[tuple[int, int]] = []
    ways: list[str | None] = []
    with FrameSubscriber(topic, gateway=gateway.base) as subscriber:
        for take_jpegs in (False, True):
            end = time.monotonic() + LIMIT_S
            while subscriber.transport != ("zmq" if take_jpegs else "lane") or len(seen) < 5:
                frame = subscriber.read(20000)
                assert frame is not None and time.monotonic() < end, subscriber.last_error
                seen.append((frame.seq, frame.header.received_at_us))
                ways.append(subscriber.transport)
                assert not take_jpegs or frame.jpeg
        for _ in range(5):
            frame = some(subscriber.read(20000))
            seen.append((frame.seq, frame.header.received_at_us))
    assert ways[0] == "lane", "frames come over the lane from the first one on"
    assert seen == sorted(seen) and len(set(seen)) == len({seq for seq, _ in seen}) == len(seen), seen


def test_frames_have_the_colors_of_jpegs(camera: Camera, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {}
    for transport in ("lane", "zmq"):
        monkeypatch.setenv("FRAMEGATE_TRANSPORT", transport)
        with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
            first_image(capture)
            assert capture.transport == transport
            pictures[transport] = [some(capture.read()[1]).astype(float) for _ in range(5)]
    # The picture moves; its mean color does not change by as much as a wrong matrix or range would change it.
    means = [np.mean(pictures[transport], axis=(0, 1, 2)) for transport in ("lane", "zmq")]
    assert np.abs(means[0] - means[1]).max() < 4, means


def test_a_shared_picture_cannot_be_written_and_never_changes(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        ok, image = capture.read(shared=True)
        image = some(image)
        assert ok and not image.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            image[0, 0] = 1
        part, before = image[::2, 100:200, 0], image.copy()
        del image
        read_loop(capture, camera, 1, (1280, 720), frames=30)
        gc.collect()
        assert np.array_equal(part, before[::2, 100:200, 0])


def test_drawing_on_a_picture_leaves_no_trace_in_later_ones(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        for _ in range(40):
            ok, image = capture.read()
            image = some(image)
            assert ok and read_number(image) is not None
            assert np.array_equal(some(capture.retrieve()[1]), image)
            image[:] = 0
            assert some(capture.retrieve()[1]).any(), "a second retrieve() gives the picture without the drawing"


def test_frames_of_a_usual_loop_are_not_copied(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        kept = None
        for _ in range(5):
            ok, image = capture.read()
            assert ok and some(image).base is not None, "a view of the lane's memory"
            kept = image  # As a loop's variable does, until the next read.
        assert kept is not None


def test_a_program_may_keep_all_frames_that_it_reads(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        kept = [some(capture.read()[1]) for _ in range(12)]
        numbers = [some(read_number(image)) for image in kept]
        assert numbers == sorted(set(numbers))
        assert capture.transport == "lane"


def test_a_wait_that_ended_leaves_no_old_frame(camera: Camera, gateway: Gateway) -> None:
    lane = lane_of(gateway, camera)
    with LaneReader(lane) as reader:
        assert reader.read(20000) is not None
        compared = 0
        for _ in range(15):
            reader.read(random.uniform(0, 5))
            paused_at_us = time.time() * 1e6
            time.sleep(0.6)
            frame = reader.read(0)  # Without waiting: what the gateway has now.
            if frame is None:
                continue  # A busy gateway has none that is recent enough.
            compared += 1
            assert frame.header.published_at_us > paused_at_us, "not one that was sent before the pause"
            assert reader.read(20000) is not None
        assert reader.error is None and compared > 0


def test_gray_frames(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, gray=True, gateway=gateway.base) as capture:
        image = first_image(capture)
        assert image.shape == (360, 640) and capture.transport == "lane"


def test_gray_and_reduce_may_change_at_any_time(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
        first_image(capture)
        frame = some(capture.frame)
        assert frame.decode(gray=True).shape == (360, 640)
        assert frame.decode(reduce=2).shape == (180, 320, 3)
        for gray, reduce, transport, shape in (
            (True, 1, "lane", (360, 640)),
            (False, 4, "zmq", (90, 160, 3)),
            (False, 1, "lane", (360, 640, 3)),
        ):
            capture.gray, capture.reduce = gray, reduce
            assert some(capture.read()[1]).shape == shape
            assert capture.transport == transport


def test_reduce_reads_jpegs(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, reduce=2, gateway=gateway.base) as capture:
        assert first_image(capture).shape == (180, 320, 3)
        assert capture.transport == "zmq"


def test_a_gateway_without_a_lane_is_read_over_zeromq(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(mediamtx="off", env={"LANE_SOCKET": "off"})
    with open_capture(camera.url, gateway=gateway.base) as capture:
        first_image(capture)
        assert capture.transport == "zmq"
        name = some(capture.name)
        with FrameSubscriber(name, gateway=gateway.base) as frames:
            until(lambda: frames.read())
            assert frames.transport == "zmq"
    monkeypatch.setenv("FRAMEGATE_TRANSPORT", "lane")
    with open_capture(camera.url, timeout_ms=500, gateway=gateway.base) as capture:
        assert not capture.read()[0]
        assert "lane" in some(capture.last_error)
    with FrameSubscriber(name, timeout_ms=500, gateway=gateway.base) as frames:
        until(lambda: not frames.read() and "the gateway offers no lane" in some(frames.last_error))
    monkeypatch.setenv("FRAMEGATE_TRANSPORT", "shm")
    with pytest.raises(ValueError, match="FRAMEGATE_TRANSPORT must be lane or zmq"):
        open_capture(camera.url, gateway=gateway.base)
    gateway.stop()


def test_the_lane_of_another_gateway_is_not_read(camera: Camera, gateway: Gateway) -> None:
    lane = lane_of(gateway, camera)
    with LaneReader({**lane, "key": lane["key"] ^ 1}) as reader:
        assert reader.read(LIMIT_S * 1000) is None
        assert reader.error == "this is the lane of another gateway"
        assert reader.refused


def test_a_full_lane_leaves_zeromq(camera: Camera) -> None:
    gateway = Gateway(mediamtx="off", env={"LANE_MEMORY": "1"})
    with open_capture(camera.url, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture, limit_s=LIMIT_S)
        until(lambda: capture.read()[0] and capture.transport == "zmq")
    gateway.stop()


def test_a_capture_survives_a_restart_of_the_gateway(camera: Camera) -> None:
    http_port, zmq_port = free_port(), free_port()
    gateway = Gateway(http_port=http_port, zmq_port=zmq_port, mediamtx="off")
    with open_capture(camera.url, timeout_ms=500, gateway=gateway.base) as capture:
        first_image(capture)
        assert capture.transport == "lane"
        gateway.process.kill()
        gateway.process.wait()
        gateway = Gateway(http_port=http_port, zmq_port=zmq_port, mediamtx="off")
        first_image(capture, limit_s=LIMIT_S)
        until(lambda: capture.read()[0] and capture.transport == "lane")
    gateway.stop()


def kinds(gateway: Gateway, name: str) -> tuple[int, int]:
    row = Api(gateway.base).camera(name)["readers_by_kind"]
    return row["lane"], row["zmq"]


def numbers_of(frames: list[Frame]) -> list[int]:
    return [some(read_number(frame.image)) for frame in frames]


def test_a_subscriber_takes_the_lane_until_it_wants_jpegs(camera: Camera, gateway: Gateway) -> None:
    topic = lane_of(gateway, camera)["topic"]
    name = topic.split("@")[0]
    with FrameSubscriber(topic, gateway=gateway.base) as frames:
        read = [frame for _ in range(30) if (frame := frames.read(LIMIT_S * 1000)) is not None]
        assert frames.transport == "lane" and len(read) == 30
        assert read[-1].image.shape == (720, 1280, 3) and read[-1].image.flags.writeable
        until(lambda: kinds(gateway, name) == (1, 0))
        assert frames.read(0) is None or frames.read(0) is None, "a read that does not wait"
        for _ in range(3):
            assert some(frames.read(LIMIT_S * 1000)).jpeg[:2] == b"\xff\xd8"
        read += [some(frames.read(LIMIT_S * 1000)) for _ in range(5)]
        assert frames.transport == "zmq"
        numbers = numbers_of(read)
        assert numbers == sorted(set(numbers)), "no frame comes both ways"


def test_a_subscriber_of_several_topics_takes_the_lane(camera: Camera, gateway: Gateway) -> None:
    topics = [lane_of(gateway, camera, scale_width=width)["topic"] for width in (0, 320)]
    with FrameSubscriber(topics, gateway=gateway.base) as frames:
        until(lambda: frames.poll(1000) and frames.transport == "lane")
        count = dict.fromkeys(topics, 0)
        for _ in range(20):
            time.sleep(0.1)  # Both have a new frame by then.
            frame = some(frames.read(LIMIT_S * 1000))
            count[frame.topic] += 1
        assert min(count.values()) >= 6, count

        def both() -> bool:
            time.sleep(0.1)
            return len(frames.poll(1000)) == 2

        until(both)
        started = time.monotonic()
        frames.poll(0)
        assert time.monotonic() - started < 10


def test_a_subscriber_in_asyncio_takes_the_lane(camera: Camera, gateway: Gateway) -> None:
    topic = lane_of(gateway, camera)["topic"]

    async def main() -> None:
        async with AsyncFrameSubscriber(topic, gateway=gateway.base) as frames:
            read: list[Frame] = []
            async for frame in frames:
                read.append(frame)
                if len(read) > 20 and frames.transport == "lane":
                    break
            assert numbers_of(read) == sorted(set(numbers_of(read)))
            cancelled = asyncio.ensure_future(frames.read(5000))
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            assert await frames.read(LIMIT_S * 1000) is not None

    asyncio.run(asyncio.wait_for(main(), 2 * LIMIT_S))


def test_a_subscriber_survives_a_restart_of_the_gateway(camera: Camera) -> None:
    http_port, zmq_port = free_port(), free_port()
    gateway = Gateway(http_port=http_port, zmq_port=zmq_port, mediamtx="off")
    topic = lane_of(gateway, camera)["topic"]
    with FrameSubscriber(topic, timeout_ms=500, gateway=gateway.base) as frames:
        until(lambda: frames.read() and frames.transport == "lane")
        gateway.process.kill()
        gateway.process.wait()
        until(lambda: frames.read() is None and frames.last_error is not None)
        gateway = Gateway(http_port=http_port, zmq_port=zmq_port, mediamtx="off")
        lane_of(gateway, camera)
        until(lambda: frames.read() and frames.transport == "lane")
    gateway.stop()


KEEPS_READING = """
import json, sys
from framegate._lane import LaneReader
reader = LaneReader(json.loads(sys.argv[1]))
kept = []
while True:
    frame = reader.read(5000)
    kept = [*kept, frame][-2:]
    print(frame, flush=True)
"""


def test_readers_that_are_killed_or_stopped_leave_nothing_behind(camera: Camera, gateway: Gateway) -> None:
    lane = lane_of(gateway, camera)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python")}
    before = set(os.listdir("/dev/shm"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", KEEPS_READING, json.dumps(lane)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    with LaneReader(lane) as reader:
        for process in processes:
            assert "<Frame" in some(process.stdout).readline()
        processes[0].send_signal(signal.SIGSTOP)
        numbers = []
        for _ in range(20):
            frame = reader.read(20000)
            assert frame is not None, reader.error
            numbers.append(some(read_number(frame.shared)))
        assert numbers == sorted(set(numbers)), "a stopped reader holds up no other"
        for process in processes:
            process.kill()
            process.wait()
            some(process.stdout).close()
        until(lambda: readers(gateway, lane) == 1)
    until(lambda: readers(gateway, lane) == 0)
    assert set(os.listdir("/dev/shm")) <= before


def test_a_fork_leaves_the_lane_to_the_parent(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        image = some(capture.read()[1])
        before = image.copy()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                capture.read()
            except RuntimeError:
                del image
                gc.collect()
                status = 0
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        read_loop(capture, camera, 0.5, (1280, 720), frames=10)
        assert np.array_equal(image, before)


def test_threads_read_one_capture(camera: Camera, gateway: Gateway) -> None:
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        first_image(capture)
        numbers: list[list[int]] = [[] for _ in range(3)]

        def read(mine: list[int]) -> None:
            for _ in range(10):
                image = capture.read()[1]
                if image is not None:
                    mine.append(some(read_number(image)))

        threads = [threading.Thread(target=read, args=(mine,)) for mine in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        everything = [number for mine in numbers for number in mine]
        assert len(everything) == len(set(everything)) > 10
        assert all(mine == sorted(mine) for mine in numbers)


def test_the_reader_in_c(camera: Camera, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    source = ROOT / "clients/c/lane_reader.c"
    assert len(source.read_text().splitlines()) < 100
    program = str(tmp_path / "lane_reader")
    subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, str(source)],
        check=True,
    )
    lane = lane_of(gateway, camera)
    done = subprocess.run(
        [program, lane["socket"], str(lane["key"]), lane["topic"], "20"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 20 and all(line.startswith("1280x720 seq=") for line in lines), lines
    sequence = [int(line.split("seq=")[1].split()[0]) for line in lines]
    assert sequence == sorted(set(sequence))
