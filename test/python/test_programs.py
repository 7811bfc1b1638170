"""Programs from PyPI that open cameras with cv2.VideoCapture, unchanged, through framegate-run."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest
from harness import ROOT, Camera, Gateway

VIDGEAR = """
import sys
from vidgear.gears import CamGear
stream = CamGear(source=sys.argv[1]).start()
shapes = [stream.read().shape for _ in range(40)]
print(len(shapes), set(shapes), round(stream.framerate), "fps")
stream.stop()
"""
IMUTILS = """
import sys, time
from imutils.video import VideoStream
stream = VideoStream(src=sys.argv[1]).start()
frames = []
while len(frames) < 20:
    frame = stream.read()
    if frame is not None and not any(frame is known for known in frames):
        frames.append(frame)
    time.sleep(0.01)
print(len(frames), {frame.shape for frame in frames})
stream.stop()
"""


def framegate_run(gateway: Gateway, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "framegate.run", "--gateway", gateway.base, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "printed"),
    [(VIDGEAR, r"40 {\(720, 1280, 3\)} (\d+) fps"), (IMUTILS, r"20 {\(720, 1280, 3\)}")],
    ids=["vidgear", "imutils"],
)
def test_a_video_stream_of(source: str, printed: str, camera: Camera, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(source)
    output = framegate_run(gateway, str(script), camera.url)
    match = re.search(printed, output)
    assert match, output
    # The rate is measured over the last second: far below the camera's 25 on a busy machine.
    assert all(1 <= int(fps) <= 30 for fps in match.groups()), output
    assert camera.total == 1, "the gateway alone has opened the camera"


def test_scenedetect(camera: Camera, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    output = framegate_run(
        gateway,
        "-m",
        "scenedetect",
        "-i",
        camera.url,
        "-o",
        str(tmp_path),
        "time",
        "--duration",
        "50",
        "detect-content",
        "list-scenes",
    )
    # It counts positions: fewer frames if some were missed, as while it opened the camera, and more if the last step
    # passes the end.
    processed = re.search(r"Processed (\d+) frames", output)
    assert processed and 5 <= int(processed[1]) <= 100, output
    assert camera.total == 1
