"""The verbs gui and demo where there is no display."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.cli import display

PNG = b"\x89PNG\r\n"


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "explorer", *words],
        cwd=folder, env=env, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


def test_the_demo_without_a_display(tmp_path: Path) -> None:
    done = program(tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("There is no display here.")
    (picture,) = tmp_path.glob("*.png")
    assert picture.name in lines[0]
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 30_000
    assert any(line.startswith("Streams of ") for line in lines)
    assert any(line.startswith("Replay of Order ") for line in lines)
    assert any("PENDING" in line for line in lines)
    assert "Traceback" not in done.stderr


def test_the_window_without_a_display(tmp_path: Path) -> None:
    done = program(tmp_path, "gui")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no display here." in done.stderr
    assert "--screenshot" in done.stderr
    assert program(tmp_path).returncode == 1


def test_a_picture_of_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    done = program(tmp_path, "missing.sqlite", "--screenshot", "window.png")
    assert done.returncode == 3
    assert "missing.sqlite" in done.stderr
    assert "Traceback" not in done.stderr


def test_displays_that_do_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert display.missing() == "There is no display here."
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display.missing() == ""
    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.setenv("DISPLAY", ":4711")
    assert display.missing() == "The display :4711 does not answer."
    monkeypatch.setenv("DISPLAY", "nonsense")
    assert display.missing() == "The display nonsense does not answer."
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert display.missing() == "The display wayland-9 does not answer."
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-9"))
        server.listen()
        assert "does not answer" not in display.missing()
