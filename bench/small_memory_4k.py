#!/usr/bin/env python3
"""A gateway with 300 MB, a small live camera, and readers that ask for full pictures of a 4K camera at nine rates.

    .venv/bin/python bench/small_memory_4k.py [--mb 300] [--mediamtx off] # as root

Prints what each reader got and what the gateway says. Ends with status 1 if the gateway ends, the small camera stops,
or a picture that does not fit has no reason.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from small_memory import Cgroup, Checks, Reader, Small  # first: it makes the harness importable

from harness import MEDIAMTX, Camera  # isort: skip

RATES = (1, 2, 3, 4, 5, 6, 7, 8)


class Stream(threading.Thread):
    """Reads a stream, asking again each second while it is refused."""

    def __init__(self, gateway: Small, path: str) -> None:
        super().__init__(daemon=True)
        self.gateway, self.path, self.bytes = gateway, path, 0
        self.refusals: set[str] = set()
        self.start()

    def run(self) -> None:
        while True:
            try:
                with urllib.request.urlopen(self.gateway.base + self.path, timeout=120) as stream:
                    while data := stream.read(65536):
                        self.bytes += len(data)
            except urllib.error.HTTPError as error:
                self.refusals.add(f"{error.code} {error.read().decode()[:300]}")
            except OSError as error:
                self.refusals.add(str(error))
            time.sleep(1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--mediamtx", default="managed" if MEDIAMTX else "off")
    options = parser.parse_args()
    group = Cgroup(options.mb)
    cameras: list[Camera] = []
    check = Checks()
    try:
        gateway = Small(group, options.mediamtx)
        cameras.append(Camera("--width", "640", "--height", "360", "--fps", "25", "--gop", "25"))
        cameras.append(Camera("--width", "3840", "--height", "2160", "--fps", "10", "--gop", "10"))
        small, large = (camera.url for camera in cameras)
        reader = Reader(small, "small", gateway.base, pub_fps=25, scale_width=0)
        end = time.monotonic() + 60
        while len(reader.at) < 50 and time.monotonic() < end:
            time.sleep(0.1)
        begun, used = time.monotonic(), group.used_mb()
        print(f"the small camera alone: {used} MB in the cgroup", flush=True)
        status, answer = gateway.ask("/cameras/start", {"name": "large", "rtsp": large, "scale_width": 0})
        print(f"start: {status} {answer.get('error', '')}")
        topics = ["large", *(f"large@0w{rate}fps" for rate in RATES)]
        streams = [
            Stream(gateway, f"/frames?cam={topic}" if "@" in topic else f"/mjpeg?cam={topic}") for topic in topics
        ]
        later = [Reader(large, "large", gateway.base, pub_fps=rate, scale_width=0) for rate in RATES[:4]]
        peak = 0
        said: dict[str, str] = {}
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            peak = max(peak, group.used_mb())
            answer = gateway.ask("/cameras/large")[1]
            camera = answer.get("camera", answer)
            said.update({refused["topic"]: refused["message"] for refused in camera["refused_renditions"]})
            time.sleep(0.5)
        check("the gateway lives", gateway.process.poll() is None)
        check(f"no process of the cgroup was killed (peak {peak} MB)", group.killed() == 0)
        listed: dict[str, Any] = {camera["name"]: camera for camera in gateway.ask("/cameras")[1]["cameras"]}
        for name, camera in listed.items():
            error = camera["last_error"] and camera["last_error"]["message"]
            print(f"{name}: {camera['state']}, {camera['reconnects']} reconnects, {camera['renditions']}, {error}")
        print(f"refused renditions: {said}")
        gap = reader.longest_gap_s(begun)
        camera = listed["small"]
        check(f"the small camera: longest gap {gap:.2f} s", camera["state"] == "live" and camera["reconnects"] == 0)
        check(f"the small camera has its frames: {len(reader.at)}", gap < 2)
        for stream in streams:
            print(f"{stream.path}: {stream.bytes} bytes, {sorted(stream.refusals)}")
            reasons = [*stream.refusals, said.get(stream.path.split("=")[1], "")]
            known = any("MB more" in text or "maximum of" in text for text in reasons)
            check("    has pictures or a reason", stream.bytes > 0 or known)
        for reader in later:
            print(f"over ZeroMQ: {len(reader.at)} frames, last_error {reader.capture.last_error}")
            check("    has frames or a reason", len(reader.at) > 0 or "MB more" in str(reader.capture.last_error))
        for path in ("/snapshot?cam=large", "/frames?cam=large@0w9fps"):
            print(f"{path} now: {gateway.refusal(path)}")
        gateway.process.terminate()
        check("it ends with status 0", gateway.process.wait(30) == 0)
    finally:
        for camera in cameras:
            camera.stop()
        group.remove()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
