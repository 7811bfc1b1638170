"""Builds messages as the gateway does, for the tests."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import cv2
import numpy as np

T = TypeVar("T")


def some(value: T | None) -> T:
    """The value; the test fails if there is none."""
    assert value is not None
    return value


def jpeg(value: int = 128, width: int = 32, height: int = 24) -> bytes:
    image = np.full((height, width, 3), value, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def message(topic: str = "cam1", seq: Any = 0, picture: bytes | None = None, **changes: Any) -> bytes:
    now_us = int(time.time() * 1e6)
    header = {
        "v": 1,
        "camera": topic.split("@")[0],
        "run": "0123456789abcdef",
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
    """The result or error in a forked child, as text."""
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
    """Sends, and lets each message arrive before the test reads.

    A conflating socket holds back a message that arrives at the very moment at which the reader looks, until the next
    one comes (docs/python.md has the figure). A camera sends a next one; a test does not.
    """
    for data in messages:
        socket.send(data)
    time.sleep(0.02)
