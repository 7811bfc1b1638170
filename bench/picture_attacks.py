#!/usr/bin/env python3
"""What a camera that sends broken or malicious pictures does to the gateway and to a healthy camera beside it.

    .venv/bin/python bench/picture_attacks.py [--seconds 6] [--mediamtx off] [NAME ...]

Each attack has a gateway of its own, a healthy camera (1280x720, 25 fps) whose every frame is checked, and readers of
the hostile camera over ZeroMQ, the lane, /mjpeg and /snapshot. Prints a line for each: the camera's state and error,
the frames that its readers got and how many of them look wrong, the gateway's peak memory and CPU, and what the healthy
camera lost. Ends with status 1 if the gateway ends, a wrong picture is published, or the healthy camera stops.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

import numpy as np  # noqa: E402
import picture_attacks_others  # noqa: E402, F401 (adds its own)
from harness import Camera, Gateway  # noqa: E402
from picture_attack_list import ATTACKS  # noqa: E402
from picture_streams import Packet, Stream, encoded  # noqa: E402
from processes import own_cpu_s  # noqa: E402

from framegate import FrameSubscriber, open_capture  # noqa: E402
from framegate.jpeg import decode_jpeg  # noqa: E402


class HostileCamera:
    """An RTSP server for one stream, over TCP."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.sent = self.sessions = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/cam"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._server.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        stop = threading.Event()
        with contextlib.suppress(OSError), client:
            text = b""
            while True:
                while b"\r\n\r\n" not in text or text[:1] == b"$":
                    if text[:1] == b"$" and len(text) >= 4 and len(text) >= 4 + int.from_bytes(text[2:4], "big"):
                        text = text[4 + int.from_bytes(text[2:4], "big") :]
                        continue
                    data = client.recv(65536)
                    if not data:
                        stop.set()
                        return
                    text += data
                head, text = text.split(b"\r\n\r\n", 1)
                self._answer(client, head.decode(), stop)

    def _answer(self, client: socket.socket, head: str, stop: threading.Event) -> None:
        method = head.split(" ")[0]
        number = next(line.split(":")[1].strip() for line in head.split("\r\n") if line.lower().startswith("cseq"))
        more, body = "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body = f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 0.0.0.0\nt=0 0\n{self.stream.media}\na=control:v\n"
            more = f"Content-Type: application/sdp\r\nContent-Base: {self.url}/\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 7;timeout=60\r\n"
        else:
            more = "Session: 7\r\n"
        client.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}\r\n{body}".encode())
        if method == "PLAY":
            self.sessions += 1
            threading.Thread(target=self._play, args=(client, stop), daemon=True).start()

    def _play(self, client: socket.socket, stop: threading.Event) -> None:
        kind = int(self.stream.media.split("RTP/AVP ")[1].split("\n")[0])
        number, begun, batch = 0, time.monotonic(), bytearray()
        with contextlib.suppress(OSError):
            packet: Packet
            for packet in self.stream.packets():
                head = bytes([0x80, kind | (0x80 if packet.marker else 0)]) + (number & 0xFFFF).to_bytes(2, "big")
                rtp = head + (packet.time & 0xFFFFFFFF).to_bytes(4, "big") + b"\0\0\0\5" + packet.payload
                batch += b"$\0" + len(rtp).to_bytes(2, "big") + rtp
                number += 1
                if not packet.marker and len(batch) < 65536:
                    continue
                client.sendall(batch)
                self.sent += len(batch)
                batch.clear()
                if stop.is_set():
                    return
                if self.stream.rate:
                    wait = begun + packet.time / 90000 / self.stream.rate - time.monotonic()
                    if wait > 0:
                        time.sleep(wait)


def reference() -> Any:
    return decode_jpeg(encoded("jpegenc quality=95")[0])


class Watch:
    """Readers of the hostile camera. Counts frames, and those that look wrong."""

    def __init__(self, gateway: Gateway, url: str, expected: Any) -> None:
        self.expected = expected
        self.frames = {"zmq": 0, "lane": 0, "mjpeg": 0, "snapshot": 0}
        self.sizes: set[str] = set()
        self.wrong: list[str] = []
        self.refusals: set[str] = set()
        self.over = False
        self.lock = threading.Lock()
        self.threads = []
        for transport in ("zmq", "lane"):
            os.environ["FRAMEGATE_TRANSPORT"] = transport
            capture = open_capture(
                url,
                name="hostile",
                gateway=gateway.base,
                timeout_ms=500,
                scale_width=0,
                pub_fps=25,
            )
            self.threads.append(threading.Thread(target=self._capture, args=(transport, capture), daemon=True))
        del os.environ["FRAMEGATE_TRANSPORT"]
        for path, read in (("mjpeg", self._mjpeg), ("snapshot", self._snapshot)):
            address = f"{gateway.base}/{path}?cam=hostile"
            self.threads.append(threading.Thread(target=read, args=(address,), daemon=True))
        for thread in self.threads:
            thread.start()

    def _judge(self, way: str, image: Any) -> None:
        height, width = image.shape[:2]
        with self.lock:
            self.frames[way] += 1
            self.sizes.add(f"{width}x{height}")
        rows = np.linspace(0, height - 1, 24).astype(int)
        columns = np.linspace(0, width - 1, 32).astype(int)
        seen = image[rows][:, columns].astype(int)
        if isinstance(self.expected, int):
            away = np.abs(seen - self.expected)
        else:
            whole = self.expected
            wanted = whole[np.linspace(0, whole.shape[0] - 1, 24).astype(int)]
            away = np.abs(seen - wanted[:, np.linspace(0, whole.shape[1] - 1, 32).astype(int)].astype(int))
        # A few samples lie on edges.
        if (away.max(axis=2) > 48).mean() > 0.12:
            with self.lock:
                self.wrong.append(f"{way} {width}x{height}")
                if "SAVE" in os.environ and len(self.wrong) < 4:
                    np.save(f"{os.environ['SAVE']}-{len(self.wrong)}.npy", image)

    def _capture(self, way: str, capture: Any) -> None:
        while not self.over:
            ok, image = capture.read()
            if ok:
                self._judge(way, image)
            elif capture.last_error:
                self.refusals.add(str(capture.last_error)[:160])
        capture.release()

    def _mjpeg(self, address: str) -> None:
        while not self.over:
            with (
                contextlib.suppress(OSError, ValueError),
                urllib.request.urlopen(address, timeout=3) as stream,
            ):
                length = 0
                for line in stream:
                    if self.over:
                        return
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                    if line == b"\r\n" and length:
                        self._judge("mjpeg", decode_jpeg(stream.read(length)))
                        length = 0
            time.sleep(0.2)

    def _snapshot(self, address: str) -> None:
        while not self.over:
            try:
                with urllib.request.urlopen(address, timeout=3) as answer:
                    self._judge("snapshot", decode_jpeg(answer.read()))
            except urllib.error.HTTPError as error:
                with contextlib.suppress(OSError, ValueError):
                    self.refusals.add(f"{error.code} {json.load(error).get('code')}")
            except (OSError, ValueError):
                pass
            time.sleep(0.3)


def kilobytes(pid: int, name: str) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name))


def ask(base: str, path: str) -> Any:
    with urllib.request.urlopen(base + path, timeout=10) as answer:
        return json.load(answer)


def healthy_counts(base: str) -> dict[str, int]:
    with urllib.request.urlopen(base + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().split("\n")
    names = {
        "received": "frames_received_total",
        "shown": "frames_shown_total",
        "dropped": "frames_dropped_total",
    }
    counts = dict.fromkeys([*names, "reconnects"], 0)
    for line in lines:
        for key, name in {**names, "reconnects": "reconnects_total"}.items():
            if line.startswith(f"framegate_camera_{name}{{") and 'camera="healthy"' in line:
                counts[key] += int(float(line.rsplit(" ", 1)[1]))
    return counts


def run(name: str, options: argparse.Namespace, whole: Any) -> bool:
    attack = ATTACKS[name]
    gateway = Gateway(mediamtx=options.mediamtx)
    healthy = Camera("--width", "1280", "--height", "720", "--fps", "25", "--gop", "25")
    hostile = HostileCamera(attack.stream())
    pid = gateway.process.pid
    try:
        start = {
            "name": "healthy",
            "rtsp": healthy.url,
            "pub_fps": 60,
            "scale_width": 640,
        }
        urllib.request.urlopen(gateway.base + "/cameras/start", json.dumps(start).encode(), timeout=10).close()
        capture = FrameSubscriber("healthy", gateway=gateway.base, timeout_ms=500)
        for _ in range(100):
            if capture.read() is not None:
                break
        time.sleep(0.5)
        counted = healthy_counts(gateway.base)
        with open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")  # VmHWM begins again.
        before_mb, before_cpu, begun = (
            kilobytes(pid, "VmRSS") // 1024,
            own_cpu_s(pid),
            time.monotonic(),
        )
        watch = Watch(gateway, hostile.url, whole if attack.expected is None else attack.expected)
        errors: dict[str, int] = {}
        states: dict[str, int] = {}

        def follow() -> None:
            while not watch.over:
                with contextlib.suppress(OSError, KeyError, ValueError):
                    camera = ask(gateway.base, "/cameras/hostile")
                    camera = camera.get("camera", camera)
                    states[camera["state"]] = states.get(camera["state"], 0) + 1
                    if camera["last_error"]:
                        text = f"{camera['last_error']['code']}: {camera['last_error']['message']}"
                        errors[text] = errors.get(text, 0) + 1
                time.sleep(0.1)

        threading.Thread(target=follow, daemon=True).start()
        gap_ms, read = 0.0, 0
        last = time.monotonic()
        while time.monotonic() - begun < options.seconds:
            if capture.read(500) is not None:
                gap_ms, last, read = (
                    max(gap_ms, (time.monotonic() - last) * 1000),
                    time.monotonic(),
                    read + 1,
                )
        watch.over = True
        counts = {key: value - counted[key] for key, value in healthy_counts(gateway.base).items()}
        seconds = time.monotonic() - begun
        lives = gateway.process.poll() is None
        peak_mb = kilobytes(pid, "VmHWM") // 1024 if lives else -1
        cores = (own_cpu_s(pid) - before_cpu) / seconds if lives else -1
        time.sleep(0.6)
        end = "" if lives else "THE GATEWAY HAS ENDED; "
        print(f"## {name}: {end}peak {peak_mb} MB (before {before_mb}), {cores:.2f} cores")
        print(f"   healthy: {counts}, {read} read, the longest gap {gap_ms:.0f} ms")
        print(f"   hostile: sent {hostile.sent / 1e6:.1f} MB in {hostile.sessions} sessions; states {states}")
        sizes = sorted(watch.sizes)[:6]
        print(f"   frames {watch.frames}, sizes {sizes}, wrong {len(watch.wrong)} {watch.wrong[:3]}")
        for text, count in errors.items():
            print(f"   error x{count}: {text}")
        for text in sorted(watch.refusals):
            print(f"   readers: {text}")
        sys.stdout.flush()
        return lives and not watch.wrong and read > 0
    finally:
        hostile.stop()
        gateway.stop()
        healthy.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--mediamtx", default="off")
    parser.add_argument("names", nargs="*", help="parts of names; all attacks without one")
    options = parser.parse_args()
    names = [name for name in ATTACKS if not options.names or any(part in name for part in options.names)]
    whole = reference()
    results = [run(name, options, whole) for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
