"""Tests run from the checkout, without installing the package."""

from __future__ import annotations

import pathlib
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
