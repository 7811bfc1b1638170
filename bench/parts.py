"""The parts of `npm run bench`. Each measures some figures, with programs of its own, and returns them by name.

Figures that are compared come from windows in turn (windows.py). Each is the median over the rounds.
"""

from __future__ import annotations

import contextlib
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

import clip  # noqa: E402
from harness import MEDIAMTX, Camera, Gateway, free_port  # noqa: E402
from processes import memory_mib, threads  # noqa: E402
from test_picture import read_number  # noqa: E402
from windows import (  # noqa: E402
    Figures,
    Measure,
    Plan,
    a_camera,
    a_gateway,
    cores,
    decoding,
    in_turn,
    medians,
    ratio,
    read,
    running,
    wait_for,
)

from framegate import Capture, open_capture  # noqa: E402
from framegate import Gateway as Api  # noqa: E402
from framegate._lane import LaneReader  # noqa: E402

FULL = Plan(rounds=4, cpu_s=5, ages_s=5, settle_s=2, first_frames=15)
QUICK = Plan(rounds=1, cpu_s=3, ages_s=2, settle_s=1, first_frames=3)

_DECODE = "rtph264depay ! h264parse ! avdec_h264"


def _floor(camera: Camera) -> str:
    """gst-launch, decoding alone: over TCP like Framegate, every picture, as fast as it comes."""
    source = f"gst-launch-1.0 -q rtspsrc location={camera.url} protocols=tcp latency=0"
    return f"{source} ! {_DECODE} ! fakesink sync=false"


def _floors(camera: Camera) -> dict[str, str]:
    """Decoding alone, and the pipeline of the original project."""
    size = "video/x-raw,width=640,height=360"
    source = f"gst-launch-1.0 -q rtspsrc location={camera.url} protocols=tcp latency=0 drop-on-latency=true"
    ffmpeg = "ffmpeg -nostdin -v fatal -rtsp_transport tcp"
    return {
        "ffmpeg": f"{ffmpeg} -i {camera.url} -an -fps_mode passthrough -f null -",
        "gst-launch": _floor(camera),
        "card": f"{source} ! decodebin ! videoscale ! {size} ! jpegenc ! appsink max-buffers=1 drop=true",
    }


def _framegate(
    plan: Plan, camera: Camera, gateway: Gateway, transport: str, width: int, count: int, fps: float, ages: bool = False
) -> Figures:
    """A window of readers of a camera that the gateway gets only for this window."""
    options = {"pub_fps": fps, "scale_width": width, "gateway": gateway.base, "transport": transport}
    api = Api(gateway.base)

    def ready() -> bool:  # The gateway needs some key frames to know their distance.
        return fps > 1 or all(one["decoding"] == "key_frames" for one in api.cameras())

    found = read(plan, camera, count, [gateway.process.pid], "framegate", camera.url, ages, ready, **options)
    for one in api.cameras():
        api.stop(str(one["name"]))
    return found


@contextlib.contextmanager
def _shm(camera: Camera) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    folder = tempfile.mkdtemp()
    path = f"{folder}/frames"
    pipeline = (
        f"rtspsrc location={camera.url} protocols=tcp latency=0 ! {_DECODE}"
        f" ! videoconvert ! video/x-raw,format=BGR ! shmsink socket-path={path} shm-size=100000000"
        " wait-for-connection=false sync=false"
    )
    with running("gst-launch-1.0", "-q", *pipeline.split()) as program:
        wait_for(lambda: pathlib.Path(path).exists())
        yield path, program
    shutil.rmtree(folder, ignore_errors=True)


def _shm_window(plan: Plan, camera: Camera, count: int, ages: bool) -> Figures:
    with _shm(camera) as (path, program):
        return read(plan, camera, count, [program.pid], "shm", path, ages, width=1920, height=1080)


def _original(plan: Plan, camera: Camera) -> Figures:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    command = [sys.executable, str(ROOT / "bench/original.py"), MEDIAMTX, camera.url, "640", "25", endpoint]
    with running(*command) as program:
        return read(plan, camera, 1, [program.pid], "original", endpoint, True)


def readers(plan: Plan) -> Figures:
    """One reader of each kind: CPU of the reader and of all else, age, first frame. And programs without a reader."""
    with a_camera() as camera, a_gateway() as gateway:
        contenders: dict[str, Measure] = {
            f"{transport} {size}": partial(_framegate, plan, camera, gateway, transport, width, 1, 25, ages=True)
            for transport in ("lane", "zmq")
            for size, width in (("640", 640), ("1080", 0))
        }
        for way in ("opencv", "pyav", "mjpeg"):
            contenders[way] = partial(read, plan, camera, 1, [], way, camera.url, True, width=640)
        contenders["original"] = partial(_original, plan, camera)
        contenders["shm"] = partial(_shm_window, plan, camera, 1, ages=True)
        floors = _floors(camera)
        for name, command in floors.items():
            contenders[name] = partial(decoding, plan, camera, command)
        rounds = in_turn(plan, contenders)
    figures: Figures = {}
    for name, found in rounds.items():
        values = medians(found)
        figures.update({name: values["all"]} if name in floors else {f"{name} {key}": values[key] for key in values})
    for size in ("640", "1080"):
        figures[f"lane {size} of opencv"] = ratio(rounds, f"lane {size}", "opencv", "reader")
    return figures


def four_readers(plan: Plan) -> Figures:
    """Four readers of the full size, with all that serves them."""
    with a_camera() as camera, a_gateway() as gateway:
        rounds = in_turn(
            plan,
            {
                "lane": partial(_framegate, plan, camera, gateway, "lane", 0, 4, 25),
                "zmq": partial(_framegate, plan, camera, gateway, "zmq", 0, 4, 25),
                "opencv": partial(read, plan, camera, 4, [], "opencv", camera.url, False),
                "shm": partial(_shm_window, plan, camera, 4, False),
                "floor": partial(decoding, plan, camera, _floor(camera)),
            },
        )
    figures = {f"four {name}": medians(found)["all"] for name, found in rounds.items() if name != "floor"}
    beyond = [lane["all"] - floor["all"] for lane, floor in zip(rounds["lane"], rounds["floor"])]
    return {**figures, "four lane beyond decoding": statistics.median(beyond)}


def service(plan: Plan) -> Figures:
    """The gateway and MediaMTX with readers of 640 pixels at 20 fps: by transport, number and rate."""
    with a_camera() as camera, a_gateway() as gateway:
        rounds = in_turn(
            plan,
            {
                "floor": partial(decoding, plan, camera, _floor(camera)),
                "zmq": partial(_framegate, plan, camera, gateway, "zmq", 640, 1, 20),
                "lane": partial(_framegate, plan, camera, gateway, "lane", 640, 1, 20),
                "ten zmq": partial(_framegate, plan, camera, gateway, "zmq", 640, 10, 20),
            },
        )
    with a_camera(gop=25) as camera, a_gateway() as gateway:
        rates = in_turn(
            plan,
            {
                "20 fps": partial(_framegate, plan, camera, gateway, "zmq", 640, 1, 20),
                "1 fps": partial(_framegate, plan, camera, gateway, "zmq", 640, 1, 1),
            },
        )
    return {
        "zmq of decoding": ratio(rounds, "zmq", "floor", "servers", "all"),
        "lane of decoding": ratio(rounds, "lane", "floor", "servers", "all"),
        "ten zmq of one": ratio(rounds, "ten zmq", "zmq", "servers"),
        "1 fps of 20": ratio(rates, "1 fps", "20 fps", "servers"),
    }


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
                wait_for(lambda name=name: api.camera(name)["state"] == "live")  # type: ignore[misc]

        def used() -> float:
            time.sleep(plan.settle_s + 3)
            return cores(plan._replace(cpu_s=4 * plan.cpu_s), found[0], {"all": [pid]})["all"]

        start(found[:1])
        one, threads_of_one = used(), threads(pid)
        start(found[1:])
        five, threads_of_five = used(), threads(pid)
        captures = []
        memory = []
        for camera in found:
            capture = stack.enter_context(open_capture(camera.url, pub_fps=25, gateway=gateway.base))
            captures.append(capture)
            wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
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


def _until_key_s(capture: Capture, gop_s: float) -> Callable[[], float]:
    """:returns: a function that gives the time until a key picture, at any later moment, modulo the GOP."""
    number = None
    while number is None:
        image = capture.read()[1]
        number = None if image is None else read_number(image)
    key_at = time.monotonic() - number % (gop_s * clip.FPS) / clip.FPS
    return lambda: (key_at - time.monotonic()) % gop_s


def first_frame(plan: Plan) -> Figures:
    """From open_capture to the first image, of a camera that runs and has no reader.

    The moments are spread evenly over the GOP: the number in each image says where in it the next one begins.
    """
    figures: Figures = {}
    for seconds in (2, 10):
        print(f"  GOP of {seconds} s, {plan.first_frames} first frames", flush=True)
        with a_camera(gop=25 * seconds) as camera, a_gateway() as gateway:
            api = Api(gateway.base)
            with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
                wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
                name = str(capture.name)
                ahead = _until_key_s(capture, seconds)
            times_ms = []
            moments_s = [(i + 0.5) * seconds / plan.first_frames for i in range(plan.first_frames)]
            for moment_s in random.sample(moments_s, plan.first_frames):
                wait_for(lambda api=api, name=name: api.camera(name)["decoding"] == "no")  # type: ignore[misc]
                time.sleep((ahead() + moment_s) % seconds)
                begun = time.monotonic()
                with open_capture(camera.url, pub_fps=25, gateway=gateway.base) as capture:
                    wait_for(lambda capture=capture: bool(capture.read()[0]))  # type: ignore[misc]
                    times_ms.append((time.monotonic() - begun) * 1000)
                    ahead = _until_key_s(capture, seconds)
            figures[f"first frame {seconds}"] = statistics.median(times_ms)
    return figures


def _encoded(base: str) -> tuple[float, float]:
    """How many frames the gateway's stage ``encode`` has made of decoded pictures so far, and the seconds it took."""
    with urllib.request.urlopen(f"{base}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()

    def value(of: str) -> float:
        begin = f"framegate_camera_stage_seconds_{of}{{"
        return next(float(line.split()[-1]) for line in lines if line.startswith(begin) and 'stage="encode"' in line)

    return value("count"), value("sum")


def hand_over(plan: Plan) -> Figures:
    """From the decoded picture to a full-size array in Python, over the lane: the mean of the gateway's stage
    ``encode``, which ends with the publication, and the median from there."""
    with a_camera() as camera, a_gateway() as gateway:
        answer = Api(gateway.base).start({"name": "camera", "rtsp": camera.url, "pub_fps": 120, "scale_width": 0})
        with LaneReader(answer["lane"]) as lane:

            def waits_ms(seconds: float) -> list[float]:
                waits = []
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    frame = lane.read(1000)
                    if frame is not None:
                        assert frame.image.shape == (1080, 1920, 3)
                        waits.append(time.time() * 1000 - frame.header.published_at_us / 1000)
                return waits

            waits_ms(plan.settle_s)
            count, seconds = _encoded(gateway.base)
            waits = waits_ms(plan.ages_s + 5)
            count_after, seconds_after = _encoded(gateway.base)
        return {"hand-over": (seconds_after - seconds) / (count_after - count) * 1000 + statistics.median(waits)}


PARTS: dict[str, Callable[[Plan], Figures]] = {
    function.__name__: function for function in (readers, four_readers, service, cameras, first_frame, hand_over)
}
