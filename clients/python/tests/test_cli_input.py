"""A camera's password need not be an argument, which other users see in process lists."""

from __future__ import annotations

import io
import sys

import pytest
from stand_in import URL, StandIn

from framegate.cli import main


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
