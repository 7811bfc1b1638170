"""Finds the Python program that framegate-run runs."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys

_PYTHON = re.compile(r"(.*/)?python[\d.]*")
_INTERPRETER = re.compile(rb"/[^\s\"']*python[\d.]*")
# pip writes two lines if the path of the interpreter is too long for one.
_LONG = b"#!/bin/sh\n'" + b"''exec' "


def find_script(word: str, arguments: list[str]) -> str:
    """The program that ``word`` names: a file, or a command as in the shell (``yolo``).

    :raises ValueError: there is none, or it is not a Python program.
    """
    if _PYTHON.fullmatch(word) and not os.path.isdir(word):
        raise ValueError(f"leave out {word}: framegate-run {' '.join(arguments) or 'SCRIPT.py'}")
    if os.path.isdir(word):
        if not os.path.exists(os.path.join(word, "__main__.py")):
            raise ValueError(f"{word} is a directory without a __main__.py")
        return word
    path: str | None = word if os.path.exists(word) else None
    if path is None and "/" not in word:
        # The commands of this Python's environment first: it may not be activated.
        beside = os.path.dirname(os.path.abspath(sys.executable))
        path = shutil.which(word, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if path is None:
        where = "" if "/" in word else ", neither as a file here nor as a command on PATH"
        raise ValueError(f"{word} does not exist{where}")
    _check_python(path)
    return path


def check_module(name: str) -> None:
    """:raises ValueError: there is no such module."""
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    finally:
        sys.path.pop(0)
    if found is None:
        raise ValueError(f"there is no module {name} in this Python ({sys.executable})")


def _check_python(path: str) -> None:
    """:raises ValueError: not a Python program, or one of another Python's environment."""
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if head.startswith(b"PK") or path.endswith((".py", ".pyc")):
        return
    begin = head[len(_LONG) :] if head.startswith(_LONG) else head
    line = begin.partition(b"\n")[0]
    found = _INTERPRETER.search(line)
    if b"\0" in head or (head.startswith(b"#!") and found is None and b"env python" not in line):
        raise ValueError(f"{path} is not a Python program; framegate-run runs Python programs only")
    if found is not None and head.startswith(b"#!"):
        _check_environment(path, os.fsdecode(found[0]))


def _check_environment(path: str, interpreter: str) -> None:
    """A command that lies beside its interpreter, as pip and pipx install them, needs the packages there.

    :raises ValueError: that is not the environment of this Python.
    """
    home = os.path.dirname(os.path.abspath(interpreter))
    is_beside = os.path.dirname(os.path.realpath(path)) == home and os.path.exists(interpreter)
    if is_beside and home != os.path.dirname(os.path.abspath(sys.executable)):
        raise ValueError(
            f"{path} belongs to another Python, {interpreter}. Install framegate there too, then: "
            f"{interpreter} -m framegate.run {path}"
        )
