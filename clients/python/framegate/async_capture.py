"""open_async_capture: a Capture for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from ._inquiry import logger
from .capture import Capture, Reading, check_request

if TYPE_CHECKING:
    from ._frame import Frame
    from .jpeg import Image

T = TypeVar("T")


class AsyncCapture:
    """What :func:`open_async_capture` returns: a :class:`Capture` whose methods are awaited.

    It waits and decodes in a thread of its own, so that the event loop never does. One task at a time reads.
    """

    def __init__(self, begin: Callable[[], Capture]) -> None:
        """For :func:`open_async_capture`."""
        self._begin = begin
        self._capture: Capture | None = None
        self._released = False
        self._thread = ThreadPoolExecutor(1, "framegate-async")

    async def read(self, *, max_age_ms: float | None = None) -> tuple[bool, Image | None]:
        """Like :meth:`Capture.read`."""
        return await self._run(lambda capture: capture.read(max_age_ms=max_age_ms), (False, None))

    async def read_new(self, timeout_ms: float | None = None) -> tuple[bool, Image | None]:
        """Like :meth:`Capture.read_new`."""
        return await self._run(lambda capture: capture.read_new(timeout_ms), (False, None))

    async def isOpened(self) -> bool:
        """Like :meth:`Capture.isOpened`."""
        return await self._run(lambda capture: capture.isOpened(), False)

    async def release(self) -> None:
        """Idempotent. The gateway keeps the camera running for other readers."""
        self._released = True
        if self._capture is not None:
            # Not in the capture's own thread: this ends a read that waits there.
            await asyncio.get_running_loop().run_in_executor(None, self._capture.release)
        self._thread.shutdown(wait=False)

    @property
    def frame(self) -> Frame | None:
        """The last frame that was read, with its header and JPEG."""
        return None if self._capture is None else self._capture.frame

    @property
    def age_ms(self) -> float | None:
        """The age of the last read frame now."""
        return None if self._capture is None else self._capture.age_ms

    @property
    def captured_at(self) -> float | None:
        """Seconds since 1970 by the camera's clock; None if it does not send it."""
        return None if self._capture is None else self._capture.captured_at

    @property
    def seq(self) -> int | None:
        """The number of the last read frame."""
        return None if self._capture is None else self._capture.seq

    @property
    def missed(self) -> int:
        """Frames that were published but not read here."""
        return 0 if self._capture is None else self._capture.missed

    @property
    def transport(self) -> str | None:
        """``lane`` or ``zmq``, like :attr:`Capture.transport`; None while this is not open."""
        return None if self._capture is None else self._capture.transport

    @property
    def endpoint(self) -> str | None:
        """Like :attr:`Capture.endpoint`; None while this is not open."""
        return None if self._capture is None else self._capture.endpoint

    @property
    def last_error(self) -> str | None:
        """Why the last read had no frame; None if it had one."""
        return None if self._capture is None else self._capture.last_error

    @property
    def name(self) -> str | None:
        """The camera's name at the gateway; None until it has answered."""
        return None if self._capture is None else self._capture.name

    async def _run(self, use: Callable[[Capture], T], otherwise: T) -> T:
        if self._released:
            return otherwise
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: use(self._opened()))

    def _opened(self) -> Capture:
        """In the thread of this capture: opening waits for the gateway's answer."""
        if self._capture is None:
            self._capture = self._begin()
            if self._released:
                self._capture.release()
        return self._capture

    def __await__(self) -> Generator[Any, None, AsyncCapture]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncCapture:
        await self._run(lambda _: None, None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.release()

    async def __aiter__(self) -> AsyncIterator[Image]:
        """Images as they arrive, until release(). Waits for a camera that is away, and logs once why."""
        logged = None
        while not self._released:
            ok, image = await self.read()
            if ok and image is not None:
                logged = None
                yield image
            elif self._capture is not None and logged != self._capture._reason and not self._released:
                logged = self._capture._reason
                logger.warning("%s: %s", logged[0], self.last_error)


def open_async_capture(
    rtsp_url: str,
    timeout_ms: float = 2000,
    pub_fps: float | None = 20,
    scale_width: int | None = 640,
    *,
    name: str | None = None,
    jpeg_quality: int | None = None,
    rtsp_transport: str | None = None,
    tls_fingerprint: str | None = None,
    gray: bool = False,
    reduce: int = 1,
    gateway: str | None = None,
    token: str | None = None,
    zmq_connect: str | None = None,
) -> AsyncCapture:
    """:func:`framegate.open_capture` for asyncio, with the same arguments.

    ``async with open_async_capture(url) as cap:`` or ``cap = await open_async_capture(url)``.

    :raises TypeError, ValueError: an argument is invalid; the message names it.
    """
    options: dict[str, Any] = {"pub_fps": pub_fps, "scale_width": scale_width, "jpeg_quality": jpeg_quality}
    options.update(rtsp_transport=rtsp_transport, tls_fingerprint=tls_fingerprint)
    request = check_request(rtsp_url, name, options)
    reading = Reading(timeout_ms, gray, reduce, gateway, token, zmq_connect).checked()
    return AsyncCapture(lambda: Capture(request, *reading))
