#!/usr/bin/env python3
"""`npm run bench`: measures Framegate beside what people use instead, and writes docs/benchmarks.md.

    npm run bench [-- --quick] [--only readers,service] [--again] [--out FOLDER]

Takes about 20 minutes. Nothing else should run meanwhile. Each part keeps its figures in build/bench: a run that was
stopped continues there. The page is written at the end, if no figure is missing.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time
import traceback
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "clients/python"), str(ROOT / "test/python")]

KEPT = ROOT / "build/bench/figures.json"
Kept = dict[str, dict[str, Any]]
# Figures of another day come from another state of the machine.
_KEPT_S = 6 * 3600
_TOOLS = {"ffmpeg": "ffmpeg", "gst-launch-1.0": "gstreamer1.0-tools", "gst-inspect-1.0": "gstreamer1.0-tools"}
_ELEMENTS = {
    "shmsink": "gstreamer1.0-plugins-bad",
    "avdec_h264": "gstreamer1.0-libav",
    "rtspsrc": "gstreamer1.0-plugins-good",
    "jpegenc": "gstreamer1.0-plugins-good",
}


def missing() -> list[str]:
    """What the benchmark needs and this machine lacks: one line each, with the way to get it."""
    lines = {f"{tool}: apt-get install {package}" for tool, package in _TOOLS.items() if shutil.which(tool) is None}
    if not lines:
        for element, package in _ELEMENTS.items():
            if subprocess.run(["gst-inspect-1.0", "--exists", element], check=False).returncode != 0:
                lines.add(f"GStreamer's {element}: apt-get install {package}")
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Gst", "1.0")
        importlib.import_module("gi.repository.Gst")
    except (ImportError, ValueError):
        lines.add("PyGObject with GStreamer: apt-get install python3-gi gir1.2-gstreamer-1.0")
    import harness

    if not harness.MEDIAMTX:
        lines.add("MediaMTX: npm run setup says why")
    return sorted(lines)


def facts(quick: bool) -> list[str]:
    """The machine and the method, for the page."""
    models = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    cpu = models[0] if models else platform.machine()
    system = re.findall(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    versions = {"OpenCV": _version("cv2"), "PyAV": _version("av")}
    ffmpeg = _first_line("ffmpeg", "-version").split()
    gstreamer = _first_line("gst-launch-1.0", "--version").split()
    commit = _first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    lines = [
        f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, commit {commit or 'unknown'}",
        f"- {os.cpu_count()} cores ({cpu}), {system[0] if system else platform.system()}, Linux {platform.release()}",
        f"- ffmpeg {ffmpeg[2] if len(ffmpeg) > 2 else ''}, GStreamer {gstreamer[-1] if gstreamer else ''}, "
        + ", ".join(f"{name} {version}" for name, version in versions.items()),
        "- [The test camera](test-camera.md) replays [a recording](../bench/clip.py), so no encoder runs meanwhile: "
        "1920x1080, 25 fps, H.264 High, 4 Mbit/s, GOP 50 where nothing else is said",
        "- CPU is user and system time of a program and all that it starts. 1 core: one CPU in full use",
    ]
    return [*lines, "- A short run (`--quick`), which shows no more than that everything works."] if quick else lines


def _version(module: str) -> str:
    return str(importlib.import_module(module).__version__)


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short measurements, to try the benchmark itself")
    parser.add_argument("--only", help="parts, separated by commas; the figures of the others must be there already")
    parser.add_argument("--again", action="store_true", help="measure all parts, also those that are kept")
    parser.add_argument("--out", default=str(ROOT / "docs"), help="the folder of benchmarks.md; default docs")
    options = parser.parse_args()

    import parts
    import report

    lacking = missing()
    if lacking:
        print("npm run bench needs:\n  " + "\n  ".join(lacking), file=sys.stderr)
        return 2
    chosen = options.only.split(",") if options.only else list(parts.PARTS)
    unknown = [name for name in chosen if name not in parts.PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(parts.PARTS)}", file=sys.stderr)
        return 2
    print("This takes about 20 minutes. Run nothing else meanwhile.", flush=True)
    kept = {} if options.again else _kept(options.quick)
    for name in chosen:
        if name in kept and not options.only:
            print(f"{name}: kept from an earlier run", flush=True)
            continue
        print(f"{name}: part {chosen.index(name) + 1} of {len(chosen)}", flush=True)
        _measure(name, parts.QUICK if options.quick else parts.FULL, kept, options.quick)
    figures = {name: value for part in kept.values() for name, value in part["figures"].items()}
    lost = [name for name in report.needed() if name not in figures]
    if lost:
        print(f"nothing is written, because figures are missing: {', '.join(lost)}", file=sys.stderr)
        return 1
    report.write(figures, facts(options.quick), pathlib.Path(options.out))
    missed = [goal.text for goal in report.goals(figures) if goal.value > goal.limit]
    print(f"{options.out}/benchmarks.md is written; goals missed: {'; '.join(missed) or 'none'}")
    return 0


def _kept(quick: bool) -> Kept:
    try:
        kept = json.loads(KEPT.read_text())
    except (OSError, ValueError):
        return {}
    return {name: part for name, part in kept.items() if part["quick"] == quick and time.time() - part["at"] < _KEPT_S}


def _measure(name: str, plan: Any, kept: Kept, quick: bool) -> None:
    import parts

    begun = time.monotonic()
    for attempt in (1, 2):
        try:
            figures = parts.PARTS[name](plan)
        except Exception:  # The other parts are measured all the same, and the next run has only this one left.
            traceback.print_exc()
            print(f"{name}: attempt {attempt} failed", file=sys.stderr, flush=True)
            continue
        kept[name] = {"figures": figures, "at": time.time(), "quick": quick}
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept, indent=1))
        print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
        for figure, value in figures.items():
            print(f"  {figure:24s} {value:.4f}", flush=True)
        return


if __name__ == "__main__":
    sys.exit(main())
