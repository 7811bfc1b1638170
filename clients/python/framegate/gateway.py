"""A small client of the gateway's HTTP API; needs only the standard library."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlsplit

from ._reasons import in_words
from .checks import check_token

_HTTP_PORT, _ZMQ_PORT = 8090, 5555
# `edge-box:8090`: an address without its http://.
_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}/?", re.ASCII)
_TCP = re.compile(r"tcp://(\[[^\]]*\]|[^:;/]+):\d+")
#: What the message of an error advises.
REPLACE_HERE = "use framegate start --replace, or Gateway.start(..., replace=True),"
TOKEN_HERE = "set FRAMEGATE_TOKEN, or pass token=..."
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _port_offset() -> int:
    """PORT_OFFSET, which moves all ports of the gateway: 0 unless the environment sets it.

    :raises ValueError: the gateway would not accept it.
    """
    text = os.environ.get("PORT_OFFSET") or "0"
    if not re.fullmatch(r"\d{1,5}", text) or int(text) % 2 or int(text) > 50000:
        raise ValueError(f"PORT_OFFSET must be an even number from 0 to 50000, not {text!r}")
    return int(text)


def default_base(host: str = "127.0.0.1") -> str:
    """Where a gateway listens that was started without settings; PORT_OFFSET counts."""
    return f"http://{host}:{_HTTP_PORT + _port_offset()}"


def default_connect() -> str:
    """Where such a gateway publishes frames."""
    return f"tcp://127.0.0.1:{_ZMQ_PORT + _port_offset()}"


def base_beside(connect: Any) -> str:
    """The likely address of the gateway that publishes at this ZeroMQ endpoint: the same host."""
    match = _TCP.fullmatch(connect) if isinstance(connect, str) else None
    return default_base() if match is None else default_base(match[1])


class GatewayError(Exception):
    """The gateway rejected a request, or cannot be reached (code ``ERR_GATEWAY_UNREACHABLE``)."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        #: HTTP status; None without a response.
        self.status = status


class Gateway:
    """The gateway's HTTP API. Every method has a time limit, and raises :class:`GatewayError`.

    :param base: default the environment's GATEWAY_BASE, then http://127.0.0.1:8090 (PORT_OFFSET is added).
    :param token: for a gateway that requires one; default the environment's FRAMEGATE_TOKEN.
    """

    def __init__(self, base: str | None = None, token: str | None = None) -> None:
        base = base if base is not None else os.environ.get("GATEWAY_BASE") or default_base()
        if not isinstance(base, str):
            raise TypeError(f"gateway must be a string, not {type(base).__name__}")
        base = f"http://{base}" if _HOST_PORT.fullmatch(base) else base
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"gateway must be an http:// or https:// address, such as {default_base()}, not {base!r}")
        token = token if token is not None else os.environ.get("FRAMEGATE_TOKEN") or None
        if token is not None:
            check_token(token)
        self._token = token
        #: By which the gateway's log names this program.
        self.user_agent = "framegate-python"
        self.base = base.rstrip("/")
        self.host = parts.hostname

    def start(self, body: dict[str, Any], timeout_s: float = 5, *, replace: bool = False) -> dict[str, Any]:
        """POST /cameras/start: ``{"name": "lobby-1", "rtsp": "rtsp://...", "pub_fps": 10, ...}``.

        :param replace: replace a camera that runs with another address, password or other settings.
        :returns: the camera, as in docs/http-api.md. ``ignored`` lists the fields of the body that had no effect
            because the camera already runs, such as ``name``.
        """
        return self._call("POST", "/cameras/start", {**body, "replace": True} if replace else body, timeout_s)

    def stop(self, name: str, timeout_s: float = 5) -> dict[str, Any]:
        """Stops a camera for all its readers; succeeds even if it is not running (``stopped`` is then False)."""
        return self._call("POST", "/cameras/stop", {"name": name}, timeout_s)

    def camera(self, name: str, timeout_s: float = 5) -> dict[str, Any]:
        """One camera of :meth:`cameras`. :raises GatewayError: ``ERR_CAMERA_NOT_FOUND`` if it is not running."""
        camera = self._call("GET", f"/cameras/{quote(name, safe='')}", None, timeout_s).get("camera")
        if not isinstance(camera, dict):
            raise self._is_another("camera")
        return camera

    def cameras(self, timeout_s: float = 5) -> list[dict[str, Any]]:
        """All cameras, each as in docs/http-api.md."""
        cameras = self._call("GET", "/cameras", None, timeout_s).get("cameras")
        if not isinstance(cameras, list) or not all(isinstance(camera, dict) for camera in cameras):
            raise self._is_another("cameras")
        return cameras

    def health(self, timeout_s: float = 5) -> dict[str, Any]:
        return self._call("GET", "/health", None, timeout_s)

    def snapshot(self, name: str, timeout_s: float = 10) -> bytes:
        """The newest frame as JPEG. :raises GatewayError:"""
        return self._fetch("GET", f"/snapshot?cam={quote(name, safe='')}", None, timeout_s)

    def _call(self, method: str, path: str, body: dict[str, Any] | None, timeout_s: float) -> dict[str, Any]:
        try:
            answer = json.loads(self._fetch(method, path, body, timeout_s))
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            raise self._is_another()
        return answer

    def _is_another(self, missing: str | None = None) -> GatewayError:
        why = "" if missing is None else f" (no {missing!r} in its response)"
        return GatewayError("ERR_GATEWAY", f"{self.base} is not a Framegate gateway{why}")

    def _fetch(self, method: str, path: str, body: dict[str, Any] | None, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        request = urllib.request.Request(
            self.base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "User-Agent": self.user_agent},
            method=method,
        )
        if self._token is not None:
            # A redirect, which may lead to another server, does not carry it.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with _NO_PROXY.open(request, timeout=timeout_s) as response:
                return self._body(response, deadline)
        except urllib.error.HTTPError as error:
            try:
                body = json.loads(self._body(error, deadline))
                message = in_words(str(body["error"]), REPLACE_HERE, TOKEN_HERE, "pass the name")
                raise GatewayError(str(body["code"]), message, error.code) from None
            except (ValueError, KeyError, TypeError, OSError):
                raise GatewayError("ERR_GATEWAY", f"{self.base} responded with {error.code}", error.code) from None
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, http.client.BadStatusLine) and not isinstance(error, OSError):
                raise self._is_another() from None  # It does not speak HTTP.
            why = getattr(error, "reason", error)
            why = getattr(why, "strerror", None) or why
            raise GatewayError(
                "ERR_GATEWAY_UNREACHABLE", f"the gateway at {self.base} does not respond ({why})"
            ) from None

    def _body(self, response: Any, deadline: float) -> bytes:
        """A body of limited size. Each read waits for the socket's time limit at most, all of them for the deadline."""
        body = bytearray()
        while chunk := response.read1(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise GatewayError("ERR_GATEWAY", f"the response of {self.base} is longer than 64 MiB")
            if time.monotonic() > deadline:
                raise TimeoutError("timed out")
        return bytes(body)
