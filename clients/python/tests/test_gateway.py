"""The HTTP client's limits, against servers that do not keep to them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from framegate import Gateway, GatewayError


def serve(head: bytes, chunk: bytes, pause_s: float) -> Iterator[str]:
    """A server that answers with ``head``, then ``chunk`` for ever."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        try:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.sendall(head)
            while True:
                connection.sendall(chunk)
                time.sleep(pause_s)
        except OSError:
            pass  # The client or the test has closed it.

    threading.Thread(target=run, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.close()


@pytest.fixture(params=[b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"])
def dribbling(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from serve(request.param, b"x", 0.05)


@pytest.fixture
def endless() -> Iterator[str]:
    yield from serve(b"HTTP/1.1 200 OK\r\n\r\n", bytes(1 << 20), 0)


def test_the_time_limit_is_for_the_whole_answer(dribbling: str) -> None:
    begun = time.monotonic()
    with pytest.raises(GatewayError):
        Gateway(dribbling).health(timeout_s=0.5)
    assert time.monotonic() - begun < 5


def test_an_endless_answer_is_an_error(endless: str) -> None:
    with pytest.raises(GatewayError, match="longer than 64 MiB"):
        Gateway(endless).health(timeout_s=60)
