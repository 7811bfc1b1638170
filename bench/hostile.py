#!/usr/bin/env python3
"""How much later the frames of good readers are with 100 hostile clients, in one run.

    .venv/bin/python bench/hostile.py [--seconds 20]
    .venv/bin/python bench/hostile.py --against FOLDER [--seconds 15] [--rounds 4]

The clients: slow readers of /mjpeg and /frames, half-open connections, garbage on HTTP, ZeroMQ, the lane and RTSP, and
floods of requests. Three good readers watch the same camera (1280x720, 25 fps): the lane, ZeroMQ, /mjpeg. A second
gateway has the same camera and a reader. Three kinds of times take turns, twice each: without hostile clients; with
them at the second gateway, which shows what their load alone costs on this machine; with them at the gateway of the
good readers. The clients run at the lowest priority, as if on another machine.

--against compares with another version, a checkout on which `npm run setup` ran. Both gateways have the same camera and
two good readers each (ZeroMQ, /mjpeg). In turn, the same clients attack neither, the other version and this one. An age
is that of the picture: from the moment at which the camera made it until the reader had its JPEG (/mjpeg) or image.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from processes import own_cpu_s  # noqa: E402

READERS = ("lane", "zmq", "http")
SETTLE_S = 3

# ---- Hostile clients: each attempt lasts until the gateway ends it, then the next one begins. ----

Address = tuple[str, int] | str

answered: Counter[str] = Counter()


def connect(address: Address, receive_bytes: int = 0) -> socket.socket:
    client = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(10)
    client.connect(address)
    return client


def slow(path: str) -> Callable[[Address], None]:
    """Reads 1 KB of a stream every 0.1 s."""

    def attempt(address: Address) -> None:
        with connect(address, 4096) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            while client.recv(1024):
                time.sleep(0.1)

    return attempt


def half_open(address: Address) -> None:
    """Never finishes its request."""
    with connect(address) as client:
        client.sendall(b"POST /cameras/start HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")
        client.settimeout(60)
        client.recv(1)


def garbage(address: Address) -> None:
    """64 KB of noise, then a pause."""
    with connect(address) as client:
        client.sendall(random.randbytes(65536))
        client.settimeout(0.2)
        client.recv(4096)
    time.sleep(0.05)


def flood(address: Address) -> None:
    """One request after the other, on one connection."""
    connection = http.client.HTTPConnection(str(address[0]), int(address[1]), timeout=10)
    requests: list[tuple[str, str, str | None]] = [
        ("GET", "/cameras", None),
        ("GET", "/snapshot?cam=good", None),
        ("GET", "/metrics", None),
        ("POST", "/cameras/start", '{"name": "good", "rtsp": "rtsp://a:wrong@127.0.0.1:9/x"}'),
        ("POST", "/cameras/start", "[" * 30000),
    ]
    with contextlib.closing(connection):
        while True:
            connection.request(*random.choice(requests))
            connection.getresponse().read()
            answered["requests"] += 1


def hostile(given: dict[str, Any]) -> None:
    os.nice(19)
    web, zmq, rtsp = tuple(given["http"]), tuple(given["zmq"]), tuple(given["rtsp"] or given["http"])
    kinds: list[tuple[int, Callable[[Address], None], Address]] = [
        (30, slow("/mjpeg?cam=good"), web),
        (20, slow("/frames?cam=good"), web),
        (15, half_open, web),
        (9, garbage, web),
        (10, garbage, zmq),
        (4, garbage, given["lane"] or web),
        (6, garbage, rtsp),
        (6, flood, web),
    ]
    made: Counter[str] = Counter()

    def repeat(attempt: Callable[[Address], None], address: Address) -> None:
        while True:
            made[f"{attempt.__name__} {address if isinstance(address, str) else address[1]}"] += 1
            with contextlib.suppress(OSError, http.client.HTTPException):
                attempt(address)
            time.sleep(0.01)

    for count, attempt, address in kinds:
        for _ in range(count):
            threading.Thread(target=repeat, args=(attempt, address), daemon=True).start()
    sys.stdin.read()
    print(json.dumps(made + answered), flush=True)
    os._exit(0)


# ---- Good readers: [when it had the frame, in s; the frame's age, in ms] for each. ----


def reader(kind: str, given: dict[str, Any]) -> None:
    frames: list[tuple[float, float]] = []
    sys.path.insert(0, given["client"])

    def note(received_at_us: float, picture: Any) -> None:
        """picture: bytes of JPEG, or the decoded image."""
        now = time.time()
        if not given["numbered"]:
            frames.append((now, now * 1000 - received_at_us / 1000))
            return
        import cv2
        import numpy as np
        from test_picture import read_number

        if isinstance(picture, bytes):
            picture = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
        number = read_number(picture)
        if number is not None:
            frames.append((now, number))

    def over_http() -> None:
        with urllib.request.urlopen(f"{given['base']}/mjpeg?cam=good", timeout=60) as stream:
            length, received = 0, 0.0
            while line := stream.readline():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"x-received-at-us":
                    received = float(value)
                elif line == b"\r\n" and length:
                    note(received, stream.read(length))
                    length = 0

    def over_client() -> None:
        from framegate import open_capture

        capture = open_capture(given["camera"], name="good", pub_fps=25, gateway=given["base"])
        while True:
            ok, image = capture.read()
            if ok:
                note(capture.frame.header.received_at_us if capture.frame else 0, image)

    threading.Thread(target=over_http if kind == "http" else over_client, daemon=True).start()
    sys.stdin.read()
    print(json.dumps(frames), flush=True)
    os._exit(0)


# ---- The run ----


def helper(given: dict[str, Any], *words: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, *words, json.dumps(given)]
    env = {**os.environ, **environment}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def end(process: subprocess.Popen[str]) -> Any:
    return json.loads(process.communicate(timeout=60)[0])


WHERE = ("none", "elsewhere", "here")


class Target:
    """A gateway with the camera "good", and what clients need to know about it."""

    def __init__(self, camera: str, root: pathlib.Path = ROOT, numbered: bool = False) -> None:
        from harness import Gateway

        self.gateway = Gateway(root=root)
        base = self.gateway.base
        start = json.dumps({"name": "good", "rtsp": camera, "pub_fps": 25}).encode()
        about = json.load(urllib.request.urlopen(f"{base}/cameras/start", start, timeout=20))
        urllib.request.urlopen(f"{base}/snapshot?cam=good", timeout=30).close()  # Waits until it is live.
        ports = {
            name: address and (urlsplit(address).hostname, urlsplit(address).port)
            for name, address in {"http": base, "zmq": about["zmq_endpoint"], "rtsp": about["rtsp_url"]}.items()
        }
        lane = None if numbered else about["lane"]["socket"]
        client = str(root / "clients/python")
        self.given = {"base": base, "camera": camera, "lane": lane, "client": client, "numbered": numbered, **ports}


def figures(frames: list[tuple[float, float]], times: list[tuple[float, float]]) -> dict[str, float]:
    ages: list[float] = []
    gaps: list[float] = []
    for begun, over in times:
        inside = [frame for frame in frames if begun <= frame[0] <= over]
        ages += [age for _, age in inside]
        moments = [begun, *(at for at, _ in inside), over]
        gaps += [1000 * (b - a) for a, b in zip(moments, moments[1:])]
    ages.sort()
    if not ages:
        return {"frames": 0, "median": float("inf"), "p99": float("inf"), "worst": float("inf"), "gap": max(gaps)}
    p99 = ages[min(len(ages) - 1, int(0.99 * len(ages)))]
    return {"frames": len(ages), "median": statistics.median(ages), "p99": p99, "worst": ages[-1], "gap": max(gaps)}


def compare(folder: pathlib.Path, seconds: float, rounds: int) -> None:
    from harness import Camera, usage

    roots = {"old": folder, "new": ROOT}
    attacked = ("none", *roots)
    ages: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for turn in range(rounds):
        with contextlib.ExitStack() as ends:
            camera = Camera("--width", "1280", "--height", "720", "--fps", "25", "--gop", "25")
            ends.callback(camera.stop)
            targets = {version: Target(camera.url, root, numbered=True) for version, root in roots.items()}
            for target in targets.values():
                ends.callback(target.gateway.stop)
            readers = {
                (version, kind): helper(target.given, "--reader", kind, FRAMEGATE_TRANSPORT=kind)
                for version, target in targets.items()
                for kind in ("zmq", "http")
            }
            times: dict[str, tuple[float, float]] = {}
            for where in attacked if turn % 2 == 0 else reversed(attacked):
                clients = helper(targets[where].given, "--hostile") if where in targets else None
                time.sleep(SETTLE_S)
                begun = time.time()
                cpu_s = {version: own_cpu_s(target.gateway.process.pid) for version, target in targets.items()}
                time.sleep(seconds)
                times[where] = (begun, time.time())
                for version, target in targets.items():
                    process = target.gateway.process
                    if process.poll() is None:
                        cores = (own_cpu_s(process.pid) - cpu_s[version]) / seconds
                        state = f"{cores:.2f} cores, {usage(process.pid).mb:.0f} MB"
                    else:
                        state = f"ended with status {process.returncode}"
                    print(f"round {turn + 1}, hostile clients at {where}: {version} {state}", flush=True)
                if clients:
                    print(f"  attempts: {end(clients)}")
            for (version, kind), process in readers.items():
                made = camera.captured_us
                frames = [(at, at * 1000 - made[int(n)] / 1000) for at, n in end(process) if int(n) in made]
                for where in ("none", version):
                    ages.setdefault((kind, where, version), []).append(figures(frames, [times[where]]))
    print("| reader | hostile clients | version | frames | median age | p99 | longest gap |")
    print("| --- |" + " --- |" * 6)
    for (kind, where, version), rows in sorted(ages.items()):
        shown = " | ".join("/".join(f"{row[key]:.1f}" for row in rows) + " ms" for key in ("median", "p99", "gap"))
        attack = "none" if where == "none" else "here"
        print(f"| {kind} | {attack} | {version} | {sum(row['frames'] for row in rows)} | {shown} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each time")
    parser.add_argument("--against", type=pathlib.Path, metavar="FOLDER", help="a checkout of another version")
    parser.add_argument("--rounds", type=int, default=4, help="with --against")
    words = parser.parse_args()
    seconds = words.seconds
    if words.against:
        compare(words.against.resolve(), seconds, words.rounds)
        return

    from harness import Camera

    with contextlib.ExitStack() as ends:
        camera = Camera("--width", "1280", "--height", "720", "--fps", "25", "--gop", "25")
        ends.callback(camera.stop)
        targets = {where: Target(camera.url) for where in WHERE[1:]}
        for target in targets.values():
            ends.callback(target.gateway.stop)
        here = targets["here"]
        readers = {kind: helper(here.given, "--reader", kind, FRAMEGATE_TRANSPORT=kind) for kind in READERS}
        other = helper(targets["elsewhere"].given, "--reader", "http")
        times: dict[str, list[tuple[float, float]]] = {where: [] for where in WHERE}
        cpu_s = dict.fromkeys(WHERE, 0.0)
        made: Counter[str] = Counter()
        for where in WHERE * 2:
            clients = helper(targets[where].given, "--hostile") if where in targets else None
            time.sleep(SETTLE_S)
            begun, cpu_begun_s = time.time(), own_cpu_s(here.gateway.process.pid)
            time.sleep(seconds)
            times[where].append((begun, time.time()))
            cpu_s[where] += own_cpu_s(here.gateway.process.pid) - cpu_begun_s
            if clients:
                attempts = end(clients)
                made.update(attempts if where == "here" else {})
        end(other)
        print(f"{sum(made.values())} attempts here: {dict(made)}")
        print("cores of the gateway:", ", ".join(f"{cpu_s[where] / 2 / seconds:.2f} ({where})" for where in WHERE))
        print("| reader | hostile clients | frames | median age | p99 | worst | longest gap |")
        print("| --- |" + " --- |" * 6)
        for kind, process in readers.items():
            frames = end(process)
            rows = {where: figures(frames, times[where]) for where in WHERE}
            for where, row in rows.items():
                values = " | ".join(f"{row[key]:.1f} ms" for key in ("median", "p99", "worst", "gap"))
                print(f"| {kind} | {where} | {row['frames']} | {values} |")
            for where in ("none", "elsewhere"):
                ratios = " | ".join(f"{value / rows[where][key]:.2f}" for key, value in rows["here"].items())
                print(f"| {kind} | here / {where} | {ratios} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hostile"]:
        hostile(json.loads(sys.argv[2]))
    elif sys.argv[1:2] == ["--reader"]:
        reader(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
