"""Camera addresses as people type them. The gateway reads the same table: test/data/camera-addresses.json."""

from __future__ import annotations

import json
import pathlib
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from framegate import open_capture
from framegate._address import read_address, with_scheme
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
        open_capture(case["typed"])
    assert case["says"] in str(raised.value)
    assert "S3CRET" not in str(raised.value)


@pytest.mark.parametrize("case", TABLE["bare"], ids=lambda case: case["typed"])
def test_a_bare_address_gets_its_scheme(case: dict[str, str]) -> None:
    assert with_scheme(case["typed"]) == case["address"]
