"""patch_opencv: RTSP comes from the gateway, everything else from the real OpenCV."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from stand_in import URL, Publishing, StandIn

from framegate import Capture, patch_opencv, unpatch_opencv

REAL = cv2.VideoCapture


@pytest.fixture(autouse=True)
def unpatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cv2, "VideoCapture", REAL)  # Restored at the end, even if the test fails.
    yield
    unpatch_opencv()


@pytest.fixture
def film(tmp_path: pathlib.Path) -> str:
    path = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for value in range(5):
        writer.write(np.full((48, 64, 3), value * 40, np.uint8))
    writer.release()
    return path


def test_reads_an_rtsp_address_through_the_gateway(gateway: StandIn) -> None:
    patch_opencv(gateway.base)
    with Publishing(gateway):
        for arguments in ((URL,), (URL, cv2.CAP_FFMPEG), (URL, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000])):
            cap = cv2.VideoCapture(*arguments)
            assert cap.isOpened() and cap.getBackendName() == "FRAMEGATE"
            ok, frame = cap.read()
            assert ok and frame.shape == (24, 32, 3)
            assert cap.grab() and cap.retrieve()[0]
            assert cap.get(cv2.CAP_PROP_FRAME_WIDTH) == 32.0
            assert cap.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            cap.release()
            assert not cap.isOpened()
            assert not cap.read()[0]
        assert {(body["rtsp"], body["pub_fps"], body["scale_width"]) for body in gateway.bodies} == {(URL, 120, 0)}
        cap = cv2.VideoCapture()
        assert not cap.isOpened()
        assert cap.open(URL) and cap.read()[0]
        assert isinstance(cap, cv2.VideoCapture)
        cap.release()
        cap = cv2.VideoCapture(filename=URL, apiPreference=cv2.CAP_ANY)
        assert cap.read()[0]
        cap.release()


def test_other_sources_go_to_the_real_opencv(gateway: StandIn, film: str) -> None:
    patch_opencv(gateway.base)
    cap = cv2.VideoCapture(film)
    assert cap.isOpened() and cap.getBackendName() != "FRAMEGATE"
    assert cap.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert sum(1 for _ in iter(lambda: cap.read()[0], False)) == 5
    cap.release()
    cap = cv2.VideoCapture(film, cv2.CAP_ANY)
    assert cap.isOpened()
    assert isinstance(REAL(film), cv2.VideoCapture), "what others opened before is one too"
    assert not cv2.VideoCapture("/nowhere.mp4").isOpened()
    with pytest.raises(cv2.error, match="Overload resolution failed"):
        cv2.VideoCapture({})  # type: ignore[call-overload]
    assert gateway.bodies == []
    # From a file to a camera and back.
    with Publishing(gateway):
        assert cap.open(URL) and cap.getBackendName() == "FRAMEGATE" and cap.read()[0]
        assert cap.open(film) and cap.getBackendName() != "FRAMEGATE" and cap.read()[0]


def test_patching_again_changes_the_choice_and_unpatching_ends_it(gateway: StandIn) -> None:
    patch_opencv("http://127.0.0.1:1")
    patch_opencv(gateway.base, pub_fps=5, scale_width=320)
    with Publishing(gateway):
        assert cv2.VideoCapture(URL).read()[0]
    assert gateway.bodies[0]["pub_fps"] == 5 and gateway.bodies[0]["scale_width"] == 320
    unpatch_opencv()
    unpatch_opencv()
    assert cv2.VideoCapture is REAL


def test_without_a_gateway_the_capture_stays_closed_and_says_so_once(capfd: pytest.CaptureFixture[str]) -> None:
    patch_opencv("http://127.0.0.1:1", timeout_ms=200)
    first, second = cv2.VideoCapture(URL), cv2.VideoCapture(URL)
    assert not first.isOpened() and not second.isOpened()
    assert not first.read()[0]
    printed = capfd.readouterr().err
    assert printed.count("framegate:") == 1
    assert "http://127.0.0.1:1 does not respond" in printed and "FRAMEGATE_FALLBACK=opencv" in printed
    assert "S3CRET" not in printed


def test_without_a_gateway_opencv_opens_it_if_that_was_chosen(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    class Fake:
        def __init__(self, *arguments: Any) -> None:
            opened.append(arguments)

        def isOpened(self) -> bool:
            return True

    monkeypatch.setattr(cv2, "VideoCapture", Fake)
    monkeypatch.setenv("FRAMEGATE_FALLBACK", "opencv")
    patch_opencv("http://127.0.0.1:1", timeout_ms=200)
    assert cv2.VideoCapture(URL, cv2.CAP_FFMPEG).isOpened()
    assert cv2.VideoCapture(URL).isOpened()
    assert opened == [(URL, cv2.CAP_FFMPEG), (URL,)]
    assert capfd.readouterr().err.count("OpenCV opens the camera directly") == 1


@pytest.mark.parametrize(
    ("arguments", "names"),
    [({"timeout_ms": -1}, "timeout_ms"), ({"pub_fps": 0}, "pub_fps"), ({"gateway": "x"}, "gateway")],
)
def test_patching_rejects_invalid_arguments(arguments: dict[str, Any], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        patch_opencv(**arguments)


def test_an_invalid_fallback_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_FALLBACK", "maybe")
    with pytest.raises(ValueError, match="FRAMEGATE_FALLBACK must be opencv or fail, not 'maybe'"):
        patch_opencv()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "framegate.run", *arguments],
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_framegate_run_behaves_like_python_itself(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "program.py"
    (tmp_path / "beside.py").write_text("WORD = 'beside'\n")
    script.write_text(
        "import sys, beside, cv2\n"
        "print(sys.argv[1:], __name__, beside.WORD, cv2.VideoCapture.__module__, sys.argv[0] == __file__)\n"
        "sys.exit(3)\n"
    )
    done = run(str(script), "--gateway", "-m", "x", FRAMEGATE_FALLBACK="fail")
    assert done.stdout == "['--gateway', '-m', 'x'] __main__ beside cv2 True\n", done.stderr
    assert done.returncode == 3
    script.write_text("raise RuntimeError('its own')\n")
    done = run(str(script))
    assert done.returncode == 1 and "its own" in done.stderr and "Traceback" in done.stderr
    done = run("-m", "json.tool", "--help")
    assert done.returncode == 0 and "json" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ((), "SCRIPT.py or -m MODULE is missing"),
        (("nowhere.py",), "nowhere.py does not exist, neither as a file here nor as a command on PATH"),
        (("./nowhere",), "./nowhere does not exist\n"),
        (("ls", "-l"), "ls is not a Python program"),
        (("python3", "x.py", "-a"), "leave out python3: framegate-run x.py -a"),
        (("/",), "/ is a directory without a __main__.py"),
        (("-m", "no.module"), "there is no module no.module"),
        (("--fallback", "maybe", "x.py"), "invalid choice"),
        (("--gateway", "x", __file__), "gateway must be an http"),
        (("--pub-fps", "0", __file__), "pub_fps must be from 0.1 to 120"),
    ],
)
def test_framegate_run_reports_errors(arguments: tuple[str, ...], printed: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and printed in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_framegate_run_finds_a_command_of_a_package(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/yolo"
    command.write_text(f"#!{sys.executable}\nimport sys, cv2\nprint(sys.argv[1:], cv2.VideoCapture.__module__)\n")
    command.chmod(0o755)
    done = run("yolo", "predict", "source=rtsp://cam/a", PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert done.stdout == "['predict', 'source=rtsp://cam/a'] cv2\n", done.stderr
    # A long path of the interpreter takes two lines; the command of another environment has its own packages.
    other, quotes = tmp_path / "bin/python3", "'" * 3
    other.symlink_to(sys.executable)
    command.write_text(f'#!/bin/sh\n{quotes}exec\' "{other}" "$0" "$@"\n\' {quotes}\nimport sys\n')
    done = run("yolo", "predict", PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert done.returncode == 2 and f"{other} -m framegate.run {command}" in done.stderr, done.stderr


def test_framegate_run_without_opencv_says_how_to_get_it(tmp_path: pathlib.Path) -> None:
    for code, printed in (
        ("raise ModuleNotFoundError('No module named cv2', name='cv2')", "pip install './clients/python[opencv]'"),
        ("raise ImportError('libGL.so.1: cannot open')", "does not load: libGL.so.1: cannot open. If a graphics"),
    ):
        (tmp_path / "cv2.py").write_text(code)
        done = run(__file__, PYTHONPATH=f"{tmp_path}:{pathlib.Path(__file__).parents[1]}")
        assert done.returncode == 2 and printed in done.stderr, done.stderr


def test_a_capture_is_not_a_cv2_class() -> None:
    assert not issubclass(Capture, REAL)
