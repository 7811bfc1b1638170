"""Finds out why this machine gets no frames from a ZeroMQ endpoint, by connecting to it."""

from __future__ import annotations

import socket
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import parse_monitor_message

from ._curve import NO_KEYS, Keys, has_keys, use_curve
from ._reader import needs_ipv6

_CONNECT_LIMIT_S = 2.0
_HANDSHAKE_LIMIT_S = 3.0
_SET_KEYS = "set FRAMEGATE_CURVE_KEY and FRAMEGATE_CURVE_SERVER_KEY (docs/security.md)"
_CHECK_KEYS = (
    "FRAMEGATE_CURVE_SERVER_KEY must name the gateway's own .key file, and the gateway's CURVE_CLIENTS must have the "
    ".key file of FRAMEGATE_CURVE_KEY (docs/security.md)"
)
_REFUSES = "refuses this client's keys"
_ENDS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
)


class Problem(NamedTuple):
    """Why an endpoint cannot be read from here."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def problem_at(endpoint: str, keys: Keys = NO_KEYS) -> Problem | None:
    """What keeps this machine from reading a ZeroMQ endpoint; None if nothing, or if only a frame can show it.

    Waits 8 s at most.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "tcp" or host is None or port is None:
        return None
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_LIMIT_S) as connection:
            mechanism = _mechanism(connection)
    except OSError as error:
        return Problem(
            f"this machine cannot connect to {endpoint} ({error.strerror or error})",
            "set the gateway's ZMQ_BIND (other machines need keys, see docs/security.md), or ZMQ_CONNECT here",
        )
    ours = has_keys(endpoint, *keys)
    if mechanism == b"CURVE":
        return _keys_problem(endpoint, keys) if ours else Problem(f"{endpoint} requires keys", _SET_KEYS)
    if mechanism == b"NULL" and ours:
        return Problem(f"{endpoint} takes no keys", "unset FRAMEGATE_CURVE_KEY and FRAMEGATE_CURVE_SERVER_KEY")
    return None


def _mechanism(connection: socket.socket) -> bytes | None:
    """``CURVE`` or ``NULL``, from the greeting of the ZeroMQ endpoint there; None if it does not send one in time.

    The endpoint sends all of it after the first bytes of ours, and does not see by then that the mechanisms differ.
    """
    try:
        connection.settimeout(_HANDSHAKE_LIMIT_S)
        connection.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01")
        greeting = b""
        while len(greeting) < 32 and (more := connection.recv(64)):
            greeting += more
    except OSError:
        return None
    return greeting[12:32].rstrip(b"\0")


def _keys_problem(endpoint: str, keys: Keys) -> Problem | None:
    try:
        event = _handshake(endpoint, keys)
    except ValueError as error:
        return Problem(f"the keys for {endpoint} cannot be used ({error})", _SET_KEYS)
    if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
        return None
    # A gateway does not answer a client whose key it does not know.
    waited = f"has not accepted this client's keys within {_HANDSHAKE_LIMIT_S:g} s"
    return Problem(f"{endpoint} {waited if event is None else _REFUSES}", _CHECK_KEYS)


def _handshake(endpoint: str, keys: Keys) -> int | None:
    """How ZeroMQ's handshake ends there: an event of :data:`_ENDS`; None: not within the limit."""
    with zmq.Context() as context, context.socket(zmq.SUB) as probe:
        probe.setsockopt(zmq.LINGER, 0)
        probe.setsockopt(zmq.IPV6, int(needs_ipv6(endpoint)))
        use_curve(probe, endpoint, *keys)
        with probe.get_monitor_socket() as monitor:
            monitor.setsockopt(zmq.LINGER, 0)
            probe.connect(endpoint)
            event = _first_of(monitor, _ENDS)
            probe.disable_monitor()
        return event


def _first_of(monitor: zmq.Socket[Any], wanted: tuple[int, ...]) -> int | None:
    deadline = time.monotonic() + _HANDSHAKE_LIMIT_S
    while (left_s := deadline - time.monotonic()) > 0:
        if monitor.poll(int(left_s * 1000) + 1):
            event = int(parse_monitor_message(monitor.recv_multipart())["event"])
            if event in wanted:
                return event
    return None
