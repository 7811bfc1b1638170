"""The number of a frame goes on when frames come another way: over the lane, over ZeroMQ."""

from __future__ import annotations

from framegate._numbering import Numbering
from framegate.message import FrameHeader

LANE, ZMQ = "the lane", None


def header(seq: int, at_ms: int, run: str | None = "a") -> FrameHeader:
    return FrameHeader("cam1", seq, 32, 24, 32, 24, at_ms * 1000, at_ms * 1000, None, run)


def numbers(numbering: Numbering, *frames: tuple[object, FrameHeader]) -> list[tuple[int, str | None] | None]:
    shown = [numbering.header(frame, way) for way, frame in frames]
    return [None if one is None else (one.seq, one.run) for one in shown]


def test_a_frame_that_comes_twice_or_an_older_one_is_none() -> None:
    frames = [
        (ZMQ, header(70, 1000)),
        (ZMQ, header(71, 1040)),
        (LANE, header(1, 1000, "b")),
        (LANE, header(2, 1040, "b")),
    ]
    assert numbers(Numbering(), *frames) == [(70, "a"), (71, "a"), None, None]


def test_the_number_goes_on_and_shows_what_was_missed() -> None:
    frames = [(ZMQ, header(71, 1040)), (LANE, header(1, 1080, "b")), (LANE, header(4, 1200, "b"))]
    back = [(ZMQ, header(76, 1200)), (ZMQ, header(77, 1240)), (ZMQ, header(79, 1320))]
    shown = [(71, "a"), (72, "a"), (75, "a"), None, (76, "a"), (78, "a")]
    assert numbers(Numbering(), *frames, *back) == shown


def test_another_run_or_a_restarted_camera_counts_on_its_own() -> None:
    frames = [
        (LANE, header(9, 1000)),
        (ZMQ, header(500, 1040, "b")),
        (ZMQ, header(3, 1080, "c")),
        (ZMQ, header(4, 900, "c")),
    ]
    assert numbers(Numbering(), *frames) == [(9, "a"), (10, "a"), (3, "c"), (4, "c")]
    frames = [(ZMQ, header(500, 1000)), (ZMQ, header(0, 1040)), (ZMQ, header(1, 1080))]
    assert numbers(Numbering(), *frames) == [(500, "a"), (0, "a"), (1, "a")]


def test_after_the_end_of_a_way_the_number_goes_on_in_another_run() -> None:
    numbering = Numbering()
    assert numbers(numbering, (LANE, header(9, 1000))) == [(9, "a")]
    numbering.restarted()
    frames = [(ZMQ, header(0, 500_000, "b")), (ZMQ, header(1, 500_040, "b")), ("another lane", header(1, 500_080, "c"))]
    assert numbers(numbering, *frames) == [(10, "b"), (11, "b"), (12, "b")]
