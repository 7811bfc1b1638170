"""open_capture against a stand-in gateway: what a real one cannot show on demand."""

import http.server
import json
import threading
import time

import pytest
import zmq
from wire import message

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
                        "ok": True, "name": "cam1", "zmq_topic": "cam1", "state": "live", "last_error": None,
                        "zmq_endpoint": f"tcp://127.0.0.1:{stand_in.zmq_port}",
                    }
                ).encode()  # fmt: skip
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
        gateway.socket.send(message(seq=seq))
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
        "ok": True, "name": "a", "zmq_topic": "a", "zmq_endpoint": "tcp://127.0.0.1:7", "state": "live",
    }  # fmt: skip
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
    "arguments, error, names",
    [
        (dict(rtsp_url=5), TypeError, "rtsp_url"),
        (dict(rtsp_url="http://h/"), ValueError, "rtsp_url"),
        (dict(rtsp_url="rtsp://"), ValueError, "rtsp_url"),
        (dict(timeout_ms="x"), TypeError, "timeout_ms"),
        (dict(timeout_ms=-5), ValueError, "timeout_ms"),
        (dict(pub_fps="20"), TypeError, "pub_fps"),
        (dict(pub_fps=0), ValueError, "pub_fps"),
        (dict(scale_width=640.5), TypeError, "scale_width"),
        (dict(scale_width=-1), ValueError, "scale_width"),
        (dict(jpeg_quality=101), ValueError, "jpeg_quality"),
        (dict(name="a b"), ValueError, "name"),
        (dict(name=5), TypeError, "name"),
        (dict(gateway="ftp://h"), ValueError, "gateway"),
        (dict(gateway=5), TypeError, "gateway"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, names):
    with pytest.raises(error, match=names) as raised:
        open_capture(**{"rtsp_url": URL, **arguments})
    assert "hunter2" not in str(raised.value)
