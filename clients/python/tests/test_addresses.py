"""Camera addresses as people type them. The gateway reads the same table: test/data/camera-addresses.json."""

from __future__ import annotations

import json
import pathlib
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from framegate._address import is_surely_camera, read_address, with_scheme
from framegate.checks import check_url
from framegate.naming import camera_name

TABLE = json.loads((pathlib.Path(__file__).parents[3] / "test/data/camera-addresses.json").read_text("utf8"))


def key(address: str) -> str:
    """The address as the table has it: without credentials, the host in lower case, without the default port."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    default = {"rtsp": 554, "rtsps": 322}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    rest = address.split("@")[-1] if parts.username is None else address.split("@", 1)[1]
    rest = address.split("//", 1)[1] if parts.username is None and parts.password is None else rest
    path = rest[len(str(parts.netloc.split("@")[-1])) :]
    return f"{parts.scheme}://{host}{port}{path or '/'}"


@pytest.mark.parametrize("case", TABLE["accepted"], ids=lambda case: case["typed"].strip())
def test_credentials_are_read_as_they_were_typed(case: dict[str, Any]) -> None:
    address = read_address(case["typed"])
    parts = urlsplit(address)
    assert unquote(parts.username or "") == case["user"] and unquote(parts.password or "") == case["password"]
    assert key(address) == case["address"]
    assert read_address(address) == address, "encoded, it is the same address"
    assert len(case["password"]) < 3 or case["password"] not in camera_name(address)


@pytest.mark.parametrize("case", TABLE["refused"], ids=lambda case: case["typed"].strip())
def test_an_address_that_cannot_be_read_says_what_to_write(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^rtsp_url ") as raised:
        check_url("rtsp_url", case["typed"])
    assert case["says"] in str(raised.value)
    assert "S3CRET" not in str(raised.value)


@pytest.mark.parametrize("case", TABLE["bare"], ids=lambda case: case["typed"])
def test_a_bare_address_gets_its_scheme(case: dict[str, str]) -> None:
    assert with_scheme(case["typed"]) == case["address"]


def test_of_what_a_program_opens_for_video_only_what_is_surely_a_camera_is_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cameras = (
        "rtsp://cam/a",
        " RTSPS://cam/a",
        "192.168.1.10/stream",
        "192.168.1.10:8554/a",
        "//10.0.0.1/a",
        "[fe80::1]/a",
    )
    for typed in (*cameras, "192.168.1.10", "camera.local:554/x", "admin:p@ss/1@10.0.0.1/a", "u:p@cam.local:554/a?x=1"):
        assert is_surely_camera(typed), typed
    files = (
        "a.mp4",
        "videos/a.mp4",
        "/dev/video0",
        "./10.0.0.1/a",
        "10.0.0.1/img_%03d.jpg",
        "camera.local/x",
        "cam",
        "cam/x",
    )
    others = (
        "http://10.0.0.1/a",
        "file:10.0.0.1/a.mp4",
        "file:a@10.0.0.1",
        "pipe:0",
        "tcp://10.0.0.1:5",
        "0",
        "",
        "rtsp://",
    )
    for typed in (*files, *others, "videotestsrc ! appsink", "rtspsrc location=rtsp://10.0.0.1/a ! appsink", "a:1/b"):
        assert not is_surely_camera(typed), typed
    (tmp_path / "192.168.1.10").mkdir()
    (tmp_path / "192.168.1.10/stream").touch()
    assert not is_surely_camera("192.168.1.10/stream"), "a file that exists"
