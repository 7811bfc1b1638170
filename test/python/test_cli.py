"""The framegate command against a real gateway."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import cv2
from harness import ROOT, Camera, Gateway, free_port

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python"), "COLUMNS": "200"}
ENVIRONMENT.pop("ZMQ_CONNECT", None)


def framegate(base: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "framegate.cli", "--gateway", base, *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_from_start_to_stop(camera: Camera, gateway: Gateway, tmp_path: pathlib.Path) -> None:
    base = gateway.base
    assert framegate(base, "list").stdout.startswith("no camera at http")
    done = framegate(base, "start", camera.url, "--name", "yard", "--scale-width", "320")
    assert (done.returncode, done.stdout) == (0, "yard: live\n"), done.stderr
    header, row = framegate(base, "list").stdout.splitlines()
    assert header.split() == ["NAME", "STATE", "FPS", "AGE", "SIZE", "CODEC"]
    assert re.match(r"yard +live +[\d.]+ +\d+ ms +1280x720 +h264$", row), row

    out = tmp_path / "out.jpg"
    done = framegate(base, "snapshot", str(out))
    assert done.returncode == 0 and re.match(rf"{out}: \d+ bytes of yard\n", done.stdout)
    assert cv2.imread(str(out)).shape[1] == 320
    done = framegate(base, "snapshot", str(tmp_path / "no/out.jpg"))
    assert done.returncode == 1 and "cannot be written: No such file or directory" in done.stderr

    done = framegate(base, "watch", "yard", "--seconds", "2.5")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all(
        re.match(r"yard: [\d.]+ fps  age \d+ ms  missed \d+  320x180 of 1280x720  \d+ KiB$", line) for line in lines
    ), lines

    done = framegate(base, "doctor")
    assert done.returncode == 0 and "FAIL" not in done.stdout, done.stdout
    assert re.search(r"ok +yard: the newest frame is \d+ ms old", done.stdout)

    assert framegate(base, "stop", "yard").stdout == "yard: stopped\n"
    assert framegate(base, "stop", "yard").stdout == "yard: was not running\n"
    done = framegate(base, "snapshot", str(out))
    assert done.returncode == 2 and "there are: none" in done.stderr
    done = framegate(base, "snapshot", str(out), "--name", "yard")
    assert done.returncode == 1 and "yard" in done.stderr


def test_invalid_use_prints_an_error(gateway: Gateway) -> None:
    base = gateway.base
    done = framegate(base, "start", "http://x/")
    assert done.returncode in (1, 2) and "rtsp" in done.stderr
    done = framegate(base, "start", "rtsp://127.0.0.1/a", "--pub-fps", "1000")
    assert done.returncode == 1 and "pub_fps" in done.stderr
    done = framegate(base, "watch", "unknown", "--seconds", "1")
    assert done.returncode == 1 and "unknown" in done.stderr
    assert framegate(base, "dance").returncode == 2
    done = framegate("nonsense", "list")
    assert done.returncode == 2 and "gateway must be an http" in done.stderr


def test_watch_reports_missing_frames_and_ends_with_ctrl_c(camera: Camera, gateway: Gateway) -> None:
    framegate(gateway.base, "start", camera.url, "--name", "yard")
    watch = subprocess.Popen(
        [sys.executable, "-m", "framegate.cli", "--gateway", gateway.base, "watch", "yard"],
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "fps" in watch.stdout.readline()
    camera.stop()
    end = time.monotonic() + 30
    while "no frame received" not in watch.stdout.readline():
        assert time.monotonic() < end
    watch.send_signal(signal.SIGINT)
    assert watch.wait(20) == 0
    assert "Traceback" not in watch.stderr.read()


class TestDoctor:
    def test_no_gateway(self) -> None:
        done = framegate(f"http://127.0.0.1:{free_port()}", "doctor")
        assert done.returncode == 1
        assert "FAIL" in done.stdout and "npm start" in done.stdout

    def test_something_else_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            done = framegate(f"http://127.0.0.1:{server.getsockname()[1]}", "doctor")
            assert done.returncode == 1 and "does not respond" in done.stdout

    def test_no_camera(self, gateway: Gateway) -> None:
        done = framegate(gateway.base, "doctor")
        assert done.returncode == 1 and "framegate start rtsp://" in done.stdout

    def test_a_camera_that_refuses_the_password(self, gateway: Gateway) -> None:
        camera = Camera("--user", "admin", "--password", "right")
        assert framegate(gateway.base, "start", camera.url, "--name", "yard").returncode == 1
        done = framegate(gateway.base, "doctor")
        assert done.returncode == 1
        assert "FAIL  yard" in done.stdout and "password is wrong" in done.stdout, done.stdout
        camera.stop()

    def test_no_way_to_the_socket(self, camera: Camera) -> None:
        gateway = Gateway(mediamtx="off")
        framegate(gateway.base, "start", camera.url, "--name", "yard")
        done = framegate(gateway.base, "doctor", ZMQ_CONNECT=f"tcp://127.0.0.1:{free_port()}")
        assert done.returncode == 1 and "ZMQ_BIND" in done.stdout, done.stdout
        gateway.stop()
