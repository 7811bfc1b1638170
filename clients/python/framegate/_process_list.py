"""Takes camera addresses, which may hold a password, out of the process list."""

from __future__ import annotations

import ctypes

# In /proc/PID/stat, counted from the field behind the program's name.
_ARG_START, _ARG_END = 45, 46


def hide_addresses() -> None:
    """Overwrites this process's arguments that may be addresses with ``*``. Other users see arguments in process lists.

    ``sys.argv`` stays as it is. Where the kernel does not show where the arguments are, it does nothing.
    """
    try:
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b") ")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
    except (OSError, ValueError, IndexError):
        return
    if not 0 < start < end:
        return
    at = start
    for word in ctypes.string_at(start, end - start).split(b"\0"):
        if b"@" in word or b"://" in word:
            ctypes.memset(at, ord("*"), len(word))
        at += len(word) + 1
