"""Asks the gateway why topics have no frames, and where frames are published."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from ._curve import NO_KEYS, Keys
from ._endpoint import problem_at
from ._reasons import why_silent, without_time
from .gateway import Gateway, GatewayError
from .naming import reachable_from

logger = logging.getLogger("framegate")

# Ask about a topic that has been silent for this long, and how often.
_SILENT_S = 0.25
_ASK_EVERY_S = 1.0
_HTTP_LIMIT_S = 2.0
# A failed read waits so much longer for its first reason.
GRACE_S = 0.5


class Inquiry:
    """What the gateway says about topics that are silent. Requests run on their own thread, one at a time."""

    def __init__(
        self, gateway: Gateway, topics: Sequence[str], connect: str | None, timeout_s: float, keys: Keys = NO_KEYS
    ) -> None:
        """:param connect: the endpoint that was asked for; None: the gateway's."""
        self.gateway = gateway
        #: Where the gateway publishes, unless another endpoint was asked for. None until it has answered.
        self.endpoint: str | None = None
        #: A request has ended, with an answer or without.
        self.asked = False
        #: What the last answer says of each topic that has a camera: its lane, or None.
        self.offers: dict[str, Any] = {}
        #: Topics whose frames come over the lane.
        self.over_lane: set[str] = set()
        #: Log the reason of a topic that is silent for ``timeout_s``: the program has no other way to see it.
        self.logs = len(topics) > 1
        self._fixed = connect
        self._keys = keys
        self._timeout_s = timeout_s
        self._reasons: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._logged: dict[str, str] = {}
        self._heard_at = dict.fromkeys(topics, time.monotonic())
        self._never_heard = set(topics)
        self._asked_at = float("-inf")
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def heard(self, topic: str) -> None:
        """A frame of this topic has come."""
        self._heard_at[topic] = time.monotonic()
        self._never_heard.discard(topic)
        self._reasons.pop(topic, None)
        self._failed.pop(topic, None)
        self._logged.pop(topic, None)

    def silent(self) -> list[str]:
        """Topics of which no frame has come for a while, or ever."""
        now = time.monotonic()
        return [topic for topic, at in self._heard_at.items() if topic in self._never_heard or now - at > _SILENT_S]

    def reasons(self) -> dict[str, str]:
        """Why each silent topic is, as far as it is known."""
        reasons = {**self._reasons, **self._failed}
        return {topic: reasons[topic] for topic in self.silent() if topic in reasons}

    def ask_if_due(self) -> None:
        """Does not wait for the answer."""
        now = time.monotonic()
        if any(now - at > _SILENT_S for at in self._heard_at.values()):
            self.ask()

    def ask(self) -> None:
        """Unless a request is running, or the last one is less than a second old. Does not wait for the answer."""
        now = time.monotonic()
        if self.running or now - self._asked_at < _ASK_EVERY_S:
            return
        self._asked_at = now
        self._thread = threading.Thread(target=self._request, name="framegate-inquiry", daemon=True)
        self._thread.start()

    def wait(self, limit_s: float) -> None:
        """For the request that is running."""
        thread = self._thread
        if thread is not None:
            thread.join(limit_s)

    def give_up(self) -> None:
        """The answer takes too long to wait for it: that is the reason until it comes."""
        self._explain(dict.fromkeys(self.silent(), f"the gateway at {self.gateway.base} has not answered yet"))

    def failed(self, topics: Iterable[str], why: str) -> None:
        """What the gateway has named for these topics cannot be used."""
        self._failed = {**self._failed, **dict.fromkeys(topics, why)}

    def log_silent(self) -> None:
        """Once for each topic and reason."""
        now = time.monotonic()
        for topic, reason in self.reasons().items():
            known = self._logged.get(topic) == without_time(reason)
            if self.logs and now - self._heard_at[topic] >= self._timeout_s and not known:
                self._logged[topic] = without_time(reason)
                logger.warning("%s", reason)

    def _request(self) -> None:
        asked_at = time.monotonic()
        topics = list(self._heard_at)
        try:
            cameras = self.gateway.cameras(_HTTP_LIMIT_S)
            endpoint = next((str(camera["zmq_endpoint"]) for camera in cameras if "zmq_endpoint" in camera), None)
            published_at = None if endpoint is None else reachable_from(self.gateway.host, endpoint)
            self._failed = {}
            lanes = {str(camera.get("name")): camera.get("lane") for camera in cameras}
            self.offers = {topic: lanes[name] for topic in topics if (name := topic.split("@")[0]) in lanes}
            if self._fixed is None:
                self.endpoint = published_at or self.endpoint
            connect = self._fixed or self.endpoint
            found = {
                topic: why_silent(
                    topic, cameras, None if topic in self.over_lane else connect, published_at, self._keys
                )
                for topic in self.silent()
            }
        except GatewayError as error:
            found = dict.fromkeys(topics, self._without_gateway(error))
        self.asked = True
        self._explain({topic: why for topic, why in found.items() if self._heard_at[topic] < asked_at})

    def _without_gateway(self, error: GatewayError) -> str:
        """An endpoint that was asked for may deliver all the same."""
        if self._fixed is None:
            return error.message
        problem = problem_at(self._fixed, self._keys) or f"no frame has come from {self._fixed} yet"
        return f"{problem}; {error.message}"

    def _explain(self, reasons: dict[str, str]) -> None:
        self._reasons = {**self._reasons, **reasons}
