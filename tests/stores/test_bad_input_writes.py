"""Writing under bad conditions: all or nothing, and the failure says which."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from explorer import payload
from explorer.errors import Busy, Conflict, ExplorerError, Invalid, OutcomeUnknown, ReadOnly, StoreFull
from explorer.model import EventQuery, Json, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, conformance, open_store
from explorer.stores import postgres as driver
from tests.patience import PATIENCE
from tests.postgres_proxy import Proxy
from tests.postgres_server import PostgresServer
from tests.stores_written import ROOT

KEY = StreamKey("Order", "7")
CHANGED: Json = {"n": 1}


def new(data: Json = CHANGED, kind: str = "Changed") -> NewEvent:
    return NewEvent(kind, data, str(uuid.uuid4()), {"user": "Zoë"})


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        yield store
    finally:
        store.close()


def checked(store: Store) -> None:
    assert [check for check in conformance.check(store) if not check.ok] == []


# -- names and values --------------------------------------------------------------------------------------------------

NAMES = [
    "a/b//c/../..",
    'it\'s "quoted" `so`',
    "two\nlines\r\n\tand a tab",
    "<b>bold</b><img src=x>&amp;&",
    "\u202eright to left\u202c \u200b zero width",
    "😀👨‍👩‍👧 Zoë",
    "'; DROP TABLE events; --",
    "100%_\\?*[a]",
    ":name $1 %s {x} \\:",
    "-",
    " ",
    "x" * 2000,
    "\x01\x7f\x1b[31m",
    "Ω≈ç√∫˜µ≤≥÷",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_can_be_written_and_found_again(own_url: str, name: str) -> None:
    with opened(own_url) as store:
        for key in (StreamKey(name, "1"), StreamKey("Order", name)):
            store.append(key, 0, [new(kind=name), new({name: [name]})])
            assert [event.stream for event in store.stream_events(key)] == [key, key]
            found = store.event(key, 2)
            assert found is not None
            assert payload.decode(found.data).value == {name: [name]}
            described = store.stream(key)
            assert described is not None
            assert described.events == 2
        assert name in store.categories()
        assert store.types()
        listed = {stream.key for stream in store.streams(find=name[:50]).rows}
        assert listed == {StreamKey(name, "1"), StreamKey("Order", name)}
        assert {stream.key for stream in store.streams(category=name).rows} == {StreamKey(name, "1")}
        found_by_type = list(conformance.pages(lambda cursor: store.events(EventQuery(category=name, after=cursor))))
        assert [event.type for event in found_by_type] == [name, "Changed"]
        checked(store)


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800"])
@pytest.mark.parametrize("where", ["category", "id", "type", "data", "key of data"])
def test_what_no_database_can_hold_is_refused_whole(own_url: str, name: str, where: str) -> None:
    with opened(own_url) as store:
        store.append(KEY, 0, [new()])
        key = StreamKey(name if where == "category" else "Order", name if where == "id" else "7")
        data: Json = {"s": name} if where == "data" else {name: 1} if where == "key of data" else CHANGED
        event = new(data, name if where == "type" else "Changed")
        sqlite = store.info.dialect == "sqlite"
        if "\0" in name and (sqlite or "data" in where):
            # SQLite holds it, and in a payload JSON writes it escaped.
            written = store.append(key, 1 if key == KEY else 0, [event])[0]
            found = store.event(key, written.version)
            assert found is not None
            assert (found.stream, found.type, payload.decode(found.data).value) == (key, event.type, data)
            return
        with pytest.raises(Invalid):
            store.append(key, 1 if key == KEY else 0, [new(), event])
        assert store.count() == 1


@pytest.mark.parametrize(
    "value",
    [
        123456789012345678901234567890,
        -(10**400),
        Decimal("1.10"),
        Decimal("1E+400"),
        Decimal("0.1") + Decimal("1E-30"),
        "a\u0000b",
        None,
        [],
        {},
        [[[]]],
        "x" * 1_000_000,
        {f"k{n}": n for n in range(100_000)},
    ],
    ids=lambda value: str(value)[:12],
)
def test_values_come_back_exactly(own_url: str, value: Json) -> None:
    data: Json = {"z": 1, "a": value}
    with opened(own_url) as store:
        store.append(KEY, 0, [new(data)])
        found = store.event(KEY, 1)
        assert found is not None
        decoded = payload.decode(found.data)
        assert decoded.problem is None
        assert decoded.value == data
        assert str(decoded.value) == str(data)
        assert isinstance(decoded.value, dict)
        assert list(decoded.value) == ["z", "a"]


@pytest.mark.parametrize(
    "value",
    [Decimal("NaN"), Decimal("Infinity"), object(), {1: 2}, b"bytes", 1.5],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_json_is_refused(own_url: str, value: object) -> None:
    with opened(own_url) as store:
        with pytest.raises(Invalid):
            store.append(KEY, 0, [new(), new({"a": value})])  # type: ignore[dict-item]
        assert store.stream(KEY) is None


# -- conflicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [0, 1, 3, 10])
def test_a_conflict_tells_what_came_between_and_writes_nothing(own_url: str, expected: int) -> None:
    with opened(own_url) as store:
        written = store.append(KEY, 0, [new({"n": n}) for n in range(2)])
        with pytest.raises(Conflict) as raised:
            store.append(KEY, expected, [new()])
        assert (raised.value.expected, raised.value.found) == (expected, 2)
        assert [event.event_id for event in raised.value.between] == [event.event_id for event in written[expected:]]
        assert store.count() == 2
        checked(store)


def test_appending_again_is_success_whatever_the_version(own_url: str) -> None:
    events = [new(), new()]
    with opened(own_url) as store:
        first = store.append(KEY, 0, events)
        store.append(KEY, 2, [new()])
        for expected in (0, 2, 3):
            assert [e.position for e in store.append(KEY, expected, events)] == [e.position for e in first]
        with pytest.raises(ExplorerError):
            store.append(StreamKey("Order", "8"), 0, events[:1])  # that event is in another stream
        assert store.count() == 3
        checked(store)


def test_a_store_that_was_opened_for_reading_is_not_written(own_url: str) -> None:
    with opened(own_url) as store:
        store.append(KEY, 0, [new()])
    store = open_store(StoreSpec(own_url))
    with pytest.raises(ReadOnly):
        store.append(KEY, 1, [new()])
    with pytest.raises(ReadOnly):
        store.claim("x", "me")
    with pytest.raises(ReadOnly):
        store.delete_snapshot(KEY, 1)
    assert store.count() == 1
    store.close()


# -- locks -------------------------------------------------------------------------------------------------------------


def test_a_second_writer_holding_the_lock(own_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.stores.sqlite.BUSY_SECONDS", 0.5)
    writing = "BEGIN READ WRITE; SET LOCAL lock_timeout = '500ms'"
    monkeypatch.setattr("explorer.stores.postgres.SESSION_WRITING", writing)
    with opened(own_url) as store:
        store.append(KEY, 0, [new()])
        with somebody_else_writing(own_url):
            began = time.monotonic()
            with pytest.raises(Busy) as raised:
                store.append(KEY, 1, [new()])
            assert time.monotonic() - began < PATIENCE
            assert raised.value.hint
            # Reading goes on meanwhile.
            assert len(store.events(EventQuery()).rows) == 1
        assert store.append(KEY, 1, [new()])[0].version == 2
        checked(store)


@contextmanager
def somebody_else_writing(url: str) -> Iterator[None]:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as other:
            other.execute("SELECT * FROM event_store.streams FOR UPDATE")
            yield
        return
    with closing(sqlite3.connect(url, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")


def test_a_lock_that_is_let_go_in_time_is_waited_for(own_url: str) -> None:
    with opened(own_url) as store:
        store.append(KEY, 0, [new()])
        taken, over = threading.Event(), threading.Event()

        def write() -> None:
            with somebody_else_writing(own_url):
                taken.set()
                over.wait(0.5)

        thread = threading.Thread(target=write)
        thread.start()
        assert taken.wait(PATIENCE)
        assert store.append(KEY, 1, [new()])[0].version == 2
        thread.join()


# -- a full disk -------------------------------------------------------------------------------------------------------

FILL = """
    import resource, signal, sys, uuid
    from explorer.errors import ExplorerError
    from explorer.model import NewEvent, StreamKey
    from explorer.stores import StoreSpec, open_store
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = open_store(StoreSpec(sys.argv[1], writable=True, create=True))
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    done = 0
    try:
        while done < 1000:
            store.append(StreamKey("Order", "7"), done, [NewEvent("Changed", {"s": "x" * 5000}, str(uuid.uuid4()))])
            done += 1
    except ExplorerError as error:
        print(done, type(error).__name__, error)
    store.close()
"""


def test_a_file_that_may_not_grow_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    """The kernel refuses to write beyond a size, as it does on a full disk."""
    path = tmp_path / "own.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, name, *_ = done.stdout.split()
    assert name in ("StoreFull", "ConnectionLost"), done.stdout
    assert int(count) > 3
    with opened(str(path)) as store:
        assert store.count() == int(count)
        assert store.append(KEY, int(count), [new()])
        checked(store)


def test_a_full_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite"
    with opened(str(path)) as store:
        store.append(KEY, 0, [new()])
        # As SQLite itself reports a full disk.
        driver = next(c for c in connections_of(store) if isinstance(c, sqlite3.Connection))
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreFull) as raised:
            store.append(KEY, 1, [new({"s": "x" * 100_000})])
        assert "Nothing was written" in str(raised.value)
        assert store.count() == 1
        driver.execute("PRAGMA max_page_count=1000000")
        assert store.append(KEY, 1, [new({"s": "x" * 100_000})])
        checked(store)


def connections_of(store: object, depth: int = 4) -> Iterator[object]:
    """The driver's connections that a store holds, wherever it keeps them."""
    if isinstance(store, sqlite3.Connection):
        yield store
    if depth and type(store).__module__.startswith("explorer."):
        names = list(getattr(store, "__dict__", ()))
        for name in names:
            yield from connections_of(getattr(store, name), depth - 1)


# -- the answer is lost ------------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    between = Proxy(f"{postgres.folder}/.s.PGSQL.{postgres.port}")
    yield between
    between.close()


def through(proxy: Proxy, url: str) -> str:
    name = url.partition("@/")[2].partition("?")[0]
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"


def test_an_answer_lost_between_commit_and_reply_is_found_out(proxy: Proxy, postgres_url: str) -> None:
    """The server can be asked again: the events are there, and that is what the append says."""
    with opened(postgres_url) as store:
        store.append(KEY, 0, [new()])
    with opened(through(proxy, postgres_url)) as store:
        proxy.swallow_commit = True
        threading.Timer(0.2, lambda: setattr(proxy, "swallow_commit", False)).start()
        events = [new(), new()]
        try:
            written = store.append(KEY, 1, events)
        except OutcomeUnknown:
            written = store.append(KEY, 1, events)
        assert [event.version for event in written] == [2, 3]
        assert store.count() == 3
        checked(store)


def test_an_answer_that_cannot_be_found_out_is_said_to_be_unknown(proxy: Proxy, postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.append(KEY, 0, [new()])
    with opened(through(proxy, postgres_url)) as store:
        proxy.swallow_commit = True
        proxy.refuse = True
        events = [new(), new()]
        with pytest.raises(OutcomeUnknown) as raised:
            store.append(KEY, 1, events)
        assert raised.value.event_ids == tuple(event.event_id for event in events)
        assert raised.value.hint
    with opened(postgres_url) as store:
        # It had happened; doing it again with the same ids is harmless.
        assert {event.event_id for event in store.events_by_id(raised.value.event_ids)} == set(raised.value.event_ids)
        assert [event.version for event in store.append(KEY, 1, events)] == [2, 3]
        assert store.count() == 3


def test_a_lock_that_keeps_an_answer_from_being_found_out_leaves_it_unknown(
    proxy: Proxy, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the outcome counts then: that somebody holds a lock would sound as if nothing had been written."""
    for name in ("READING", "SESSION", "WRITING"):
        monkeypatch.setattr(driver, name, getattr(driver, name).replace(f"'{driver.LOCK_SECONDS}s'", "'200ms'"))
    with opened(postgres_url) as store:
        store.append(KEY, 0, [new()])
    with psycopg.connect(postgres_url) as other, opened(through(proxy, postgres_url)) as store:

        def lock() -> None:
            proxy.swallow_commit = False
            other.execute("LOCK TABLE event_store.events IN ACCESS EXCLUSIVE MODE")

        proxy.after_commit = lock
        proxy.swallow_commit = True
        events = [new(), new()]
        with pytest.raises(OutcomeUnknown) as raised:
            store.append(KEY, 1, events)
        assert raised.value.event_ids == tuple(event.event_id for event in events)
        other.rollback()
        assert [event.version for event in store.append(KEY, 1, events)] == [2, 3]
        assert store.count() == 3


KILLED = """
    import os, signal, sys, uuid
    from explorer.model import NewEvent, StreamKey
    from explorer.stores import StoreSpec, open_store
    store = open_store(StoreSpec(sys.argv[1], writable=True, create=True))
    done = 0
    while True:
        store.append(StreamKey("Order", "7"), done, [NewEvent("Changed", {}, str(uuid.uuid4())) for _ in range(3)])
        done += 3
        print(done, flush=True)
"""


def test_a_killed_writer_leaves_whole_appends(own_url: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), own_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        confirmed = [int(writer.stdout.readline()) for _ in range(20)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        confirmed = max([confirmed, *map(int, writer.stdout.read().split())])
    with opened(own_url) as store:
        assert store.count() % 3 == 0
        assert store.count() in (confirmed, confirmed + 3)
        checked(store)
