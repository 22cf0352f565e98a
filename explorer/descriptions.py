"""Aggregates, their commands and services as plain data: what forms and command lines are made of, in any process."""

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
    invariants: dict[str, str] = {}  # name → expression


class ServiceInfo(Struct, frozen=True):
    """A service of a domain: what may be run in a process of its own."""

    name: str  # "customer"; "domain.customer" where another domain has one of that name
    domain: str
    service: str
    subscriptions: tuple[str, ...]  # the names of the subscriptions it works on
    meanwhile: str = ""  # what is so while nobody runs it, in plain words


class TableInfo(Struct, frozen=True):
    """A table of a read model: see `model.Table`."""

    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]  # name and kind


class ReadModelInfo(Struct, frozen=True):
    """A read model of a domain: the tables that one projection fills."""

    name: str  # "customers"; "domain.customers" where another domain has one of that name
    domain: str
    service: str  # which fills them
    subscription: str
    tables: tuple[TableInfo, ...]
