"""Starting, stopping and reconnecting leak nothing. bench/cycles.py runs the same cycles for any length of time."""

from __future__ import annotations

import sys
import time

from harness import ROOT, Usage

sys.path.append(str(ROOT / "bench"))

from cycles import Rig


def no_more(after: dict[str, Usage], before: dict[str, Usage]) -> bool:
    # GLib and the connections to MediaMTX's API release some of them later; Go never releases a thread.
    return after["gateway"].threads <= before["gateway"].threads and all(
        after[name].descriptors <= before[name].descriptors for name in before
    )


def test_cycles_leak_no_descriptor_thread_or_session() -> None:
    rig = Rig(cameras=2)

    def some(cycles: int, reconnects: int) -> None:
        for _ in range(cycles):
            rig.cycle()
        rig.each(rig.start)
        rig.each(rig.read)
        for _ in range(reconnects):
            rig.reconnect()
        rig.each(rig.stop)

    try:
        some(3, 1)  # Creates what exists only once.
        before = rig.settled(3)
        some(12, 3)
        limit = time.monotonic() + 20
        while not no_more(after := rig.samples(), before) or rig.sessions() > 0:
            assert time.monotonic() < limit, (before, after, rig.sessions())
            time.sleep(0.05)
        # V8 has not collected anything yet.
        assert after["gateway"].mb < before["gateway"].mb + 100
    finally:
        rig.close()
