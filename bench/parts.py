"""The parts of `npm run bench`. Each measures some figures, with programs of its own, and returns them by name."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import MEDIAMTX, Camera, Gateway, free_port, quantile  # noqa: E402
from processes import Spent, end, memory_mib, threads  # noqa: E402

from framegate import Gateway as Api  # noqa: E402
from framegate import open_capture  # noqa: E402
from framegate._lane import LaneReader  # noqa: E402

Figures = dict[str, float]

_CAMERA = ("--width", "1920", "--height", "1080", "--fps", "25", "--bitrate-kbps", "4000")
_START_LIMIT_S = 60
_READER = str(ROOT / "bench/reader.py")


class Plan(NamedTuple):
    """How long to measure."""

    cpu_s: float
    ages_s: float
    settle_s: float
    first_frames: int


FULL = Plan(cpu_s=20, ages_s=12, settle_s=4, first_frames=15)
QUICK = Plan(cpu_s=3, ages_s=2, settle_s=1, first_frames=3)


class Reader:
    """A process of reader.py."""

    def __init__(self, way: str, source: str, transport: str = "", **options: Any) -> None:
        environment = {"FRAMEGATE_TRANSPORT": transport} if transport else {}
        self.program = subprocess.Popen(
            [sys.executable, _READER, way, source, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def wait_for_frames(self) -> float:
        """:returns: milliseconds until the first frame."""
        return float(self._line()["first_ms"])

    def command(self, word: str) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(word + "\n")
        self.program.stdin.flush()

    def result(self) -> dict[str, Any]:
        self.command("end")
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self.program.stdout is not None
        line = self.program.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.program.args!r}: ended without a frame")
        return dict(json.loads(line))


@contextlib.contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=True)
    try:
        yield program
    finally:
        end(program)


@contextlib.contextmanager
def a_camera(gop: int = 50) -> Iterator[Camera]:
    camera = Camera(*_CAMERA, "--gop", str(gop))
    try:
        yield camera
    finally:
        camera.stop()


@contextlib.contextmanager
def a_gateway() -> Iterator[Gateway]:
    gateway = Gateway("managed")
    try:
        yield gateway
    finally:
        gateway.stop()


def _read(
    plan: Plan, camera: Camera, count: int, servers: list[int], way: str, source: str, ages: bool, **options: Any
) -> Figures:
    """What `count` readers of one kind cost and get."""
    readers = [Reader(way, source, **options) for _ in range(count)]
    try:
        first_ms = [reader.wait_for_frames() for reader in readers]
        time.sleep(plan.settle_s)
        for reader in readers:
            reader.command("count")
        groups = {"readers": [reader.program.pid for reader in readers], "servers": servers}
        used = _cores(plan, camera, groups)
        figures = {"reader": used["readers"] / count, "servers": used["servers"], "first_ms": first_ms[0]}
        figures["all"] = used["readers"] + used["servers"]
        if ages:
            readers[0].command("numbers")
            time.sleep(plan.ages_s)
        results = [reader.result() for reader in readers]
        seconds = plan.cpu_s + (plan.ages_s if ages else 0)
        figures["fps"] = results[0]["frames"] / seconds
        if ages:
            figures.update(_ages(camera, results[0]["seen"]))
        return figures
    finally:
        for reader in readers:
            end(reader.program)


def _cores(plan: Plan, camera: Camera, groups: dict[str, list[int]]) -> Figures:
    """What groups of processes use for 25 frames a second: a busy machine's camera sends fewer, which cost less."""
    sent = len(camera.sent_us)
    spent = Spent(groups)
    time.sleep(plan.cpu_s)
    used = spent.so_far()
    frames = len(camera.sent_us) - sent
    return {name: cpu_s / frames * 25 for name, cpu_s in used.items()}


def _ages(camera: Camera, seen: list[tuple[int | None, float]]) -> Figures:
    """From the moment at which the camera's encoder got the picture."""
    numbers = [number for number, _ in seen if number is not None]
    camera.wait_for_report(numbers)
    ages = [(at - camera.captured_us[n]) / 1000 for n, at in seen if n is not None and n in camera.captured_us]
    return {"median_ms": statistics.median(ages), "p99_ms": quantile(ages, 0.99)}


def _named(prefix: str, figures: Figures) -> Figures:
    return {f"{prefix} {name}": value for name, value in figures.items()}


def floors(plan: Plan) -> Figures:
    """Decoding alone, and the pipeline of the original project."""
    figures: Figures = {}
    decode = "rtph264depay ! h264parse ! avdec_h264"
    size = "video/x-raw,width=640,height=360"
    card = f"decodebin ! videoscale ! {size} ! jpegenc ! appsink max-buffers=1 drop=true"
    with a_camera() as camera:
        quiet = "-nostdin -v fatal"
        source = f"gst-launch-1.0 -q rtspsrc location={camera.url} protocols=tcp latency=0"
        ways = {
            "ffmpeg": f"ffmpeg {quiet} -rtsp_transport tcp -i {camera.url} -an -fps_mode passthrough -f null -",
            "gst-launch": f"{source} ! {decode} ! fakesink sync=false",
            "card": f"{source} drop-on-latency=true ! {card}",
        }
        for name, command in ways.items():
            with running(*command.split()) as program:
                _wait_for(lambda: camera.active > 0)
                time.sleep(plan.settle_s + 2)
                figures.update(_cores(plan, camera, {name: [program.pid]}))
                if program.poll() is not None:
                    raise RuntimeError(f"{name} ended with status {program.returncode}")
    return figures


def _wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _START_LIMIT_S
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("a program has not come as far as expected within a minute")
        time.sleep(0.05)


def readers(plan: Plan) -> Figures:
    """One reader of each kind: CPU of the reader and of all else, age, first frame."""
    figures: Figures = {}
    with a_camera() as camera, a_gateway() as gateway:
        for size, width in (("640", 640), ("1080", 0)):
            for transport in ("lane", "zmq"):
                options = {"pub_fps": 25, "scale_width": width, "gateway": gateway.base, "transport": transport}
                found = _read(plan, camera, 1, [gateway.process.pid], "framegate", camera.url, True, **options)
                figures.update(_named(f"{transport} {size}", found))
    with a_camera() as camera:
        for way in ("opencv", "pyav", "mjpeg"):
            figures.update(_named(way, _read(plan, camera, 1, [], way, camera.url, True, width=640)))
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        command = [sys.executable, str(ROOT / "bench/original.py"), MEDIAMTX, camera.url, "640", "25", endpoint]
        with running(*command) as program:
            figures.update(_named("original", _read(plan, camera, 1, [program.pid], "original", endpoint, True)))
        with _shm(camera) as (path, program):
            found = _read(plan, camera, 1, [program.pid], "shm", path, True, width=1920, height=1080)
            figures.update(_named("shm", found))
    return figures


@contextlib.contextmanager
def _shm(camera: Camera) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    folder = tempfile.mkdtemp()
    path = f"{folder}/frames"
    pipeline = (
        f"rtspsrc location={camera.url} protocols=tcp latency=0 ! rtph264depay ! h264parse ! avdec_h264"
        f" ! videoconvert ! video/x-raw,format=BGR ! shmsink socket-path={path} shm-size=100000000"
        " wait-for-connection=false sync=false"
    )
    with running("gst-launch-1.0", "-q", *pipeline.split()) as program:
        _wait_for(lambda: pathlib.Path(path).exists())
        yield path, program
    shutil.rmtree(folder, ignore_errors=True)


def four_readers(plan: Plan) -> Figures:
    """Four readers of the full size, with all that serves them."""
    figures: Figures = {}
    with a_camera() as camera:
        with a_gateway() as gateway:
            for transport in ("lane", "zmq"):
                options = {"pub_fps": 25, "scale_width": 0, "gateway": gateway.base, "transport": transport}
                found = _read(plan, camera, 4, [gateway.process.pid], "framegate", camera.url, False, **options)
                figures[f"four {transport}"] = found["all"]
        figures["four opencv"] = _read(plan, camera, 4, [], "opencv", camera.url, False)["all"]
        with _shm(camera) as (path, program):
            options = {"width": 1920, "height": 1080}
            figures["four shm"] = _read(plan, camera, 4, [program.pid], "shm", path, False, **options)["all"]
    return figures


def service(plan: Plan) -> Figures:
    """The gateway and MediaMTX with readers of 640 pixels at 20 fps: by transport, number and rate."""
    figures: Figures = {}

    def cost(camera: Camera, gateway: Gateway, count: int, transport: str, pub_fps: float) -> float:
        options = {"pub_fps": pub_fps, "scale_width": 640, "gateway": gateway.base, "transport": transport}
        servers = [gateway.process.pid]
        return _read(plan, camera, count, servers, "framegate", camera.url, False, **options)["servers"]

    with a_camera() as camera, a_gateway() as gateway:
        figures["service zmq"] = cost(camera, gateway, 1, "zmq", 20)
        figures["service lane"] = cost(camera, gateway, 1, "lane", 20)
        figures["service ten zmq"] = cost(camera, gateway, 10, "zmq", 20)
    for fps in (20, 1):
        with a_camera(gop=25) as camera, a_gateway() as gateway:
            figures[f"service {fps} fps"] = cost(camera, gateway, 1, "zmq", fps)
    return figures


def cameras(plan: Plan) -> Figures:
    """What each further camera takes: without a reader CPU and threads, with one memory."""
    count = 4
    with a_gateway() as gateway, contextlib.ExitStack() as stack:
        found = [stack.enter_context(a_camera()) for _ in range(count + 1)]
        api, pid = Api(gateway.base), gateway.process.pid

        def start(some: list[Camera]) -> None:
            for camera in some:
                name = f"camera{found.index(camera)}"
                api.start({"name": name, "rtsp": camera.url, "pub_fps": 25, "scale_width": 640})
                _wait_for(lambda name=name: api.camera(name)["state"] == "live")  # type: ignore[misc]

        def cores() -> float:
            time.sleep(plan.settle_s + 3)
            return _cores(plan, found[0], {"all": [pid]})["all"]

        start(found[:1])
        one, threads_of_one = cores(), threads(pid)
        start(found[1:])
        five, threads_of_five = cores(), threads(pid)
        captures = []
        memory = []
        for camera in found:
            capture = stack.enter_context(open_capture(camera.url, pub_fps=25, gateway=gateway.base))
            captures.append(capture)
            _wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
            if camera in (found[0], found[-1]):
                until = time.monotonic() + plan.settle_s + 2
                while time.monotonic() < until:
                    for open_one in captures:
                        open_one.read_new(100)
                memory.append(memory_mib(pid))
        return {
            "unwatched cores": (five - one) / count,
            "unwatched threads": (threads_of_five - threads_of_one) / count,
            "camera MiB": (memory[1] - memory[0]) / count,
        }


def first_frame(plan: Plan) -> Figures:
    """From open_capture to the first image, of a camera that runs and has no reader, at any moment of its GOP."""
    figures: Figures = {}
    for seconds in (2, 10):
        with a_camera(gop=25 * seconds) as camera, a_gateway() as gateway:
            api = Api(gateway.base)
            with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
                _wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
                name = str(capture.name)
            times_ms = []
            for _ in range(plan.first_frames):
                _wait_for(lambda api=api, name=name: api.camera(name)["decoding"] == "no")  # type: ignore[misc]
                time.sleep(random.uniform(0, seconds))
                begun = time.monotonic()
                with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
                    _wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
                times_ms.append((time.monotonic() - begun) * 1000)
            figures[f"first frame {seconds}"] = statistics.median(times_ms)
    return figures


def hand_over(plan: Plan) -> Figures:
    """From the decoded picture to a full-size array in Python, over the lane.

    The gateway makes two pictures of 16 and 18 pixels first. The first one's time of publication marks the decoded
    picture; the second one shows how long such a picture takes, which is added.
    """
    with a_camera() as camera, a_gateway() as gateway:
        api = Api(gateway.base)
        lanes = []
        for width in (16, 18, 0):
            answer = api.start({"name": "camera", "rtsp": camera.url, "pub_fps": 120, "scale_width": width})
            lanes.append(LaneReader(answer["lane"]))
        published: list[dict[int, int]] = [{}, {}]
        taken: dict[int, float] = {}
        until = time.monotonic() + plan.settle_s + plan.ages_s + 5
        while time.monotonic() < until:
            frame = lanes[2].read(1000)
            now_us = time.time() * 1e6
            if frame is None:
                continue
            assert frame.image.shape == (1080, 1920, 3)
            taken[frame.header.received_at_us] = now_us
            for lane, times in zip(lanes, published):
                small = lane.read(0)
                if small is not None:
                    times[small.header.received_at_us] = small.header.published_at_us
        for lane in lanes:
            lane.close()
        both = [at for at in taken if at in published[0] and at in published[1]]
        took = [taken[at] - published[0][at] + published[1][at] - published[0][at] for at in both]
        if not took or statistics.median(published[1][at] - published[0][at] for at in both) < 0:
            raise RuntimeError("the gateway made the pictures in another order than expected")
        return {"hand-over": statistics.median(took) / 1000}


PARTS: dict[str, Callable[[Plan], Figures]] = {
    function.__name__: function
    for function in (floors, readers, four_readers, service, cameras, first_frame, hand_over)
}
