"""What the program remembers: settings, recent stores, and the state of the window for each connection.

Everything lies in the folders that platformdirs names; the environment variable EVENT_STORE_EXPLORER_HOME moves all
of them below one folder. Passwords are never written. Files are JSON; settings at their default are left out.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

NAME = "event-store-explorer"
HOME = "EVENT_STORE_EXPLORER_HOME"
RECENT = 12  # stores remembered on the first page


@dataclass(slots=True)
class Recent:
    """A store that was opened: how to open it again (without its password)."""

    url: str
    title: str = ""
    layout: str | None = None
    instance: str | None = None
    writable: bool = False
    opened_at: str = ""  # ISO 8601, UTC
    plugins: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Settings:
    """Settings of the whole program, whatever store is open."""

    theme: str = "system"  # "system", "light", "dark"
    time: str = "local"  # "local", "utc", "relative", "delta"
    zoom: int = 100  # percent
    keys: dict[str, list[str]] = field(default_factory=dict)  # action id → key sequences, where they were changed
    recent: list[Recent] = field(default_factory=list)
    geometry: str = ""  # of a window without a store; base64

    def remember(self, store: Recent) -> None:
        """Put a store first on the list of recent ones."""
        others = [one for one in self.recent if (one.url, one.instance) != (store.url, store.instance)]
        self.recent = [store, *others][:RECENT]


def _folder(kind: str, native: str) -> Path:
    home = os.environ.get(HOME)
    return Path(home) / kind if home else Path(native)


def config_folder() -> Path:
    """Settings."""
    return _folder("config", platformdirs.user_config_dir(NAME))


def data_folder() -> Path:
    """What must not be lost: the demo store, checkpoints of foreign stores, notes."""
    return _folder("data", platformdirs.user_data_dir(NAME))


def state_folder() -> Path:
    """Geometry, tabs and cursor for each connection."""
    return _folder("state", platformdirs.user_state_dir(NAME))


def load() -> Settings:
    """The saved settings; defaults for what is missing or unreadable (a broken file must not keep the window shut)."""
    try:
        return msgspec.convert(_read(config_folder() / "settings.json"), Settings, strict=False)
    except msgspec.ValidationError:
        return Settings()


def save(settings: Settings) -> None:
    """Write what differs from the defaults. Raises OSError."""
    defaults = Settings()
    changed = {
        one.name: getattr(settings, one.name)
        for one in fields(Settings)
        if getattr(settings, one.name) != getattr(defaults, one.name)
    }
    write(config_folder() / "settings.json", changed)


def connection_state(identity: str) -> dict[str, Any]:
    """What the window remembers of this connection (`StoreInfo.identity`); empty when nothing."""
    return _read(_connection_file(identity))


def save_connection_state(identity: str, state: dict[str, Any]) -> None:
    """Raises OSError."""
    write(_connection_file(identity), state)


def connection_folder(identity: str) -> Path:
    """A folder of this connection's own below the data folder (not created)."""
    return data_folder() / "connections" / _digest(identity)


def write(path: Path, value: object) -> None:
    """Write JSON so that a crash leaves the old file or the new one. Raises OSError."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """The same with any content. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _connection_file(identity: str) -> Path:
    return state_folder() / "connections" / f"{_digest(identity)}.json"


def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:24]
