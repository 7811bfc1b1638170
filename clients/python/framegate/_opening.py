"""Opening: keeps a camera started in the gateway, and reads its frames."""

from __future__ import annotations

import threading
import time
from typing import Any

from .gateway import Gateway, GatewayError
from .naming import reachable_from
from .subscriber import Frame, FrameSubscriber

# Without a frame for this long, ask the gateway again: it may have restarted without its cameras,
# or another client may have stopped this one.
_SILENCE_S = 2.0
_ASK_EVERY_S = 1.0
_HTTP_TIMEOUT_S = 5.0
_POLL_S = 0.05
# How often a read checks whether to ask the gateway again.
_SLICE_S = 0.25


class Opening:
    """Requests one camera from the gateway until frames arrive, and again when they stop.

    Requests run on their own thread, one at a time, so that no read waits for HTTP. Any thread may
    call any method.
    """

    def __init__(self, gateway: Gateway, request: dict[str, Any], zmq_connect: str | None) -> None:
        #: The body of /cameras/start.
        self.request = request
        #: The camera's name at the gateway, once it has answered.
        self.name: str | None = None
        #: Why there is no frame; a reader that gets one sets this to None.
        self.error: str | None = None
        #: None until the gateway has answered, and after close().
        self.subscriber: FrameSubscriber | None = None
        self.closed = False
        self._subscribed = threading.Event()
        self._gateway = gateway
        self._zmq_connect = zmq_connect
        # The garbage collector may call close() on a thread that already holds the lock.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._answer: dict[str, Any] = {}
        self._answers = 0
        self._asked_at = float("-inf")
        self._frame_at = float("-inf")
        self._missed_before = 0  # By the subscribers before this one.

    @property
    def missed(self) -> int:
        """Frames that were published but not read, by all subscribers so far."""
        subscriber = self.subscriber
        return self._missed_before + (subscriber.missed if subscriber else 0)

    def read(self, deadline: float) -> Frame | None:
        """The newest frame that was not read before; None if none comes by ``deadline`` (``time.monotonic()``)."""
        while not self.closed:
            self.ask_if_due()
            left_s = deadline - time.monotonic()
            if left_s < 0:
                break
            slice_s = min(left_s, _SLICE_S)
            subscriber = self.subscriber
            if subscriber is None:
                self._subscribed.wait(slice_s)
                continue
            frame = subscriber.read(slice_s * 1000)
            if frame is not None:
                self._frame_at = time.monotonic()
                return frame
        return None

    def read_if_there(self) -> Frame | None:
        """The newest frame that was not read before, if it has arrived."""
        subscriber = self.subscriber
        return None if subscriber is None else subscriber.read(0)

    def ask_if_due(self) -> None:
        """Starts a request if there are no frames and the last request is a second old. Does not wait for it."""
        now = time.monotonic()
        if self.subscriber is None or now - self._frame_at > _SILENCE_S:
            self._start_request(now - _ASK_EVERY_S)

    def ask_now(self, timeout_s: float) -> None:
        """Finishes an earlier request, then sends a new one and waits for the answer. Each wait has this limit."""
        self._join(timeout_s)
        self._start_request(time.monotonic())
        self._frame_at = time.monotonic()
        self._join(timeout_s)

    def change(self, key: str, value: float, timeout_s: float) -> bool:
        """Requests another size or rate.

        :returns: whether the gateway accepted it in time; if not, the previous request stays.
        """
        request, answers = self.request, self._answers
        self.request = {**request, key: value}
        self.ask_now(timeout_s)
        if self._answers == answers:
            self.request = request
            return False
        return True

    def wait_for(self, key: str, timeout_s: float) -> Any:
        """A field of the gateway's answer about the camera; None if it is not known in time."""
        deadline = time.monotonic() + timeout_s
        while not self.closed and not self._answer.get(key):
            try:
                if self.name is not None:
                    self._answer = {**self._answer, key: self._gateway.camera(self.name).get(key)}
            except GatewayError as error:
                self.error = error.message
            if self._answer.get(key) or time.monotonic() > deadline:
                break
            self.ask_if_due()
            time.sleep(_POLL_S)
        return self._answer.get(key)

    def known(self, key: str) -> Any:
        """A field of the gateway's last answer about the camera; None if it is missing."""
        return self._answer.get(key)

    def close(self, wait: bool = True) -> None:
        """Idempotent.

        :param wait: also wait for a running request, so that no thread is left.
        """
        with self._lock:
            self.closed = True
            subscriber, self.subscriber = self.subscriber, None
            if subscriber is not None:
                self._missed_before += subscriber.missed
        if subscriber is not None:
            subscriber.close()
        if wait:
            self._join(_HTTP_TIMEOUT_S + 1)

    def _start_request(self, asked_before: float) -> None:
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if self.closed or running or self._asked_at > asked_before:
                return
            self._asked_at = time.monotonic()
            self._thread = threading.Thread(target=self._ask, name="framegate-ask", daemon=True)
            self._thread.start()

    def _join(self, timeout_s: float) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _ask(self) -> None:
        try:
            answer = self._gateway.start(self.request, _HTTP_TIMEOUT_S)
            topic, endpoint = str(answer["zmq_topic"]), str(answer["zmq_endpoint"])
        except GatewayError as error:
            self.error = error.message
            return
        except KeyError as error:
            self.error = f"{self._gateway.base} is not a Framegate gateway (no {error} in its response)"
            return
        last_error = answer.get("last_error")
        if isinstance(last_error, dict):
            self.error = str(last_error.get("message"))
        elif self.error is not None:
            self.error = f"the camera is {answer.get('state')}"
        self.name = str(answer.get("name"))
        self._answer = answer
        self._answers += 1
        try:
            self._subscribe(topic, self._zmq_connect or reachable_from(self._gateway.host, endpoint))
        except ValueError as error:
            self.error = str(error)

    def _subscribe(self, topic: str, connect: str) -> None:
        """Replaces the subscriber, unless it has this topic and endpoint already."""
        current = self.subscriber
        if current is not None and (current.topic, current.connect) == (topic, connect):
            return
        unused: FrameSubscriber | None = FrameSubscriber(topic, connect)
        with self._lock:
            if not self.closed:
                unused, self.subscriber = self.subscriber, unused
                self._subscribed.set()
                self._missed_before += unused.missed if unused else 0
        if unused is not None:
            unused.close()
