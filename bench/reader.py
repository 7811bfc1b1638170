"""A program that reads a camera in Python, in a process of its own: one way or another, doing nothing else.

    python3 bench/reader.py WAY SOURCE OPTIONS

It prints a line when the first frame has come, and one at its end. Standard input takes commands: `count` begins to
count frames, `numbers` also reads the number of the frame back from the picture, `end` ends it.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

import numpy as np  # noqa: E402

#: Returns the next image (BGR), or None.
Read = Callable[[], Any]


def framegate(url: str, options: dict[str, Any]) -> Read:
    from framegate import open_capture

    capture = open_capture(url, **options)
    return lambda: capture.read()[1]


def opencv(url: str, _options: dict[str, Any]) -> Read:
    import cv2

    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    return lambda: capture.read()[1]


def pyav(url: str, _options: dict[str, Any]) -> Read:
    import av

    container = av.open(url, options={"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay"})
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"  # Threads for whole frames would hold frames back.
    frames = container.decode(stream)
    return lambda: next(frames).to_ndarray(format="bgr24")


def mjpeg(url: str, options: dict[str, Any]) -> Read:
    """ffmpeg in a process of its own sends JPEGs through a pipe."""
    import cv2

    quick = ["-fflags", "nobuffer", "-flags", "low_delay", "-rtsp_transport", "tcp"]
    size = ["-an", "-vf", f"scale={options['width']}:-2", "-q:v", "5", "-f", "mpjpeg", "pipe:1"]
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", *quick, "-i", url, *size]
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert program.stdout is not None
    out = program.stdout

    def read() -> Any:
        length = 0
        while (line := out.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return cv2.imdecode(np.frombuffer(out.read(length), np.uint8), cv2.IMREAD_COLOR)

    return read


def original(endpoint: str, _options: dict[str, Any]) -> Read:
    """The reader of the original project: JPEGs over ZeroMQ, the newest alone."""
    import cv2
    import zmq

    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.CONFLATE, 1)
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.connect(endpoint)
    return lambda: cv2.imdecode(np.frombuffer(socket.recv(), np.uint8), cv2.IMREAD_COLOR)


def shm(path: str, options: dict[str, Any]) -> Read:
    """GStreamer's shared memory, read with PyGObject."""
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst

    Gst.init(None)
    width, height = options["width"], options["height"]
    pipeline = Gst.parse_launch(
        f"shmsrc socket-path={path} is-live=true do-timestamp=true"
        f" ! video/x-raw,format=BGR,width={width},height={height},framerate=25/1"
        " ! appsink name=sink max-buffers=1 drop=true sync=false"
    )
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)

    def read(_keep: Any = pipeline) -> Any:
        sample = sink.emit("try-pull-sample", Gst.SECOND)
        if sample is None:
            return None
        buffer = sample.get_buffer()
        return np.frombuffer(buffer.extract_dup(0, width * height * 3), np.uint8).reshape(height, width, 3)

    return read


WAYS = {function.__name__: function for function in (framegate, opencv, pyav, mjpeg, original, shm)}


def main() -> None:
    way, source, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    begun = time.monotonic()
    read = WAYS[way](source, options)
    while read() is None:
        pass
    print(json.dumps({"first_ms": (time.monotonic() - begun) * 1000}), flush=True)
    command = ""

    def listen() -> None:
        nonlocal command
        for line in sys.stdin:
            command = line.strip()
        command = "end"  # The benchmark has ended.

    threading.Thread(target=listen, daemon=True).start()
    from test_picture import read_number

    frames, seen = 0, []
    while command != "end":
        image = read()
        now_us = time.time() * 1e6
        if image is None or not command:
            continue
        frames += 1
        if command == "numbers":
            seen.append((read_number(image), now_us))
    print(json.dumps({"frames": frames, "seen": seen}), flush=True)
    os._exit(0)  # Some libraries wait for the camera when they end.


if __name__ == "__main__":
    main()
