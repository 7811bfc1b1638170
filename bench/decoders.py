"""JPEG decoders side by side, on pictures of the gateway: which one framegate takes, and why.

    pip install simplejpeg opencv-python-headless pillow; python3 bench/decoders.py PICTURE.jpg ...

In turns, so that a busy machine slows all alike; ratios to simplejpeg's median.
"""

from __future__ import annotations

import io
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg
from PIL import Image

cv2.setNumThreads(1)
DECODERS: dict[str, Callable[[bytes], Any]] = {
    "simplejpeg": lambda jpeg: simplejpeg.decode_jpeg(jpeg, colorspace="BGR"),
    "cv2.imdecode": lambda jpeg: cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR),
    "Pillow": lambda jpeg: np.ascontiguousarray(np.asarray(Image.open(io.BytesIO(jpeg)))[..., ::-1]),
}

for path in sys.argv[1:]:
    jpeg = pathlib.Path(path).read_bytes()
    images = {name: decode(jpeg) for name, decode in DECODERS.items()}
    took: dict[str, list[float]] = {name: [] for name in DECODERS}
    for _ in range(200):
        for name, decode in DECODERS.items():
            start = time.perf_counter()
            decode(jpeg)
            took[name].append(time.perf_counter() - start)
    base = statistics.median(took["simplejpeg"])
    height, width = images["simplejpeg"].shape[:2]
    print(f"{width}x{height}, {len(jpeg) / 1024:.0f} KiB")
    for name, times in took.items():
        differs = np.abs(images[name].astype(int) - images["simplejpeg"]).max()
        median = statistics.median(times)
        print(f"  {name:14} {median * 1000:6.2f} ms  x{median / base:.2f}  largest difference {differs}")
