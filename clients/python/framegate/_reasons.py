"""Says why a camera has no frames, from what the gateway reports. Pure, except for an attempt to connect."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from ._curve import NO_KEYS, Keys
from ._endpoint import problem_at

# A message lists so many names at most.
_MOST_NAMES = 8
# The gateway tries most cameras again within 2 s.
_LONG_WAIT_S = 5
_AGAIN = "; the gateway tries again in "
_RENDITION = re.compile(r"[A-Za-z0-9_-]+(@\d{1,4}w\d{1,3}(\.\d)?fps)?")
# The gateway tries these again at once, another way, or has had the camera's packets.
_NOT_A_REFUSAL = ("ERR_SOURCE_TRANSPORT", "ERR_SOURCE_LATE")


def unknown_camera(name: str, running: Sequence[str]) -> str:
    """`no camera lobby1; running: lobby-1, yard`: names like the wanted one come first."""
    if not running:
        return f"no camera {name}: the gateway runs no camera"
    like = difflib.get_close_matches(name, running, _MOST_NAMES, 0.6)
    listed = [*like, *(other for other in running if other not in like)]
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return f"no camera {name}; running: {', '.join(listed[:_MOST_NAMES])}{more}"


def names_of(cameras: Sequence[dict[str, Any]]) -> list[str]:
    return [str(camera.get("name")) for camera in cameras]


def why_away(camera: dict[str, Any]) -> str | None:
    """Why a camera of the gateway's answer delivers nothing; None if it is live."""
    if camera.get("state") == "live":
        return None
    error = camera.get("last_error")
    if not isinstance(error, dict) or not error.get("message"):
        return f"the camera is {camera.get('state')}"
    again = next_attempt(camera)
    return str(error["message"]) + ("" if again is None else f"{_AGAIN}{again}")


def next_attempt(camera: dict[str, Any]) -> str | None:
    """``2 min``: when the gateway tries a camera of its answer again; None if that is soon."""
    seconds = camera.get("next_attempt_s")
    if not isinstance(seconds, int) or seconds < _LONG_WAIT_S:
        return None
    return f"{seconds} s" if seconds < 100 else f"{round(seconds / 60)} min"


def without_time(reason: str) -> str:
    """A reason of :func:`why_away`, the same each time."""
    return reason.partition(_AGAIN)[0]


def is_refusal(camera: dict[str, Any]) -> bool:
    """Whether the camera cannot be opened: what makes cv2.VideoCapture's isOpened() False."""
    error = camera.get("last_error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    is_its_own = code.startswith("ERR_SOURCE_") or code == "ERR_CODEC_UNSUPPORTED"
    return camera.get("state") == "retrying" and is_its_own and code not in _NOT_A_REFUSAL


def why_silent(
    topic: str,
    cameras: Sequence[dict[str, Any]],
    connect: str | None,
    published_at: str | None,
    keys: Keys = NO_KEYS,
) -> str:
    """Why a reader of ``topic`` gets nothing.

    :param connect: the endpoint that it reads from; None: it reads the lane, or not yet anything.
    :param published_at: the endpoint that the gateway reports, as seen from here.
    """
    name = topic.split("@")[0]
    camera = next((camera for camera in cameras if camera.get("name") == name), None)
    if camera is None:
        return unknown_camera(name, names_of(cameras))
    away = why_away(camera)
    if away is not None:
        return f"{name}: {away}"
    refused = why_refused(topic, camera)
    if refused is not None:
        return refused
    if not _RENDITION.fullmatch(topic):
        return f"{topic} is not a topic: expected {name}, or a rendition such as {name}@320w5fps"
    return why_live_is_silent(topic, connect, published_at, keys)


def why_refused(topic: str, camera: dict[str, Any]) -> str | None:
    """Why the gateway does not encode this topic of a live camera; None if it does."""
    for refused in camera.get("refused_renditions") or []:
        if isinstance(refused, dict) and refused.get("topic") == topic:
            return f"{topic} is not encoded: {refused.get('message')}"
    return None


def why_live_is_silent(topic: str, connect: str | None, published_at: str | None, keys: Keys = NO_KEYS) -> str:
    """As :func:`why_silent`, for a camera that is live."""
    if connect is None:
        return f"{topic}: the camera is live, but no frame has come yet"
    elsewhere = "" if published_at is None or _port(published_at) == _port(connect) else published_at
    advice = f"; the gateway publishes at {elsewhere}: change ZMQ_CONNECT" if elsewhere else ""
    problem = problem_at(connect, keys)
    if problem is not None:
        return f"{topic}: the camera is live, but {problem}{advice}"
    return f"{topic}: the camera is live, but no frame has come from {connect} yet{advice}"


def _port(endpoint: str) -> str:
    return endpoint.rsplit(":", 1)[-1]


def in_words(message: str, replace: str, token: str, name: str) -> str:
    """A message of the gateway with what does the same here as what it advises to send over HTTP."""
    for over_http, here in (
        ('send "replace": true', replace),
        ('send "Authorization: Bearer TOKEN", or sign in on its page', token),
        ("send the name", name),
    ):
        message = message.replace(over_http, here)
    return message


def start_notes(request: dict[str, Any], answer: dict[str, Any], *, named: bool) -> list[str]:
    """What a start did other than asked, and what to do: sentences; empty if it did as asked.

    :param request: the body of /cameras/start.
    :param named: the name is the user's, not made from the address.
    """
    name, notes = str(answer.get("name")), []
    ignored = [str(field) for field in answer.get("ignored") or []]
    if "name" in ignored and named:
        notes.append(
            f"The camera already runs as {name}; the name {request['name']} was not used. "
            f"To rename it, stop it (framegate stop {name}), then start it again."
        )
    settings = ", ".join(field for field in ignored if field != "name")
    if settings:
        notes.append(
            f"Camera {name} already runs with other settings; {settings} had no effect. "
            "To change it, use framegate start --replace."
        )
    replaced = answer.get("replaced")
    if isinstance(replaced, str) and replaced != answer.get("source"):
        notes.append(f"Camera {name} had another address before: {replaced}")
    return notes
