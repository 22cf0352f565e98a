"""Aggregates and their commands as plain data: what forms and command lines are made of, in any process."""

from __future__ import annotations

from msgspec import Struct


class FieldInfo(Struct, frozen=True):
    """One field of a command, as data: what a form needs."""

    name: str
    kind: str  # "text", "integer", "decimal", "boolean", "choice", "list", "object"
    required: bool = True
    default: str = ""  # JSON text
    help: str = ""
    choices: tuple[str, ...] = ()
    fields: tuple[FieldInfo, ...] = ()  # of an object, or of a list's elements (one unnamed field if they are plain)


class CommandInfo(Struct, frozen=True):
    name: str
    help: str
    fields: tuple[FieldInfo, ...]
    creates: bool = False  # may be issued to a new stream


class AggregateInfo(Struct, frozen=True):
    name: str
    domain: str
    categories: tuple[str, ...]
    commands: tuple[CommandInfo, ...]
    snapshot_every: int
    schema_version: int
