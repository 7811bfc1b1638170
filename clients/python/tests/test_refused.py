"""A read of a camera that is not open ends soon, but not at once: a program may read in a loop."""

from __future__ import annotations

import time
from typing import Any

import cv2
import pytest
from stand_in import URL, Publishing, StandIn

from framegate import Capture, open_capture

REFUSED = {"state": "retrying", "last_error": {"code": "ERR_SOURCE_UNAUTHORIZED", "message": "wrong password"}}
# A read that waits for its timeout fails by far, and a slow machine does not.
TIMEOUT_MS, LIMIT_S = 60000, 30


def reads(cap: Capture, count: int) -> float:
    """Seconds that so many failing reads take."""
    before = time.monotonic()
    for _ in range(count):
        assert cap.read() == (False, None)
    return time.monotonic() - before


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (REFUSED, 200, "wrong password"),
        ({"ok": False, "code": "ERR_TOO_MANY", "error": "too many cameras"}, 409, "too many cameras"),
    ],
)
def test_a_read_ends_soon_if_the_camera_or_the_gateway_refuses(
    answer: dict[str, Any], status: int, reason: str, gateway: StandIn
) -> None:
    gateway.answer, gateway.status = answer, status
    with open_capture(URL, timeout_ms=TIMEOUT_MS, gateway=gateway.base) as cap:
        assert not cap.isOpened()
        assert 0.9 < reads(cap, 2) < LIMIT_S, "soon, but a loop makes few calls"
        assert cap.last_error == reason
        assert cap.get(cv2.CAP_PROP_FPS) == cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 0.0


def test_a_read_ends_soon_if_there_is_no_gateway() -> None:
    with open_capture(URL, timeout_ms=TIMEOUT_MS, gateway="http://127.0.0.1:1") as cap:
        assert 0.9 < reads(cap, 2) < LIMIT_S
        assert "does not respond" in str(cap.last_error)


def test_a_refusal_ends_a_read_that_waits(gateway: StandIn) -> None:
    gateway.answer = {"state": "connecting"}
    with open_capture(URL, timeout_ms=TIMEOUT_MS, gateway=gateway.base) as cap:
        gateway.answer = REFUSED
        assert reads(cap, 1) < LIMIT_S
        assert cap.last_error == "wrong password"


def test_a_camera_that_was_live_is_awaited(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=TIMEOUT_MS, gateway=gateway.base) as cap:
        with Publishing(gateway):
            assert cap.read()[0]
        cap.timeout_ms = 1500
        while cap.read()[0]:
            pass
        gateway.answer = REFUSED
        assert reads(cap, 2) > 2.9
        assert cap.isOpened() and cap.last_error == "wrong password"


def test_a_refused_camera_is_read_once_it_is_there(gateway: StandIn) -> None:
    gateway.answer = REFUSED
    with open_capture(URL, timeout_ms=TIMEOUT_MS, gateway=gateway.base) as cap:
        assert reads(cap, 1) < LIMIT_S
        gateway.answer = {}
        end = time.monotonic() + LIMIT_S
        with Publishing(gateway):
            while not cap.read()[0]:
                assert time.monotonic() < end
        assert cap.isOpened() and cap.last_error is None
