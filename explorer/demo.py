"""The demo: a store full of customers and orders, made once in the user's folder, and what runs beside it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from explorer import settings
from explorer.companion import Companion
from explorer.errors import CannotOpen
from explorer.model import NewEvent, StreamKey
from explorer.services import ServiceProcess
from explorer.stores import Store, StoreSpec, open_store

EVENTS = 2_500
SKEW = 5.0  # makes one customer's stream some 340 events long, so that its snapshots matter
DATABASE = "demo"
STARTING = 100.0  # seconds for a PostgreSQL server to start, its first time included
STALE = 60.0  # seconds after which a half-made store is somebody's who is gone

_servers: dict[str, Companion] = {}
"""The PostgreSQL servers that `prepare` has started and nobody keeps yet, by the URL of the store."""


# -- the store ---------------------------------------------------------------------------------------------------------


def prepare(postgres: bool = False, reset: bool = False) -> StoreSpec:
    """How to open the demo's store; it is made if it is not there, or anew with `reset`.

    With `postgres` a PostgreSQL server is started, which ends with `server`, `services` or with the program.
    Raises `CannotOpen` and what making a store raises.
    """
    folder = settings.data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotOpen(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return _prepare_postgresql(folder, reset) if postgres else _prepare_sqlite(folder, reset)


def _prepare_sqlite(folder: Path, reset: bool) -> StoreSpec:
    path = folder / f"{DATABASE}.sqlite"
    spec = StoreSpec(str(path), layout="own", writable=True)
    if path.exists() and not reset:
        return spec
    _remove_stale(folder, path.name)
    # Made beside its place and put there whole, so that an interrupted start leaves nothing half-made.
    new = folder / f"{path.name}.{os.getpid()}-{threading.get_ident()}.new"
    try:
        _make(replace(spec, url=str(new)))
        if reset:
            # The WAL of the old store must not be taken for one of the new.
            for end in ("", "-wal", "-shm"):
                Path(f"{path}{end}").unlink(missing_ok=True)
        _put(new, path)
    except OSError as error:
        raise CannotOpen(
            f"The demo's store cannot be made: {error.strerror or error}.", f"It belongs in {folder}."
        ) from error
    finally:
        for end in ("", "-wal", "-shm"):
            Path(f"{new}{end}").unlink(missing_ok=True)
    return spec


def _put(new: Path, path: Path) -> None:
    """Give the file its name, unless another process was faster: its store may be in use already."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        os.replace(new, path)


def _remove_stale(folder: Path, name: str) -> None:
    for left in folder.glob(f"{name}.*.new*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink()


def _prepare_postgresql(folder: Path, reset: bool) -> StoreSpec:
    from explorer.stores import local_server

    companion = Companion("demo PostgreSQL", local_server.run, str(folder / "postgresql"))
    try:
        server = _url_said(companion)
        spec = StoreSpec(local_server.url_of(server, DATABASE), layout="own", writable=True)
        if reset:
            local_server.drop_database(server, DATABASE)
        if not local_server.has_database(server, DATABASE):
            new = f"{DATABASE}_new_{os.getpid()}"
            local_server.make_database(server, new)
            _make(replace(spec, url=local_server.url_of(server, new)))
            if not local_server.rename_database(server, new, DATABASE):
                local_server.drop_database(server, new)
    except BaseException:
        companion.end()
        raise
    former = _servers.pop(spec.url, None)
    _servers[spec.url] = companion
    if former is not None:
        former.end()
    return spec


def _url_said(companion: Companion) -> str:
    said = companion.hear(STARTING) or {}
    if "url" not in said:
        raise CannotOpen(said.get("failed", "The demo's PostgreSQL server did not start."), said.get("hint", ""))
    url: str = said["url"]
    return url


def _make(spec: StoreSpec) -> None:
    """Fill a new store: events, snapshots of the long streams, read models, and services that have seen it all."""
    from explorer.cancellation import Cancellation
    from explorer.domains.customers_orders import DOMAIN
    from explorer.policies import reacting, subscription_name
    from explorer.read_models import rebuild
    from explorer.snapshots import take_snapshot
    from explorer.stores.bulk import fill
    from explorer.stores.store import Advance
    from explorer.subscription import Subscription

    fill(spec, _history())
    store = open_store(spec)
    try:
        for aggregate in DOMAIN.aggregates:
            for category in aggregate.claims:
                for key, version in _long_streams(store, category, aggregate.snapshot_every):
                    for at in range(aggregate.snapshot_every, version + 1, aggregate.snapshot_every):
                        take_snapshot(store, DOMAIN, aggregate, key, at)
        end = Subscription(store, "ordered", after=store.head())
        end.poll()
        for service in reacting(DOMAIN):
            claim = store.claim(subscription_name(DOMAIN, service), "the demo")
            if claim is not None:
                store.advance(Advance(claim, b"", end.checkpoint()))
                store.release(claim)
        for projection in DOMAIN.projections:
            rebuild(store, DOMAIN, projection, Cancellation())
    finally:
        store.close()


def _history() -> Iterator[tuple[StreamKey, NewEvent]]:
    """The sample history, moved by whole days so that it ended yesterday."""
    from explorer.domains.customers_orders.sample import history

    written = list(history(EVENTS, skew=SKEW))
    last = max(event.recorded_at for append in written for event in append.events if event.recorded_at)
    moved = timedelta(days=(datetime.now(UTC).date() - last.date()).days - 1)
    for append in written:
        for event in append.events:
            yield append.key, replace(event, recorded_at=(event.recorded_at or last) + moved)


def _long_streams(store: Store, category: str, least: int) -> Iterator[tuple[StreamKey, int]]:
    if least:
        from explorer.loading import streams_of  # late: it knows the domains, and a store that is there needs none

        yield from ((one.key, one.version) for one in streams_of(store, category) if one.version >= least)


# -- what runs beside it -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def server(spec: StoreSpec) -> Iterator[None]:
    """Keep the server that `prepare` has started for this store, if there is one, until the end of the block. It ends
    with this process as well."""
    running = _servers.pop(spec.url, None)
    try:
        yield
    finally:
        if running is not None:
            running.end()


@contextlib.contextmanager
def services(spec: StoreSpec) -> Iterator[list[ServiceProcess]]:
    """Run the services on the store, each in a process of its own, which ends with the block or with this process; so
    does the server that `prepare` has started for this store."""
    from explorer.domains.customers_orders import DOMAIN
    from explorer.policies import describe_services

    with server(spec), contextlib.ExitStack() as running:
        processes = []
        for service in describe_services([DOMAIN]):
            processes.append(ServiceProcess(spec, (), service))
            running.callback(processes[-1].end)
        yield processes
