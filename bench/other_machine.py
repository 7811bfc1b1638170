#!/usr/bin/env python3
"""What another machine gets from a gateway with HTTP_HOST=0.0.0.0, tokens and CURVE: nothing without a token or key,
frames with a viewer's. The other machine is a network namespace of its own, so no port of this machine is used.

    python3 bench/other_machine.py      # as root, or where users may make namespaces (unshare -rn)

Ends with status 1 if a check fails.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

HERE, THERE = "10.213.0.1", "10.213.0.2"
NAME = "lobby-7f3a"
PASSWORD = "planted-S3cret"
JPEG = b"\xff\xd8\xff"
HTTP, ZMQ, RTSP, HLS, WEBRTC = 8090, 5556, 8554, 8888, 8889
PATHS = (
    "/cameras",
    f"/cameras/{NAME}",
    f"/snapshot?cam={NAME}",
    f"/mjpeg?cam={NAME}",
    f"/frames?cam={NAME}",
    f"/cameras/{NAME}/events",
    "/settings",
    "/health",
    "/health/live",
    "/health/ready",
    "/session",
    "/",
    "/docs",
    "/openapi.json",
    "/metrics",
)
# Open to all. The first ones say only whether the gateway runs, and is ready.
HEALTH = ("/health", "/health/live", "/health/ready")
PUBLIC = (*HEALTH, "/", "/docs", "/openapi.json", "/session")


# ---- On the other machine ----


def ask(
    port: int, path: str, token: str | None = None, body: object = None, method: str | None = None
) -> tuple[int, bytes]:
    """The status and the first bytes of the answer; of a stream, those of a second."""
    connection = http.client.HTTPConnection(HERE, port, timeout=5)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers["Cookie"] = "cookieCheck=1"  # MediaMTX redirects HLS players that have no cookie.
    headers["Content-Type"] = "application/sdp" if isinstance(body, str) else "application/json"
    data = None if body is None else body if isinstance(body, str) else json.dumps(body)
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, data, headers)
        answer = connection.getresponse()
        received = b""
        end = time.monotonic() + 1
        with contextlib.suppress(OSError):
            while time.monotonic() < end and len(received) < 100_000 and (chunk := answer.read1(65536)):
                received += chunk
        return answer.status, str(answer.headers).encode() + received
    finally:
        connection.close()


def describe(token: str | None) -> bytes:
    with socket.create_connection((HERE, RTSP), timeout=5) as rtsp:
        login = f"Authorization: Basic {base64.b64encode(f'any:{token}'.encode()).decode()}\r\n" if token else ""
        for cseq in (1, 2):  # The second one has the credentials that the first was asked for.
            request = f"DESCRIBE rtsp://{HERE}:{RTSP}/{NAME} RTSP/1.0\r\nCSeq: {cseq}\r\n"
            rtsp.sendall(f"{request}{login if cseq == 2 else ''}\r\n".encode())
            rtsp.settimeout(6)
            answer = rtsp.recv(65536)
        return answer


def messages(keys: tuple[str, str, str] | None, seconds: float = 2) -> int:
    import zmq

    subscriber: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    if keys:
        subscriber.curve_publickey, subscriber.curve_secretkey, subscriber.curve_serverkey = (k.encode() for k in keys)
    subscriber.setsockopt(zmq.SUBSCRIBE, b"")
    subscriber.setsockopt(zmq.LINGER, 0)
    subscriber.connect(f"tcp://{HERE}:{ZMQ}")
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        if subscriber.poll(100):
            subscriber.recv_multipart()
            count += 1
    subscriber.close()
    return count


def open_ports() -> list[int]:
    found = []
    for port in range(1, 65536):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((HERE, port)) == 0:
                found.append(port)
    return found


def other_machine(given: dict[str, Any]) -> None:
    failed = 0

    def check(what: str, right: bool, got: object = "") -> None:
        nonlocal failed
        failed += not right
        print(f"{'ok    ' if right else 'FAILED'}  {what}{'' if right else f': {got!r}'}", flush=True)

    secret = [NAME.encode(), PASSWORD.encode(), given["camera"].encode(), JPEG, b"m=video", b"#EXTM3U"]

    def leaks(answer: bytes) -> list[bytes]:
        return [word for word in secret if word in answer]

    ports = open_ports()
    check("only the ports for readers are open", set(ports) == {HTTP, ZMQ, RTSP, HLS, WEBRTC}, ports)
    described = json.loads(ask(HTTP, "/openapi.json")[1].split(b"\n\n", 1)[1])["paths"]
    checked = {path.split("?")[0].replace(NAME, "{name}") for path in PATHS}
    unchecked = [path for path, methods in described.items() if "get" in methods and path not in checked]
    check("every GET of /openapi.json is asked for", not unchecked, unchecked)
    start = {"name": "x", "rtsp": "rtsp://10.213.0.2/x"}
    changes = [("/cameras/start", start), ("/cameras/stop", {"name": NAME}), ("/tickets", {"name": NAME})]
    for token in (None, "x" * 64):
        who = "no token" if token is None else "a wrong token"
        for path in PATHS:
            status, answer = ask(HTTP, path, token)
            content = answer.split(b"\n\n", 1)[1]
            right = status == 200 if path in PUBLIC else status == 401
            if path in HEALTH:
                right = (status, json.loads(content)) == (200, {"ok": True})
            check(f"{who}: GET {path}: {status}", right and not leaks(answer), answer[:300])
        for path, body in changes:
            status, answer = ask(HTTP, path, token, body)
            check(f"{who}: POST {path}: {status}", status == 401 and not leaks(answer), answer[:300])
        for port, path, method in (
            (HLS, f"/{NAME}/index.m3u8?cookieCheck=1", "GET"),
            (HLS, f"/{NAME}/", "GET"),
            (WEBRTC, f"/{NAME}/whep", "OPTIONS"),
            (WEBRTC, f"/{NAME}/whep", "POST"),
            (WEBRTC, f"/{NAME}/", "GET"),
        ):
            status, answer = ask(port, path, token, "v=0" if method == "POST" else None, method)
            check(f"{who}: {method} :{port}{path}: {status}", status == 401 and not leaks(answer), answer[:300])
        answer = describe(token)
        check(f"{who}: RTSP DESCRIBE", b" 401 " in answer[:40] and not leaks(answer), answer[:300])
    check("ZeroMQ without a key", messages(None) == 0)
    check("ZeroMQ with a key that the gateway does not know", messages(given["wrong_keys"]) == 0)

    viewer = given["viewer"]
    for path in PATHS[:3]:
        status, answer = ask(HTTP, path, viewer)
        seen = JPEG in answer if "snapshot" in path else NAME.encode() in answer
        check(f"viewer: GET {path}: {status}", status == 200 and seen and PASSWORD.encode() not in answer, answer[:300])
    status, answer = ask(HTTP, "/settings", viewer)
    check(f"viewer: GET /settings: {status}", status == 403 and not leaks(answer), answer[:300])
    for path, body in changes[:2]:
        status, answer = ask(HTTP, path, viewer, body)
        check(f"viewer: POST {path}: {status}", status == 403, answer[:300])
    status, answer = ask(HLS, f"/{NAME}/index.m3u8?cookieCheck=1", viewer)
    check(f"viewer: HLS: {status}", status == 200 and b"#EXTM3U" in answer, answer[:300])
    answer = describe(viewer)
    check("viewer: RTSP DESCRIBE", b" 200 " in answer[:40] and b"m=video" in answer, answer[:300])
    check("ZeroMQ with a known key", messages(given["keys"], 4) > 0)
    sys.exit(1 if failed else 0)


# ---- On the gateway's machine ----


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def network() -> subprocess.Popen[bytes]:
    """Joins this namespace to another one. The process lives there."""
    other = subprocess.Popen(["unshare", "-n", "sleep", "300"])
    end = time.monotonic() + 5
    while os.readlink(f"/proc/{other.pid}/ns/net") == os.readlink("/proc/self/ns/net") and time.monotonic() < end:
        time.sleep(0.01)
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(other.pid))
    run("ip", "addr", "add", f"{HERE}/24", "dev", "here")
    run("ip", "link", "set", "here", "up")
    inside = ["nsenter", "-t", str(other.pid), "-n"]
    run(*inside, "ip", "addr", "add", f"{THERE}/24", "dev", "there")
    run(*inside, "ip", "link", "set", "there", "up")
    return other


def key(path: str) -> tuple[str, str]:
    """The public and the secret one."""
    found = re.findall('-key = "(.*)"', pathlib.Path(f"{path}.key_secret").read_text())
    return found[0], found[1]


def main() -> int:
    if os.environ.get("FRAMEGATE_NAMESPACE") != "1":
        unshare = ["unshare", "-n" if os.getuid() == 0 else "-rn"]
        os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], {**os.environ, "FRAMEGATE_NAMESPACE": "1"})
    from harness import Camera

    other = network()
    folder = tempfile.mkdtemp()
    os.mkdir(f"{folder}/clients")
    program = ["node", str(ROOT / "dist/src/main.js")]
    for path in ("gateway", "clients/good", "wrong"):
        run(*program, "--make-key", f"{folder}/{path}")
    viewer, admin = secrets.token_hex(32), secrets.token_hex(32)
    with open(os.open(f"{folder}/tokens", os.O_CREAT | os.O_WRONLY, 0o600), "w") as tokens:
        tokens.write(f"viewer {viewer}\nadmin {admin}\n")
    environment = {
        **os.environ,
        "HTTP_HOST": "0.0.0.0",
        "AUTH_TOKENS_FILE": f"{folder}/tokens",
        "ZMQ_BIND": f"tcp://127.0.0.1:5555,tcp://0.0.0.0:{ZMQ}",
        "CURVE_SERVER_KEY": f"{folder}/gateway.key_secret",
        "CURVE_CLIENTS": f"{folder}/clients",
        "STATE_FILE": f"{folder}/cameras.json",
    }
    camera = Camera("--user", "joe", "--password", PASSWORD, "--gop", "25")
    gateway = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL)
    try:
        api = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=10)
        login = {"Authorization": f"Bearer {admin}"}
        address = camera.url.replace("//", f"//joe:{PASSWORD}@")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                body = json.dumps({"name": NAME, "rtsp": address})
                api.request("POST", "/cameras/start", body, login)
                if json.load(api.getresponse())["state"] == "live":
                    break
            api.close()
            time.sleep(0.5)
        public = key(f"{folder}/gateway")[0]
        given = {
            "camera": camera.url.split("//")[1].split("/")[0],
            "viewer": viewer,
            "keys": (*key(f"{folder}/clients/good"), public),
            "wrong_keys": (*key(f"{folder}/wrong"), public),
        }
        inside = ["nsenter", "-t", str(other.pid), "-n", sys.executable, __file__, "--other-machine"]
        return subprocess.run(inside, input=json.dumps(given), text=True).returncode
    finally:
        gateway.terminate()
        gateway.wait(20)
        camera.stop()
        other.kill()


if __name__ == "__main__":
    if sys.argv[1:] == ["--other-machine"]:
        other_machine(json.load(sys.stdin))
    sys.exit(main())
