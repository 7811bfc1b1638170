"""A test camera and a gateway as processes, and a reading loop that checks every frame,
for the end-to-end tests and the bench."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from test_picture import DAMAGED, damage, read_number  # noqa: E402

if TYPE_CHECKING:
    from test_picture import Image

FOOTAGE = ROOT.parent / "shared/media/car-detection.mp4"
# Asks the gateway's own search whether MediaMTX is installed.
MEDIAMTX = subprocess.check_output(
    [
        "node",
        "--input-type=module",
        "--eval",
        f"import {{ findBinary }} from {json.dumps(str(ROOT / 'dist/src/mediamtx/binary.js'))};"
        "const found = await findBinary(process.env.MEDIAMTX_BIN || undefined, process.env);"
        "process.stdout.write(found.path ?? '')",
    ],
    text=True,
)

T = TypeVar("T")

# The kinds of test camera streams that the loss tests use.
STREAMS = {
    "H.264, 1 slice": (),
    "H.264, 4 slices": ("--slices", "4"),
    "H.264 baseline": ("--profile", "baseline"),
    "H.264 high, B-frames": ("--profile", "high", "--bframes", "2"),
    "H.264 intra-refresh": ("--intra-refresh",),
    "H.264 open GOP": ("--open-gop", "--bframes", "2"),
    "H.265": ("--codec", "h265"),
    "H.265 open GOP": ("--codec", "h265", "--open-gop", "--bframes", "2"),
    "VP8": ("--codec", "vp8"),
    "VP9": ("--codec", "vp9"),
}

# Test files that run in parallel (scripts/testing/pytest.mjs) use separate ports.
_PORTS = 9000
_first_port = 12000 + int(os.environ.get("FRAMEGATE_TEST_JOB", "0")) * _PORTS
_next_port = _first_port + os.getpid() * 64 % _PORTS


def free_port() -> int:
    """A port below the kernel's ephemeral range, so that no other program takes it in the meantime."""
    global _next_port
    while True:
        _next_port = _first_port if _next_port > _first_port + _PORTS - 4 else _next_port + 2
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", _next_port))
                udp.bind(("127.0.0.1", _next_port))
                return _next_port
            except OSError:
                continue


class Usage(NamedTuple):
    mb: float
    descriptors: int
    threads: int


def usage(pid: int) -> Usage:
    """A process's resident memory, descriptors and threads."""
    with open(f"/proc/{pid}/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return Usage(int(lines["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(lines["Threads"]))


class Camera:
    """A test camera process; reports when it sent each frame."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [str(ROOT / "build/Release/test-camera"), "--port", "0", "--report-frames", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.sent_us: dict[int, int] = {}
        self.captured_us: dict[int, int] = {}
        self.total = self.active = 0
        ready = json.loads(self.process.stdout.readline())
        self.url = ready["url"]
        #: With user name and password, if it has any.
        self.login_url = ready.get("login_url", "")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "sent":
                self.sent_us[event["frame"]] = event["at_us"]
                self.captured_us[event["frame"]] = event["captured_us"]
            elif event["event"] == "session":
                self.total, self.active = event["total"], event["active"]

    def command(self, line: str) -> None:
        """docs/test-camera.md, such as "fault loss 1"."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_for_report(self, numbers: Sequence[int], limit_s: float = 5) -> None:
        """Waits until the camera has reported the newest of these frames, which may be after the frame arrived."""
        end = time.monotonic() + limit_s
        while numbers and numbers[-1] not in self.captured_us and time.monotonic() < end:
            time.sleep(0.005)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Delay:
    """A TCP proxy in front of the camera: data from the camera arrives ``delay_s`` later."""

    def __init__(self, url: str, delay_s: float) -> None:
        parts = urlsplit(url)
        self._camera = (parts.hostname, parts.port)
        self._delay_s = delay_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(netloc=f"127.0.0.1:{self._server.getsockname()[1]}").geturl()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # Closed.
            while True:
                client, _ = self._server.accept()
                camera = socket.create_connection(self._camera)
                for source, target, delay_s in ((client, camera, 0.0), (camera, client, self._delay_s)):
                    arrived: queue.Queue[tuple[float, bytes]] = queue.Queue()
                    threading.Thread(target=self._receive, args=(source, arrived), daemon=True).start()
                    threading.Thread(target=self._send, args=(arrived, target, delay_s), daemon=True).start()

    @staticmethod
    def _receive(source: socket.socket, arrived: queue.Queue[tuple[float, bytes]]) -> None:
        data = b"."
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            arrived.put((time.monotonic(), data))

    @staticmethod
    def _send(arrived: queue.Queue[tuple[float, bytes]], target: socket.socket, delay_s: float) -> None:
        with contextlib.suppress(OSError), target:
            while True:
                at, data = arrived.get()
                if not data:
                    return
                time.sleep(max(0.0, at + delay_s - time.monotonic()))
                target.sendall(data)

    def stop(self) -> None:
        self._server.close()


class Gateway:
    """A gateway on its own ports."""

    def __init__(
        self,
        mediamtx: str | None = None,
        http_port: int = 0,
        zmq_port: int | str = "*",
        env: dict[str, str] | None = None,
        root: pathlib.Path = ROOT,
    ) -> None:
        self.folder = tempfile.TemporaryDirectory()
        mediamtx = mediamtx or ("managed" if MEDIAMTX else "off")
        ports = iter([free_port() for _ in range(5)])
        env = {
            **os.environ,
            **(env or {}),
            "HTTP_PORT": str(http_port),
            "MEDIAMTX": mediamtx,
            "ZMQ_BIND": f"tcp://127.0.0.1:{zmq_port}",
            "STATE_FILE": f"{self.folder.name}/cameras.json",
            "MTX_RTSPTRANSPORTS": "tcp",
            **{
                name: f"127.0.0.1:{next(ports)}"
                for name in (
                    "MTX_RTSPADDRESS",
                    "MTX_HLSADDRESS",
                    "MTX_WEBRTCADDRESS",
                    "MTX_WEBRTCLOCALUDPADDRESS",
                    "MTX_APIADDRESS",
                )
            },
        }
        self.process = subprocess.Popen(
            ["node", str(root / "dist/src/main.js")], env=env, stdout=subprocess.PIPE, text=True
        )
        for line in self.process.stdout:
            if "is running: " in line:
                self.base = line.split("is running: ")[1].strip()
                break
        else:
            raise SystemExit("the gateway did not start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def some(value: T | None) -> T:
    """The value; the test fails if there is none."""
    assert value is not None
    return value


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def first_image(capture: Any, limit_s: float = 30) -> Image:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        image: Image | None = capture.read()[1]
        if image is not None:
            return image
    raise AssertionError(f"no frame in {limit_s} s: {capture.last_error}")


def read_loop(
    capture: Any,
    camera: Camera,
    seconds: float,
    source_size: tuple[int, int] | None,
    judge: bool = True,
    work_ms: float = 0,
    frames: int = 0,
) -> dict[str, Any]:
    """Reads for a while, and checks every frame after taking its time.

    If fewer than ``frames`` arrive in that time, it reads on for 30 s at most: a busy machine gets there later.

    ``oldest_ms`` is the age at the reader, ``oldest_published_ms`` what it was when the gateway published the frame:
    how busy the reader's machine is does not count there.
    """
    damaged, unread, oldest_ms, oldest_published_ms = 0, 0, 0.0, 0.0
    numbers: list[int] = []
    kept: list[tuple[int, float]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or (len(numbers) < frames and time.monotonic() < end + 30):
        ok, image = capture.read()
        now_us = time.time() * 1e6
        if not ok:
            continue
        frame = getattr(capture, "frame", None)  # cv2.VideoCapture has none.
        if frame is not None:
            header = frame.header
            oldest_ms = max(oldest_ms, (now_us - header.received_at_us) / 1000)
            oldest_published_ms = max(oldest_published_ms, (header.published_at_us - header.received_at_us) / 1000)
        number = read_number(image)
        if number is None:
            unread += 1
            continue
        numbers.append(number)
        kept.append((number, now_us))
        if judge and damage(image, number, source_size) >= DAMAGED:
            damaged += 1
        if work_ms:
            time.sleep(work_ms / 1000)
    camera.wait_for_report(numbers)
    ages = [(at - camera.captured_us[n]) / 1000 for n, at in kept if n in camera.captured_us]
    steps = [b - a for a, b in zip(numbers, numbers[1:])]
    return {
        "frames": len(numbers),
        "oldest_ms": round(oldest_ms, 1),
        "oldest_published_ms": round(oldest_published_ms, 1),
        "median_ms": round(statistics.median(ages), 1) if ages else None,
        "p99_ms": round(quantile(ages, 0.99), 1) if ages else None,
        "worst_ms": round(max(ages), 1) if ages else None,
        "damaged": damaged + unread,
        "repeated": sum(step == 0 for step in steps),
        "out_of_order": sum(step < 0 for step in steps),
        "longest_step": max(steps, default=None),
    }
