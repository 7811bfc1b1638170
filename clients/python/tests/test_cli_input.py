"""A camera's password need not be an argument, which other users see in process lists, and does not stay there."""

from __future__ import annotations

import io
import os
import pathlib
import socket
import subprocess
import sys

import pytest
from stand_in import URL, StandIn

from framegate.cli import main

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])}


def test_start_reads_the_address_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = StandIn()
    gateway.status = 409
    gateway.start()
    try:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{URL}\nrest"))
        main(["--gateway", gateway.base, "start", "-"])
    finally:
        gateway.stop()
        gateway.context.term()
    assert gateway.bodies[0]["rtsp"] == URL


def command_line(process: subprocess.Popen[str]) -> bytes:
    return pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()


def test_framegate_run_hides_addresses_in_its_arguments(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint(sys.argv[1:], flush=True)\nsys.stdin.read()\n")
    words = [sys.executable, "-m", "framegate.run", str(program), URL, "admin:S3CRET@10.0.0.1", "--other"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{words[4:]}\n", "the program gets them unchanged"
        line = command_line(process)
        process.kill()
    assert b"S3CRET" not in line
    assert line.startswith("\0".join(words[:4]).encode()) and line.endswith(b"\0--other\0")


def test_framegate_start_hides_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        gateway.settimeout(60)
        base = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        words = [sys.executable, "-m", "framegate.cli", "--gateway", base, "start", URL]
        with subprocess.Popen(words, text=True, env=ENVIRONMENT) as process:
            with gateway.accept()[0]:
                line = command_line(process)
            process.kill()
    assert line.startswith(sys.executable.encode()) and b"S3CRET" not in line
