"""The gateway under a supervisor that speaks the protocol of sd_notify(3), as systemd does."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from harness import ROOT, Camera

LIMIT_S = 60
WATCHDOG_S = 3


class Supervisor:
    """Starts the gateway, and kills and starts it again when it has been silent for WATCHDOG_S. The watchdog counts
    from READY=1, as in systemd."""

    def __init__(self, folder: pathlib.Path) -> None:
        name = str(folder / "notify.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(name)
        self._socket.settimeout(0.2)
        self._env = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TMPDIR")},
            "NOTIFY_SOCKET": name,
            "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000),
            "HTTP_PORT": "0",
            "ZMQ_BIND": "tcp://127.0.0.1:*",
            "MEDIAMTX": "off",
            "STATE_FILE": str(folder / "cameras.json"),
            "FRAMEGATE_CONFIG": str(folder / "framegate.yaml"),
        }
        self.messages: list[dict[str, str]] = []
        self._heard_at: float | None = None
        self._start()

    def _start(self) -> None:
        self._heard_at = None
        self.process = subprocess.Popen(["node", str(ROOT / "bin/framegated.cjs")], env=self._env)

    def step(self) -> None:
        with contextlib.suppress(TimeoutError):
            text = self._socket.recv(4096).decode()
            message = dict(line.split("=", 1) for line in text.split("\n"))
            self.messages.append(message)
            if "READY" in message or "WATCHDOG" in message:
                self._heard_at = time.monotonic()
        if self._heard_at is not None and time.monotonic() - self._heard_at > WATCHDOG_S:
            self.process.kill()
            self.process.wait()
            self._start()

    def until(self, field: str, value: str) -> dict[str, str]:
        """The next message with this field."""
        seen = len(self.messages)
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            self.step()
            for message in self.messages[seen:]:
                if message.get(field) == value:
                    return message
            seen = len(self.messages)
        raise AssertionError(f"no {field}={value} among {self.messages}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path: pathlib.Path, camera: Camera) -> Iterator[Supervisor]:
    (tmp_path / "framegate.yaml").write_text(f'cameras:\n  a: {{rtsp: "{camera.url}"}}\n')
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.close()


def test_a_gateway_that_hangs_is_started_again(supervisor: Supervisor) -> None:
    supervisor.until("READY", "1")
    supervisor.until("STATUS", "1 of 1 cameras live")
    supervisor.until("WATCHDOG", "1")
    hung = supervisor.process
    hung.send_signal(signal.SIGSTOP)
    supervisor.until("READY", "1")
    assert hung.returncode == -signal.SIGKILL
    supervisor.until("STATUS", "1 of 1 cameras live")
    supervisor.process.terminate()
    supervisor.until("STOPPING", "1")
    assert supervisor.process.wait(LIMIT_S) == 0


def test_a_message_reaches_a_socket_without_a_file() -> None:
    name = f"framegate-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(LIMIT_S)
        code = f"""
            const {{ loadNative }} = await import({json.dumps(str(ROOT / "dist/src/native.js"))})
            const {{ notify }} = await loadNative()
            console.log(notify("@{name}", "READY=1"), notify("/does/not/exist", "x"), notify("x".repeat(200), "x"))
        """
        command = ["node", "--input-type=module", "--eval", code]
        assert subprocess.check_output(command, text=True).strip() == "true false false"
        assert receiver.recv(100) == b"READY=1"
