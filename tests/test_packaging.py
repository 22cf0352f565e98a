"""What is built holds all that the program needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_listed() -> None:
    found = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in (ROOT / "explorer").rglob("__init__.py")
        if "__pycache__" not in init.parts
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | {"explorer_resources"}


def test_wheel_holds_the_program_and_its_resources(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for folder in ("explorer", "resources"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    wheels = ["--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", *wheels, str(source)],
        check=True,
        timeout=500,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for file in [*(source / "explorer").rglob("*.py"), *(source / "explorer").rglob("*.typed")]:
        assert file.relative_to(source).as_posix() in names
    for file in (source / "resources").rglob("*.*"):
        assert f"explorer_resources/{file.relative_to(source / 'resources').as_posix()}" in names


def test_constraints_pin_every_direct_dependency_and_name_no_address() -> None:
    text = (ROOT / "packaging" / "constraints.txt").read_text()
    assert "://" not in text
    pinned = {normal(line.split("==")[0]) for line in text.splitlines() if "==" in line}
    direct = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    wanted = {normal(re.split(r"[\[<>=!]", requirement)[0]) for requirement in direct}
    assert wanted - {"event-store-explorer"} <= pinned


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
