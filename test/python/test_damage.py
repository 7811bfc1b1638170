"""Faults in the stream, checked frame by frame against what the camera drew: no damaged frame is ever published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from harness import STREAMS, Camera, Gateway, first_image, read_loop, some

from framegate import Capture, open_capture
from framegate import Gateway as Api

FAULTS = {
    "loss": "fault loss 1",
    "bursts": "fault loss 2 10",
    "missing pictures": "fault drop-frames 3",
    "cut pictures": "fault truncate 3",
}
# Cannot be caught, see docs/architecture.md. FFmpeg's H.265, VP8 and VP9 decoders do not notice missing bits, and VP8
# and VP9 do not number their pictures.
UNSEEN = {
    *((stream, "cut pictures") for stream in ("H.265", "H.265 open GOP", "VP8", "VP9")),
    *((stream, "missing pictures") for stream in ("VP8", "VP9")),
}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(mediamtx="off")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def relayed() -> Iterator[Gateway]:
    gateway = Gateway()  # Through MediaMTX, if it is installed.
    yield gateway
    gateway.stop()


def suffer(capture: Capture, camera: Camera, gateway: Gateway, faults: Iterable[str]) -> None:
    """Each fault for a while: all frames are whole, new and in order, and frames continue afterwards."""
    first_image(capture)
    for fault in faults:
        camera.command(FAULTS[fault])
        result = read_loop(capture, camera, 2, (480, 272))
        camera.command("clear")
        assert result["damaged"] == result["repeated"] == result["out_of_order"] == 0, (fault, result)
    # The faults took effect: frames are missing, and none after the faults.
    assert capture.missed > 0 or Api(gateway.base).camera(some(capture.name))["frames_gated"] > 0
    first_image(capture)


@pytest.mark.parametrize("stream", STREAMS)
def test_nothing_damaged_is_published(stream: str, gateway: Gateway) -> None:
    camera = Camera("--width", "480", "--height", "272", "--gop", "15", "--bitrate-kbps", "800", *STREAMS[stream])
    with open_capture(camera.url, pub_fps=25, scale_width=0, gateway=gateway.base) as capture:
        suffer(capture, camera, gateway, [fault for fault in FAULTS if (stream, fault) not in UNSEEN])
    camera.stop()


@pytest.mark.parametrize("stream", ["H.264, 4 slices", "H.265"])
@pytest.mark.parametrize("way", ["gateway", "relayed"])
def test_nothing_damaged_is_published_over_udp(stream: str, way: str, request: pytest.FixtureRequest) -> None:
    gateway = request.getfixturevalue(way)
    camera = Camera("--width", "480", "--height", "272", "--gop", "15", "--bitrate-kbps", "800", *STREAMS[stream])
    with open_capture(
        camera.url, pub_fps=25, scale_width=0, gateway=gateway.base, rtsp_transport="udp", name=f"udp-{way}"
    ) as capture:
        first_image(capture)
        assert Api(gateway.base).camera(some(capture.name))["transport"] == "udp"
        suffer(capture, camera, gateway, ["loss", "bursts"])
    Api(gateway.base).stop(some(capture.name))
    camera.stop()
