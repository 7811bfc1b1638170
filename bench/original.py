#!/usr/bin/env python3
"""The pipeline that people used before Framegate, for comparison: ffmpeg copies the camera to MediaMTX, PyAV decodes
MediaMTX's stream with flags for low latency, and a newest-frame queue of one feeds JPEGs to ZeroMQ.

    python3 bench/original.py MEDIAMTX RTSP_URL WIDTH PUB_FPS ZMQ_ENDPOINT
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time

import av
import cv2
import zmq

_JPEG_QUALITY = 80
_CONFIGURATION = """
logLevel: warn
rtspAddress: 127.0.0.1:{port}
rtspTransports: [tcp]
rtmp: no
srt: no
hls: no
webrtc: no
paths:
  all_others:
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def decode(url: str, frames: queue.Queue[av.VideoFrame]) -> None:
    options = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay", "max_delay": "0"}
    while True:
        with contextlib.suppress(av.FFmpegError, queue.Empty):
            container = av.open(url, options=options)
            for frame in container.decode(video=0):
                if frames.full():
                    frames.get_nowait()
                frames.put_nowait(frame)
        time.sleep(0.2)


def main() -> None:
    mediamtx, camera, width, fps, endpoint = sys.argv[1:]
    port = free_port()
    url = f"rtsp://127.0.0.1:{port}/camera"
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "mediamtx.yml")
        configuration.write_text(_CONFIGURATION.format(port=port))
        subprocess.Popen([mediamtx, str(configuration)], stdout=subprocess.DEVNULL, cwd=folder)
        time.sleep(1)
        copy = [
            "-rtsp_transport",
            "tcp",
            "-i",
            camera,
            "-an",
            "-c",
            "copy",
            "-f",
            "rtsp",
            "-rtsp_transport",
            "tcp",
            url,
        ]
        subprocess.Popen(["ffmpeg", "-nostdin", "-loglevel", "error", *copy], stdin=subprocess.DEVNULL)
        publisher: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        publisher.setsockopt(zmq.SNDHWM, 1)
        publisher.bind(endpoint)
        frames: queue.Queue[av.VideoFrame] = queue.Queue(1)
        threading.Thread(target=decode, args=(url, frames), daemon=True).start()
        due = time.monotonic()
        while os.getppid() != 1:
            frame = frames.get()
            if time.monotonic() < due - 0.01:  # Frames come a little early or late.
                continue
            due = max(due + 1 / float(fps), time.monotonic() - 1 / float(fps))
            image = frame.to_ndarray(format="bgr24")
            small = cv2.resize(image, (int(width), image.shape[0] * int(width) // image.shape[1]))
            jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
            publisher.send(jpeg.tobytes())


if __name__ == "__main__":
    main()
