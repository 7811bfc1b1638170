"""open_capture against a stand-in gateway."""

from __future__ import annotations

import contextlib
import pathlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from stand_in import URL, Publishing, StandIn
from wire import in_child, message, send, some

from capture import open_capture as alias
from framegate import Capture, FrameSubscriber, open_capture
from framegate.naming import camera_name

if TYPE_CHECKING:
    from framegate.jpeg import Image


def read_until(capture: Capture, gateway: StandIn, first_seq: int = 0, limit_s: float = 20) -> Image:
    """Publishes until the capture has a frame, as a camera does."""
    seq, end = first_seq, time.monotonic() + limit_s
    while time.monotonic() < end:
        send(gateway.socket, message(seq=seq))
        seq += 1
        _, image = capture.read()
        if image is not None:
            return image
    raise AssertionError(f"no frame: {capture.last_error}")


def test_open_capture_starts_the_camera_and_reads_its_frames(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=2000, pub_fps=20, scale_width=640, gateway=gateway.base) as cap:
        assert cap.isOpened()
        request = {"name": camera_name(URL), "rtsp": URL, "keep": False, "pub_fps": 20, "scale_width": 640}
        assert gateway.bodies == [request]
        cap.timeout_ms = 200
        frame = read_until(cap, gateway)
        assert frame.shape == (24, 32, 3)
        assert cap.last_error is None
        assert some(cap.age_ms) >= 0 and some(cap.seq) >= 0 and cap.missed >= 0
        assert cap.captured_at is None
    assert not cap.isOpened()


def test_a_read_without_a_frame_returns_false_none_in_time(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=300, gateway=gateway.base) as cap:
        before = time.monotonic()
        assert cap.read() == (False, None)
        assert 0.25 < time.monotonic() - before < 5


def test_finds_a_gateway_that_starts_later() -> None:
    gateway = StandIn()
    gateway.start()
    gateway.stop()
    cap = open_capture(URL, timeout_ms=200, gateway=gateway.base)
    assert not cap.isOpened()
    assert cap.read() == (False, None)
    assert "does not respond" in some(cap.last_error)
    gateway.start()
    read_until(cap, gateway)
    assert cap.isOpened()
    cap.release()
    gateway.stop()
    gateway.context.term()


def test_a_rendition_that_the_gateway_does_not_encode_is_reported_with_its_reason(gateway: StandIn) -> None:
    refused = [{"topic": "cam1@9w1fps", "message": "too many"}, {"topic": "cam1", "message": "short of memory"}]
    gateway.answer = {"refused_renditions": refused}
    expected = "cam1 is not encoded: short of memory"
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        end = time.monotonic() + 20
        while cap.last_error != expected and time.monotonic() < end:
            assert cap.read() == (False, None)
        assert cap.last_error == expected
        with FrameSubscriber("cam1", gateway=gateway.base, timeout_ms=200) as subscriber:
            while subscriber.last_error != expected and time.monotonic() < end:
                assert subscriber.read() is None
            assert subscriber.last_error == expected
        gateway.answer = {}
        read_until(cap, gateway)
        assert cap.last_error is None


def test_asks_a_restarted_gateway_again(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        read_until(cap, gateway, first_seq=100)
        gateway.stop()
        end = time.monotonic() + 20
        while "does not respond" not in (cap.last_error or ""):
            assert cap.read() == (False, None)
            assert time.monotonic() < end
        asked = len(gateway.bodies)
        gateway.start()
        while len(gateway.bodies) == asked:
            assert cap.read() == (False, None)
            assert time.monotonic() < end
        read_until(cap, gateway)


@pytest.mark.parametrize("state", ["connecting", "refused"])
def test_asks_the_gateway_once_a_second_while_the_camera_is_away(state: str, gateway: StandIn) -> None:
    if state == "connecting":
        gateway.answer = {"state": "connecting"}
    else:
        gateway.status, gateway.answer = 503, {"ok": False, "code": "ERR_CLOSED", "error": "closing"}
    before = time.monotonic()
    with open_capture(URL, timeout_ms=300, gateway=gateway.base) as cap:

        def read() -> None:
            while time.monotonic() - before < 5:
                cap.read_new(5000)

        # Several reads at once make no more requests than one.
        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        passed_s = time.monotonic() - before
        # The start counts, and up to ten looks in the first second of a camera that is connecting.
        assert 3 <= len(gateway.bodies) + gateway.looks <= passed_s + (1 if state == "refused" else 11)
        assert state == "refused" or len(gateway.bodies) == 1


def published(gateway: StandIn, cap: Capture, topic: str, seqs: Iterable[int]) -> None:
    """Reads each of these before the next is sent, so that the gaps count as missed."""
    for seq in seqs:
        send(gateway.socket, message(topic, seq=seq))
        assert cap.read()[0], cap.last_error
        assert cap.seq == seq


def test_missed_survives_a_change_of_size_and_release(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        gateway.wait_for_subscription("cam1")
        published(gateway, cap, "cam1", (0, 5))
        assert cap.missed == 4
        gateway.answer = {"zmq_topic": "cam1@320w20fps"}
        assert cap.set(cv2.CAP_PROP_FRAME_WIDTH, 320)
        assert cap.missed == 4
        gateway.wait_for_subscription("cam1@320w20fps")
        published(gateway, cap, "cam1@320w20fps", (7, 10))
        assert cap.missed == 6
    assert cap.missed == 6


def test_missed_survives_if_the_gateway_returns_at_another_port(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        gateway.wait_for_subscription("cam1")
        published(gateway, cap, "cam1", (0, 5))
        before = cap.endpoint
        gateway.stop()
        gateway.zmq_port = 0
        gateway.start()
        cap.timeout_ms = 200
        read_until(cap, gateway)
        assert cap.endpoint != before
        assert cap.missed >= 4


def test_a_size_that_the_gateway_rejects_changes_nothing(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=5000, gateway=gateway.base) as cap:
        gateway.status, gateway.answer = 409, {"ok": False, "code": "ERR_TOO_MANY", "error": "too many"}
        assert cap.set(cv2.CAP_PROP_FRAME_WIDTH, 320) is False
        assert gateway.bodies[-1]["scale_width"] == 320
        gateway.status, gateway.answer = 200, {}
        gateway.forget()
        asked = len(gateway.bodies)
        cap.timeout_ms = 200
        end = time.monotonic() + 20
        while len(gateway.bodies) == asked:
            assert cap.read() == (False, None)
            assert time.monotonic() < end
        assert gateway.bodies[-1]["scale_width"] == 640


def test_reports_the_gateways_error(gateway: StandIn) -> None:
    gateway.status = 409
    gateway.answer = {"ok": False, "code": "ERR_NAME_IN_USE", "error": "name: in use"}
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        assert not cap.isOpened()
        assert cap.last_error == "name: in use"


def test_the_name_of_a_running_camera_may_be_given_twice() -> None:
    open_capture("yard", name="yard", gateway="http://127.0.0.1:1").release()
    with pytest.raises(ValueError, match="name has no effect on yard"):
        open_capture("yard", name="other", gateway="http://127.0.0.1:1")


def test_release_ends_all_threads_and_is_idempotent(gateway: StandIn) -> None:
    before = threading.active_count()
    for _ in range(5):
        cap = open_capture(URL, timeout_ms=100, gateway=gateway.base)
        cap.read()
        cap.release()
        cap.release()
        assert cap.read() == (False, None)
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_the_endpoint_is_seen_from_here(gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.answer = {"zmq_endpoint": "tcp://127.0.0.1:7"}
    base = gateway.base.replace("127.0.0.1", "localhost")
    with open_capture(URL, timeout_ms=2000, gateway=base) as cap:
        assert cap.endpoint == "tcp://127.0.0.1:7", "both are loopback addresses: it is as the gateway says"
    gateway.answer = {"zmq_endpoint": "tcp://*:7"}
    with open_capture(URL, timeout_ms=2000, gateway=base) as cap:
        assert cap.endpoint == "tcp://localhost:7"
    monkeypatch.setenv("ZMQ_CONNECT", "tcp://127.0.0.1:9")
    with open_capture(URL, timeout_ms=2000, gateway=base) as cap:
        assert cap.endpoint == "tcp://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ({"rtsp_url": 5}, TypeError, "rtsp_url"),
        ({"rtsp_url": "http://h/"}, ValueError, "rtsp_url"),
        ({"rtsp_url": "rtsp://"}, ValueError, "rtsp_url"),
        ({"rtsp_url": "rtsp://h:99999/a"}, ValueError, "rtsp_url"),
        ({"rtsp_url": "rtsp://h:x/a"}, ValueError, "rtsp_url"),
        ({"rtsp_url": "rtsp://[::1/a"}, ValueError, "rtsp_url"),
        ({"gray": 1}, TypeError, "gray"),
        ({"reduce": 3}, ValueError, "reduce"),
        ({"reduce": True}, TypeError, "reduce"),
        ({"timeout_ms": "x"}, TypeError, "timeout_ms"),
        ({"timeout_ms": -5}, ValueError, "timeout_ms"),
        ({"pub_fps": "20"}, TypeError, "pub_fps"),
        ({"pub_fps": 0}, ValueError, "pub_fps"),
        ({"scale_width": 640.5}, TypeError, "scale_width"),
        ({"pub_fps": 120.1}, ValueError, "pub_fps"),
        ({"pub_fps": 29.97}, ValueError, "pub_fps"),
        ({"scale_width": -1}, ValueError, "scale_width"),
        ({"scale_width": 15}, ValueError, "scale_width must be 0 or from 16 to 7680"),
        ({"scale_width": False}, TypeError, "scale_width"),
        ({"jpeg_quality": 101}, ValueError, "jpeg_quality"),
        ({"rtsp_transport": "quic"}, ValueError, "rtsp_transport must be one of automatic, tcp, udp"),
        ({"tls_fingerprint": "ab:cd"}, ValueError, "tls_fingerprint must be"),
        ({"tls_fingerprint": 5}, TypeError, "tls_fingerprint"),
        ({"name": "a b"}, ValueError, "name"),
        ({"name": 5}, TypeError, "name"),
        ({"gateway": "ftp://h"}, ValueError, "gateway"),
        ({"gateway": 5}, TypeError, "gateway"),
    ],
)
def test_errors_name_invalid_arguments(arguments: dict[str, Any], error: type[Exception], names: str) -> None:
    with pytest.raises(error, match=names) as raised:
        open_capture(**{"rtsp_url": URL, **arguments})
    assert "S3CRET" not in str(raised.value)


@pytest.fixture
def live(gateway: StandIn) -> Iterator[Capture]:
    gateway.answer = {"fps": 25, "pub_fps": 20, "codec": "h264"}
    with Publishing(gateway), open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        yield cap


def test_common_properties(live: Capture) -> None:
    assert live.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
    assert live.get(cv2.CAP_PROP_FRAME_HEIGHT) == 24.0
    assert live.get(cv2.CAP_PROP_FPS) == 20.0
    assert live.get(cv2.CAP_PROP_FRAME_COUNT) == -1.0
    assert live.get(cv2.CAP_PROP_BUFFERSIZE) == 1.0
    assert int(live.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"h264")
    assert live.get(cv2.CAP_PROP_POS_MSEC) == live.get(cv2.CAP_PROP_POS_FRAMES) == 0.0, "nothing was read"
    assert live.get(cv2.CAP_PROP_READ_TIMEOUT_MSEC) == 10000.0
    assert live.get(cv2.CAP_PROP_HUE) == 0.0 and live.get(-7) == 0.0
    assert live.getBackendName() == "FRAMEGATE"
    assert live.read()[0]
    first = some(live.seq)
    assert live.get(cv2.CAP_PROP_POS_FRAMES) == 1.0
    for _ in range(5):
        assert live.read()[0]
    assert live.get(cv2.CAP_PROP_POS_FRAMES) == some(live.seq) - first + 1
    assert live.get(cv2.CAP_PROP_POS_MSEC) > 0
    assert all(isinstance(live.get(prop), float) for prop in range(60))


def test_get_does_not_consume_the_frame_that_it_looks_at(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        with Publishing(gateway):
            assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
        assert cap.read()[0]
        cap.timeout_ms = 200
        while cap.read()[0]:
            pass
        assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0


def test_set_changes_the_request_to_the_gateway(live: Capture, gateway: StandIn) -> None:
    assert live.set(cv2.CAP_PROP_FRAME_WIDTH, 320) is True
    assert gateway.bodies[-1]["scale_width"] == 320
    assert live.set(cv2.CAP_PROP_FPS, 5) is True
    assert gateway.bodies[-1]["pub_fps"] == 5 and gateway.bodies[-1]["scale_width"] == 320
    assert live.set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, 9000) and live.timeout_ms == 9000
    assert live.set(cv2.CAP_PROP_BUFFERSIZE, 1) is True
    asked = len(gateway.bodies)
    for prop, value in (
        (cv2.CAP_PROP_BUFFERSIZE, 3),
        (cv2.CAP_PROP_FRAME_WIDTH, -4),
        (cv2.CAP_PROP_FRAME_WIDTH, 15),
        (cv2.CAP_PROP_FRAME_WIDTH, float("inf")),
        (cv2.CAP_PROP_FPS, 1000),
        (cv2.CAP_PROP_FPS, 29.97),
        (cv2.CAP_PROP_FPS, float("nan")),
        (cv2.CAP_PROP_HUE, 1),
        (cv2.CAP_PROP_POS_FRAMES, 0),
        (cv2.CAP_PROP_READ_TIMEOUT_MSEC, -1),
    ):
        assert live.set(prop, value) is False
    assert len(gateway.bodies) == asked
    assert live.read()[0]


def test_grab_and_retrieve(live: Capture) -> None:
    assert live.retrieve() == (False, None)
    assert live.grab() is True
    first, again = live.retrieve(), live.retrieve()
    assert first[0] and again[0] and np.array_equal(some(first[1]), some(again[1]))
    assert abs(int(some(first[1])[0, 0, 0]) - some(live.seq) % 256) <= 2


def retrieved(cap: Any) -> list[tuple[bool, bool]]:
    """What two retrieve() return: success, and whether there is an image."""
    return [(ok, image is not None) for ok, image in (cap.retrieve(), cap.retrieve())]


def test_what_fails_leaves_nothing_to_retrieve_as_in_opencv(gateway: StandIn, tmp_path: pathlib.Path) -> None:
    film = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(film, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()

    def outcomes(cap: Any, ends: Callable[[], None]) -> list[Any]:
        seen = [retrieved(cap), cap.grab(), retrieved(cap), cap.read()[0], retrieved(cap)]
        ends()
        seen += [cap.grab(), retrieved(cap), cap.read()[0], retrieved(cap)]
        cap.release()
        return [*seen, cap.grab(), retrieved(cap)]

    real = cv2.VideoCapture(film)

    def to_the_end() -> None:
        while real.grab():
            pass

    expected = outcomes(real, to_the_end)
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap, contextlib.ExitStack() as publishing:
        publishing.enter_context(Publishing(gateway))

        def ends() -> None:
            publishing.close()
            cap.timeout_ms = 300
            while cap.grab():
                pass

        assert outcomes(cap, ends) == expected
    gone, there = [(False, False)] * 2, [(True, True)] * 2
    assert expected == [gone, True, there, True, there, False, gone, False, gone, False, gone]


def test_a_released_capture_has_nothing_to_retrieve(live: Capture) -> None:
    assert live.grab()
    live.release()
    assert live.retrieve() == (False, None)


def test_a_grab_that_finds_old_frames_alone_leaves_nothing_to_retrieve(live: Capture) -> None:
    assert live.grab() and live.retrieve()[0]
    assert live.read(max_age_ms=0) == (False, None)
    assert live.retrieve() == (False, None)
    assert live.seq is not None, "the last frame that was read stays, with its age"


def test_positions_start_over_if_the_gateway_is_restarted(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        gateway.wait_for_subscription("cam1")
        positions = []
        now_us = int(time.time() * 1e6)
        for run, seq, received_at_us in (
            ("a", 500, now_us),
            ("a", 502, now_us + 80_000),
            ("b", 3, now_us - 100_000),
            ("b", 4, now_us - 100_000),
        ):
            send(gateway.socket, message(seq=seq, received_at_us=received_at_us, run=run))
            assert cap.read()[0]
            positions.append((cap.get(cv2.CAP_PROP_POS_FRAMES), cap.get(cv2.CAP_PROP_POS_MSEC)))
        assert positions == [(1.0, 0.0), (3.0, 80.0), (1.0, 0.0), (2.0, 0.0)]
        assert cap.missed == 1


def test_what_was_looked_at_for_its_size_is_not_read_a_second_later(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        gateway.wait_for_subscription("cam1")
        send(gateway.socket, message())
        assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
        cap.timeout_ms = 300
        time.sleep(1.1)
        assert cap.read() == (False, None)


def test_gray_reduced_and_into_an_array(live: Capture) -> None:
    live.gray = True
    assert live.read()[1].shape == (24, 32)
    live.gray, live.reduce = False, 4
    assert live.read()[1].shape == (6, 8, 3)
    assert live.get(cv2.CAP_PROP_FRAME_WIDTH) == 8.0 and live.get(cv2.CAP_PROP_FRAME_HEIGHT) == 6.0
    live.reduce = 1
    mine = np.zeros((24, 32, 3), np.uint8)
    ok, image = live.read(mine)
    assert ok and image is mine and abs(int(mine[0, 0, 0]) - some(live.seq) % 256) <= 2
    ok, image = live.read(np.zeros((1, 1, 3), np.uint8))
    assert ok and image.shape == (24, 32, 3)


def test_iteration_returns_each_frame_once(live: Capture) -> None:
    seen = []
    for image in live:
        assert image.shape == (24, 32, 3)
        seen.append(some(live.seq))
        if len(seen) == 30:
            break
    for _ in range(30):
        assert live.read_new(5000)[0]
        seen.append(some(live.seq))
    assert seen == sorted(set(seen))
    live.release()
    assert list(live) == []


def test_iteration_ends_when_another_thread_releases(live: Capture) -> None:
    count = 0
    for _ in live:
        count += 1
        if count == 4:
            threading.Timer(0.1, live.release).start()
    assert count >= 4


def test_a_read_waits_past_an_old_frame_for_a_new_one(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=20000, gateway=gateway.base) as cap:
        gateway.wait_for_subscription("cam1")
        read = []
        reader = threading.Thread(target=lambda: read.append(cap.read(max_age_ms=5000)))
        reader.start()
        seq, end = 0, time.monotonic() + 15
        # Again until the read waits: a frame that is there before it is skipped as too old in any case.
        while "older than 5000 ms" not in (cap.last_error or ""):
            assert time.monotonic() < end
            seq += 1
            send(gateway.socket, message(seq=seq, received_at_us=int((time.time() - 60) * 1e6)))
            time.sleep(0.005)
        send(gateway.socket, message(seq=seq + 1))
        reader.join(20)
        assert read[0][0] is True
        assert cap.seq == seq + 1


def test_frames_that_are_too_old_are_skipped(gateway: StandIn) -> None:
    old_us = int((time.time() - 60) * 1e6)
    with open_capture(URL, timeout_ms=500, gateway=gateway.base) as cap:
        with Publishing(gateway, received_at_us=old_us):
            assert cap.read(max_age_ms=1000) == (False, None)
            assert "older than 1000 ms" in some(cap.last_error)
            assert cap.read(max_age_ms=100000)[0]
            assert some(cap.age_ms) > 50000
        with Publishing(gateway, captured_at_us=1234567890):
            cap.timeout_ms = 10000
            assert cap.read(max_age_ms=5000)[0]
            assert cap.captured_at == 1234.56789
        with pytest.raises(ValueError, match="max_age_ms"):
            cap.read(max_age_ms=-1)
        with pytest.raises(TypeError, match="max_age_ms"):
            cap.read(max_age_ms="1")  # type: ignore[arg-type]


def test_four_threads_read_one_capture_and_get_each_frame_once(live: Capture) -> None:
    seen, errors = [], []

    def read() -> None:
        try:
            for _ in range(40):
                ok, image = live.read()
                assert ok
                # The brightness is the frame's number; 256 of them are distinct.
                seen.append(int(some(image)[0, 0, 0]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and len(seen) == 160
    assert len(set(seen)) >= 150, "the JPEG's rounding alone makes two numbers one"


def test_open_moves_to_another_camera(live: Capture, gateway: StandIn) -> None:
    assert live.read()[0]
    other = "rtsp://10.0.0.2/b"
    assert live.open(other) is True
    assert live.isOpened() and gateway.bodies[-1]["rtsp"] == other
    assert gateway.bodies[-1]["name"] == camera_name(other) and gateway.bodies[-1]["pub_fps"] == 20
    assert live.read()[0]
    with pytest.raises(ValueError, match="filename"):
        live.open("/dev/video0")
    live.release()
    assert live.open(URL) and live.read()[0]


def test_after_a_fork_the_child_gets_an_error(live: Capture) -> None:
    assert live.read()[0]
    for use in (live.read, live.grab, lambda: live.set(5, 5), lambda: next(iter(live))):
        assert in_child(use).startswith(
            "RuntimeError: this Capture was created before a fork; open it in the child process"
        )
    assert in_child(live.release) == "None"
    assert live.read()[0]


def test_reports_a_frame_that_does_not_decode_and_reads_the_next(gateway: StandIn) -> None:
    with open_capture(URL, timeout_ms=500, gateway=gateway.base) as cap:
        read_until(cap, gateway)
        cap.timeout_ms = 5000
        send(gateway.socket, message(seq=10**6, picture=b"\xff\xd8rubbish\xff\xd9"))
        assert cap.read() == (False, None)
        assert cap.last_error
        send(gateway.socket, message(seq=10**6 + 1))
        assert cap.read()[0] and cap.last_error is None


def test_dropping_the_last_reference_releases(gateway: StandIn) -> None:
    before = threading.active_count()
    for _ in range(5):
        open_capture(URL, timeout_ms=200, gateway=gateway.base)
    end = time.monotonic() + 20
    while threading.active_count() > before:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_module_capture_is_an_alias() -> None:
    assert alias is open_capture
