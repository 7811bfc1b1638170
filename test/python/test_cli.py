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
    assert header.split() == ["NAME", "STATE", "FPS", "AGE", "SIZE", "CODEC", "SOURCE"]
    assert re.match(rf"yard +live +([\d.]+|-) +\d+ ms +1280x720 +h264 +{re.escape(camera.url)}$", row), row

    done = framegate(base, "start", camera.url, "--name", "lobby", "--jpeg-quality", "7", "--scale-width", "320")
    assert done.returncode == 0 and done.stdout.endswith("\nyard: live\n"), done.stdout
    assert "The camera already runs as yard; the name lobby was not used. To rename it, stop it" in done.stdout
    assert "jpeg_quality had no effect" in done.stdout
    assert framegate(base, "start", camera.url, "--scale-width", "320").stdout == "yard: live\n"
    done = framegate(base, "start", camera.url, "--pub-fps", "5", "--scale-width", "160")
    assert "yard already runs with other settings; yard@160w5fps has yours." in done.stdout, done.stdout

    out = tmp_path / "out.jpg"
    done = framegate(base, "snapshot", str(out))
    assert done.returncode == 0 and re.match(rf"{out}: \d+ bytes of yard\n", done.stdout)
    assert cv2.imread(str(out)).shape[1] == 320
    for words in (("yard", str(out)), (str(out), "--name", "yard")):
        out.unlink()
        assert framegate(base, "snapshot", *words).returncode == 0 and out.exists()
    done = framegate(base, "snapshot", "yard")
    assert done.returncode == 2 and "which file? framegate snapshot yard OUT.jpg" in done.stderr
    done = framegate(base, "snapshot", "yar", str(out))
    assert done.returncode == 1 and "no camera yar; running: yard" in done.stderr
    done = framegate(base, "snapshot", str(tmp_path / "no/out.jpg"))
    assert done.returncode == 1 and "cannot be written: No such file or directory" in done.stderr

    done = framegate(base, "watch", "yard", "--seconds", "2.5")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    shown = r"yard: [\d.]+ fps  age \d+ ms  missed \d+  320x180 of 1280x720  (raw|\d+ KiB)$"
    assert len(lines) == 2 and all(re.match(shown, line) for line in lines), lines

    done = framegate(base, "doctor")
    assert done.returncode == 0 and "FAIL" not in done.stdout, done.stdout
    assert re.search(r"ok +yard: the newest frame is \d+ ms old", done.stdout)
    assert done.stdout.endswith("ok    the lane: Python programs get raw frames here\n"), done.stdout

    done = framegate(base, "stop", "yar")
    assert done.returncode == 1 and done.stderr == "framegate: no camera yar; running: yard\n"
    assert framegate(base, "stop", "yard").stdout == "yard: stopped\n"
    done = framegate(base, "stop", "yard")
    assert done.returncode == 1 and "no camera yard: the gateway runs no camera" in done.stderr
    done = framegate(base, "snapshot", str(out))
    assert done.returncode == 2 and "running: none" in done.stderr
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
    end = time.monotonic() + 60
    while " fps " not in watch.stdout.readline():
        assert time.monotonic() < end
    camera.stop()
    while "no frame received" not in watch.stdout.readline():
        assert time.monotonic() < end
    watch.send_signal(signal.SIGINT)
    assert watch.wait(20) == 0
    assert "Traceback" not in watch.stderr.read()


def test_without_a_gateway_every_command_says_how_to_start_it() -> None:
    base = f"http://127.0.0.1:{free_port()}"
    for words in (("list",), ("start", "rtsp://cam/a"), ("stop", "a"), ("snapshot", "a.jpg"), ("watch", "a")):
        done = framegate(base, *words)
        assert done.returncode == 1 and "start the gateway (npm start)" in done.stderr, done.stderr
    done = framegate("http://192.0.2.1:9", "list")
    assert done.returncode == 1 and "that the gateway runs there" in done.stderr


def test_the_default_ports_follow_port_offset() -> None:
    for offset, printed in (("30", "http://127.0.0.1:8120"), ("31", "PORT_OFFSET must be an even"), ("x", "not 'x'")):
        done = subprocess.run(
            [sys.executable, "-m", "framegate.cli", "list"],
            env={**ENVIRONMENT, "GATEWAY_BASE": "", "PORT_OFFSET": offset},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert printed in done.stderr, done.stderr


def test_correcting_a_camera(gateway: Gateway) -> None:
    camera = Camera("--user", "admin", "--password", "S3CRET@#1 /?")
    host = camera.url.replace("rtsp://", "")
    done = framegate(gateway.base, "start", f"admin:S3CRET-wrong@{host}", "--name", "yard")
    assert done.returncode == 1 and "password" in done.stdout, done.stdout + done.stderr
    remedy = framegate(gateway.base, "doctor").stdout
    assert "framegate start --replace ADDRESS --name yard" in remedy, remedy
    assert re.search(r"tries again in (\d+ s|2 min), so that the camera does not lock", done.stdout), done.stdout
    again = framegate(gateway.base, "start", "--retry", "yard")
    assert again.returncode == 1 and "tries again in 5 min" in again.stdout, again.stdout + again.stderr
    assert "; the gateway tries again in 5 min" in framegate(gateway.base, "list").stdout
    for words, says in ((("yrd",), "no camera yrd; running: yard"), (("yard", "--pub-fps", "5"), "add --replace")):
        done = framegate(gateway.base, "start", *words)
        assert done.returncode in (1, 2) and says in done.stderr, done.stderr
    done = framegate(gateway.base, "start", "--replace", f"admin:S3CRET@#1 /?@{host}", "--name", "yard")
    assert (done.returncode, done.stdout) == (0, "yard: live\n"), done.stdout + done.stderr
    assert framegate(gateway.base, "start", camera.login_url).stdout == "yard: live\n"
    for address in (f"rtsp://admin:S3CRET-other@{host}", "rtsp://127.0.0.1:9/a"):
        done = framegate(gateway.base, "start", address, "--name", "yard")
        assert done.returncode == 1 and " add --replace to change" in done.stderr, done.stderr
    listed = framegate(gateway.base, "list").stdout
    assert "ss#1" not in listed and f"rtsp://***@{host}" in listed, listed
    camera.stop()


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
        camera = Camera("--user", "admin", "--password", "S3CRET")
        assert framegate(gateway.base, "start", camera.url, "--name", "yard").returncode == 1
        done = framegate(gateway.base, "doctor")
        assert done.returncode == 1
        assert "FAIL  yard" in done.stdout and "correct the user name or password" in done.stdout, done.stdout
        assert "1 camera is running" in done.stdout
        done = framegate(gateway.base, "doctor", "yar")
        assert done.returncode == 1 and "FAIL  no camera yar; running: yard" in done.stdout, done.stdout
        camera.stop()

    def test_one_camera_of_two(self, camera: Camera, gateway: Gateway) -> None:
        assert framegate(gateway.base, "start", camera.url, "--name", "yard").returncode == 0
        assert framegate(gateway.base, "start", f"rtsp://127.0.0.1:{free_port()}/cam", "--name", "door").returncode == 1
        done = framegate(gateway.base, "doctor", "yard")
        assert done.returncode == 0 and "door" not in done.stdout and "yard: frames arrive" in done.stdout, done.stdout
        done = framegate(gateway.base, "doctor", "door")
        assert done.returncode == 1 and "FAIL  door: " in done.stdout and "yard" not in done.stdout, done.stdout

    def test_an_external_mediamtx_without_its_api(self) -> None:
        gateway = Gateway(mediamtx="external", env={"MEDIAMTX_API": f"http://127.0.0.1:{free_port()}"})
        done = framegate(gateway.base, "doctor")
        assert done.returncode == 1 and "api: yes" in done.stdout and "npm run setup" not in done.stdout, done.stdout
        assert re.search(r"FAIL  MediaMTX: external, .+", done.stdout), "the reason of /health"
        gateway.stop()

    def test_no_way_to_the_socket(self, camera: Camera) -> None:
        gateway = Gateway(mediamtx="off")
        framegate(gateway.base, "start", camera.url, "--name", "yard")
        done = framegate(gateway.base, "doctor", ZMQ_CONNECT=f"tcp://127.0.0.1:{free_port()}")
        assert done.returncode == 1 and "ZMQ_BIND" in done.stdout, done.stdout
        gateway.stop()
