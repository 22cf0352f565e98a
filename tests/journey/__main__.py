"""A person's path through the window, with real mouse and keyboard input under Xvfb; a picture of every stage.

    python -m tests.journey [FOLDER] [--only demo|foreign|debugger|story] [--size 1280x800] [--theme light|dark]
        [--scale 1]

Pictures go to FOLDER (default: build/journey). Exit code 0 when the path could be walked to its end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="journey", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "journey")
    parser.add_argument("--only", action="append", choices=("demo", "foreign", "debugger", "story"))
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--scale", default="1")
    options = parser.parse_args()
    for program in ("Xvfb", "xdotool", "openbox", "import"):
        if not shutil.which(program):
            print(f"journey: {program} is missing; python3 packaging/bootstrap.py journey installs it", file=sys.stderr)
            return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="journey-") as home:
        display = free_display()
        environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "QT_SCALE_FACTOR": options.scale,
            "EVENT_STORE_EXPLORER_HOME": home,
        }
        screen = subprocess.Popen(
            ["Xvfb", display, "-screen", "0", f"{options.size}x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
        )
        try:
            wait_for_screen(display, environment)
            desk = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
            try:
                codes = []
                for path in options.only or ("demo", "foreign", "debugger"):
                    walk = [sys.executable, "-m", "tests.journey.walk", path, str(options.folder), options.theme]
                    codes.append(subprocess.run(walk, cwd=ROOT, env=environment, timeout=600, check=False).returncode)
                return max(codes)
            finally:
                desk.terminate()
                desk.wait(10)
        finally:
            screen.terminate()
            screen.wait(10)


def free_display() -> str:
    number = 90
    while Path(f"/tmp/.X{number}-lock").exists():
        number += 1
    return f":{number}"


def wait_for_screen(display: str, environment: dict[str, str]) -> None:
    until = time.monotonic() + 15
    while subprocess.run(["xdotool", "getmouselocation"], env=environment, capture_output=True, check=False).returncode:
        if time.monotonic() > until:
            raise TimeoutError(f"no X server on {display}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
