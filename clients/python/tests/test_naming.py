"""Names derived from addresses, and endpoints as seen from another machine."""

from __future__ import annotations

import pytest
from stand_in import URL

from framegate.gateway import Gateway
from framegate.naming import camera_name, reachable_from


def test_names_are_stable_and_contain_no_credentials() -> None:
    assert camera_name(URL) == camera_name(URL.replace("admin:S3CRET@", ""))
    assert camera_name(URL) != camera_name(URL + "2")
    for url in (URL, "rtsp://[fe80::1]:554/a", "rtsp://h", "rtsp://h/" + "x" * 500, "rtsp://h/ä"):
        name = camera_name(url)
        assert 1 <= len(name) <= 64
        assert all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
        assert "S3CRET" not in name


@pytest.mark.parametrize(
    ("gateway", "endpoint", "connect"),
    [
        ("http://edge-box:8090", "tcp://127.0.0.1:5555", "tcp://edge-box:5555"),
        ("http://edge-box:8090", "tcp://0.0.0.0:5555", "tcp://edge-box:5555"),
        ("http://edge-box:8090", "tcp://*:5555", "tcp://edge-box:5555"),
        ("http://edge-box:8090", "tcp://[::]:5555", "tcp://edge-box:5555"),
        ("http://edge-box:8090", "tcp://[::1]:5555", "tcp://edge-box:5555"),
        ("http://[::1]:8090", "tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555"),
        ("http://localhost:8090", "tcp://[::1]:5555", "tcp://[::1]:5555"),
        ("http://127.0.0.1:8090", "tcp://[::1]:5555", "tcp://[::1]:5555"),
        ("http://127.0.0.1:8090", "tcp://[::]:5555", "tcp://127.0.0.1:5555"),
        ("http://[fd00::7]:8090", "tcp://127.0.0.1:5555", "tcp://[fd00::7]:5555"),
        ("http://[fd00::7]:8090", "tcp://[::]:5555", "tcp://[fd00::7]:5555"),
        ("http://edge-box:8090", "tcp://192.168.1.5:5555", "tcp://192.168.1.5:5555"),
        ("http://edge-box:8090", "tcp://[fd00::7]:5555", "tcp://[fd00::7]:5555"),
        ("http://127.0.0.1:8090", "ipc:///run/frames", "ipc:///run/frames"),
    ],
)
def test_a_local_endpoint_is_reached_at_the_gateways_host(gateway: str, endpoint: str, connect: str) -> None:
    assert reachable_from(Gateway(gateway).host, endpoint) == connect


@pytest.mark.parametrize(
    "path",
    [
        "/user=admin_password=S3CRET_channel=1_stream=0.sdp?real_stream",
        "/user=admin&password=S3/CRET&channel=1&stream=0.sdp",
        "/live?user=admin&password=S3_a=CRET&ch=2",
        "/live?access_token=S3CRET",
        "/0/admin:S3CRET/main",
    ],
)
def test_names_hold_no_password_of_path_or_query(path: str) -> None:
    name = camera_name("rtsp://10.0.0.5" + path)
    assert "S3" not in name and "CRET" not in name and "admin" not in name
    assert name == camera_name("rtsp://10.0.0.5" + path.replace("S3", "other"))
    assert name != camera_name("rtsp://10.0.0.6" + path)
