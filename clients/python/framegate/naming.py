"""Names cameras, and derives where their frames are. Pure: text in, text out."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

#: How packets may arrive from the camera.
TRANSPORTS = ("automatic", "tcp", "udp")

_WILDCARD = re.compile(r"tcp://(?:0\.0\.0\.0|\*|\[::\]):(\d+)")
_LOOPBACK = re.compile(r"tcp://(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)")
#: As in the gateway's src/redact.ts.
_SECRET_NAMES = (
    "user(?:name)?|usr|login|pass(?:word|wd|wort)?|pwd|psw|(?:auth|access)?_?token|auth|(?:api|auth)?_?key|secret|ticket"
    "|sig(?:nature)?"
)
_QUERY_PARAMETER = re.compile(rf"([?&;])(?:{_SECRET_NAMES})=[^&]*", re.IGNORECASE)
_PATH_PARAMETER = re.compile(rf"(^|[^A-Za-z0-9])(?:{_SECRET_NAMES})=(?:(?!_[a-z]+=)[^&])*", re.IGNORECASE)
_PATH_PAIR = re.compile(r"/[^/:?]+:[^/?]+")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def camera_name(rtsp_url: str) -> str:
    """A readable name for an address, without its credentials; the same each time."""
    parts = urlsplit(rtsp_url)
    query = f"?{parts.query}" if parts.query else ""
    path = _PATH_PAIR.sub("", parts.path) + query
    path = _PATH_PARAMETER.sub(r"\1", _QUERY_PARAMETER.sub(r"\1", path))
    bare = f"{parts.hostname or ''}{path}"
    slug = re.sub(r"[^A-Za-z0-9]+", "-", bare).strip("-")[:50]
    port = f":{parts.port}" if parts.port else ""
    digest = hashlib.sha256(f"{parts.scheme.lower()}{bare}{port}".encode()).hexdigest()[:8]
    return f"{slug}-{digest}" if slug else f"camera-{digest}"


def reachable_from(gateway_host: str, endpoint: str) -> str:
    """The gateway's ZeroMQ endpoint as seen from here: a wildcard address becomes the gateway's host, and so does a
    loopback address if the gateway is on another machine."""
    match = _WILDCARD.fullmatch(endpoint) or _LOOPBACK.fullmatch(endpoint)
    if match is None or (match.re is _LOOPBACK and gateway_host in LOCAL_HOSTS):
        return endpoint
    host = f"[{gateway_host}]" if ":" in gateway_host else gateway_host
    return f"tcp://{host}:{match.group(1)}"
