"""Types and style, as a user's own tools see them."""

import pathlib
import re
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]


def check(*command: str, cwd: pathlib.Path = PACKAGE) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict(tmp_path):
    check("mypy", "--cache-dir", str(tmp_path), "-p", "framegate", "-m", "capture")


def test_a_users_code_is_typed(tmp_path):
    (tmp_path / "program.py").write_text(
        "from framegate import open_capture\n"
        "with open_capture('rtsp://a/b') as cap:\n"
        "    for image in cap:\n"
        "        reveal_type(image)\n"
        "    cap.read(max_age_ms='no')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(tmp_path / "program.py")],
        cwd=PACKAGE, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert re.search(r"ndarray.*(uint8|unsignedinteger\[.*_8Bit)", done.stdout), done.stdout
    assert 'incompatible type "str"; expected' in done.stdout, done.stdout


def test_ruff():
    others = [str(ROOT / "test/python"), str(ROOT / "bench")]
    check(
        "ruff",
        "check",
        "--no-cache",
        "--config",
        "pyproject.toml",
        ".",
        *[f for f in others if pathlib.Path(f).exists()],
    )


def test_ruff_format():
    check("ruff", "format", "--no-cache", "--check", ".")
