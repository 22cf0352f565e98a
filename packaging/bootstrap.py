"""Everything from zero: sets up what is missing, then runs one verb. Standard library only.

    python3 packaging/bootstrap.py demo            the window on a sample store (without a display: a picture of it)
    python3 packaging/bootstrap.py run …           the program with these arguments: run streams shop.sqlite
    python3 packaging/bootstrap.py test [ARG …]    linters, types, import contracts and all tests (ARGs go to pytest)
    python3 packaging/bootstrap.py bench [NAME …]  the benchmarks
    python3 packaging/bootstrap.py stress [ARG …]  the long concurrency test on both databases
    python3 packaging/bootstrap.py soak [ARG …]    20 minutes of load with services killed, on both databases, judged
    python3 packaging/bootstrap.py journey         a person's path through the window, under Xvfb
    python3 packaging/bootstrap.py story-pictures [FOLDER]   the story by keys under Xvfb, a picture of every step
    python3 packaging/bootstrap.py build           the one-folder program, and its self-test

The virtual environment is `.venv` beside pyproject.toml. What the system lacks (python3-venv, Qt's libraries) is
installed when this runs as root on a Debian-like system; otherwise the exact command is printed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

# Debian's names; where a release renamed one, the newer name is tried first.
OFFSCREEN_LIBRARIES = (
    ("libgl1",),
    ("libegl1",),
    ("libglib2.0-0t64", "libglib2.0-0"),
    ("libfontconfig1",),
    ("libxkbcommon0",),
    ("libdbus-1-3",),
)
WINDOW_LIBRARIES = (
    ("libxcb-cursor0",),
    ("libxcb-icccm4",),
    ("libxcb-keysyms1",),
    ("libxcb-shape0",),
    ("libxcb-xkb1",),
    ("libxcb-sync1",),
    ("libxcb-xfixes0",),
    ("libxcb-randr0",),
    ("libxcb-image0",),
    ("libxcb-render-util0",),
    ("libxcb-util1",),
    ("libxkbcommon-x11-0",),
    ("libx11-xcb1",),
)
JOURNEY_PROGRAMS = (("xvfb",), ("xdotool",), ("imagemagick",), ("openbox",))


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str) -> None:
    sys.exit(f"bootstrap: {text}")


def run(*command: str | Path, check: bool = True, env: dict[str, str] | None = None) -> int:
    """Run a command in the checkout with our output; its exit code, which ends this program when `check`."""
    code = subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False).returncode
    if check and code != 0:
        sys.exit(code)
    return code


def quiet(*command: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )


def install_system(packages: Sequence[tuple[str, ...]], why: str) -> None:
    """Install the first existing name of each Debian package when root; else print the command and stop."""
    if not shutil.which("apt-get"):
        wanted = " ".join(choices[-1] for choices in packages)
        stop(f"{why}\nInstall with your system's package manager what Debian calls: {wanted}")
    may_install = hasattr(os, "geteuid") and os.geteuid() == 0
    if may_install:
        quiet("apt-get", "update")
    names = [next((name for name in choices if apt_has(name)), choices[-1]) for choices in packages]
    if not may_install:
        stop(f"{why}\nRun this, then try again:\n  sudo apt-get update && sudo apt-get install -y {' '.join(names)}")
    say(f"{why} Installing {' '.join(names)} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = quiet("apt-get", "install", "-y", "--no-install-recommends", *names, env=environment)
    if done.returncode != 0:
        stop(f"apt-get could not install them:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def apt_has(name: str) -> bool:
    found = quiet("apt-cache", "policy", name).stdout
    return "Candidate:" in found and "Candidate: (none)" not in found


def make_environment() -> None:
    if PYTHON.exists() and quiet(PYTHON, "-m", "pip", "--version").returncode == 0:
        return
    say("Making the virtual environment .venv …")
    made = quiet(sys.executable, "-m", "venv", "--clear", VENV)
    if made.returncode != 0:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_system(((version, "python3-venv"),), "This Python cannot make virtual environments.")
        made = quiet(sys.executable, "-m", "venv", "--clear", VENV)
    if made.returncode != 0:
        stop(f"cannot make a virtual environment:\n{made.stdout}{made.stderr}")


def install(*extras: str) -> None:
    """Install the checkout (editable) with these extras, unless that was done with the same requirements before."""
    make_environment()
    key = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    stamp = VENV / "installed.txt"
    before = stamp.read_text().split() if stamp.exists() else []
    have = set(before[1:]) if before[:1] == [key] else set()
    wanted = {"base", *extras}
    if wanted <= have or "dev" in have:
        return
    say("Installing what the program needs (the first time takes a minute) …")
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip = quiet(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-c", CONSTRAINTS, "-e", target)
    if pip.returncode != 0:
        stop(f"pip failed:\n{pip.stdout[-1500:]}\n{pip.stderr[-3000:]}")
    stamp.write_text(" ".join([key, *sorted(have | wanted)]))


def need_qt(window: bool) -> None:
    """See to it that Qt starts: offscreen always, in a real window when there is a display."""
    if qt_starts("offscreen") is not None:
        install_system(OFFSCREEN_LIBRARIES, "Qt lacks system libraries.")
        if (problem := qt_starts("offscreen")) is not None:
            stop(f"Qt still does not start:\n{problem}")
    has_display = sys.platform.startswith("linux") and bool(os.environ.get("DISPLAY"))
    if window and has_display and qt_starts("xcb") is not None:
        install_system(WINDOW_LIBRARIES, "Qt lacks system libraries to open a window.")


def qt_starts(platform: str) -> str | None:
    """None when an application of this Qt platform can be made, else what Qt said. In a child: Qt aborts."""
    program = "from PySide6.QtWidgets import QApplication; QApplication([])"
    tried = quiet(PYTHON, "-c", program, env={**os.environ, "QT_QPA_PLATFORM": platform})
    return None if tried.returncode == 0 else tried.stderr


def program(*arguments: str) -> int:
    need_qt(window=True)
    return run(PYTHON, "-m", "explorer", *arguments, check=False)


def demo(arguments: Sequence[str]) -> int:
    install(*(("postgres",) if "--postgres" in arguments else ()))
    return program("demo", *arguments)


def run_program(arguments: Sequence[str]) -> int:
    install()
    return program(*arguments)


def test(arguments: Sequence[str]) -> int:
    """Every check; all of them run, and the exit code says whether one failed."""
    install("dev")
    need_qt(window=False)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    # The tests start a thousand processes of ours: none should compile again what another one has.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    checks: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [SCRIPTS / "ruff", "check", "."]),
        ("ruff format", [SCRIPTS / "ruff", "format", "--check", "."]),
        ("mypy --strict", [PYTHON, "-m", "mypy"]),
        ("import contracts", [SCRIPTS / "lint-imports", "--no-cache"]),
        ("tests", [PYTHON, "-m", "pytest", "-q", *(arguments or ("-n", "4", "--dist", "worksteal"))]),
    ]
    failed = []
    for check, command in checks:
        say(f"── {check}")
        if run(*command, check=False, env=environment) != 0:
            failed.append(check)
    say(f"── failed: {', '.join(failed)}" if failed else "── all checks passed")
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> int:
    install("dev")
    need_qt(window=False)
    return run(PYTHON, "-m", "tests.benchmarks", *arguments, check=False)


def stress(arguments: Sequence[str]) -> int:
    install("dev")
    return run(PYTHON, "-m", "tests.stress", *arguments, check=False)


def soak(arguments: Sequence[str]) -> int:
    install("dev")
    need_qt(window=False)
    return run(PYTHON, "-m", "tests.soak", *arguments, check=False)


def journey(arguments: Sequence[str]) -> int:
    install("dev")
    need_qt(window=False)
    if not all(shutil.which(name) for name in ("Xvfb", "xdotool", "import", "openbox")):
        install_system((*WINDOW_LIBRARIES, *JOURNEY_PROGRAMS), "The journey needs a virtual screen and a hand.")
    return run(PYTHON, "-m", "tests.journey", *arguments, check=False)


def story_pictures(arguments: Sequence[str]) -> int:
    return journey((*arguments, "--only", "story"))


def build(arguments: Sequence[str]) -> int:
    install("dev")
    need_qt(window=False)
    return run(PYTHON, ROOT / "packaging" / "build.py", *arguments, check=False)


VERBS = {
    "demo": demo,
    "run": run_program,
    "test": test,
    "bench": bench,
    "stress": stress,
    "soak": soak,
    "journey": journey,
    "story-pictures": story_pictures,
    "build": build,
}


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python is started with
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in VERBS:
        say(__doc__ or "")
        return 0 if arguments[:1] in ([], ["-h"], ["--help"]) else 2
    try:
        return VERBS[arguments[0]](arguments[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
