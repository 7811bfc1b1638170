"""open_capture against a stand-in gateway: what a real one cannot show on demand."""

from __future__ import annotations

import http.server
import json
import threading
import time

import cv2
import numpy as np
import pytest
import zmq
from wire import in_child, jpeg, message, send

from capture import open_capture
from framegate.capture import camera_name

URL = "rtsp://admin:hunter2@10.0.0.1/Streaming/Channels/101"


class StandIn:
    """Answers /cameras/start and publishes; can be stopped and started again."""

    def __init__(self):
        self.context = zmq.Context()
        self.bodies = []
        self.answer = {}
        self.status = 200
        self.server = self.socket = None
        self.port = self.zmq_port = 0

    def start(self):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                stand_in.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                body = json.dumps(
                    stand_in.answer
                    or {
                        "ok": True,
                        "name": "cam1",
                        "zmq_topic": "cam1",
                        "state": "live",
                        "last_error": None,
                        "zmq_endpoint": f"tcp://127.0.0.1:{stand_in.zmq_port}",
                    }
                ).encode()
                self.send_response(stand_in.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.socket = self.context.socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(f"tcp://127.0.0.1:{self.zmq_port or '*'}")
        self.zmq_port = int(self.socket.getsockopt_string(zmq.LAST_ENDPOINT).rsplit(":", 1)[1])
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.socket.close()
            self.server = self.socket = None

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def gateway():
    stand_in = StandIn()
    stand_in.start()
    yield stand_in
    stand_in.stop()
    stand_in.context.term()


def read_until(capture, gateway, first_seq=0, limit_s=20):
    """Publishes until the capture has a frame; what a camera does."""
    seq, end = first_seq, time.monotonic() + limit_s
    while time.monotonic() < end:
        send(gateway.socket, message(seq=seq))
        seq += 1
        ok, frame = capture.read()
        if ok:
            return frame
    raise AssertionError(f"no frame: {capture.last_error}")


def test_it_starts_the_camera_and_reads_its_frames(gateway):
    with open_capture(URL, timeout_ms=2000, pub_fps=20, scale_width=640, gateway=gateway.base) as cap:
        assert cap.isOpened()
        assert gateway.bodies == [{"name": camera_name(URL), "rtsp": URL, "pub_fps": 20, "scale_width": 640}]
        cap.timeout_ms = 200
        frame = read_until(cap, gateway)
        assert frame.shape == (24, 32, 3)
        assert cap.last_error is None
        assert cap.age_ms >= 0 and cap.seq >= 0 and cap.missed >= 0
        assert cap.captured_at is None
    assert not cap.isOpened()


def test_no_frame_is_false_none_in_time(gateway):
    with open_capture(URL, timeout_ms=300, gateway=gateway.base) as cap:
        before = time.monotonic()
        assert cap.read() == (False, None)
        assert 0.25 < time.monotonic() - before < 5


def test_a_gateway_that_comes_later_is_found():
    gateway = StandIn()
    gateway.start()
    gateway.stop()
    cap = open_capture(URL, timeout_ms=200, gateway=gateway.base)
    assert not cap.isOpened()
    assert cap.read() == (False, None)
    assert "does not answer" in cap.last_error
    gateway.start()
    read_until(cap, gateway)
    assert cap.isOpened()
    cap.release()
    gateway.stop()
    gateway.context.term()


def test_a_gateway_that_was_restarted_is_asked_again(gateway):
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        read_until(cap, gateway, first_seq=100)
        gateway.stop()
        end = time.monotonic() + 3.5
        while time.monotonic() < end:
            assert cap.read() == (False, None)
        assert "does not answer" in cap.last_error
        asked = len(gateway.bodies)
        gateway.start()
        read_until(cap, gateway)
        assert len(gateway.bodies) > asked


def test_what_the_gateway_says_is_told(gateway):
    gateway.status = 409
    gateway.answer = {"ok": False, "code": "ERR_NAME_IN_USE", "error": "name: in use"}
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        assert not cap.isOpened()
        assert cap.last_error == "name: in use"


def test_release_leaves_no_thread_and_is_idempotent(gateway):
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


def test_the_endpoint_is_seen_from_here(gateway, monkeypatch):
    gateway.answer = {
        "ok": True,
        "name": "a",
        "zmq_topic": "a",
        "zmq_endpoint": "tcp://127.0.0.1:7",
        "state": "live",
    }
    base = gateway.base.replace("127.0.0.1", "localhost")
    with open_capture(URL, timeout_ms=2000, gateway=base) as cap:
        assert cap._subscriber.connect == "tcp://localhost:7"
    monkeypatch.setenv("ZMQ_CONNECT", "tcp://127.0.0.1:9")
    with open_capture(URL, timeout_ms=2000, gateway=base) as cap:
        assert cap._subscriber.connect == "tcp://127.0.0.1:9"


def test_names_are_the_same_each_time_and_hold_no_credentials():
    assert camera_name(URL) == camera_name(URL.replace("admin:hunter2@", ""))
    assert camera_name(URL) != camera_name(URL + "2")
    for url in (URL, "rtsp://[fe80::1]:554/a", "rtsp://h", "rtsp://h/" + "x" * 500, "rtsp://h/ä"):
        name = camera_name(url)
        assert 1 <= len(name) <= 64 and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
        assert "hunter2" not in name


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
        ({"scale_width": -1}, ValueError, "scale_width"),
        ({"jpeg_quality": 101}, ValueError, "jpeg_quality"),
        ({"rtsp_transport": "quic"}, ValueError, "rtsp_transport must be one of automatic, tcp, udp"),
        ({"name": "a b"}, ValueError, "name"),
        ({"name": 5}, TypeError, "name"),
        ({"gateway": "ftp://h"}, ValueError, "gateway"),
        ({"gateway": 5}, TypeError, "gateway"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, names):
    with pytest.raises(error, match=names) as raised:
        open_capture(**{"rtsp_url": URL, **arguments})
    assert "hunter2" not in str(raised.value)


class Publishing:
    """Publishes 100 frames a second, each as bright as its number, until the block ends."""

    def __init__(self, gateway, **changes):
        self.gateway, self.changes = gateway, changes
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        seq = 0
        while not self.over.wait(0.01):
            seq += 1
            picture = jpeg(seq % 256, self.changes.get("width", 32), self.changes.get("height", 24))
            self.gateway.socket.send(message(seq=seq, picture=picture, **self.changes))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@pytest.fixture
def live(gateway):
    gateway.answer = {
        "ok": True,
        "name": "cam1",
        "zmq_topic": "cam1",
        "zmq_endpoint": f"tcp://127.0.0.1:{gateway.zmq_port}",
        "state": "live",
        "last_error": None,
        "fps": 25,
        "pub_fps": 20,
        "codec": "h264",
    }
    with Publishing(gateway), open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        yield cap


def test_the_properties_that_people_ask_for(live):
    assert live.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
    assert live.get(cv2.CAP_PROP_FRAME_HEIGHT) == 24.0
    assert live.get(cv2.CAP_PROP_FPS) == 20.0
    assert live.get(cv2.CAP_PROP_FRAME_COUNT) == -1.0
    assert live.get(cv2.CAP_PROP_BUFFERSIZE) == 1.0
    assert int(live.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter_fourcc(*"h264")
    assert live.get(cv2.CAP_PROP_POS_MSEC) == live.get(cv2.CAP_PROP_POS_FRAMES) == 0.0, "nothing was read"
    assert live.get(cv2.CAP_PROP_READ_TIMEOUT_MSEC) == 10000.0
    assert live.get(cv2.CAP_PROP_HUE) == 0.0 and live.get(-7) == 0.0
    assert live.getBackendName() == "FRAMEGATE"
    assert live.read()[0]
    first = live.seq
    assert live.get(cv2.CAP_PROP_POS_FRAMES) == 1.0
    for _ in range(5):
        assert live.read()[0]
    assert live.get(cv2.CAP_PROP_POS_FRAMES) == live.seq - first + 1
    assert live.get(cv2.CAP_PROP_POS_MSEC) > 0
    assert all(isinstance(live.get(prop), float) for prop in range(60))


def test_what_was_looked_at_for_its_size_is_still_read(gateway):
    with open_capture(URL, timeout_ms=10000, gateway=gateway.base) as cap:
        with Publishing(gateway):
            assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
        assert cap.read()[0]
        cap.timeout_ms = 200
        while cap.read()[0]:
            pass
        assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0


def test_set_changes_what_the_gateway_is_asked_for(live, gateway):
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
        (cv2.CAP_PROP_FPS, 1000),
        (cv2.CAP_PROP_HUE, 1),
        (cv2.CAP_PROP_POS_FRAMES, 0),
        (cv2.CAP_PROP_READ_TIMEOUT_MSEC, -1),
    ):
        assert live.set(prop, value) is False
    assert len(gateway.bodies) == asked
    assert live.read()[0]


def test_grab_and_retrieve(live):
    assert live.retrieve() == (False, None)
    assert live.grab() is True
    first, again = live.retrieve(), live.retrieve()
    assert first[0] and again[0] and (first[1] == again[1]).all()
    assert abs(int(first[1][0, 0, 0]) - live.seq % 256) <= 2


def test_gray_reduced_and_into_an_array(live):
    live.gray = True
    assert live.read()[1].shape == (24, 32)
    live.gray, live.reduce = False, 4
    assert live.read()[1].shape == (6, 8, 3)
    assert live.get(cv2.CAP_PROP_FRAME_WIDTH) == 8.0 and live.get(cv2.CAP_PROP_FRAME_HEIGHT) == 6.0
    live.reduce = 1
    mine = np.zeros((24, 32, 3), np.uint8)
    ok, image = live.read(mine)
    assert ok and image is mine and abs(int(mine[0, 0, 0]) - live.seq % 256) <= 2
    ok, image = live.read(np.zeros((1, 1, 3), np.uint8))
    assert ok and image.shape == (24, 32, 3)


def test_iteration_and_no_frame_twice(live):
    seen = []
    for image in live:
        assert image.shape == (24, 32, 3)
        seen.append(live.seq)
        if len(seen) == 30:
            break
    for _ in range(30):
        assert live.read_new(5000)[0]
        seen.append(live.seq)
    assert seen == sorted(set(seen))
    live.release()
    assert list(live) == []


def test_iteration_ends_when_another_thread_releases(live):
    threading.Timer(0.3, live.release).start()
    count = sum(1 for _ in live)
    assert count > 3


def test_frames_that_are_too_old_are_skipped(gateway):
    old_us = int((time.time() - 60) * 1e6)
    with open_capture(URL, timeout_ms=500, gateway=gateway.base) as cap:
        with Publishing(gateway, received_at_us=old_us):
            assert cap.read(max_age_ms=1000) == (False, None)
            assert "older than 1000 ms" in cap.last_error
            assert cap.read(max_age_ms=100000)[0]
            assert cap.age_ms > 50000
        with Publishing(gateway, captured_at_us=1234567890):
            cap.timeout_ms = 10000
            assert cap.read(max_age_ms=5000)[0]
            assert cap.captured_at == 1234.56789
        with pytest.raises(ValueError, match="max_age_ms"):
            cap.read(max_age_ms=-1)
        with pytest.raises(TypeError, match="max_age_ms"):
            cap.read(max_age_ms="1")


def test_four_threads_read_one_capture_and_no_frame_twice(live):
    seen, errors = [], []

    def read():
        try:
            for _ in range(40):
                ok, image = live.read()
                assert ok
                # The brightness is the frame's number; 256 of them are told apart.
                seen.append(int(image[0, 0, 0]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and len(seen) == 160
    assert len(set(seen)) >= 150, "the JPEG's rounding alone makes two numbers one"


def test_open_moves_to_another_camera(live, gateway):
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


def test_after_a_fork_the_child_is_told(live):
    assert live.read()[0]
    for use in (live.read, live.grab, lambda: live.set(5, 5), lambda: next(iter(live))):
        assert in_child(use).startswith("RuntimeError: this Capture was made before a fork; open it anew in the child")
    assert in_child(live.release) == "None"
    assert live.read()[0]


def test_a_picture_that_does_not_decode_is_told_and_the_next_is_read(gateway):
    with open_capture(URL, timeout_ms=500, gateway=gateway.base) as cap:
        read_until(cap, gateway)
        cap.timeout_ms = 5000
        send(gateway.socket, message(seq=10**6, picture=b"\xff\xd8rubbish\xff\xd9"))
        assert cap.read() == (False, None)
        assert cap.last_error
        send(gateway.socket, message(seq=10**6 + 1))
        assert cap.read()[0] and cap.last_error is None


def test_dropping_the_last_reference_releases(gateway):
    before = threading.active_count()
    for _ in range(5):
        open_capture(URL, timeout_ms=200, gateway=gateway.base)
    end = time.monotonic() + 20
    while threading.active_count() > before:
        assert time.monotonic() < end
        time.sleep(0.05)
