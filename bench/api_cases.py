#!/usr/bin/env python3
"""Cases that Schemathesis makes from /openapi.json, all checks, while a reader watches a camera over /mjpeg.

    python3 -m venv /tmp/st && /tmp/st/bin/pip install schemathesis
    .venv/bin/python bench/api_cases.py /tmp/st/bin/schemathesis [--examples 100] [OPTIONS OF SCHEMATHESIS]

Prints Schemathesis' report, the number of frames and the longest gap between two. Ends with status 1 if a check fails,
the gateway ends, or the reader's stream does.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, Gateway  # noqa: E402


class Watcher(threading.Thread):
    """Reads /mjpeg and measures the gaps between frames."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.stream = urllib.request.urlopen(address, timeout=30)
        self.frames, self.longest_s, self.ended = 0, 0.0, False

    def run(self) -> None:
        last = 0.0
        for line in self.stream:
            if not line.lower().startswith(b"x-seq:"):
                continue
            now = time.monotonic()
            if last:
                self.longest_s = max(self.longest_s, now - last)
            last, self.frames = now, self.frames + 1
        self.ended = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemathesis")
    parser.add_argument("--examples", type=int, default=100, help="for each operation and phase")
    options, others = parser.parse_known_args()
    camera = Camera("--width", "320", "--height", "180", "--fps", "25", "--gop", "25")
    gateway = Gateway(mediamtx="off")
    try:
        start = json.dumps({"name": "watched", "rtsp": camera.url, "pub_fps": 25}).encode()
        urllib.request.urlopen(f"{gateway.base}/cameras/start", start, timeout=10).close()
        urllib.request.urlopen(f"{gateway.base}/snapshot?cam=watched", timeout=30).close()  # Waits until it is live.
        watcher = Watcher(f"{gateway.base}/mjpeg?cam=watched")
        watcher.start()
        words = [options.schemathesis, "run", f"{gateway.base}/openapi.json", "--url", gateway.base, "--checks", "all"]
        words += ["--max-examples", str(options.examples), "--request-timeout", "10", *others]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(ROOT / "bench")}
        with tempfile.TemporaryDirectory() as folder:  # It writes files where it runs.
            status = subprocess.run(words, env=environment, cwd=folder).returncode
        runs = gateway.process.poll() is None
        print(
            f"{watcher.frames} frames at /mjpeg meanwhile, the longest gap {watcher.longest_s:.2f} s; "
            f"its stream {'ended' if watcher.ended else 'goes on'}; the gateway {'runs' if runs else 'has ended'}"
        )
        return 1 if status or watcher.ended or not runs else 0
    finally:
        gateway.stop()
        camera.stop()


if __name__ == "__main__":
    sys.exit(main())
