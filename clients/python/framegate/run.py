"""framegate-run: an unchanged program whose cv2.VideoCapture("rtsp://...") reads through the gateway."""

from __future__ import annotations

import argparse
import os
import runpy
import sys

from ._process_list import hide_addresses
from ._program import check_module, find_script
from .opencv import patch_opencv


def main(argv: list[str] | None = None) -> int:
    if argv is None:
        hide_addresses()
    parser = argparse.ArgumentParser(
        prog="framegate-run",
        description="Runs a Python program; cv2.VideoCapture of an RTSP address reads through the Framegate gateway.",
        usage="framegate-run [options] SCRIPT.py|COMMAND [arguments] | framegate-run [options] -m MODULE [arguments]",
    )
    parser.add_argument("--gateway", help="default GATEWAY_BASE, then http://127.0.0.1:8090")
    parser.add_argument(
        "--fallback",
        choices=["opencv", "fail"],
        help="if the gateway does not respond: open cameras directly (opencv), or keep them closed until it does "
        "(fail); default: FRAMEGATE_FALLBACK, then fail",
    )
    parser.add_argument(
        "--pub-fps", type=float, default=120, help="maximum frames per second (default: the camera's own)"
    )
    parser.add_argument("--scale-width", type=int, default=0, help="pixels (default: the camera's own size)")
    parser.add_argument(
        "-m", dest="module", metavar="MODULE", nargs=argparse.REMAINDER, help="run a module, as python -m does"
    )
    parser.add_argument("program", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    program = options.module or options.program
    if not program:
        parser.error("which program? SCRIPT.py or -m MODULE is missing")
    try:
        if options.module:
            check_module(program[0])
        else:
            program[0] = find_script(program[0], program[1:])
        patch_opencv(
            options.gateway,
            fallback=None if options.fallback is None else options.fallback == "opencv",
            pub_fps=options.pub_fps,
            scale_width=options.scale_width,
        )
    except (ImportError, ValueError) as error:
        print(f"framegate-run: {_without_cv2(error)}", file=sys.stderr)
        return 2
    sys.argv = list(program)
    if options.module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(program[0])))
        runpy.run_path(program[0], run_name="__main__")
    return 0


def _without_cv2(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        return (
            "OpenCV (cv2) is not installed in this Python. To install it: pip install './clients/python[opencv]', or "
            "pip install opencv-python-headless"
        )
    if isinstance(error, ImportError):
        return (
            f"OpenCV (cv2) does not load: {error}. If a graphics library is missing, install opencv-python-headless, "
            "which needs none."
        )
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
