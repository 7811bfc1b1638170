"""Checks arguments. A TypeError or ValueError names the argument and what was expected."""

from __future__ import annotations

import os
import re
from typing import Any

from ._address import read_address


def check_process(pid: int, what: str, remedy: str) -> None:
    """:raises RuntimeError: the process ``pid`` created ``what``, and this process was forked from it."""
    if pid != os.getpid():
        raise RuntimeError(
            f"{what} was created before a fork; {remedy} in the child process "
            "(multiprocessing: in the function that the process runs)"
        )


def check_ms(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of milliseconds, not {type(value).__name__}")
    if not 0 <= value <= 86_400_000:
        raise ValueError(f"{name} must be from 0 to 86400000 ms, not {value}")
    return float(value)


def check_options(pub_fps: Any = None, scale_width: Any = None, jpeg_quality: Any = None) -> None:
    """:raises TypeError, ValueError: the message names the argument."""
    if pub_fps is not None:
        check_fps(pub_fps)
    if scale_width is not None:
        check_width(scale_width)
    if jpeg_quality is not None:
        _check_number("jpeg_quality", jpeg_quality, 1, 100, int)


def check_url(name: str, value: Any) -> str:
    """:returns: the address, its user name and password percent-encoded."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    try:
        return read_address(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def check_fingerprint(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"tls_fingerprint must be a string, not {type(value).__name__}")
    if not re.fullmatch(r"[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}", value):
        raise ValueError("tls_fingerprint must be 64 hexadecimal digits, with or without colons")


def check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError("name must be 1 to 64 letters, digits, _ or -")


# The gateway's limits: test_end_to_end.py compares them.


def check_fps(value: Any) -> float:
    """:returns: ``value``, frames per second: 0.1 to 120, with at most one decimal."""
    _check_number("pub_fps", value, 0.1, 120, float)
    if abs(value * 10 - round(value * 10)) > 1e-9:
        raise ValueError(f"pub_fps must have one decimal at most, not {value}")
    return float(value)


def check_width(value: Any) -> int:
    """:returns: ``value``, pixels: 16 to 7680, or 0 for the camera's own width."""
    if value != 0 or isinstance(value, (bool, float)):
        _check_number("scale_width", value, 16, 7680, int, "0 or ")
    return int(value)


def _check_number(name: str, value: Any, least: float, most: float, kind: type, also: str = "") -> None:
    kinds = (int, float) if kind is float else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds):
        expected = "a number" if kind is float else "a whole number"
        raise TypeError(f"{name} must be {expected}, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be {also}from {least} to {most}, not {value}")


def check_token(token: str) -> None:
    if not isinstance(token, str):
        raise TypeError(f"token must be a string, not {type(token).__name__}")
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        raise ValueError("token must be letters, digits and ._~+/=-, as in the gateway's AUTH_TOKENS_FILE")
