"""A stand-in gateway, for cases that a real one cannot produce on demand."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from typing import Any

import zmq
from wire import jpeg, message

URL = "rtsp://admin:S3CRET@10.0.0.1/Streaming/Channels/101"


class StandIn:
    """Answers every POST as /cameras/start does, every GET as /cameras and /cameras/NAME do, and publishes. It can be
    stopped and started again."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        #: An IP address.
        self.host = host
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        #: The request bodies so far.
        self.bodies: list[dict[str, Any]] = []
        #: The number of GET requests so far.
        self.looks = 0
        #: The Authorization headers so far; None for a request without one.
        self.authorizations: list[str | None] = []
        #: Fields that differ from the answer for a live camera.
        self.answer: dict[str, Any] = {}
        #: The same, by the address of a camera.
        self.answers: dict[str, dict[str, Any]] = {}
        self.status = 200
        #: Ports to start on; 0 for any free one.
        self.port = self.zmq_port = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        self._started = False

    def start(self) -> None:
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stand_in.authorizations.append(self.headers["Authorization"])
                stand_in.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                stand_in._started = stand_in.status == 200
                self._answer(stand_in.status, stand_in._answer(stand_in.bodies[-1]))

            def do_GET(self) -> None:
                stand_in.authorizations.append(self.headers["Authorization"])
                stand_in.looks += 1
                if not stand_in._started:
                    self._answer(404, {"ok": False, "code": "ERR_CAMERA_NOT_FOUND", "error": "no camera cam1"})
                    return
                camera = stand_in._answer({"rtsp": ""})
                self._answer(stand_in.status, {**camera, "camera": camera, "cameras": [camera]})

            def _answer(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.socket = self.context.socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IPV6, ":" in self.host)
        self.socket.bind(f"tcp://{self._literal}:{self.zmq_port or '*'}")
        self.zmq_port = int(self.socket.getsockopt_string(zmq.LAST_ENDPOINT).rsplit(":", 1)[1])

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in self.host else socket.AF_INET

        self._server = Server((self.host, self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self.socket.close()
            self._server = None
            self.forget()

    def forget(self) -> None:
        """Has no camera any more, as after a restart or another client's stop."""
        self._started = False

    @property
    def base(self) -> str:
        return f"http://{self._literal}:{self.port}"

    @property
    def _literal(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "ok": True,
            "name": "cam1",
            "zmq_topic": "cam1",
            "zmq_endpoint": f"tcp://{self._literal}:{self.zmq_port}",
            "state": "live",
            "last_error": None,
            **self.answer,
            **self.answers.get(request["rtsp"], {}),
        }

    def wait_for_subscription(self, topic: str, limit_s: float = 20) -> None:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.socket.poll(100) and self.socket.recv() == b"\1" + topic.encode() + b"\0":
                return
        raise AssertionError(f"no subscription of {topic} in {limit_s} s")


class Publishing:
    """Publishes 100 frames a second, each as bright as its number, until the block ends."""

    def __init__(self, gateway: StandIn, **changes: Any) -> None:
        self.gateway, self.changes = gateway, changes
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        seq = 0
        while not self.over.wait(0.01):
            seq += 1
            picture = jpeg(seq % 256, self.changes.get("width", 32), self.changes.get("height", 24))
            self.gateway.socket.send(message(seq=seq, picture=picture, **self.changes))

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
