"""Where benchmarks open their windows: a virtual X screen of their own, or offscreen where there is no Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_OTHERS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR")


@contextmanager
def screen(size: str = "1440x900") -> Iterator[tuple[str, dict[str, str]]]:
    """Yields what it is, in words, and the environment variables of programs that draw there."""
    plain = {name: value for name, value in os.environ.items() if name not in _OTHERS}
    if not shutil.which("Xvfb"):
        yield "offscreen (there is no Xvfb here)", {**plain, "QT_QPA_PLATFORM": "offscreen"}
        return
    reading, writing = os.pipe()
    try:
        # The server itself chooses a number that nobody has, and says it when it is ready.
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
    finally:
        os.close(writing)
    try:
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        if not number:
            raise OSError("Xvfb did not start")
        yield f"Xvfb {size}", {**plain, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait(10)
