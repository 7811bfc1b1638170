"""framegate doctor: checks each step from the gateway to a frame."""

from __future__ import annotations

import os
from typing import Any, Callable

from ._endpoint import problem_at
from ._lane import LaneError, LaneReader
from ._reader import TopicReader
from ._reasons import names_of, next_attempt, unknown_camera
from ._transport import choose_lane
from .gateway import TOKEN_HERE, Gateway, GatewayError
from .naming import LOCAL_HOSTS, reachable_from


def doctor(gateway: Gateway, options: Any) -> int:
    """Checks each step from the camera to this machine, and stops at the first one that fails.

    ``options.name``: the only camera to examine; None: all.
    """
    good = True

    def report(ok: bool, found: str, remedy: str) -> bool:
        nonlocal good
        good = good and ok
        print(f"ok    {found}" if ok else f"FAIL  {found}\n      {remedy}")
        return ok

    try:
        health = gateway.health()
        cameras = gateway.cameras()
    except GatewayError as error:
        tokens = "its tokens are in the file of its AUTH_TOKENS_FILE"
        report(
            False,
            error.message.replace(TOKEN_HERE, "set FRAMEGATE_TOKEN"),
            tokens if error.code == "ERR_UNAUTHORIZED" else start_it(gateway),
        )
        return 1
    report(True, f"the gateway at {gateway.base} responds: version {health.get('version')}", "")
    mediamtx: Any = health.get("mediamtx") or {}
    mode = str(mediamtx.get("mode"))
    facts = [mode, mediamtx.get("version"), mediamtx.get("problem")]
    report(
        mode == "off" or (bool(mediamtx.get("ready")) and not mediamtx.get("problem")),
        f"MediaMTX: {', '.join(str(fact) for fact in facts if fact)}",
        _MEDIAMTX_REMEDIES.get(mode, ""),
    )
    unsaved = (health.get("state_file") or {}).get("problem")
    if unsaved:
        report(
            False,
            f"the list of cameras: {unsaved}",
            "make the file writable before you restart the gateway; a restart would lose the changes",
        )
    count = "1 camera is running" if len(cameras) == 1 else f"{len(cameras)} cameras are running"
    found = count if cameras else "no camera is running"
    if not report(bool(cameras), found, "start one: framegate start rtsp://user:password@host/path"):
        return 1
    if options.name is not None:
        named = [camera for camera in cameras if camera.get("name") == options.name]
        if not named:
            start = f"start it: framegate start ADDRESS --name {options.name}"
            report(False, unknown_camera(options.name, names_of(cameras)), start)
            return 1
        cameras = named
    for camera in cameras:
        _examine(gateway, camera, report)
    problem = why_no_lane(next((camera for camera in cameras if camera.get("state") == "live"), cameras[0]))
    if problem is None:
        report(True, "the lane: Python programs get raw frames here", "")
    elif os.environ.get("FRAMEGATE_TRANSPORT") in (None, "", "zmq"):
        print(f"note  the lane: Python programs get JPEGs over ZeroMQ here: {problem}")
    else:
        report(False, f"the lane: {problem}", "to get JPEGs over ZeroMQ instead, unset FRAMEGATE_TRANSPORT")
    return 0 if good else 1


def _examine(gateway: Gateway, camera: dict[str, Any], report: Callable[[bool, str, str], bool]) -> None:
    name, error = str(camera.get("name")), camera.get("last_error") or {}
    state = ": ".join(str(part) for part in (name, camera.get("state"), error.get("message")) if part)
    if not report(camera.get("state") == "live", state, "\n      ".join(remedies(camera))):
        return
    connect = endpoint_of(gateway, camera)
    problem = problem_at(connect)
    if problem is not None and why_no_lane(camera) is None:
        print(f"note  {name}: {problem.what}; Python programs here do not need it: they get the frames over the lane")
        return
    if problem is not None:
        report(False, f"{name}: {problem.what}", problem.remedy)
        return
    report(True, f"{name}: frames at {connect}", "")
    with TopicReader(str(camera["zmq_topic"]), connect) as subscriber:
        frame = subscriber.read(5000)
    found = f"{name}: no frames within 5 s" if frame is None else f"{name}: frames arrive"
    report(frame is not None, found, "see the gateway's log for the reason")
    if frame is not None:
        clocks = "this machine's clock and the gateway's differ (NTP), or the network is slow"
        report(-1000 < frame.age_ms < 1000, f"{name}: the newest frame is {frame.age_ms:.0f} ms old", clocks)


def remedies(camera: dict[str, Any]) -> list[str]:
    """What to do about a camera that is not live, and when the gateway tries it again."""
    error, again = camera.get("last_error") or {}, next_attempt(camera)
    code, name = str(error.get("code")), str(camera.get("name"))
    known = [_REMEDIES[code].replace("NAME", name)] if code in _REMEDIES else []
    if code != "ERR_SOURCE_UNAUTHORIZED":
        return [*known, "the gateway keeps trying" + ("" if again is None else f", next in {again}")]
    return [
        *(
            []
            if again is None
            else [f"the gateway tries again in {again}, so that the camera does not lock the account"]
        ),
        *known,
        f"if they are right, to try now: framegate start --retry {name}",
    ]


def why_no_lane(camera: dict[str, Any]) -> str | None:
    """Why programs with this environment get no raw frames of a camera of the gateway's answer; None if they do."""
    try:
        choice = choose_lane(gray=False, reduce=1, zmq_connect=os.environ.get("ZMQ_CONNECT") or None)
    except ValueError as error:
        return str(error)
    if choice is None:
        is_zmq = os.environ.get("FRAMEGATE_TRANSPORT") == "zmq"
        return "FRAMEGATE_TRANSPORT is zmq" if is_zmq else "ZMQ_CONNECT is set"
    offer = camera.get("lane")
    if not isinstance(offer, dict):
        return "the gateway has no lane: LANE_SOCKET is off there, or its log says why"
    path = str(offer.get("socket"))
    try:
        with LaneReader(offer, choice.format) as reader:
            if camera.get("state") != "live" or reader.read(5000) is not None:
                return None
            return reader.error or f"no frame of {reader.topic} came from {path} within 5 s"
    except LaneError as error:
        return _why_no_socket(path, error)


def _why_no_socket(path: str, error: LaneError) -> str:
    if isinstance(error.__cause__, FileNotFoundError):
        return f"{path} is not on this machine: the gateway runs on another one, or in a container (share its folder)"
    if isinstance(error.__cause__, PermissionError):
        return f"this user may not connect to {path}, only the gateway's user and group may"
    return str(error)


def start_it(gateway: Gateway) -> str:
    """What to do if nothing responds at the gateway's address."""
    if gateway.host in LOCAL_HOSTS:
        return "start the gateway (npm start), or set its address: --gateway or GATEWAY_BASE"
    return (
        "check the address (--gateway or GATEWAY_BASE), that the gateway runs there, and that its HTTP_HOST lets other "
        "machines connect"
    )


def endpoint_of(gateway: Gateway, camera: dict[str, Any]) -> str:
    """The endpoint of the camera's frames, as seen from this machine."""
    return os.environ.get("ZMQ_CONNECT") or reachable_from(gateway.host, str(camera["zmq_endpoint"]))


_NO_WAY = "check that the camera is on, that its address is right, and that the gateway's machine can reach it"
_MEDIAMTX_REMEDIES = {
    "managed": "cameras start when MediaMTX does: the gateway's log says what is wrong; npm run setup installs it",
    "external": "cameras start when its API responds: set api: yes in its mediamtx.yml, and MEDIAMTX_API to its "
    "address; or let the gateway run its own (MEDIAMTX=managed)",
}
_REMEDIES = {
    "ERR_SOURCE_UNAUTHORIZED": "to correct the user name or password: framegate start --replace ADDRESS --name NAME",
    "ERR_SOURCE_NOT_FOUND": "the path in the address is wrong; the camera's manual has the right one. "
    "To correct it: framegate start --replace ADDRESS --name NAME",
    "ERR_SOURCE_UNKNOWN_HOST": "check the spelling, or use the camera's IP address: the gateway's machine does not "
    "know this name",
    "ERR_SOURCE_UNREACHABLE": _NO_WAY,
    "ERR_SOURCE_TIMEOUT": _NO_WAY,
    "ERR_SOURCE_BUSY": "the camera has no free session; end other clients, or restart it",
    "ERR_MEDIAMTX_DOWN": "the camera starts when MediaMTX does, see above",
    "ERR_SOURCE_NO_VIDEO": "this address has no video; try another path of the camera",
}
