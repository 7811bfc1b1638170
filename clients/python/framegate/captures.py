"""open_captures: several cameras by their addresses, opened and read in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, overload

from .capture import Capture, Reading, check_request
from .checks import check_ms

if TYPE_CHECKING:
    from .jpeg import Image


class Captures(Sequence[Capture]):
    """What :func:`open_captures` returns: a :class:`Capture` for each address, in order.

    One thread at a time reads. Each Capture may also be read on its own.
    """

    def __init__(self, captures: Sequence[Capture], threads: ThreadPoolExecutor, timeout_ms: float) -> None:
        """For :func:`open_captures`."""
        self.timeout_ms = timeout_ms
        self._captures = list(captures)
        self._threads = threads
        self._delivered = [True] * len(self._captures)
        self._released = False

    def read(self, timeout_ms: float | None = None) -> list[tuple[bool, Image | None]]:
        """``(True, image)`` for each camera that has a new frame, ``(False, None)`` for each other one, in order.

        Waits until each camera that had a frame in the last call has a new one, ``timeout_ms`` at most. A camera that
        had none does not hold up the others. ``captures[i].last_error`` says why camera i has none.
        """
        limit_ms = self.timeout_ms if timeout_ms is None else check_ms("timeout_ms", timeout_ms)
        self._captures[0]._check_process()
        if self._released:
            return [(False, None)] * len(self)
        awaited = [i for i, delivered in enumerate(self._delivered) if delivered] or list(range(len(self)))
        waiting = {i: self._threads.submit(self._captures[i].read_new, limit_ms) for i in awaited}
        found = {i: future.result() for i, future in waiting.items()}
        for i, capture in enumerate(self._captures):
            if i not in found:
                found[i] = capture.read_new(0)
        self._delivered = [found[i][0] for i in range(len(self))]
        return [found[i] for i in range(len(self))]

    def release(self) -> None:
        """Releases all. Idempotent. The gateway keeps the cameras running for other readers."""
        self._released = True
        for capture in self._captures:
            capture.release()
        self._threads.shutdown(wait=False)

    @property
    def last_errors(self) -> list[str | None]:
        """``last_error`` of each Capture, in order."""
        return [capture.last_error for capture in self._captures]

    @overload
    def __getitem__(self, index: int) -> Capture: ...

    @overload
    def __getitem__(self, index: slice) -> list[Capture]: ...

    def __getitem__(self, index: int | slice) -> Capture | list[Capture]:
        return self._captures[index]

    def __len__(self) -> int:
        return len(self._captures)

    def __enter__(self) -> Captures:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def open_captures(
    rtsp_urls: Sequence[str],
    timeout_ms: float = 2000,
    pub_fps: float | None = 20,
    scale_width: int | None = 640,
    *,
    names: Sequence[str | None] | None = None,
    jpeg_quality: int | None = None,
    rtsp_transport: str | None = None,
    gray: bool = False,
    reduce: int = 1,
    gateway: str | None = None,
    token: str | None = None,
    zmq_connect: str | None = None,
) -> Captures:
    """Like :func:`framegate.open_capture` for several cameras, which it opens in parallel.

    Like that, it does not raise if a camera is away, and the other cameras deliver meanwhile.

    :param rtsp_urls: an address for each camera.
    :param names: a name for each camera, or None; default: made from the addresses.
    :raises TypeError, ValueError: an argument is invalid. The message names every invalid address, as
        ``rtsp_urls[1]``; then no camera is opened.
    """
    requests = _requests(
        _listed("rtsp_urls", rtsp_urls),
        names,
        {
            "pub_fps": pub_fps,
            "scale_width": scale_width,
            "jpeg_quality": jpeg_quality,
            "rtsp_transport": rtsp_transport,
            "tls_fingerprint": None,
        },
    )
    reading = Reading(timeout_ms, gray, reduce, gateway, token, zmq_connect).checked()
    threads = ThreadPoolExecutor(len(requests), "framegate-captures")
    captures = list(threads.map(lambda request: Capture(request, *reading), requests))
    return Captures(captures, threads, reading[2])


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list, not {type(values).__name__}")
    if not values:
        raise ValueError(f"{name} must not be empty")
    return list(values)


def _requests(urls: list[Any], names: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    given = [None] * len(urls) if names is None else _listed("names", names)
    if len(given) != len(urls):
        raise ValueError(f"names must have as many entries as rtsp_urls: {len(urls)}, not {len(given)}")
    requests, wrong = [], []
    for i, (url, name) in enumerate(zip(urls, given)):
        try:
            requests.append(check_request(url, name, options))
        except (TypeError, ValueError) as error:  # noqa: PERF203 (all of them are reported)
            wrong.append((type(error), str(error).replace("rtsp_url", f"rtsp_urls[{i}]", 1)))
    if wrong:
        raise wrong[0][0]("; ".join(dict.fromkeys(text for _, text in wrong)))
    return requests
