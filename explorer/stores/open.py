"""Opening a store: what the address means, what the database holds, which layout reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from explorer.errors import Ambiguous, CannotOpen, Damaged, NoEventStore, ReadOnly
from explorer.model import StoreInfo
from explorer.stores import bundled, described, own
from explorer.stores.address import PostgresAddress, SqliteAddress, address
from explorer.stores.catalog import catalog
from explorer.stores.connection import Connection
from explorer.stores.layout import Catalog, Instance, Layout
from explorer.stores.layouts import LAYOUTS
from explorer.stores.layouts.own import SCHEMA
from explorer.stores.reader import SqlStore
from explorer.stores.sqlite import SqliteConnection
from explorer.stores.sqlite_file import copied, look, looking, needs_copy
from explorer.stores.store import Store, StoreSpec

HOW_TO_DESCRIBE = (
    "If it does hold events, describe them in a TOML file with one SELECT and open it with --layout FILE.toml."
)
SHOWN = 12  # tables that a hint names


def open_store(spec: StoreSpec) -> Store:
    """Open it, in the thread that will use and close it. Raises CannotOpen and its kinds, Busy, ConnectionLost."""
    where = address(spec.url, spec.password)
    try:
        if isinstance(where, SqliteAddress):
            return _open_sqlite(where, spec)
        return _open_postgres(where, spec)
    except Damaged as error:
        raise CannotOpen(str(error), error.hint) from error
    except ReadOnly as error:
        raise CannotOpen(str(error), error.hint) from error


# -- SQLite ------------------------------------------------------------------------------------------------------------


def _open_sqlite(where: SqliteAddress, spec: StoreSpec) -> Store:
    if spec.create and (not os.path.exists(where.path) or not os.path.getsize(where.path)):
        own.create_sqlite(where.path)
    if bundled.is_bundle(where.path, where.title):
        return _open_bundle(where, spec)
    with looking:
        connection, notice, closing = _sqlite_connection(where, spec)
    try:
        return _sqlite_store(connection, where, spec, notice, closing)
    except BaseException:
        connection.close()
        closing()
        raise


def _sqlite_connection(where: SqliteAddress, spec: StoreSpec) -> tuple[SqliteConnection, str, Callable[[], None]]:
    """A connection that only reads, what to say about it, and what to do after closing it."""
    found = look(where.path, where.title)
    if found.mode != "copy":
        return SqliteConnection(where.path, found.mode, where.title), found.notice, lambda: None
    if not spec.copy:
        raise needs_copy(found)
    path, folder = copied(where.path)
    try:
        # A connection that may write plays the journal or the WAL back, into the copy.
        connection = SqliteConnection(path, "rw", where.title, static=True)
        connection.only_read()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    notice = "A private copy: changes to the original are not seen."
    return connection, notice, lambda: shutil.rmtree(folder, ignore_errors=True)


def _sqlite_store(
    connection: SqliteConnection, where: SqliteAddress, spec: StoreSpec, notice: str, closing: Callable[[], None]
) -> Store:
    held = catalog(connection)
    if spec.create and not held.tables and not connection.static:
        own.create_sqlite(where.path)
        held = catalog(connection)
    instance = _verified(connection, choose(held, spec, where.fragment, where.title), spec)
    writable = (spec.writable or spec.create) and instance.append is not None and not connection.static
    if writable:
        if not os.access(where.path, os.W_OK):
            raise CannotOpen(f"{where.title} may not be written by you.", "Open it read-only.")
        connection.close()
        connection = SqliteConnection(where.path, "rw", where.title)
    info = _info(instance, where.title, where.identity, writable, notice)
    try:
        return SqlStore(connection, instance, replace(info, static=connection.static), closing)
    except BaseException:
        connection.close()
        raise


def _open_bundle(where: SqliteAddress, spec: StoreSpec) -> Store:
    """Read-only, whatever was asked for; what was noted comes along."""
    found = bundled.unpacked(where.path, where.title)
    connection = SqliteConnection(where.path, "memory", where.title, image=found.image)
    try:
        held = catalog(connection)
        if any(table.view for table in held.tables):  # they compute, and a bundle only holds
            raise CannotOpen(f"The bundle {where.title} holds more than events.", "Have it made anew.")
        instance = choose(held, replace(spec, layout="own", instance=None), "", where.title)
        info = bundled.info_of(found, _info(instance, where.title, where.identity, False, ""))
        bundled.keep_noted(found, info.identity)
        return SqlStore(connection, instance, info)
    except BaseException:
        connection.close()
        raise


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def _open_postgres(where: PostgresAddress, spec: StoreSpec) -> Store:
    # The driver takes a tenth of a second to import: only those who need it pay for it.
    from explorer.stores.postgres import PostgresConnection

    connection = PostgresConnection(where)
    try:
        held = catalog(connection)
        wanted = spec.layout in (None, "own")
        if spec.create and wanted and not any(table.schema == SCHEMA for table in held.tables):
            connection.writable = True
            own.create_postgresql(connection)
            held = catalog(connection)
        instance = _verified(connection, choose(held, spec, where.fragment, where.title), spec)
        connection.writable = (spec.writable or spec.create) and instance.append is not None
        return SqlStore(connection, instance, _info(instance, where.title, where.identity, connection.writable, ""))
    except BaseException:
        connection.close()
        raise


# -- which store -------------------------------------------------------------------------------------------------------


def choose(held: Catalog, spec: StoreSpec, fragment: str, title: str) -> Instance:
    """The one store that was asked for. Raises NoEventStore, Ambiguous, CannotOpen."""
    layouts = layouts_named(spec.layout)
    found = instances(held, layouts)
    if not found:
        raise _nothing(held, spec, title)
    wanted = spec.instance or fragment
    if not wanted and len(found) == 1:
        return found[0]
    if not wanted and spec.create:
        found = [instance for instance in found if instance.layout == "own"]
        if len(found) == 1:
            return found[0]
    names = _names(found)
    if not wanted:
        raise Ambiguous(
            f"{title} holds {len(found)} event stores: {', '.join(names)}.",
            tuple(names),
            "Choose one: --instance NAME, or #NAME at the end of the address.",
        )
    for name, instance in names.items():
        if wanted in (name, instance.name):
            return instance
    raise CannotOpen(f"{title} holds no event store {wanted!r}.", f"There is: {', '.join(names)}.")


def instances(held: Catalog, layouts: Sequence[Layout] = LAYOUTS) -> list[Instance]:
    """Every store that one of these layouts finds; each table once."""
    claimed: set[str] = set()
    found: list[Instance] = []
    for layout in layouts:
        for instance in layout.find(held):
            if claimed.isdisjoint(instance.tables):
                found.append(instance)
                claimed.update(instance.tables)
    return found


def _verified(connection: Connection, instance: Instance, spec: StoreSpec) -> Instance:
    """A description by a stranger may say anything; our own layouts have looked at the columns."""
    return described.verified(connection, instance) if (spec.layout or "").endswith(".toml") else instance


def _names(found: Sequence[Instance]) -> dict[str, Instance]:
    plain = [instance.name for instance in found]
    return {
        instance.name if plain.count(instance.name) == 1 else f"{instance.layout}:{instance.name}": instance
        for instance in found
    }


def layouts_named(name: str | None) -> Sequence[Layout]:
    """All known ones, the one of this name, or the one that a TOML file describes. Raises CannotOpen."""
    if name is None:
        return LAYOUTS
    if name.endswith(".toml"):
        return (described.layout(name),)
    for layout in LAYOUTS:
        if layout.name == name:
            return (layout,)
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise CannotOpen(f"There is no layout {name!r}.", f"Known are {known}; or name a .toml file that describes one.")


def _nothing(held: Catalog, spec: StoreSpec, title: str) -> NoEventStore:
    if not held.tables:
        return NoEventStore(f"{title} holds no tables.", "Is this the right database? demo makes a store to play with.")
    shown = [f"{t.title} ({', '.join(list(t.columns)[:8])}{', …' if len(t.columns) > 8 else ''})" for t in held.tables]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    kind = f"of the layout {spec.layout}" if spec.layout else "that is known here"
    return NoEventStore(
        f"{title} holds no event store {kind}.", f"Found: {'; '.join(shown[:SHOWN])}{more}. {HOW_TO_DESCRIBE}"
    )


def _info(instance: Instance, title: str, identity: str, writable: bool, notice: str) -> StoreInfo:
    return StoreInfo(
        layout=instance.layout,
        title=title,
        dialect=instance.dialect,
        writable=writable,
        ordered=instance.positions,
        snapshots=instance.snapshots is not None,
        identity=f"{identity}#{instance.layout}:{instance.name}",
        commit_ordered=instance.commit_ordered,
        instance=instance.name,
        notice=" ".join(part for part in (notice, instance.notice) if part),
    )
