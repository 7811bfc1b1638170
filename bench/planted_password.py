#!/usr/bin/env python3
"""Searches all that a gateway and its tools write for the password of a camera: nothing may have it.

    .venv/bin/python bench/planted_password.py

Addresses with a marked password are started, refused, replaced and restored, in every place of an address or a request
where one may be. Searched are the responses of all routes, debug logs with MediaMTX's, output of the commands and of
framegate-run, a session with the page in Chromium, MediaMTX's API, the command lines and environments of all
processes, and all files below /tmp, /dev/shm and the home folder that were written meanwhile and that others may read.
The modes of the state file and the sockets are checked. Ends with status 1 if the password is found, or a mode is too
wide.
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
from collections.abc import Callable
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

    def __init__(self, mark: str = MARK) -> None:
        self.forms = forms(mark.encode())
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []

    def see(self, kind: str, where: str, data: bytes | str) -> None:
        content = data.encode(errors="replace") if isinstance(data, str) else data
        self.searched[kind] += 1
        for form in self.forms:
            if (at := content.find(form)) >= 0:
                self.found.append(f"{kind}: {where}: {content[max(0, at - 80) : at + 60]!r}")
                return


def see_processes(search: Search, is_ours: Callable[[int, bytes], bool]) -> None:
    """Searches the command lines and environments of all processes. is_ours: by process id and command line."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes()
            if is_ours(int(path.parent.name), line):
                continue
            search.see("command line", str(path), line)
            environment = path.with_name("environ")
            if environment.stat().st_mode & 0o077:
                search.found.append(f"{environment} is readable by others")
            search.see("environment", str(environment), environment.read_bytes())


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
            "XDG_RUNTIME_DIR": f"{folder}/run",
        }
        os.mkdir(f"{folder}/run", 0o700)
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
            see_processes(self.search, lambda pid, line: pid in self.ours)
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


def framegate_run(service: Service, good: str, others: list[str]) -> None:
    """An unchanged program with the address in its own file."""
    script = pathlib.Path(service.folder, "program.py")
    script.touch(0o600)
    for address in (good, others[0], others[2], others[3]):
        script.write_text(
            f"import cv2\ncapture = cv2.VideoCapture({address!r})\n"
            "for _ in range(3): print(capture.isOpened(), capture.read()[0], capture)\n"
            "print(repr(capture), capture.getBackendName())\nraise SystemError(str(vars(capture)) if 0 else 'end')\n"
        )
        environment = {**service.environment, **PYTHON_PATH, "GATEWAY_BASE": f"http://127.0.0.1:{service.port}"}
        words = [sys.executable, "-m", "framegate.run", str(script)]
        done = subprocess.run(words, text=True, capture_output=True, env=environment, timeout=90, cwd=service.folder)
        # Python prints the line that raised, which has no address.
        service.search.see("framegate-run", script.name, done.stdout + done.stderr)
        print(f"framegate-run: {done.stdout.split()[:2]}, status {done.returncode}")


def browser(service: Service, good: str, others: list[str]) -> None:
    words = ["node", str(ROOT / "bench/browser_session.mjs"), f"http://127.0.0.1:{service.port}"]
    given = json.dumps([f"{good}?browser", *others])
    done = subprocess.run(words, input=given, text=True, capture_output=True, timeout=300)
    for line in done.stdout.splitlines():
        seen = json.loads(line)
        service.search.see(seen["kind"], seen["where"][:60], seen["text"])
    if done.returncode != 0:
        service.search.found.append(f"the browser's session failed: {done.stderr[-400:]}")


def mediamtx(service: Service) -> None:
    """What MediaMTX answers without the run's password, on each of its ports."""
    for name in ("APIADDRESS", "HLSADDRESS", "WEBRTCADDRESS", "RTSPADDRESS"):
        port = int(service.environment[f"MTX_{name}"].rsplit(":", 1)[1])
        for path in (
            "/v3/config/paths/list",
            "/v3/paths/list",
            "/v3/config/global/get",
            "/good/index.m3u8",
            "/good/whep",
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", path)
                answer = connection.getresponse()
                service.search.see(
                    "MediaMTX's response", f"{name} {path}", str(answer.headers).encode() + answer.read()
                )


def modes(service: Service) -> None:
    """What must not be open to other users."""
    for path in pathlib.Path(service.folder).rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        allowed = 0o660 if path.is_socket() else 0o600
        is_ours = path.name.startswith("cameras.json") or path.is_socket()
        if is_ours and mode & ~allowed and all(folder.stat().st_mode & 0o011 for folder in path.parents):
            service.search.found.append(f"{path} has mode {mode:o}")
        if is_ours:
            print(
                f"{path.relative_to(service.folder)}: mode {mode:o}, its folder {path.parent.stat().st_mode & 0o777:o}"
            )
    limits = pathlib.Path(f"/proc/{service.process.pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    print(f"core dumps of at most {core[4]} bytes, to {pattern!r}")


def others_may_read(path: pathlib.Path) -> bool:
    """By its own mode and those of its folders."""
    if not path.lstat().st_mode & 0o044:
        return False
    return all(folder.stat().st_mode & 0o011 for folder in path.parents)


def search_files(search: Search, since: float, *folders: str) -> list[str]:
    """Searches files that were written meanwhile. Returns those that have the password and that others cannot read."""
    private = []
    for folder in folders:
        for where, below, names in os.walk(folder):
            below[:] = [name for name in below if name not in ("node_modules", ".git", "ccache")]
            for name in names:
                path = pathlib.Path(where, name)
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    if not stat.S_ISREG(status.st_mode) or status.st_mtime < since or status.st_size > 1 << 28:
                        continue
                    content = path.read_bytes()
                    if others_may_read(path):
                        search.see("file", f"{path} {status.st_mode & 0o777:o}", content)
                    elif MARK.encode() in content:
                        private.append(f"{name} {status.st_mode & 0o777:o}")
    return private


def main() -> int:
    since = time.time()
    search, folder = Search(), tempfile.mkdtemp()
    os.chmod(folder, 0o755)  # Its files need modes of their own.
    # Its command line has the password, so it is left out.
    camera = Camera("--width", "320", "--height", "180", "--gop", "25", "--user", "joe", "--password", MARK)
    service = Service(search, folder, {camera.process.pid})
    everywhere = ["/tmp", "/var/tmp", "/dev/shm", "/var/log", "/run/user", str(pathlib.Path.home())]
    try:
        host = camera.url.split("//")[1]
        good, others = f"rtsp://joe:{MARK}@{host}", addresses(host)
        change(service, good, others)
        look(service, len(others))
        commands(service, good, others)
        framegate_run(service, good, others)
        mediamtx(service)
        browser(service, good, others)
        look(service, 3)
        modes(service)
        for how in (signal.SIGTERM, signal.SIGKILL):
            service.end(how)
            service.begin()
            look(service, 3)
        live = service.ask("GET", "/snapshot?cam=good")
        private = search_files(search, since, *everywhere)
    finally:
        service.end(signal.SIGTERM)
        camera.stop()
    for line in service.log.read_bytes().splitlines():
        search.see("log line", "", line)
    private += search_files(search, since, *everywhere)
    print(f"searched: {dict(search.searched)}")
    print(f"the camera with this password, after the restarts: {live}")
    print(f"with the password, and closed to others: {sorted(set(private))}")
    for where in dict.fromkeys(search.found):
        print(f"FOUND {where}")
    return 1 if search.found or live != 200 else 0


if __name__ == "__main__":
    sys.exit(main())
