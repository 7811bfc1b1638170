"""Reads camera addresses as people type them, with passwords that hold @ : / ? # and spaces. Pure.

As the gateway's src/camera-address.ts; both follow test/data/camera-addresses.json.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, urlsplit

_ENCODINGS = ", ".join(f"{quote(character, safe='')} for {character}" for character in "@/?#:%")
# The same for every address: it must not show which of the characters a password has.
_REMEDY = (
    f"In the user name and password, write {_ENCODINGS}, %20 for a space; "
    f"the password p@ss/1 becomes {quote('p@ss/1', safe='')}"
)
_SCHEME = re.compile(r"rtsps?://", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_-]*(@\d+w[\d.]+fps)?\Z", re.IGNORECASE | re.ASCII)
# Of another kind than HOST/PATH: with a scheme (or a slip in writing it), a path, a camera's name or rendition, a file.
_OTHER_KINDS = (
    re.compile(r"[a-z][a-z0-9+.-]*:/|rtsps?[:/]|[/.~]", re.IGNORECASE | re.ASCII),
    _NAME,
    re.compile(
        r"([^/:@]*|[^/:@.]+/[^:@]*)\.(mp4|m4v|mov|mkv|avi|webm|mpe?g|ts|flv|wmv|jpe?g|png|gif|bmp)\Z", re.IGNORECASE
    ),
)
_HOST = re.compile(r"(\[[0-9a-f:.%]+\]|[^\s/?#@:\[\]<>^|%\\]+)(?::(\d*))?", re.IGNORECASE | re.ASCII)
# Hosts that are hardly part of a password: an IP address, or localhost.
_PLAIN_HOST = re.compile(r"(\[.*\]|\d{1,3}(\.\d{1,3}){3}|localhost)(:|\Z)", re.IGNORECASE | re.ASCII)
_RTSP_HOST = re.compile(r"rtsps?://[^/]", re.IGNORECASE)
# An IP address, or NAME.DOMAIN:PORT, also after USER:PASSWORD@. Not FFmpeg's protocols, such as file:PATH.
_SURELY_BARE = re.compile(
    r"(//)?(?!\w+:/|(?:file|concat|subfile|crypto|cache|async|data|pipe|fd|unix)[:,])([^\s/:@]+:[^\s]*@)?"
    r"((\[[0-9a-f:.%]+\]|\d{1,3}(\.\d{1,3}){3})(:\d{1,5})?|[a-z0-9-]+(\.[a-z0-9-]+)+:\d{1,5})(?=[/?]|\Z)(?!.*%\d*d)",
    re.IGNORECASE | re.ASCII,
)
_END = re.compile(r"[/?#]|\Z")


class _Reading(NamedTuple):
    user_info: str
    host: str  # HOST[:PORT]
    rest: str  # Path and query.


def with_scheme(typed: str) -> str:
    """`192.168.1.10/stream`, or `//192.168.1.10/stream`, with its rtsp://. What else is no address stays as it is."""
    text = re.sub("^//+", "", typed.strip())
    return text if any(kind.match(text) for kind in _OTHER_KINDS) else f"rtsp://{text}"


def is_name(typed: str) -> bool:
    """Whether it is the name of a camera, or of a rendition, rather than an address."""
    text = typed.strip()
    return text != "" and _NAME.match(text) is not None


def is_surely_camera(typed: str) -> bool:
    """Whether a program that opens this for video means a camera: it is an RTSP address or, without its scheme, no file
    and nothing that OpenCV opens otherwise."""
    text = typed.strip()
    if _RTSP_HOST.match(text):
        return True
    return _SURELY_BARE.match(text) is not None and with_scheme(text) != text and not os.path.exists(typed)


def read_address(typed: str) -> str:
    """The address with user name and password percent-encoded.

    :raises ValueError: what is wrong with it and what to write, without any part of it.
    """
    text = with_scheme(typed)
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise ValueError("must begin with rtsp:// or rtsps://, such as rtsp://192.168.1.10/stream")
    body = text[scheme.end() :]
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in body):
        raise ValueError("must not contain control characters")
    readings = _readings(body)
    if not readings:
        raise ValueError(f"must name a host, or HOST:PORT with a port of 1 to 65535, after rtsp://. {_REMEDY}")
    if len(readings) > 1:
        raise ValueError(f"has several possible hosts, because of its @. {_REMEDY}. In a path, write %40 for @")
    user_info, host, rest = readings[0]
    if re.search(r"\s", rest):
        raise ValueError("must not have a space in its path; write %20")
    encoded = _encoded(user_info)
    # Decoded, a control character could begin a new line in a request to the camera.
    if re.search(r"%([01][0-9a-f]|7f)", encoded, re.IGNORECASE):
        raise ValueError("must not have control characters in its credentials")
    address = f"{scheme[0]}{encoded}{'@' if encoded else ''}{host}{rest}"
    try:
        named = bool(urlsplit(address).hostname)
    except ValueError:
        named = False
    if not named:
        raise ValueError(f"must name a valid host. {_REMEDY}")
    return address


def _readings(body: str) -> list[_Reading]:
    """All ways to read an address that are to be taken seriously: none, one, or several."""
    end = _end(body, 0)
    standard = _reading_at(body, body.rfind("@", 0, end), end)
    later = _later_readings(body, end)
    if standard is None:
        return later
    if not later or _PLAIN_HOST.match(standard.host):
        return [standard]
    # No port follows the colon; or a query without a path, or a fragment, which RTSP addresses hardly ever have.
    if standard.host.endswith(":") or body[end : end + 1] != "/":
        return later
    # An @ in a path is common; a user name and password that end in a slash and a host name are not.
    if _looks_like_host(standard.host) and standard.user_info == "":
        return [standard]
    # Of two plain names, neither is more likely, unless one has a port.
    is_plain = not _looks_like_host(standard.host) and ":" not in standard.host
    return [
        standard,
        *(
            reading
            for reading in later
            if _looks_like_host(reading.host) or (is_plain and re.search("[:/]", reading.host + reading.rest))
        ),
    ]


def _later_readings(body: str, start: int) -> list[_Reading]:
    """Readings in which the password holds one of / ? #."""
    ats = [at for at in range(start, len(body)) if body[at] == "@"]
    found = [_reading_at(body, at, _end(body, at + 1)) for at in ats]
    # Without a colon before it, the @ does not end a password.
    return [reading for reading in found if reading is not None and ":" in reading.user_info]


def _reading_at(body: str, at: int, end: int) -> _Reading | None:
    """:param at: the @ that ends the credentials; -1 if there are none. :param end: the end of host and port."""
    match = _HOST.fullmatch(body[at + 1 : end])
    if match is None or (match[2] and not 1 <= int(match[2]) <= 65535):
        return None
    return _Reading(body[: max(0, at)], match[0], body[end:])


def _end(body: str, start: int) -> int:
    match = _END.search(body, start)
    return len(body) if match is None else match.start()


def _looks_like_host(host: str) -> bool:
    return _PLAIN_HOST.match(host) is not None or "." in host


def _encoded(user_info: str) -> str:
    """Encodes what has a meaning in an address, and keeps what is encoded already."""
    text = re.sub(r"%(?![0-9a-fA-F]{2})", "%25", user_info)
    return re.sub(r"[^\w%:!$&'()*+,;=.~-]", lambda match: quote(match[0], safe=""), text, flags=re.ASCII)
