"""Which way frames come: over the lane, or over ZeroMQ."""

from __future__ import annotations

import os
from typing import NamedTuple

# The gateway refused a reader of its lane, which may have been for want of memory: try again after this time.
LANE_AGAIN_S = 30.0
TRANSPORT_NAMES = ("lane", "zmq")


class LaneChoice(NamedTuple):
    """That the frames may come over the lane."""

    format: str
    #: FRAMEGATE_TRANSPORT is lane: nothing else will do.
    required: bool


def choose_lane(gray: bool, reduce: int, zmq_connect: str | None) -> LaneChoice | None:
    """None: frames come over ZeroMQ, by the arguments or FRAMEGATE_TRANSPORT.

    :raises ValueError: FRAMEGATE_TRANSPORT is neither lane nor zmq.
    """
    transport = os.environ.get("FRAMEGATE_TRANSPORT") or None
    if transport not in (None, *TRANSPORT_NAMES):
        raise ValueError(f"FRAMEGATE_TRANSPORT must be lane or zmq, not {transport!r}")
    # A JPEG is decoded to a smaller picture for less than a raw one is made smaller.
    if transport == "zmq" or reduce != 1 or zmq_connect is not None:
        return None
    return LaneChoice("gray" if gray else "bgr", transport == "lane")
