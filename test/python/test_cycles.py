"""Starting, stopping and reconnecting leak nothing. bench/cycles.py runs the same cycles for any length of time."""

from __future__ import annotations

import pathlib
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from harness import ROOT, Usage

from framegate import Gateway as Api

sys.path.append(str(ROOT / "bench"))

from cycles import Rig


def no_more(after: dict[str, Usage], before: dict[str, Usage]) -> bool:
    # GLib and the connections to MediaMTX's API release some of them later; Go never releases a thread.
    return after["gateway"].threads <= before["gateway"].threads and all(
        after[name].descriptors <= before[name].descriptors for name in before
    )


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig(cameras=2)
    yield rig
    rig.close()


def threads(rig: Rig) -> int:
    """The gateway's, without those of GLib's pool: they wait for work for 15 s and then end."""
    tasks = pathlib.Path(f"/proc/{rig.pids['gateway']}/task").iterdir()
    return sum(not (task / "comm").read_text().startswith("pool-") for task in tasks)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_cycles_leak_no_descriptor_thread_or_session(rig: Rig) -> None:
    def some(cycles: int, reconnects: int) -> None:
        for _ in range(cycles):
            rig.cycle()
        rig.each(rig.start)
        rig.each(rig.read)
        for _ in range(reconnects):
            rig.reconnect()
        rig.each(rig.stop)

    some(3, 1)  # Creates what exists only once.
    before = rig.settled(3)
    some(12, 3)
    limit = time.monotonic() + 20
    while not no_more(after := rig.samples(), before) or rig.sessions() > 0:
        assert time.monotonic() < limit, (before, after, rig.sessions())
        time.sleep(0.05)
    # V8 has not collected anything yet.
    assert after["gateway"].mb < before["gateway"].mb + 100


def test_a_camera_that_nobody_watches_takes_four_threads(rig: Rig) -> None:
    api = Api(rig.gateway.base)
    rig.cycle()  # Creates what exists only once.
    rig.unwatch()
    until(lambda: rig.sessions() == 0)
    rig.settled(1)
    none = threads(rig)

    def each_has_four_at_most() -> bool:
        live = all(camera["state"] == "live" and camera["decoding"] == "no" for camera in api.cameras())
        return live and threads(rig) <= none + 4 * len(rig.cameras)

    rig.each(rig.start)
    until(each_has_four_at_most)
    rig.watch()
    rig.each(rig.read)
    rig.unwatch()
    until(each_has_four_at_most)
    rig.each(rig.stop)
