"""Makes messages as the gateway does, for the tests."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Callable

import cv2
import numpy as np


def jpeg(value: int = 128, width: int = 32, height: int = 24) -> bytes:
    image = np.full((height, width, 3), value, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def message(topic: str = "cam1", seq: int = 0, picture: bytes | None = None, **changes: Any) -> bytes:
    now_us = int(time.time() * 1e6)
    header = {
        "v": 1,
        "camera": topic.split("@")[0],
        "seq": seq,
        "width": 32,
        "height": 24,
        "source_width": 64,
        "source_height": 48,
        "received_at_us": now_us - 5000,
        "published_at_us": now_us,
        "captured_at_us": None,
    }
    header.update(changes)
    text = json.dumps({k: v for k, v in header.items() if v is not ...}).encode()
    body = picture if picture is not None else jpeg()
    return topic.encode() + b"\0" + len(text).to_bytes(4, "little") + text + body


def in_child(run: Callable[[], Any]) -> str:
    """What a forked child makes of it, as text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            text = repr(run())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 4096).decode()
    os.close(reader)
    assert os.waitpid(pid, 0)[1] == 0
    return text


def send(socket: Any, *messages: bytes) -> None:
    """Sends, and lets it arrive before anybody reads.

    libzmq's conflating socket keeps a message that arrives in the very instant in which the reader looks to itself
    until the next one comes: 1 or 2 of 10,000, docs/wire-format.md. A camera sends a next one; a test does not.
    """
    for data in messages:
        socket.send(data)
    time.sleep(0.02)
