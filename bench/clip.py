"""Recordings of the test camera's picture, encoded as IP cameras encode theirs.

A camera that replays one leaves the cores to what is measured: an encoder for 1080p takes a quarter of a core and 10 ms
for each picture. And cameras use the High profile (CABAC, deblocking), which x264 can make in real time only with more
than one core. Noise as from a sensor makes the pictures need all of the bit rate.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/python"))

import numpy as np  # noqa: E402
from test_picture import render_planes  # noqa: E402

WIDTH, HEIGHT, FPS, KBPS = 1920, 1080, 25, 4000
#: Pictures in a recording. Picture n shows n.
FRAMES = 250
_NOISE = 1.5  # Standard deviation, in steps of luma.
_FOLDER = ROOT / "build/bench"


def recording(gop: int) -> pathlib.Path:
    """The file with a key frame every `gop` pictures; made once (about half a minute) and kept."""
    path = _FOLDER / f"camera-{WIDTH}x{HEIGHT}-gop{gop}.mp4"
    if not path.exists():
        print(f"recording the camera, a key frame every {gop} pictures (about half a minute)", flush=True)
        _FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.mp4")
        _encode(gop, unfinished)
        unfinished.rename(path)
    return path


def _encode(gop: int, path: pathlib.Path) -> None:
    raw = f"-f rawvideo -pix_fmt yuv420p -s {WIDTH}x{HEIGHT} -r {FPS} -color_range tv -colorspace bt709 -i -"
    rate = f"-b:v {KBPS}k -minrate {KBPS}k -maxrate {KBPS}k -bufsize {KBPS}k"
    keys = f"-g {gop} -keyint_min {gop} -sc_threshold 0 -bf 0"
    encoder = f"-c:v libx264 -preset veryfast -profile:v high {rate} {keys}"
    command = f"ffmpeg -nostdin -v error -y {raw} {encoder} {path}"
    random = np.random.default_rng(1)
    noise = [np.round(random.normal(0, _NOISE, (HEIGHT, WIDTH))).astype(np.int16) for _ in range(7)]
    with subprocess.Popen(command.split(), stdin=subprocess.PIPE) as program:
        assert program.stdin is not None
        for n in range(FRAMES):
            y, u, v = render_planes(n, WIDTH, HEIGHT)
            noisy = np.clip(y + noise[n % len(noise)], 16, 235).astype(np.uint8)
            for plane in (noisy, u, v):
                program.stdin.write(plane.tobytes())
        program.stdin.close()
    if program.returncode != 0:
        raise RuntimeError(f"ffmpeg ended with status {program.returncode}: {command}")
