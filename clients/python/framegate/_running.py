"""Reads a camera that runs, by its name, in the size and at the rate that a program asks for."""

from __future__ import annotations

from typing import Any

from ._reasons import names_of, unknown_camera
from .gateway import Gateway, GatewayError


def find_running(gateway: Gateway, name: str) -> dict[str, Any]:
    """The camera of this name. :raises GatewayError: the message names those that run."""
    try:
        return gateway.camera(name)
    except GatewayError as error:
        if error.code != "ERR_CAMERA_NOT_FOUND":
            raise
        known = unknown_camera(name, names_of(gateway.cameras()))
        raise GatewayError(error.code, f"{known}. To start one, pass its address (rtsp://...)", error.status) from None


def as_asked(camera: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The answer that /cameras/start would give to this request about a running camera."""
    own = (camera["scale_width"], camera["pub_fps"])
    width, fps = request.get("scale_width", own[0]), request.get("pub_fps", own[1])
    if (width, fps) == own:
        return camera
    topic, lane = f"{camera['name']}@{width}w{round(fps, 1):g}fps", camera.get("lane")
    asked = {"zmq_topic": topic, "scale_width": width, "pub_fps": fps}
    return {**camera, **asked, "lane": {**lane, "topic": topic} if isinstance(lane, dict) else lane}
