"""CURVE keys for ZeroMQ endpoints on other machines: files that the gateway's --make-key has made."""

from __future__ import annotations

import os
import re
from typing import Any, Optional

import zmq

#: A client's own key file and the gateway's, as given; without both, those of the environment count.
Keys = tuple[Optional[str], Optional[str]]
NO_KEYS: Keys = (None, None)
_ARGUMENTS = ("curve_key", "curve_server_key")
_VARIABLES = ("FRAMEGATE_CURVE_KEY", "FRAMEGATE_CURVE_SERVER_KEY")
_LOCAL = re.compile(r"tcp://(localhost|127\.[\d.]+|\[::1\]):\d+|ipc://.*|inproc://.*")
_PUBLIC = re.compile(r'^[ \t]*public-key\s*=\s*"([^"\s]{40})"', re.MULTILINE)
_SECRET = re.compile(r'^[ \t]*secret-key\s*=\s*"([^"\s]{40})"', re.MULTILINE)


def _read(name: str, path: str, kind: str, *patterns: re.Pattern[str]) -> list[bytes]:
    """:raises ValueError: the file cannot be read or holds no such key; the message names the argument or variable."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read(65536)
    except OSError as error:
        raise ValueError(f"{name}: cannot read {path} ({error.strerror})") from None
    found = [pattern.search(text) for pattern in patterns]
    if None in found:
        raise ValueError(f"{name}: expected a {kind} file, which the gateway's --make-key writes; {path} is none")
    return [match[1].encode() for match in found if match is not None]


def _chosen(connect: str, key: str | None, server_key: str | None) -> tuple[str | None, str | None]:
    """The files to use. Without arguments, the environment's are for other machines only."""
    if key is None and server_key is None and not _LOCAL.fullmatch(connect):
        of_key, of_server_key = _VARIABLES
        return os.environ.get(of_key) or None, os.environ.get(of_server_key) or None
    return key, server_key


def has_keys(connect: str, key: str | None, server_key: str | None) -> bool:
    """Whether :func:`use_curve` sets keys."""
    return _chosen(connect, key, server_key) != (None, None)


def use_curve(socket: zmq.Socket[Any], connect: str, key: str | None, server_key: str | None) -> None:
    """Sets the keys of a socket. Without arguments, the environment's are for other machines only.

    :param key: the client's own ``.key_secret`` file; default FRAMEGATE_CURVE_KEY.
    :param server_key: the gateway's ``.key`` file; default FRAMEGATE_CURVE_SERVER_KEY.
    :raises ValueError: a file is missing or is no key file.
    """
    given = (key, server_key)
    key, server_key = _chosen(connect, key, server_key)
    if key is None and server_key is None:
        return
    names = _ARGUMENTS if given != (None, None) else _VARIABLES
    if key is None or server_key is None:
        raise ValueError(f"{names[0]} and {names[1]}: expected both or neither")
    public, secret = _read(names[0], key, ".key_secret", _PUBLIC, _SECRET)
    (server,) = _read(names[1], server_key, ".key", _PUBLIC)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
    socket.setsockopt(zmq.CURVE_SERVERKEY, server)
