from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Camera, Gateway


@pytest.fixture
def camera() -> Iterator[Camera]:
    camera = Camera("--gop", "25")
    yield camera
    camera.stop()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.stop()
