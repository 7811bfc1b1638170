"""Opening: keeps a camera started in the gateway, and reads its frames."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ._frame import Frame
from ._lane import LaneError, LaneReader
from ._numbering import Numbering
from ._reader import TopicReader
from ._reasons import is_refusal, start_notes, why_away, why_live_is_silent, why_refused
from ._running import as_asked, find_running
from ._transport import LANE_AGAIN_S, LaneChoice
from .gateway import Gateway, GatewayError
from .naming import camera_name, reachable_from

logger = logging.getLogger("framegate")
# Without a frame for this long, look at the camera's state; more often while its first attempt is under way.
_LOOK_AFTER_S = 0.25
_LOOK_EVERY_S = 1.0
_LOOK_EVERY_CONNECTING_S = 0.1
_CONNECTING_S = 1.0
# Without a frame for this long, start the camera again if the gateway has it no more: the gateway may have restarted
# without its cameras, or another client may have stopped this one. A camera that it has is not started again, because
# the user may have corrected its address or password.
_SILENCE_S = 2.0
_ASK_EVERY_S = 1.0
# A failed read waits so much longer for its first reason.
_GRACE_S = 0.5
# A read of what is not open waits no longer than this, so that a loop of reads makes few calls.
_REFUSED_READ_S = 0.5
_HTTP_TIMEOUT_S = 5.0
_POLL_S = 0.05
# How often a read checks whether to ask the gateway again.
_SLICE_S = 0.25
_SHORT_SLICE_S = 0.02


class Opening:
    """Requests one camera from the gateway until frames arrive, and again when they stop.

    Requests run on their own thread, one at a time, so that no read waits for HTTP. Any thread may
    call any method.
    """

    def __init__(
        self, gateway: Gateway, request: dict[str, Any], zmq_connect: str | None, lane: LaneChoice | None = None
    ) -> None:
        #: The body of /cameras/start; without ``rtsp``, the camera is one that runs.
        self.request = request
        #: The camera's name at the gateway, once it has answered.
        self.name: str | None = None
        #: Why there is no frame; a reader that gets one sets this to None.
        self.error: str | None = None
        #: The code of that, if the gateway gave one.
        self.code = ""
        #: None until the gateway has answered, and after close().
        self.subscriber: TopicReader | LaneReader | None = None
        #: The ZeroMQ address that the frames have, as seen from here; None until the gateway has answered.
        self.endpoint: str | None = None
        self.closed = False
        self._subscribed = threading.Event()
        self._gateway = gateway
        self._zmq_connect = zmq_connect
        self._lane = lane
        self._topic: str | None = None  # As the gateway has answered.
        self._lane_lost = False  # The lane ended: ask the gateway for it again.
        self._lane_from = float("-inf")  # Not before this time.
        # The garbage collector may call close() on a thread that already holds the lock.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._answer: dict[str, Any] = {}
        self._answers = 0
        self._asked_at = self._looked_at = self._began_at = float("-inf")
        self._frame_at = float("-inf")  # Or when the gateway was asked to begin.
        self._read_at = float("-inf")
        self._was_live = False
        self._refused = False  # By the camera or the gateway, at the last request.
        self._why: str | None = None  # Why a read may find nothing, by the gateway's last answer.
        self._notes: list[str] = []
        self._numbering = ("", Numbering())  # Of which topic.
        self._missed_before = 0  # By the subscribers before this one.

    @property
    def missed(self) -> int:
        """Frames that were published but not read, by all subscribers so far."""
        subscriber = self.subscriber
        return self._missed_before + (subscriber.missed if subscriber else 0)

    def read(self, deadline: float) -> Frame | None:
        """The newest frame that was not read before; None if none comes by ``deadline`` (``time.monotonic()``).

        If the gateway or the camera refuses, it waits 0.5 s at most: the reason is known.
        """
        refused_until = time.monotonic() + _REFUSED_READ_S
        while not self.closed:
            self.ask_if_due()
            if self._is_refused():
                deadline = min(deadline, refused_until)
            slice_s = max(0.0, min(deadline - time.monotonic(), _SLICE_S))
            subscriber = self.subscriber
            if subscriber is None:
                self._subscribed.wait(slice_s)
            else:
                frame = self._numbered(subscriber.read(slice_s * 1000), subscriber)
                if frame is not None:
                    self._frame_at = self._read_at = time.monotonic()
                    self._was_live = True
                    return frame
                if isinstance(subscriber, LaneReader) and subscriber.error is not None:
                    self._leave_lane(subscriber)
            if time.monotonic() >= deadline:
                break
        return None

    def read_if_there(self) -> Frame | None:
        """The newest frame that was not read before, if it has arrived."""
        subscriber = self.subscriber
        return None if subscriber is None else self._numbered(subscriber.read(0), subscriber)

    def _numbered(self, frame: Frame | None, subscriber: TopicReader | LaneReader) -> Frame | None:
        """None for a frame that another subscriber has read, or an older one."""
        if frame is None:
            return None
        if frame.topic != self._numbering[0]:
            self._numbering = (frame.topic, Numbering())
        return self._numbering[1].frame(frame, subscriber)

    def explain(self, limit_ms: float) -> None:
        """Sets :attr:`error` after a read without a frame, unless the reason is known already."""
        if self.error is None and not self.closed and time.monotonic() - self._read_at > _LOOK_AFTER_S:
            self._start_look(_LOOK_EVERY_CONNECTING_S)
            self._join(_GRACE_S)
            self._note_silent_gateway()
        if self.closed:
            self.error = "this Capture is released"
        elif self.error is None:
            nothing = f"no new frame of {self.name or 'the camera'} within {limit_ms:.0f} ms"
            self.error = self._why if self._why and time.monotonic() - self._read_at > _LOOK_AFTER_S else nothing

    def _note_silent_gateway(self) -> None:
        if self.error is None and self._thread is not None and self._thread.is_alive():
            self.error = f"the gateway at {self._gateway.base} has not answered yet"

    def is_open(self, limit_s: float) -> bool:
        """Whether the gateway has accepted the camera, and the camera has not refused before it was ever live.

        Waits for the end of the camera's first attempt, ``limit_s`` after the opening at most.
        """
        while self._is_undecided() and time.monotonic() < self._began_at + limit_s:
            self._start_look(_LOOK_EVERY_CONNECTING_S)
            time.sleep(_SHORT_SLICE_S)
        if not self.closed:
            self.ask_if_due()
        return self.subscriber is not None and not self.closed and not self._is_refused()

    def _is_refused(self) -> bool:
        """Whether the gateway or the camera has refused, and the camera was never live."""
        return self._refused and not self._was_live

    def _is_undecided(self) -> bool:
        accepted = self.subscriber is not None and not self.closed
        return accepted and not self._was_live and self._answer.get("state") == "connecting"

    def ask_if_due(self) -> None:
        """Starts a request if there are no frames and the last one is old enough. Does not wait for it."""
        now = time.monotonic()
        if self.subscriber is None or self._lane_lost:
            self._start_request(now - _ASK_EVERY_S)
        elif now - self._frame_at > _LOOK_AFTER_S:
            connecting = self._is_undecided() and now - self._began_at < _CONNECTING_S
            self._start_look(_LOOK_EVERY_CONNECTING_S if connecting else _LOOK_EVERY_S)

    def ask_now(self, timeout_s: float) -> None:
        """Finishes an earlier request, then sends a new one and waits for the answer. Each wait has this limit."""
        self._join(timeout_s)
        self._start_request(time.monotonic())
        self._frame_at = self._began_at = time.monotonic()
        self._join(timeout_s)
        self._note_silent_gateway()

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
            if self._answer.get(key) or self._is_refused() or time.monotonic() > deadline:
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
            if not self.closed and self._asked_at <= asked_before and self._start_thread(self._ask):
                self._asked_at = self._looked_at = time.monotonic()

    def _start_look(self, every_s: float) -> None:
        with self._lock:
            due = time.monotonic() - self._looked_at > every_s
            if self.name is not None and not self.closed and due and self._start_thread(self._look):
                self._looked_at = time.monotonic()

    def _start_thread(self, run: Any) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = threading.Thread(target=run, name="framegate-ask", daemon=True)
        self._thread.start()
        return True

    def _join(self, timeout_s: float) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            if "rtsp" in self.request:
                answer = self._gateway.start(self.request, _HTTP_TIMEOUT_S)
            else:
                answer = as_asked(find_running(self._gateway, str(self.request["name"])), self.request)
            topic, endpoint = str(answer["zmq_topic"]), str(answer["zmq_endpoint"])
        except GatewayError as error:
            self._refuse(error.message, error.code)
            return
        except KeyError as error:
            self._refuse(f"{self._gateway.base} is not a Framegate gateway (no {error} in its response)", "ERR_GATEWAY")
            return
        self.name = str(answer.get("name"))
        self._log_notes(answer)
        self._answer = answer
        self._answers += 1
        self._learn(answer, asked_at)
        try:
            self.endpoint = self._zmq_connect or reachable_from(self._gateway.host, endpoint)
        except ValueError as error:
            self._fail(str(error))
            return
        self._lane_lost = False
        self._topic = topic
        self._subscribe()

    def _log_notes(self, answer: dict[str, Any]) -> None:
        """Logs once what the gateway did other than asked."""
        if "rtsp" not in self.request:
            return
        notes = start_notes(self.request, answer, named=self.request["name"] != camera_name(self.request["rtsp"]))
        for note in notes:
            if note not in self._notes:
                logger.warning("%s", note)
        self._notes = notes

    def _look(self) -> None:
        asked_at = time.monotonic()
        try:
            camera = self._gateway.camera(str(self.name), _HTTP_TIMEOUT_S)
        except GatewayError as error:
            self._fail(error.message, error.code)
            if error.code == "ERR_CAMERA_NOT_FOUND" and asked_at - self._frame_at > _SILENCE_S:
                self._ask()
            return
        if self._has_moved(camera):
            self._ask()
            return
        self._answer = {**self._answer, "state": camera.get("state")}
        self._learn(camera, asked_at)

    def _has_moved(self, camera: dict[str, Any]) -> bool:
        """Whether the gateway publishes at another endpoint than before, as after a restart on a free port."""
        if self.subscriber is None or self._zmq_connect:
            return False
        return self.endpoint != reachable_from(self._gateway.host, str(camera.get("zmq_endpoint")))

    def _fail(self, why: str, code: str = "") -> None:
        self.error, self.code = why, code

    def _refuse(self, why: str, code: str) -> None:
        """The gateway has not accepted the camera."""
        self._refused = True
        self._fail(why, code)

    def _learn(self, camera: dict[str, Any], asked_at: float) -> None:
        """Takes the camera's state from an answer to a request of ``asked_at``."""
        self._was_live = self._was_live or camera.get("state") in ("live", "stalled")
        self._refused = is_refusal(camera)
        self._why = why_away(camera) or self._why_live_is_silent(camera)
        error = camera.get("last_error")
        if self._read_at > asked_at:
            return  # A frame has come since.
        if isinstance(error, dict):
            self._fail(self._why, str(error.get("code")))
        elif self.error is not None:
            self._fail(self._why)

    def _why_live_is_silent(self, camera: dict[str, Any]) -> str:
        subscriber, topic = self.subscriber, str(camera.get("zmq_topic"))
        if subscriber is None:  # It begins to read with this answer.
            return f"{topic}: the camera is live, but no frame has come yet"
        refused = why_refused(subscriber.topic, camera)
        if refused is not None:
            return refused
        published_at = reachable_from(self._gateway.host, str(camera.get("zmq_endpoint")))
        if isinstance(subscriber, LaneReader):
            return f"{subscriber.topic}: the camera is live, but no frame has come over the lane yet"
        return why_live_is_silent(subscriber.topic, subscriber.connect, published_at)

    def use_lane(self, choice: LaneChoice | None) -> None:
        """From now on, frames come this way."""
        if choice != self._lane:
            self._lane = choice
            if self._topic is not None and not self.closed:
                self._subscribe()

    def _subscribe(self) -> None:
        try:
            if not self._subscribe_lane():
                self._subscribe_zmq(str(self._topic))
        except ValueError as error:
            self._fail(str(error))

    def _subscribe_zmq(self, topic: str) -> None:
        connect, current = str(self.endpoint), self.subscriber
        if not isinstance(current, TopicReader) or (current.topic, current.connect) != (topic, connect):
            self._replace(TopicReader(topic, connect))

    def _subscribe_lane(self) -> bool:
        """Whether the frames come over the lane."""
        offer, choice = self._answer.get("lane"), self._lane
        if choice is None or not isinstance(offer, dict) or time.monotonic() < self._lane_from:
            if choice is not None and choice.required:
                raise ValueError("FRAMEGATE_TRANSPORT is lane, but the gateway offers no lane")
            return False
        current = self.subscriber
        same = isinstance(current, LaneReader) and (current.offer, current.format) == (offer, choice.format)
        if isinstance(current, LaneReader) and same and current.error is None:
            return True
        try:
            self._replace(LaneReader(offer, choice.format))
            return True
        except LaneError as error:
            # Usual for a gateway on another machine, in another container or of another user.
            if choice.required:
                raise ValueError(f"FRAMEGATE_TRANSPORT is lane, but the lane cannot be used: {error}") from None
            return False

    def _leave_lane(self, reader: LaneReader) -> None:
        """Goes on with ZeroMQ until the gateway offers the lane again."""
        if reader.refused:
            self._lane_from = time.monotonic() + LANE_AGAIN_S
        else:
            self._numbering[1].restarted()
        self._lane_lost = not reader.refused
        if self._lane is not None and self._lane.required:
            self._fail(str(reader.error))
            self._lane_lost = True
            return
        try:
            if self.subscriber is reader:
                self._subscribe_zmq(reader.topic)
        except ValueError as error:
            self._fail(str(error))

    def _replace(self, reader: TopicReader | LaneReader) -> None:
        unused: TopicReader | LaneReader | None = reader
        with self._lock:
            if not self.closed:
                unused, self.subscriber = self.subscriber, unused
                self._subscribed.set()
                self._missed_before += unused.missed if unused else 0
        if unused is not None:
            unused.close()
