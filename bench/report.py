"""Writes docs/benchmarks.md and its plots from the figures of `npm run bench`."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

Figures = dict[str, float]

# One reader: the name in the table, and the prefix of its figures.
READERS = (
    ("Framegate, lane, 640x360", "lane 640"),
    ("Framegate, lane, 1920x1080", "lane 1080"),
    ("Framegate, ZeroMQ, 640x360", "zmq 640"),
    ("Framegate, ZeroMQ, 1920x1080", "zmq 1080"),
    ("`cv2.VideoCapture`, 1920x1080", "opencv"),
    ("PyAV, 1920x1080", "pyav"),
    ("ffmpeg to MJPEG, 640x360", "mjpeg"),
    ("ffmpeg copy, PyAV, JPEG over ZeroMQ, 640x360", "original"),
    ("GStreamer's shmsink, 1920x1080", "shm"),
)
FOUR = (("Framegate, lane", "lane"), ("Framegate, ZeroMQ", "zmq"), ("`cv2.VideoCapture`", "opencv"), ("shmsink", "shm"))
FLOORS = (
    ("ffmpeg, decoding alone", "ffmpeg"),
    ("gst-launch, decoding alone", "gst-launch"),
    ("gst-launch, decoded, scaled to 640x360 and encoded as JPEG", "card"),
)

_TIMES = ("median_ms", "p99_ms", "first_ms")


class Goal(NamedTuple):
    """A figure that the project has set a limit for."""

    text: str
    value: float
    limit: float
    unit: str = ""


def goals(f: Figures) -> list[Goal]:
    """:raises KeyError: a figure is missing."""
    return [
        Goal("CPU of a lane reader at 640x360, of OpenCV's", f["lane 640 of opencv"], 0.10),
        Goal("CPU of a lane reader at 1920x1080, of OpenCV's", f["lane 1080 of opencv"], 0.10),
        Goal(
            "4 lane readers at full size, with the gateway, beyond decoding",
            f["four lane beyond decoding"],
            0.10,
            "cores",
        ),
        Goal("decoded picture to array, 1920x1080", f["hand-over"], 2, "ms"),
        Goal("camera to Python, 640x360, median", f["lane 640 median_ms"], 12, "ms"),
        Goal("camera to Python, 1920x1080, median", f["lane 1080 median_ms"], 14, "ms"),
        Goal("gateway and MediaMTX, 1 ZeroMQ reader at 640, 20 fps, of decoding", f["zmq of decoding"], 1.15),
        Goal("gateway and MediaMTX, 1 lane reader at 640, 20 fps, of decoding", f["lane of decoding"], 1.08),
        Goal("the same, 10 ZeroMQ readers, of 1", f["ten zmq of one"], 1.08),
        Goal("1 fps of a camera with a GOP of 1 s, of its 20 fps", f["1 fps of 20"], 0.20),
        Goal("each camera without a reader", f["unwatched cores"], 0.025, "cores"),
        Goal("first frame of a camera without a reader, GOP 2 s, median", f["first frame 2"], 150, "ms"),
        Goal("the same, GOP 10 s", f["first frame 10"], 700, "ms"),
        Goal("memory for each further 1080p camera", f["camera MiB"], 25, "MiB"),
        Goal("threads for each camera without a reader", f["unwatched threads"], 4),
    ]


def needed() -> list[str]:
    """The names of all figures that the report shows."""
    names: list[str] = []
    for _, prefix in READERS:
        names += [f"{prefix} {name}" for name in ("fps", *_TIMES, "reader", "servers")]
    names += [f"four {name}" for _, name in FOUR] + [name for _, name in FLOORS]

    class Asked(dict[str, float]):
        def __missing__(self, key: str) -> float:
            names.append(key)
            return 1

    goals(Asked())
    return list(dict.fromkeys(names))


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def markdown(f: Figures, facts: list[str]) -> str:
    def header(*cells: str) -> list[str]:
        return [_row(*cells), _row(*["---"] * len(cells))]

    text = [_INTRODUCTION, "## This run", "", *facts, "", "## One reader", "", _ONE_READER]
    cpu = ("cores: reader", "cores: all else")
    text += header("reader", "fps", "age: median", "p99", "first frame", *cpu)
    for name, prefix in READERS:
        ms = [f"{_number(f[f'{prefix} {key}'])} ms" for key in _TIMES]
        servers = f[f"{prefix} servers"]
        cores = [_number(f[f"{prefix} reader"]), _number(servers) if servers else ""]
        text.append(_row(name, f"{f[f'{prefix} fps']:.1f}", *ms, *cores))
    text += ["", *_plot("age", "Age of the frame in Python, median"), _FLOORS]
    text += header("program", "cores")
    text += [_row(name, _number(f[key])) for name, key in FLOORS]
    text += ["", "## Four readers", "", _FOUR_READERS]
    text += header("4 readers of 1920x1080 at 25 fps", "cores")
    text += [_row(name, _number(f[f"four {key}"])) for name, key in FOUR]
    text += ["", *_plot("four-readers", "CPU of four readers and all that serves them")]
    text += ["## Goals", "", _GOALS, *header("figure", "measured", "goal: at most")]
    for goal in goals(f):
        unit = f" {goal.unit}" if goal.unit else ""
        met = "" if goal.value <= goal.limit else " (missed)"
        text.append(_row(goal.text, f"{_number(goal.value)}{unit}{met}", f"{_number(goal.limit)}{unit}"))
    return "\n".join(text) + "\n"


def _plot(name: str, what: str) -> list[str]:
    return [f"![{what}](benchmarks/{name}.svg)", ""]


def write(figures: Figures, facts: list[str], docs: pathlib.Path) -> None:
    """:raises KeyError: a figure is missing; then nothing is written."""
    text = markdown(figures, facts)
    plots = docs / "benchmarks"
    plots.mkdir(exist_ok=True)
    clean = {prefix: name.replace("`", "").replace("ffmpeg copy, ", "") for name, prefix in READERS}
    one = [(clean[prefix], figures[f"{prefix} reader"]) for _, prefix in READERS]
    _bars(plots / "reader-cpu.svg", "CPU of one program that reads a 1080p25 camera, in cores", one)
    ages = [(clean[prefix], figures[f"{prefix} median_ms"]) for _, prefix in READERS]
    _bars(plots / "age.svg", "Age of the frame in Python, median, in ms", ages)
    four = [(name.replace("`", ""), figures[f"four {key}"]) for name, key in FOUR]
    _bars(plots / "four-readers.svg", "Four readers of 1920x1080 and all that serves them, in cores", four)
    (docs / "benchmarks.md").write_text(text)


def _bars(path: pathlib.Path, title: str, bars: list[tuple[str, float]]) -> None:
    import matplotlib

    matplotlib.use("svg")
    # The same figures give the same file, and text stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "framegate", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 0.6 + 0.36 * len(bars)), layout="constrained")
    names = [name for name, _ in reversed(bars)]
    values = [value for _, value in reversed(bars)]
    colors = ["#1f6feb" if name.startswith("Framegate") else "#8c959f" for name in names]
    drawn = axes.barh(names, values, color=colors)
    axes.bar_label(drawn, [_number(value) for value in values], padding=3)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlim(0, max(values) * 1.15)
    axes.spines[["top", "right"]].set_visible(False)
    figure.patch.set_facecolor("white")
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


_INTRODUCTION = """\
# Benchmarks

Use this page to compare what it costs to read a camera with Framegate and with what people use instead. `npm run bench`
measures everything here in one run, and writes this page. What is compared runs in turn, for some seconds at a time;
figures are medians over the rounds. Compare the ratios: machines differ.
[More benchmarks](../bench/README.md) cover browsers, packet loss and long runs.
[A profile](../bench/results/profile-2026-11-26.md) shows where the CPU time of one camera goes.

![CPU of one program that reads a 1080p25 camera](benchmarks/reader-cpu.svg)
"""
_ONE_READER = """\
The age is the time from the moment at which the camera begins to send the picture until Python has it as an array; the
number of the frame is read back from the picture. A reader does nothing else with its frames. "All else" is what serves
the reader and decodes for it: the gateway with MediaMTX, ffmpeg or GStreamer, as far as they are separate programs.
Framegate pays this once for all its readers. The first frame is that of a camera that has had no reader before.
"""
_FLOORS = """\
For comparison, what programs take that give their pictures to no reader:
"""
_FOUR_READERS = """\
Readers and all that serves them, together. OpenCV decodes in each reader; the others decode once.
"""
_GOALS = """\
What the project has set itself as limits. Decoding is `gst-launch`, decoding alone, over TCP like the gateway. The
first frame is measured with `open_capture`, at moments spread evenly over the GOP. From the decoded picture to the
array: the mean of the gateway's stage `encode` in [the metrics](operations.md#metrics), and the median from there.
"""
