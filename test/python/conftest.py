from __future__ import annotations

import pytest
from harness import Camera, Gateway


@pytest.fixture
def camera():
    camera = Camera("--gop", "25")
    yield camera
    camera.stop()


@pytest.fixture
def gateway():
    gateway = Gateway()
    yield gateway
    gateway.stop()
