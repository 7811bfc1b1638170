"""The HTTP client's limits, against servers that do not keep to them, and its token."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from stand_in import URL, StandIn

from framegate import FrameSubscriber, Gateway, GatewayError, open_capture


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


TOKEN_OVER_HTTP = 'send "Authorization: Bearer TOKEN", or sign in on its page'


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


def test_a_port_that_does_not_speak_http_is_no_gateway_and_its_bytes_are_not_shown() -> None:
    for base in serve(b"\xff\0\0\x01\x7f secret", b"\n", 0.05):
        with pytest.raises(GatewayError, match=r"127\.0\.0\.1:\d+ is not a Framegate gateway$") as raised:
            Gateway(base).health(timeout_s=20)
        assert raised.value.code == "ERR_GATEWAY"


def test_the_address_of_a_gateway_may_lack_its_scheme() -> None:
    assert Gateway("edge-box:8090").base == Gateway("edge-box:8090/").base == "http://edge-box:8090"
    assert Gateway("[::1]:8090").host == "::1"
    for base in ("edge-box", "ftp://edge-box:8090", "a b:8090", ":8090"):
        with pytest.raises(ValueError, match=r"such as http://127\.0\.0\.1:8090, not"):
            Gateway(base)


TOKEN = "t" * 40


def test_the_token_is_sent_to_the_gateway(gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def sent() -> set[str | None]:
        found = set(gateway.authorizations)
        gateway.authorizations.clear()
        return found

    monkeypatch.delenv("FRAMEGATE_TOKEN", raising=False)
    open_capture(URL, gateway=gateway.base).release()
    assert sent() == {None}
    Gateway(gateway.base, TOKEN).cameras()
    assert sent() == {f"Bearer {TOKEN}"}
    open_capture(URL, gateway=gateway.base, token=TOKEN).release()
    assert sent() == {f"Bearer {TOKEN}"}
    with FrameSubscriber("cam1", gateway=gateway.base, token=TOKEN, timeout_ms=1) as frames:
        frames.read()
    assert sent() == {f"Bearer {TOKEN}"}
    monkeypatch.setenv("FRAMEGATE_TOKEN", "e" * 40)
    Gateway(gateway.base).cameras()
    assert sent() == {f"Bearer {'e' * 40}"}


def test_a_redirect_does_not_get_the_token(gateway: StandIn) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {gateway.base}/cameras\r\nContent-Length: 0\r\n\r\n"
    for redirecting in serve(answer.encode(), b"", 1):
        # A client that does not follow it sends no token either.
        with contextlib.suppress(GatewayError):
            Gateway(redirecting, TOKEN).cameras()
        assert gateway.authorizations in ([], [None])


@pytest.mark.parametrize("token", ["", "two words", "line\nend", "\u00fc" * 40])
def test_a_token_that_no_gateway_has_is_an_error(token: str) -> None:
    with pytest.raises(ValueError, match="token must be letters"):
        Gateway("http://127.0.0.1:1", token)


def test_the_gateways_remedies_are_those_of_python(gateway: StandIn) -> None:
    gateway.status = 409
    error = 'name: camera "a" already uses another address; send "replace": true to change it'
    gateway.answer = {"ok": False, "code": "ERR_NAME_IN_USE", "error": error}
    with open_capture(URL, timeout_ms=200, gateway=gateway.base) as cap:
        assert not cap.isOpened()
        reason = str(cap.last_error)
        assert "framegate start --replace" in reason and "replace=True" in reason and "send" not in reason, reason
    gateway.answer = {"ok": False, "code": "ERR_UNAUTHORIZED", "error": f"a token is required: {TOKEN_OVER_HTTP}"}
    with pytest.raises(GatewayError, match=r"FRAMEGATE_TOKEN, or pass token=") as raised:
        Gateway(gateway.base).start({"name": "a", "rtsp": URL})
    assert "Bearer" not in str(raised.value)


def test_a_name_that_was_not_used_is_logged_once(gateway: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    gateway.answer = {"ignored": ["name", "jpeg_quality"], "source": "rtsp://***@h/"}
    with open_capture(URL, timeout_ms=200, name="lobby", jpeg_quality=50, gateway=gateway.base) as cap:
        assert cap.isOpened() and cap.name == "cam1"
        gateway.forget()
        end = time.monotonic() + 30
        while len(gateway.bodies) < 2:
            cap.read()
            assert time.monotonic() < end
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 2 and "runs as cam1; the name lobby was not used" in logged[0], logged
    assert "jpeg_quality had no effect" in logged[1], logged
    caplog.clear()
    gateway.answer = {"ignored": ["name"], "replaced": "rtsp://***@h/", "source": "rtsp://***@h/"}
    open_capture(URL, timeout_ms=200, gateway=gateway.base).release()
    assert not caplog.records, "the name is not the user's, and only the password was corrected"
