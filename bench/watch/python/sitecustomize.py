"""Copies what a Python program prints to a file of RECORD_TO. watched_tests.py loads this; pytest is left out."""

from __future__ import annotations

import os
import sys
from typing import Any

folder = os.environ.get("RECORD_TO")
if folder and not any("pytest" in word or "pip" in word for word in sys.orig_argv):
    copy = os.open(f"{folder}/python.{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def recorded(stream: Any) -> None:
        own = stream.write

        def write(text: str) -> int:
            os.write(copy, text.encode(errors="replace"))
            return int(own(text))

        stream.write = write

    recorded(sys.stdout)
    recorded(sys.stderr)
