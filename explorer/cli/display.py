"""Is there a display? Found out before Qt is asked, because Qt ends the process where it finds none."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

PATIENCE = 2.0  # seconds for a display server to accept


def missing() -> str:
    """Why no window can be opened, as a sentence; empty if one can."""
    if sys.platform in ("win32", "darwin"):
        return ""
    wanted = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if wanted and wanted not in ("xcb", "wayland"):
        return ""
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and wanted != "xcb" and _answers(_wayland(wayland)):
        return _unloadable("wayland")
    if x11 and wanted != "wayland" and _answers(_x11(x11)):
        return _unloadable("xcb")
    named = x11 or wayland
    return f"The display {named} does not answer." if named else "There is no display here."


Address = tuple[int, str | tuple[str, int]]


def _wayland(name: str) -> list[Address]:
    return [(socket.AF_UNIX, os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/run"), name))]


def _x11(name: str) -> list[Address]:
    match = re.fullmatch(r"(?P<host>.*?):(?P<number>\d+)(\.\d+)?", name)
    if match is None:
        return []
    host, number = match["host"], int(match["number"])
    path = f"/tmp/.X11-unix/X{number}"
    local: list[Address] = [(socket.AF_UNIX, path)]
    if sys.platform == "linux":
        local.append((socket.AF_UNIX, f"\0{path}"))
    return local if host in ("", "unix") else [(socket.AF_INET, (host, 6000 + number))]


def _answers(addresses: list[Address]) -> bool:
    for family, address in addresses:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False


def _unloadable(platform: str) -> str:
    """What the system lacks for Qt to talk to this kind of display."""
    qt = find_spec("PySide6")
    if qt is None or not qt.submodule_search_locations:
        return "PySide6 is not installed."
    folder = Path(qt.submodule_search_locations[0])
    for plugin in (f"Qt/plugins/platforms/libq{platform}.so", f"plugins/platforms/libq{platform}.so"):
        if (folder / plugin).exists():
            try:
                ctypes.CDLL(str(folder / plugin))
            except OSError as error:
                return f"Qt cannot use the display: {error}."
    return ""
