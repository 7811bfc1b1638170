#!/usr/bin/env python3
"""Searches all that a gateway and its tools write for the password of a camera: nothing may have it.

    .venv/bin/python bench/planted_password.py

Addresses with a marked password are started, refused, replaced and restored, in every place of an address or a request
where one may be. Searched are the responses of all routes, debug logs, output of the commands, the command lines of
all processes, and files that others may read. Ends with status 1 if the password is found.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import pathlib
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "clients/python"), str(ROOT / "test/python")]

from harness import Camera, free_port  # noqa: E402

MARK = f"mark{secrets.token_hex(8)}"
PYTHON_PATH = {"PYTHONPATH": str(ROOT / "clients/python")}


def forms(text: bytes) -> list[bytes]:
    """The text as it is, in hexadecimal digits, and what any Base64 of it contains."""
    inner = [base64.b64encode(b"x" * skip + text)[4 if skip else 0 : -4] for skip in range(3)]
    return [text, text.hex().encode(), *inner]


class Search:
    """What was searched, how much of it, and where the password was found."""

    def __init__(self) -> None:
        self.forms = forms(MARK.encode())
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []

    def see(self, kind: str, where: str, data: bytes | str) -> None:
        content = data.encode(errors="replace") if isinstance(data, str) else data
        self.searched[kind] += 1
        for form in self.forms:
            if (at := content.find(form)) >= 0:
                self.found.append(f"{kind}: {where}: {content[max(0, at - 80) : at + 60]!r}")
                return


class Service(threading.Thread):
    """A gateway with debug logs. The thread watches the command lines of all processes."""

    def __init__(self, search: Search, folder: str, ours: set[int]) -> None:
        super().__init__(daemon=True)
        self.search, self.folder, self.ours = search, folder, ours
        names = ("RTSPADDRESS", "HLSADDRESS", "WEBRTCADDRESS", "WEBRTCLOCALUDPADDRESS", "APIADDRESS")
        self.environment = {
            **os.environ,
            **{f"MTX_{name}": f"127.0.0.1:{free_port()}" for name in names},
            "MTX_RTSPTRANSPORTS": "tcp",
            "HTTP_PORT": str(free_port()),
            "ZMQ_BIND": f"tcp://127.0.0.1:{free_port()}",
            "STATE_FILE": f"{folder}/cameras.json",
            "LOG_LEVEL": "debug",
            "TMPDIR": folder,
            "HOME": os.environ.get("HOME", folder),
        }
        self.port = int(self.environment["HTTP_PORT"])
        self.log = pathlib.Path(folder, "log")
        self.begin()
        self.start()

    def begin(self) -> None:
        command = ["node", str(ROOT / "dist/src/main.js")]
        with open(os.open(self.log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab") as output:
            self.process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        end = time.monotonic() + 60
        while not (self.ask("GET", "/health/ready") or time.monotonic() > end):
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(30)

    def run(self) -> None:
        while True:
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if int(path.parent.name) not in self.ours:
                        self.search.see("command line", str(path), path.read_bytes())
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: object = None) -> int:
        """The status; 0 without an answer. Of a stream, only the beginning is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=8)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body))
            answer = connection.getresponse()
            stream = path.startswith(("/mjpeg", "/frames"))
            content = answer.read1(200_000) if stream else answer.read()
            self.search.see("response", f"{method} {path[:40]}", str(answer.headers).encode() + content)
            return answer.status
        return 0


def addresses(camera: str) -> list[str]:
    """camera: HOST:PORT/PATH of one that runs and has this password."""
    closed = "127.0.0.1:9"
    return [
        f"rtsp://joe:{MARK}x@{camera}",  # wrong
        f"rtsp://{MARK}:{MARK}@{camera}?2",
        f"rtsp://joe:{MARK}@{closed}/x?user=a&password={MARK}",
        f"rtsp://{closed}/user=admin_password={MARK}_channel=1",
        f"rtsp://{closed}/0/joe:{MARK}/main",
        f"rtsp://{closed}//joe:{MARK}@10.0.0.1/main",
        f"rtsp://{closed}/x?token={MARK}",
        f"rtsp://joe:{MARK}@169.254.1.1/x",
        f"rtsp://joe:{MARK}@nowhere.invalid/x",
        f"rtsps://joe:{MARK}@{camera}?3",
        f"rtsp://joe:{MARK}@@{camera}?4",
        f"rtsp://joe:p#/?@ {MARK}@{closed}/y",
        f"rtsp://joe:{MARK}\n@{closed}/z",
        f"rtsp://joe:{MARK}@",
        f"rtsp://joe:{MARK}@h:99999/x",
        f"http://joe:{MARK}@{closed}/x",
        f"joe:{MARK}@{closed}/x",
    ]


def change(service: Service, good: str, others: list[str]) -> None:
    """Starts, with mistakes of all kinds."""
    service.ask("POST", "/cameras/start", {"name": "good", "rtsp": good})
    for i, address in enumerate(others):
        for request in (
            {"name": f"c{i}", "rtsp": address, "pub_fps": "x"},
            {"name": f"c{i}", "rtsp": address},
            {"name": f"c{i}", "rtsp": address, "retry": True},
            {"name": "good", "rtsp": address},
            {"name": f"c{i}", "rtsp": address, "replace": True, "keep": False},
            {"name": address, "rtsp": good},
            {"name": "x", "rtsp": good, "tls_fingerprint": address},
            {"name": "x", "rtsp": [address]},
            {"name": "x", "rtsp": good, address: 1},
        ):
            service.ask("POST", "/cameras/start", request)
        service.ask("POST", "/cameras/start", f'{{"name": "x", "rtsp": "{address}"')
        for path in ("/cameras/stop", "/tickets"):
            service.ask("POST", path, {"name": address})
        service.ask("POST", "/sign-in", {"token": address})
        for path in (
            "/snapshot?cam=",
            "/mjpeg?cam=",
            "/frames?cam=",
            "/cameras/",
            "/",
            "/snapshot?cam=good&",
            "/cameras?",
        ):
            service.ask("GET", path + quote(address, safe=""))


def look(service: Service, count: int) -> None:
    """Every route of /openapi.json, and the page's files."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/openapi.json")
    paths: dict[str, dict[str, Any]] = json.load(connection.getresponse())["paths"]
    for name in ("good", *(f"c{i}" for i in range(count))):
        for path, methods in paths.items():
            for method in methods:
                if path in ("/cameras/stop", "/cameras/start"):
                    continue
                query = "?cam=" + name if path in ("/snapshot", "/mjpeg", "/frames") else ""
                body = {"name": name} if method == "post" else None
                service.ask(method.upper(), path.replace("{name}", name) + query, body)
    for path in ("/", "/docs"):
        service.ask("GET", path)


def commands(service: Service, good: str, others: list[str]) -> None:
    """The programs, with addresses from standard input or a file, as the docs recommend."""
    base = f"http://127.0.0.1:{service.port}"
    config = pathlib.Path(service.folder, "framegate.yaml")
    config.write_text("")
    config.chmod(0o600)
    gateway, client = ["node", str(ROOT / "bin/framegated.cjs")], [sys.executable, "-m", "framegate.cli"]
    program = (
        "import sys; from framegate import open_capture\n"
        f"capture = open_capture(sys.stdin.read(), timeout_ms=1500, gateway={base!r})\n"
        "print(capture.read()[0], capture.last_error, repr(capture))"
    )

    def run(words: list[str], given: str = "") -> None:
        environment = {**service.environment, **PYTHON_PATH, "GATEWAY_BASE": base, "FRAMEGATE_CONFIG": str(config)}
        done = subprocess.run(
            words, input=given, text=True, capture_output=True, env=environment, timeout=60, cwd=service.folder
        )
        service.search.see("command", " ".join(words[:4]), done.stdout + done.stderr)

    for address in (good, *others):
        config.write_text(json.dumps({"cameras": {"one": {"rtsp": address, "pub_fps": 0}, "two": {"rtsp": address}}}))
        run([*gateway, "check"])
        run([*client, "start", "-"], address)
        run([sys.executable, "-c", program], address)
    for address in (good, others[0], others[2], others[9]):
        run([*gateway, "check-camera", "-"], address)
    for words in (["list"], ["doctor"], ["show", "good"]):
        run([*client, *words])


def search_files(search: Search, *folders: str) -> list[str]:
    """Searches files that others may read. Returns those that have the password and are for their owner only."""
    private = []
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                mode = os.lstat(path).st_mode
                if not stat.S_ISREG(mode):
                    continue
                content = pathlib.Path(path).read_bytes()
                if mode & 0o077:
                    search.see("file", f"{path} {mode & 0o777:o}", content)
                elif MARK.encode() in content:
                    private.append(f"{name} {mode & 0o777:o}")
    return private


def main() -> int:
    search, folder = Search(), tempfile.mkdtemp()
    os.chmod(folder, 0o755)  # Its files need modes of their own.
    # Its command line has the password, so it is left out.
    camera = Camera("--width", "320", "--height", "180", "--gop", "25", "--user", "joe", "--password", MARK)
    service = Service(search, folder, {camera.process.pid})
    try:
        host = camera.url.split("//")[1]
        good, others = f"rtsp://joe:{MARK}@{host}", addresses(host)
        change(service, good, others)
        look(service, len(others))
        commands(service, good, others)
        for how in (signal.SIGTERM, signal.SIGKILL):
            service.end(how)
            service.begin()
            look(service, 3)
        live = service.ask("GET", "/snapshot?cam=good")
        search_files(search, "/tmp/framegate-0", os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))
        private = search_files(search, folder)
    finally:
        service.end(signal.SIGTERM)
        camera.stop()
    for line in service.log.read_bytes().splitlines():
        search.see("log line", "", line)
    private += search_files(search, folder)
    print(f"searched: {dict(search.searched)}")
    print(f"the camera with this password, after the restarts: {live}")
    print(f"with the password, for their owner only: {sorted(set(private))}")
    for where in search.found:
        print(f"FOUND {where}")
    return 1 if search.found or live != 200 else 0


if __name__ == "__main__":
    sys.exit(main())
