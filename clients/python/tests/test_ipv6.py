"""A gateway and frames at IPv6 addresses, with real sockets."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from stand_in import URL, Publishing, StandIn

from framegate import AsyncFrameSubscriber, FrameSubscriber, _reader, open_capture


def test_a_capture_reads_from_a_gateway_at_an_ipv6_address(ipv6_gateway: StandIn) -> None:
    with Publishing(ipv6_gateway), open_capture(URL, timeout_ms=10000, gateway=ipv6_gateway.base) as cap:
        assert cap.endpoint == f"tcp://[::1]:{ipv6_gateway.zmq_port}"
        assert cap.read()[0], cap.last_error


def test_a_capture_reads_if_the_gateway_names_all_addresses(ipv6_gateway: StandIn) -> None:
    ipv6_gateway.answer = {"zmq_endpoint": f"tcp://[::]:{ipv6_gateway.zmq_port}"}
    with Publishing(ipv6_gateway), open_capture(URL, timeout_ms=10000, gateway=ipv6_gateway.base) as cap:
        assert cap.endpoint == f"tcp://[::1]:{ipv6_gateway.zmq_port}"
        assert cap.read()[0], cap.last_error


def test_both_subscribers_read_from_an_ipv6_address(ipv6_gateway: StandIn) -> None:
    connect = f"tcp://[::1]:{ipv6_gateway.zmq_port}"

    async def read() -> Any:
        async with AsyncFrameSubscriber("cam1", connect) as frames:
            return await frames.read(10000)

    with Publishing(ipv6_gateway):
        with FrameSubscriber("cam1", connect) as frames:
            assert frames.read(10000)
        assert asyncio.run(read())


@pytest.mark.parametrize("connect", ["tcp://127.0.0.1:{}", "tcp://localhost:{}"])
def test_an_ipv4_address_and_localhost_are_read_as_before(gateway: StandIn, connect: str) -> None:
    with Publishing(gateway), FrameSubscriber("cam1", connect.format(gateway.zmq_port)) as frames:
        assert frames.read(10000)


@pytest.mark.parametrize(
    ("families", "needed"),
    [([socket.AF_INET6], True), ([socket.AF_INET, socket.AF_INET6], False), ([socket.AF_INET], False), ([], False)],
)
def test_a_name_needs_ipv6_if_it_has_no_ipv4_address(
    monkeypatch: pytest.MonkeyPatch, families: list[socket.AddressFamily], needed: bool
) -> None:
    asked = []

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if not families:
            raise socket.gaierror("unknown")
        return [(family, socket.SOCK_STREAM, 6, "", ()) for family in families]

    monkeypatch.setattr(_reader, "getaddrinfo", look_up)
    assert _reader.needs_ipv6("tcp://edge-box:5555") is needed
    assert asked == ["edge-box"]
    assert _reader.needs_ipv6("tcp://[fd00::7]:5555") is True
    for other in ("ipc:///run/frames", "tcp://", "inproc://x"):
        assert _reader.needs_ipv6(other) is False
    assert asked == ["edge-box"]
