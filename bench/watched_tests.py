#!/usr/bin/env python3
"""Searches all that a run of tests writes for the passwords of its cameras, which contain S3CRET: nothing may have one.

    .venv/bin/python bench/watched_tests.py [FILES OF npm test ...]

Searched are the output of gateways, their commands and Python programs, the responses of gateways, the command lines
and environments of all processes, and the files that were written below TMPDIR. Files are kept until the end, although
the tests remove them. Command lines of the test camera do not count, nor those of framegate and framegate-run, which
hide addresses once they run. Ends with status 1 if a test fails or the password is found in any of these, or in a file
that others may read.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

from planted_password import ROOT, Search, others_may_read, see_processes

MARK = "S3CRET"
TESTS = [
    *("sources", "faults", "lifecycle", "odd-sessions", "config-file", "rtsps", "locked-accounts", "http-api"),
    *("hostile-http", "tokens", "fallback", "page.test", "test_cli", "test_reasons", "test_programs", "test_capture"),
]


class Files(threading.Thread):
    """Keeps each file that appears in a folder by a second link, with its mode and whether others may read it."""

    def __init__(self, folder: pathlib.Path, kept: pathlib.Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.kept = folder, kept
        self.seen: dict[int, tuple[pathlib.Path, int, bool]] = {}

    def look(self) -> None:
        for where, _, names in os.walk(self.folder):
            for path in (pathlib.Path(where, name) for name in names):
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    if status.st_ino not in self.seen:
                        os.link(path, self.kept / str(status.st_ino))
                    _, mode, readable = self.seen.get(status.st_ino, (path, 0, False))
                    mode |= stat.S_IMODE(status.st_mode)
                    self.seen[status.st_ino] = (path, mode, readable or others_may_read(path))

    def run(self) -> None:
        while True:
            self.look()
            time.sleep(0.02)


def was_given_it(_: int, line: bytes) -> bool:
    return line.split(b"\0", 1)[0].endswith(b"test-camera") or b"\0-m\0framegate." in line


def watch_processes(search: Search) -> None:
    while True:
        see_processes(search, was_given_it)
        time.sleep(0.1)


def main() -> int:
    folder = pathlib.Path(tempfile.mkdtemp())
    for name, mode in (("tmp", 0o755), ("kept", 0o700), ("recorded", 0o700)):
        (folder / name).mkdir(mode)
    folder.chmod(0o755)  # What the tests write needs modes of its own.
    search, files = Search(MARK), Files(folder / "tmp", folder / "kept")
    files.start()
    threading.Thread(target=watch_processes, args=(search,), daemon=True).start()
    environment = {
        **os.environ,
        "TMPDIR": str(folder / "tmp"),
        "RECORD_TO": str(folder / "recorded"),
        "NODE_OPTIONS": f"--require={ROOT / 'bench/watch/record.cjs'}",
        "PYTHONPATH": str(ROOT / "bench/watch/python"),
    }
    run = subprocess.run(["node", str(ROOT / "scripts/test.mjs"), *(sys.argv[1:] or TESTS)], env=environment)
    files.look()
    holding: Counter[str] = Counter()
    for inode, (path, mode, readable) in files.seen.items():
        content = (files.kept / str(inode)).read_bytes()
        search.searched["file"] += 1
        if not any(form in content for form in search.forms):
            continue
        if readable:
            search.see("file", f"{path} {mode:o}", content)
        holding[f"{path.name}, mode {mode:o}"] += 1
    for path in (folder / "recorded").iterdir():
        for line in path.read_bytes().splitlines():
            search.see(path.name.split(".")[0], path.name, line)
    print(f"searched: {dict(search.searched)}")
    print(f"with a password, in closed folders: {dict(holding)}")
    for where in dict.fromkeys(search.found):
        print(f"FOUND {where}")
    return 1 if search.found or run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
