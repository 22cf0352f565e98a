"""Build the one-folder program with PyInstaller into dist/, then let it test itself.

The folder holds the program, its launcher entry (`event-store-explorer.desktop`) and its icon; copy it anywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import PyInstaller.__main__

ROOT = Path(__file__).resolve().parent.parent
NAME = "event-store-explorer"
FOLDER = ROOT / "dist" / NAME


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    PyInstaller.__main__.run(
        [
            str(ROOT / "packaging" / "entry.py"),
            f"--name={NAME}",
            "--noconfirm",
            "--clean",
            "--log-level=WARN",
            f"--distpath={ROOT / 'dist'}",
            f"--workpath={ROOT / 'build'}",
            f"--specpath={ROOT / 'build'}",
            f"--paths={ROOT}",
            f"--add-data={ROOT / 'resources'}{os.pathsep}explorer_resources",
            # Found by name at run time only, so that no import shows them to PyInstaller.
            "--collect-submodules=explorer",
            "--collect-submodules=keyring.backends",
            "--collect-all=psycopg_binary",
            "--hidden-import=sqlalchemy.dialects.sqlite",
            "--hidden-import=sqlalchemy.dialects.postgresql",
            "--copy-metadata=event-store-explorer",
            "--exclude-module=tkinter",
            "--exclude-module=pytest",
        ]
    )
    shutil.copy(ROOT / "packaging" / f"{NAME}.desktop", FOLDER)
    shutil.copy(ROOT / "resources" / "app.svg", FOLDER / f"{NAME}.svg")
    shutil.copy(ROOT / "LICENSE", FOLDER)
    return subprocess.run([FOLDER / NAME, "--selftest"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
