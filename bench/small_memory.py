#!/usr/bin/env python3
"""A gateway and its MediaMTX in a cgroup of 300 MB, with more cameras and readers than fit: whether the process lives,
what it says is short, and whether the first cameras stay live.

    .venv/bin/python bench/small_memory.py [--mb 300] [--first 3] [--more 24] [--size 3840x2160] # as root

The cameras and readers run outside the cgroup. Ends with status 1 if a check fails.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import MEDIAMTX, Camera, free_port  # noqa: E402

from framegate import open_capture  # noqa: E402

CAMERA = ("--address", "0.0.0.0", "--fps", "10", "--gop", "20")


class Cgroup:
    """A group of processes with a limit of memory, of cgroup v2 or v1."""

    def __init__(self, megabytes: int) -> None:
        v1 = pathlib.Path("/sys/fs/cgroup/memory")
        self.v1 = v1.is_dir()
        self.path = (v1 if self.v1 else pathlib.Path("/sys/fs/cgroup")) / f"framegate-{os.getpid()}"
        if not self.v1:
            (self.path.parent / "cgroup.subtree_control").write_text("+memory")
        self.path.mkdir()
        limit = "memory.limit_in_bytes" if self.v1 else "memory.max"
        (self.path / limit).write_text(str(megabytes << 20))

    def used_mb(self) -> int:
        return int((self.path / ("memory.usage_in_bytes" if self.v1 else "memory.current")).read_text()) >> 20

    def killed(self) -> int:
        """How many processes the kernel has killed for their memory."""
        text = (self.path / ("memory.oom_control" if self.v1 else "memory.events")).read_text()
        found = re.search(r"^oom_kill (\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def remove(self) -> None:
        for pid in (self.path / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.1)


class Small:
    """The gateway in the cgroup."""

    def __init__(self, group: Cgroup, mediamtx: str) -> None:
        self.folder = tempfile.mkdtemp()
        names = (
            "RTSPADDRESS",
            "HLSADDRESS",
            "WEBRTCADDRESS",
            "WEBRTCLOCALUDPADDRESS",
            "APIADDRESS",
        )
        env = {
            **os.environ,
            "HTTP_PORT": "0",
            "ZMQ_BIND": "tcp://127.0.0.1:*",
            "MEDIAMTX": mediamtx,
            "STATE_FILE": f"{self.folder}/cameras.json",
            "MTX_RTSPTRANSPORTS": "tcp",
            **{f"MTX_{name}": f"127.0.0.1:{free_port()}" for name in names},
        }
        enter = f"echo $$ > {group.path}/cgroup.procs; exec node {ROOT}/dist/src/main.js"
        with open(f"{self.folder}/log", "w") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", enter],
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        for line in self.process.stdout:
            if "is running: " in line:
                self.base = line.split("is running: ")[1].strip()
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.address = (
            urlsplit(self.base).hostname or "",
            urlsplit(self.base).port or 0,
        )

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        with contextlib.closing(connection):
            connection.request(
                "GET" if body is None else "POST",
                path,
                None if body is None else json.dumps(body),
            )
            answer = connection.getresponse()
            return answer.status, json.load(answer)

    def refusal(self, path: str) -> str:
        """The status and, if it is an error, the message."""
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return f"{answer.status} {json.load(answer)['error'] if answer.status >= 400 else ''}"

    def stalled(self, path: str) -> socket.socket:
        """A client that never reads."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(self.address)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return client


class Reader(threading.Thread):
    """Counts a camera's frames."""

    def __init__(self, url: str, name: str, gateway: str, **options: Any) -> None:
        super().__init__(daemon=True)
        self.capture = open_capture(url, name=name, gateway=gateway, **options)
        self.at: list[float] = []
        self.start()

    def run(self) -> None:
        while True:
            if self.capture.read()[0]:
                self.at.append(time.monotonic())

    def longest_gap_s(self, since: float) -> float:
        at = [since, *(t for t in self.at if t > since), time.monotonic()]
        return max(b - a for a, b in pairwise(at))


class Checks:
    """Prints the outcome of each check and counts those that failed."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, right: bool) -> None:
        self.failed += not right
        print(f"{'ok    ' if right else 'FAILED'}  {what}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--more", type=int, default=24)
    parser.add_argument("--first", type=int, default=3, help="cameras that must stay live")
    parser.add_argument("--size", default="1280x720", help="of the cameras' pictures, up to 3840x2160")
    parser.add_argument("--mediamtx", default="managed" if MEDIAMTX else "off")
    options = parser.parse_args()
    first, (width, height) = options.first, options.size.split("x")
    group = Cgroup(options.mb)
    cameras: list[Camera] = []
    check = Checks()
    try:
        gateway = Small(group, options.mediamtx)
        cameras.extend(Camera(*CAMERA, "--width", width, "--height", height) for _ in range(2))
        # Each address counts as a camera of its own. One process draws for the first ones, one for the others.
        urls = [cameras[i >= first].url.replace("127.0.0.1", f"127.0.0.{i + 1}") for i in range(first + options.more)]
        readers = [Reader(url, f"first{i}", gateway.base, pub_fps=10) for i, url in enumerate(urls[:first])]
        end = time.monotonic() + 60
        while any(len(reader.at) < 20 for reader in readers) and time.monotonic() < end:
            time.sleep(0.1)
        print(f"{first} cameras: {group.used_mb()} MB in the cgroup")
        begun = time.monotonic()
        codes: dict[str, int] = {}
        clients: list[socket.socket] = []
        for i, url in enumerate(urls[first:]):
            status, answer = gateway.ask("/cameras/start", {"name": f"more{i}", "rtsp": url, "scale_width": 0})
            code = "started" if status == 200 else answer["code"]
            codes[code] = codes.get(code, 0) + 1
            topics = (f"more{i}", f"more{i}@0w25fps", f"first{i % first}@0w20fps")
            clients.extend(gateway.stalled(f"/frames?cam={topic}") for topic in topics)
            time.sleep(options.seconds / options.more / 2)
        later = [Reader(urls[0], "first0", gateway.base, pub_fps=10, scale_width=w) for w in (0, 960, 800, 480)]
        time.sleep(options.seconds / 2)
        print(f"{options.more} more: {codes}; {group.used_mb()} MB in the cgroup, {group.killed()} processes killed")
        check("the gateway lives", gateway.process.poll() is None)
        if gateway.process.poll() is None:
            listed = {camera["name"]: camera for camera in gateway.ask("/cameras")[1]["cameras"]}
            states = [camera["state"] for camera in listed.values()]
            errors = {camera["last_error"]["message"] for camera in listed.values() if camera["last_error"]}
            print({state: states.count(state) for state in sorted(set(states))}, errors)
            short = [message for message in errors if "short of memory" in message]
            check(
                "those that did not fit say what is short",
                bool(short) or states.count("live") == len(states),
            )
            for i, reader in enumerate(readers):
                if not reader.at:
                    print(f"first{i}: no frames, last_error {reader.capture.last_error}")
                    continue
                camera = listed[f"first{i}"]
                gap = reader.longest_gap_s(begun)
                seen = f"{camera['state']}, {camera['reconnects']} reconnects, longest gap {gap:.1f} s"
                check(
                    f"first{i}: {seen}",
                    camera["state"] == "live" and camera["reconnects"] == 0,
                )
            print(
                f"renditions that did not fit: {sum(len(camera['refused_renditions']) for camera in listed.values())}"
            )
            for reader in later:
                print(f"a reader that came later: {len(reader.at)} frames, last_error {reader.capture.last_error}")
            for path in (
                "/snapshot?cam=more0",
                "/mjpeg?cam=more0",
                "/frames?cam=first0@0w7fps",
            ):
                print(f"{path}: {gateway.refusal(path)}")
            check("no process of the cgroup was killed", group.killed() == 0)
            for client in clients:
                client.close()
            gateway.process.terminate()
            check("it ends with status 0", gateway.process.wait(30) == 0)
    finally:
        for camera in cameras:
            camera.stop()
        group.remove()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
