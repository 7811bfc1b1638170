"""The types, as a user's own tools see them. scripts/quality/gates.mjs runs Ruff and mypy on this package."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).parents[1]


def test_a_users_code_is_typed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "program.py").write_text(
        "from framegate import open_capture\n"
        "with open_capture('rtsp://a/b') as cap:\n"
        "    for image in cap:\n"
        "        reveal_type(image)\n"
        "    cap.read(max_age_ms='no')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(tmp_path / "program.py")],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert re.search(r"ndarray.*(uint8|unsignedinteger\[.*_8Bit)", done.stdout), done.stdout
    assert 'incompatible type "str"; expected' in done.stdout, done.stdout
