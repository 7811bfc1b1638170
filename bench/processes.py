"""Programs that a benchmark runs, and what they cost: read from /proc, of a process and all that it started."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Iterable

# Linux numbers the CPU clocks of processes this way (glibc does, too).
_CPU_CLOCK = 2
_LEAVE_S = 5


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):  # It has just ended.
            for task in pathlib.Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def own_cpu_s(pid: int) -> float:
    """User and system time of a process so far, in seconds.

    From its clock: /proc counts ticks of 10 ms, and a reader of the lane takes four of them in 5 s.

    :raises OSError: there is no such process.
    """
    return time.clock_gettime(~pid << 3 | _CPU_CLOCK)


def cpu_s(roots: Iterable[int]) -> float:
    """Of these processes and their descendants."""
    total_s = 0.0
    for root in roots:
        for pid in tree(root):
            with contextlib.suppress(OSError):
                total_s += own_cpu_s(pid)
    return total_s


def memory_mib(root: int) -> float:
    """Proportional set size: shared pages count once, divided among those that map them."""
    total = 0
    for pid in tree(root):
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def threads(pid: int) -> int:
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))


class Spent:
    """CPU time that several groups of processes have spent since its creation, in seconds."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self._groups = groups
        self._before = {name: cpu_s(roots) for name, roots in groups.items()}

    def so_far(self) -> dict[str, float]:
        return {name: cpu_s(roots) - self._before[name] for name, roots in self._groups.items()}


def end(program: subprocess.Popen[str]) -> None:
    """Ends a program and its descendants."""
    below = tree(program.pid)[1:]
    program.terminate()
    try:
        program.wait(_LEAVE_S)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    for pid in below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
