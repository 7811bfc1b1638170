"""Programs that a benchmark runs, and what they cost: read from /proc, of a process and all that it started."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
from collections.abc import Iterable

_TICKS = os.sysconf("SC_CLK_TCK")
_LEAVE_S = 5


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):  # It has just ended.
            for task in pathlib.Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_s(roots: Iterable[int]) -> float:
    """User and system time so far of these processes and their descendants, in seconds."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


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
