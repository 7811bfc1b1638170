"""The loop of Ultralytics' LoadStreams (8.4) over patched captures: it ignores what grab() returns and opens again if
retrieve() has no image."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from stand_in import StandIn
from wire import message

from framegate import patch_opencv, unpatch_opencv

ADDRESSES = ["rtsp://10.0.0.1/a", "rtsp://10.0.0.2/b"]
TOPICS = ["a", "b"]
RATE = 25


class Streams:
    """LoadStreams, as far as it touches its captures. Keeps all images; None where it shows a black one."""

    def __init__(self, stride: int) -> None:
        self.stride, self.running = stride, True
        self.images: list[list[Any]] = [[] for _ in ADDRESSES]
        self.captures = [cv2.VideoCapture(address) for address in ADDRESSES]
        assert all(capture.isOpened() and capture.read()[0] for capture in self.captures)
        self.threads = [threading.Thread(target=self.update, args=(i,)) for i in range(len(ADDRESSES))]
        for thread in self.threads:
            thread.start()

    def update(self, i: int) -> None:
        n, capture = 0, self.captures[i]
        while self.running and capture.isOpened():
            n += 1
            capture.grab()
            if n % self.stride == 0:
                success, image = capture.retrieve()
                if not success or image is None:
                    capture.open(ADDRESSES[i])
                self.images[i].append(image)

    def close(self) -> None:
        self.running = False
        for thread in self.threads:
            thread.join()
        for capture in self.captures:
            capture.release()


def picture(seq: int) -> bytes:
    """A gray left and right half: seq // 16 and seq % 16."""
    image = np.empty((24, 32, 3), np.uint8)
    image[:, :16], image[:, 16:] = seq // 16 * 16 + 8, seq % 16 * 16 + 8
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def number(image: Any) -> int:
    return int(image[12, 4, 0]) // 16 * 16 + int(image[12, 28, 0]) // 16


class Cameras:
    """Publishes both cameras; those in ``away`` pause. Each number is sent once, 0 to 255."""

    def __init__(self, gateway: StandIn) -> None:
        self.gateway = gateway
        self.away: set[str] = set()
        self.seqs = dict.fromkeys(TOPICS, 0)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.over.wait(1 / RATE):
            for topic in TOPICS:
                seq = self.seqs[topic]
                if topic not in self.away and seq < 256:
                    self.gateway.socket.send(message(topic, seq, picture(seq)))
                    self.seqs[topic] += 1

    def close(self) -> None:
        self.over.set()
        self.thread.join()


@pytest.fixture
def cameras(gateway: StandIn) -> Iterator[Cameras]:
    gateway.answers = {address: {"name": t, "zmq_topic": t} for address, t in zip(ADDRESSES, TOPICS)}
    patch_opencv(gateway.base, timeout_ms=300)
    cameras = Cameras(gateway)
    yield cameras
    cameras.close()
    unpatch_opencv()


def until(what: str, condition: Any, limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@pytest.mark.parametrize("stride", [1, 3])
def test_no_old_image_twice_while_one_camera_is_away(cameras: Cameras, stride: int) -> None:
    streams = Streams(stride)
    try:
        here, gone = streams.images
        until("images of both", lambda: len(here) >= 5 and len(gone) >= 5)
        cameras.away.add("b")
        until("two that were missing", lambda: sum(image is None for image in gone) >= 2)
        shown = len(here)
        until("images of the other meanwhile", lambda: len(here) >= shown + 5)
        cameras.away.clear()
        missing = len(gone)
        until("images after it came back", lambda: sum(image is not None for image in gone[missing:]) >= 5)
    finally:
        streams.close()
    for images in streams.images:
        numbers = [number(image) for image in images if image is not None]
        assert numbers == sorted(set(numbers)), "each image is newer than the one before"
