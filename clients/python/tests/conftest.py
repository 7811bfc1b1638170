"""Tests run from the checkout, without installing the package."""

from __future__ import annotations

import pathlib
import socket
import sys
from collections.abc import Iterator

import pytest

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from stand_in import StandIn  # noqa: E402 (found through sys.path)


@pytest.fixture(autouse=True)
def no_other_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets a gateway that runs on this machine."""
    for name in ("ZMQ_CONNECT", "FRAMEGATE_TOKEN", "FRAMEGATE_FALLBACK", "PORT_OFFSET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATEWAY_BASE", "http://127.0.0.1:1")


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    stand_in = StandIn()
    stand_in.start()
    yield stand_in
    stand_in.stop()
    stand_in.context.term()


@pytest.fixture
def ipv6_gateway() -> Iterator[StandIn]:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    stand_in = StandIn("::1")
    stand_in.start()
    yield stand_in
    stand_in.stop()
    stand_in.context.term()
