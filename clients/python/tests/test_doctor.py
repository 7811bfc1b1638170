"""What framegate doctor says about the lane, the health and the token."""

from __future__ import annotations

import argparse
import pathlib
import socket
import struct
import threading
from typing import Any

import pytest
import zmq

from framegate import _doctor, _endpoint
from framegate._curve import use_curve
from framegate._doctor import doctor, why_no_lane
from framegate._endpoint import problem_at
from framegate._lane import LaneError
from framegate.gateway import TOKEN_HERE, Gateway, GatewayError

#: The options of `framegate doctor` without a name.
ALL = argparse.Namespace(name=None)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FRAMEGATE_TRANSPORT", "ZMQ_CONNECT"):
        monkeypatch.delenv(name, raising=False)


def row(path: Any, **fields: Any) -> dict[str, Any]:
    lane = {"socket": str(path), "key": 7, "topic": "yard", "formats": ["bgr"]}
    return {"name": "yard", "state": "live", "lane": lane, **fields}


def test_the_lane_is_ready_for_a_camera_that_is_not_live(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lane.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        assert why_no_lane(row(path, state="retrying")) is None


def test_the_reasons(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lane.sock"
    for answer in (row(path, lane=None), {"name": "yard", "state": "live"}):
        assert "LANE_SOCKET is off" in str(why_no_lane(answer))
    assert f"{path} is not on this machine" in str(why_no_lane(row(path)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
    assert "Connection refused" in str(why_no_lane(row(path)))
    for name, value, reason in (
        ("ZMQ_CONNECT", "tcp://127.0.0.1:1", "ZMQ_CONNECT is set"),
        ("FRAMEGATE_TRANSPORT", "zmq", "FRAMEGATE_TRANSPORT is zmq"),
        ("FRAMEGATE_TRANSPORT", "udp", "FRAMEGATE_TRANSPORT must be lane or zmq"),
    ):
        monkeypatch.setenv(name, value)
        assert reason in str(why_no_lane(row(path)))


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:  # Root, who may run this test, has every permission.
        raise LaneError("/run/lane.sock: Permission denied") from PermissionError()

    monkeypatch.setattr(_doctor, "LaneReader", refuse)
    assert "only the gateway's user and group may" in str(why_no_lane(row("/run/lane.sock")))


def test_a_gateway_that_refuses(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lane.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(512)
                connection.send(struct.pack("=2I", 5, 3) + b"the memory is full (LANE_MEMORY)")
                while connection.recv(512):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        assert why_no_lane(row(path)) == "the memory is full (LANE_MEMORY)"
        thread.join()


@pytest.mark.parametrize(
    ("transport", "status", "printed"), [("zmq", 0, "note  the lane"), ("lane", 1, "FAIL  the lane")]
)
def test_it_is_a_failure_only_if_the_lane_is_required(
    transport: str, status: int, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMEGATE_TRANSPORT", transport)
    monkeypatch.setattr(_doctor, "_examine", lambda *_: None)
    gateway = Gateway("http://127.0.0.1:1")
    monkeypatch.setattr(gateway, "health", lambda: {"mediamtx": {"mode": "off"}})
    monkeypatch.setattr(gateway, "cameras", lambda: [row("", lane=None)])
    assert doctor(gateway, ALL) == status
    assert printed in capsys.readouterr().out


def test_zmq_that_is_not_reachable_is_no_failure_where_frames_come_over_the_lane(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = row(tmp_path / "lane.sock", zmq_endpoint="tcp://127.0.0.1:1", zmq_topic="yard")
    gateway = Gateway("http://127.0.0.1:1")
    monkeypatch.setattr(gateway, "health", lambda: {"mediamtx": {"mode": "off"}})
    monkeypatch.setattr(gateway, "cameras", lambda: [camera])
    assert doctor(gateway, ALL) == 1
    assert "FAIL  yard: this machine cannot connect to tcp://127.0.0.1:1" in capsys.readouterr().out
    monkeypatch.setattr(_doctor, "why_no_lane", lambda _: None)
    assert doctor(gateway, ALL) == 0
    printed = capsys.readouterr().out
    assert "note  yard: this machine cannot connect to tcp://127.0.0.1:1" in printed and "FAIL" not in printed, printed


def test_what_health_knows_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Gateway("http://127.0.0.1:1")
    mediamtx = {"mode": "managed", "ready": False, "version": "v1.20.1", "problem": "it ended (SIGKILL)"}
    state_file = {"problem": "/state/cameras.json cannot be written"}
    monkeypatch.setattr(gateway, "health", lambda: {"mediamtx": mediamtx, "state_file": state_file})
    monkeypatch.setattr(gateway, "cameras", list)
    assert doctor(gateway, ALL) == 1
    printed = capsys.readouterr().out
    assert "FAIL  MediaMTX: managed, v1.20.1, it ended (SIGKILL)" in printed, printed
    assert "FAIL  the list of cameras: /state/cameras.json cannot be written" in printed, printed


def test_a_gateway_that_wants_a_token_is_one_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> list[dict[str, Any]]:
        raise GatewayError("ERR_UNAUTHORIZED", f"this gateway does not know the token that was sent: {TOKEN_HERE}", 401)

    gateway = Gateway("http://127.0.0.1:1")
    monkeypatch.setattr(gateway, "health", lambda: {"ok": True})
    monkeypatch.setattr(gateway, "cameras", refused)
    assert doctor(gateway, ALL) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAIL") == 1 and "ok " not in printed and "AUTH_TOKENS_FILE" in printed, printed
    assert "pass token" not in printed, "there is no such argument here"


def key_file(path: pathlib.Path, pair: tuple[bytes, bytes]) -> str:
    path.write_text(f'public-key = "{pair[0].decode()}"\nsecret-key = "{pair[1].decode()}"\n')
    return str(path)


def test_why_an_endpoint_cannot_be_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_endpoint, "_HANDSHAKE_LIMIT_S", 60)
    pair, own = zmq.curve_keypair(), zmq.curve_keypair()
    server_key, key = key_file(tmp_path / "gateway.key", pair), key_file(tmp_path / "own.key_secret", own)
    with zmq.Context() as context, context.socket(zmq.XPUB) as locked, context.socket(zmq.XPUB) as plain:
        locked.setsockopt(zmq.CURVE_SERVER, 1)
        locked.setsockopt(zmq.CURVE_SECRETKEY, pair[1])
        at = f"tcp://127.0.0.1:{locked.bind_to_random_port('tcp://127.0.0.1')}"
        assert problem_at(at, (key, server_key)) is None
        assert f"{at} refuses this client's keys: FRAMEGATE_CURVE_SERVER_KEY must" in str(problem_at(at, (key, key)))
        assert f"{at} requires keys: set FRAMEGATE_CURVE_KEY and" in str(problem_at(at))
        missing = str(tmp_path / "none")
        assert f"the keys for {at} cannot be used (curve_key: " in str(problem_at(at, (missing, server_key)))
        monkeypatch.setenv("FRAMEGATE_CURVE_KEY", missing)
        monkeypatch.setenv("FRAMEGATE_CURVE_SERVER_KEY", server_key)
        with context.socket(zmq.SUB) as client:
            with pytest.raises(ValueError, match="FRAMEGATE_CURVE_KEY: cannot read"):
                use_curve(client, "tcp://10.0.0.5:5556", None, None)
            (tmp_path / "gateway.key").write_text("nothing")
            monkeypatch.setenv("FRAMEGATE_CURVE_KEY", key)
            with pytest.raises(ValueError, match=r"FRAMEGATE_CURVE_SERVER_KEY: expected a \.key file"):
                use_curve(client, "tcp://10.0.0.5:5556", None, None)
            key_file(tmp_path / "gateway.key", pair)
        monkeypatch.delenv("FRAMEGATE_CURVE_KEY")
        monkeypatch.delenv("FRAMEGATE_CURVE_SERVER_KEY")
        unlocked = f"tcp://127.0.0.1:{plain.bind_to_random_port('tcp://127.0.0.1')}"
        assert problem_at(unlocked) is None
        assert f"{unlocked} takes no keys: unset" in str(problem_at(unlocked, (key, server_key)))

        camera = row(tmp_path / "lane.sock", zmq_endpoint=at, zmq_topic="yard")
        gateway = Gateway("http://127.0.0.1:1")
        monkeypatch.setattr(gateway, "health", lambda: {"mediamtx": {"mode": "off"}})
        monkeypatch.setattr(gateway, "cameras", lambda: [camera])
        assert doctor(gateway, ALL) == 1
        printed = capsys.readouterr().out
        assert f"FAIL  yard: {at} requires keys\n      set FRAMEGATE_CURVE_KEY" in printed, printed
        assert "frames at" not in printed, printed
    with socket.socket() as silent:  # It may be a busy gateway.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(_endpoint, "_HANDSHAKE_LIMIT_S", 0.1)
        assert problem_at(f"tcp://127.0.0.1:{silent.getsockname()[1]}") is None
    assert "(Connection refused): set the gateway's ZMQ_BIND" in str(problem_at(unlocked))
