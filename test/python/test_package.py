"""The package as pip builds it: wheel and sdist in clean virtual environments."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from harness import ROOT, Camera, Gateway, first_image

from framegate import open_capture

WITHOUT_CV2 = """
import sys
import framegate, capture  # The alias is part of the package.
cap = capture.open_capture(sys.argv[1], timeout_ms=20000, pub_fps=10, scale_width=320, gateway=sys.argv[2])
ok, image = cap.read()
assert ok, cap.last_error
print(type(image).__name__, image.dtype, image.shape, framegate.__version__)
cap.release()
try:
    import cv2
    print("cv2 is here")
except ImportError:
    try:
        framegate.patch_opencv()
    except ImportError:
        print("no cv2")
"""


def run(*command: str, cwd: pathlib.Path | None = None) -> str:
    # No PYTHONPATH: tests the installed package, not the checkout.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, pathlib.Path]:
    folder = tmp_path_factory.mktemp("package")
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist", ".*_cache")
    shutil.copytree(ROOT / "clients/python", folder / "source", ignore=skip)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(folder / "source"))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def test_the_files_of_the_package(built: tuple[pathlib.Path, pathlib.Path]) -> None:
    wheel, sdist = built
    names = zipfile.ZipFile(wheel).namelist()
    assert {"capture.py", "framegate/__init__.py", "framegate/py.typed"} <= set(names)
    assert not [name for name in names if "test" in name or name.startswith("consumer_example")]
    with tarfile.open(sdist) as archive:
        inside = [name.split("/", 1)[1] for name in archive.getnames() if "/" in name]
    assert {"pyproject.toml", "README.md", "capture.py", "framegate/py.typed"} <= set(inside)


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_installs_into_a_clean_environment_and_reads_frames(
    kind: str, built: tuple[pathlib.Path, pathlib.Path], camera: Camera, gateway: Gateway, tmp_path: pathlib.Path
) -> None:
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", str(environment))
    python = str(environment / "bin/python")
    run(python, "-m", "pip", "install", "--disable-pip-version-check", str(built[kind == "sdist"]))
    script = tmp_path / "program.py"
    script.write_text(WITHOUT_CV2)
    printed = run(python, str(script), camera.url, gateway.base, cwd=tmp_path)
    assert printed == "ndarray uint8 (180, 320, 3) 0.1.0\nno cv2\n"
    assert "1280x720" in run(str(environment / "bin/framegate"), "--gateway", gateway.base, "list", cwd=tmp_path)
    done = subprocess.run([str(environment / "bin/framegate-run"), str(script)], capture_output=True, text=True)
    assert done.returncode == 2 and "cv2" in done.stderr


def test_the_original_readmes_lines_work_unchanged(
    camera: Camera, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_BASE", gateway.base)
    cap = open_capture(camera.url, timeout_ms=2000, pub_fps=20, scale_width=640)
    assert first_image(cap).shape == (360, 640, 3)
    ok, frame = cap.read()
    assert ok and frame.shape == (360, 640, 3)
    cap.release()
