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
