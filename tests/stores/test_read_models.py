"""Rows of read models in both databases: exact, in one transaction with the checkpoint, and never in others' tables."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import Fenced, TableChanged
from explorer.model import Delete, Key, Put, Row, RowChange, Table
from explorer.rows import REBUILD, Working
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance, Claim

NAME = "shop.views.things"
THINGS = Table(
    "things",
    ("owner", "id"),
    {"title": "text", "amount": "integer", "price": "decimal", "sold": "boolean", "at": "time"},
)
OTHERS = Table("others", ("id",), {"note": "text"})
BOTH = (THINGS, OTHERS)


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    yield store
    store.close()


def execute(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What somebody does by hand."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True, options="-c search_path=event_store,public") as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
    with sqlite3.connect(url) as driver:
        found = driver.execute(sql).fetchall()
    driver.close()
    return found


def claimed(store: Store, name: str = NAME) -> Claim:
    claim = store.claim(name, "me")
    assert claim is not None
    return claim


class Writer:
    """Moves a checkpoint with every batch of changes."""

    def __init__(self, store: Store, name: str = NAME, tables: tuple[Table, ...] = BOTH) -> None:
        self.store, self.tables = store, tables
        self.claim, self.at = claimed(store, name), b""

    def put(self, *changes: RowChange) -> None:
        after = str(int(self.at or b"0") + 1).encode()
        self.store.advance(Advance(self.claim, self.at, after), changes, self.tables)
        self.at = after


def whole(store: Store, table: Table = THINGS) -> list[Row]:
    found: list[Row] = []
    after: Key | None = None
    while True:
        page = store.rows(table, after, 3)
        found += page.rows
        if page.next is None:
            return found
        after = page.next


def test_rows_are_put_and_taken_out_with_the_checkpoint(own_url: str, store: Store) -> None:
    writer = Writer(store)
    exact = Decimal("12345678901234567890.0123456789012345678901234567890")
    writer.put(
        Put("things", ("a", "1"), {"title": "Tea", "price": exact}),
        Put("things", ("a", "2"), {"amount": 2**63 - 1, "sold": True, "at": "2026-03-02T07:00:00.000001Z"}),
        Put("others", ("x",), {}),
    )
    assert store.row(THINGS, ("a", "1")) == {
        "owner": "a", "id": "1", "title": "Tea", "amount": None, "price": exact, "sold": None, "at": None,
    }  # fmt: skip
    writer.put(Put("things", ("a", "1"), {"amount": 3, "sold": False}), Delete("others", ("x",)))
    assert store.row(THINGS, ("a", "1")) == {
        "owner": "a", "id": "1", "title": "Tea", "amount": 3, "price": exact, "sold": False, "at": None,
    }  # fmt: skip
    assert [row["at"] for row in whole(store)] == [None, "2026-03-02T07:00:00.000001Z"]
    assert whole(store, OTHERS) == []
    # What a row was before it was taken out does not come back.
    writer.put(Delete("things", ("a", "1")), Put("things", ("a", "1"), {"title": "New"}), Delete("things", ("a", "2")))
    assert [(row["title"], row["price"]) for row in whole(store)] == [("New", None)]
    # For SQL they are plain tables.
    assert execute(own_url, "SELECT owner, id, title FROM read_things") == [("a", "1", "New")]


def test_a_fenced_owner_writes_no_row(store: Store) -> None:
    writer = Writer(store)
    writer.put(Put("things", ("a", "1"), {"title": "Tea"}))
    assert store.claim(NAME, "other", writer.claim.epoch) is not None
    with pytest.raises(Fenced):
        writer.put(Put("things", ("a", "1"), {"title": "Coffee"}))
    assert [row["title"] for row in whole(store)] == ["Tea"]


def test_pages_and_finding(store: Store) -> None:
    writer = Writer(store)
    keys = [("a", "é"), ("a", "Z"), ("a", "z"), ("B", "1"), ("ä", "1"), ("\U0001f600", "1")]
    writer.put(*(Put("things", key, {"title": f"T{i}", "amount": i * 111}) for i, key in enumerate(keys)))
    # As UTF-8 sorts, in both databases.
    assert [(row["owner"], row["id"]) for row in whole(store)] == sorted(keys)
    assert [row["title"] for row in store.rows(THINGS, find="t3").rows] == ["T3"]
    assert [row["title"] for row in store.rows(THINGS, find="222").rows] == ["T2"]
    page = store.rows(THINGS, limit=2, find="T")
    assert (len(page.rows), page.next) == (2, ("a", "Z"))
    assert len(store.rows(THINGS, page.next, 10, "T").rows) == 4


def test_they_are_no_part_of_the_store(own_url: str, store: Store) -> None:
    Writer(store, tables=(Table("streams", ("category", "id"), {"version": "integer"}), *BOTH)).put()
    again = open_store(StoreSpec(own_url))
    try:
        assert again.info.layout == "own"
        assert again.info.identity == store.info.identity
        assert again.rows(OTHERS).rows == ()
    finally:
        again.close()


def test_starting_at_the_beginning_makes_them_anew(own_url: str, store: Store) -> None:
    writer = Writer(store)
    writer.put(Put("things", ("a", "1"), {"title": "Tea"}))
    store.reset(NAME)
    execute(own_url, "DROP TABLE read_others")
    again = store.claim(NAME, "me", writer.claim.epoch + 1)
    assert again is not None
    store.advance(Advance(again, b"", b"1"), [Put("others", ("x",), {})], BOTH)
    assert (whole(store), len(whole(store, OTHERS))) == ([], 1)


ALTERED = [
    ("ALTER TABLE read_things RENAME COLUMN title TO name", "has no column title"),
    ("ALTER TABLE read_things ADD COLUMN more integer", "has a column more, which nobody fills"),
    ("DROP TABLE read_things", "is not there"),
    ("ALTER TABLE read_things RENAME TO things_of_mine", "is not there"),
]


@pytest.mark.parametrize(("sql", "said"), ALTERED)
def test_an_altered_table_is_told_and_left_alone(own_url: str, store: Store, sql: str, said: str) -> None:
    writer = Writer(store)
    writer.put(Put("things", ("a", "1"), {"title": "Tea"}))
    execute(own_url, sql)
    with pytest.raises(TableChanged, match=said) as raised:
        writer.put(Put("things", ("a", "2"), {"amount": 1}), Put("others", ("x",), {}))
    assert "Rebuild" in raised.value.hint
    assert whole(store, OTHERS) == []
    (known,) = store.subscriptions()
    assert known.checkpoint == writer.at
    if "more" not in sql:
        with pytest.raises(TableChanged, match=said):
            store.rows(THINGS)
        with pytest.raises(TableChanged, match=said):
            store.row(THINGS, ("a", "1"))


def test_a_column_of_another_type_and_another_key_are_told(own_url: str, store: Store) -> None:
    writer = Writer(store)
    writer.put()
    if own_url.startswith("postgres"):
        changes = [
            ("ALTER TABLE read_things ALTER COLUMN price TYPE numeric(10, 2)", "of the type numeric"),
            ("ALTER TABLE read_others DROP CONSTRAINT read_others_pkey", "another key"),
        ]
    else:
        mark = execute(own_url, "SELECT sql FROM sqlite_master WHERE name = 'read_others'")[0][0]
        comment = mark[mark.index("/*") : mark.index("*/") + 2]
        changes = [
            (
                f"DROP TABLE read_others; CREATE TABLE read_others ({comment} id TEXT NOT NULL, note BLOB)",
                "of the type",
            ),
            (
                f"DROP TABLE read_others; CREATE TABLE read_others ({comment} id TEXT NOT NULL, note TEXT)",
                "another key",
            ),
        ]
    for sql, said in changes:
        for statement in sql.split("; "):
            execute(own_url, statement)
        with pytest.raises(TableChanged, match=said):
            writer.put(Put("others", ("x",), {}))
        store.reset(NAME)
        again = store.claim(NAME, "me", writer.claim.epoch + 1)
        assert again is not None
        writer.claim, writer.at = again, b""
        writer.put()


def test_a_table_of_somebody_else_is_never_touched(own_url: str, store: Store) -> None:
    execute(own_url, "CREATE TABLE read_others (id text PRIMARY KEY, note text)")
    execute(own_url, "INSERT INTO read_others VALUES ('1', 'mine')")
    writer = Writer(store)
    with pytest.raises(TableChanged, match="is not one of a read model") as raised:
        writer.put(Put("others", ("x",), {}))
    assert "another name" in raised.value.hint
    assert execute(own_url, "SELECT * FROM read_others") == [("1", "mine")]
    other = Writer(store, "shop.views.others", (THINGS,))
    other.put(Put("things", ("a", "1"), {"title": "Tea"}))
    with pytest.raises(TableChanged, match=r"belongs to shop\.views\.others"):
        Writer(store, "another.views.things", (THINGS,)).put()
    assert len(whole(store)) == 1


def test_rows_altered_by_hand_are_read_as_they_are(own_url: str, store: Store) -> None:
    writer = Writer(store)
    writer.put(Put("things", ("a", "1"), {"price": Decimal(1)}), Put("things", ("a", "2"), {"price": Decimal(2)}))
    if own_url.startswith("postgres"):
        execute(own_url, "UPDATE read_things SET price = 'NaN', at = 'infinity' WHERE id = '1'")
        wanted: tuple[str | None, ...] = ("NaN", "infinity", None)
    else:
        execute(own_url, "UPDATE read_things SET price = 'dear', at = 'never', amount = x'ff00' WHERE id = '1'")
        wanted = ("dear", "never", "\\xff\0")
    row = whole(store)[0]
    assert (row["price"], row["at"], row["amount"]) == wanted


def test_rebuilt_rows_take_the_place_of_the_others(own_url: str, store: Store) -> None:
    live = Writer(store)
    live.put(Put("things", ("a", "1"), {"title": "old"}))
    execute(own_url, "CREATE VIEW mine AS SELECT * FROM read_others")
    rebuild = Writer(store, NAME + REBUILD, (Table("things__rebuild", THINGS.key, THINGS.columns),))
    rebuild.put(Put("things__rebuild", ("a", "1"), {"title": "new"}))
    rebuild.put(Put("things__rebuild", ("a", "2"), {"title": "more"}))
    assert [row["title"] for row in whole(store)] == ["old"]
    moved = Advance(rebuild.claim, rebuild.at, b"7")
    assert not store.replace_rows(moved, NAME, (THINGS,), lambda at: at != b"1")
    assert [row["title"] for row in whole(store)] == ["old"]
    assert store.replace_rows(moved, NAME, (THINGS,), lambda at: at == b"1")
    assert [row["title"] for row in whole(store)] == ["new", "more"]
    (known,) = store.subscriptions()
    assert (known.name, known.checkpoint, known.owner) == (NAME, b"7", "")
    with pytest.raises(Fenced):
        live.put()
    again = store.claim(NAME, "me", known.epoch)
    assert again is not None
    store.advance(Advance(again, b"7", b"8"), [Put("things", ("a", "3"), {"title": "on"})], BOTH)
    assert [row["title"] for row in whole(store)] == ["new", "more", "on"]
    assert execute(own_url, "SELECT * FROM mine") == []


def test_a_view_that_leans_on_the_rows_is_named(own_url: str, store: Store) -> None:
    live = Writer(store)
    live.put()
    execute(own_url, "CREATE VIEW mine AS SELECT title FROM read_things")
    rebuild = Writer(store, NAME + REBUILD, (Table("things__rebuild", THINGS.key, THINGS.columns),))
    rebuild.put(Put("things__rebuild", ("a", "1"), {"title": "new"}))
    moved = Advance(rebuild.claim, rebuild.at, b"7")
    if own_url.startswith("postgres"):
        with pytest.raises(TableChanged, match="cannot drop table") as raised:
            store.replace_rows(moved, NAME, (THINGS,), lambda at: True)
        assert "Drop what leans on it" in raised.value.hint
    else:
        assert store.replace_rows(moved, NAME, (THINGS,), lambda at: True)
        assert execute(own_url, "SELECT * FROM mine") == [("new",)]


def test_an_abandoned_rebuild_leaves_nothing(own_url: str, store: Store) -> None:
    Writer(store).put()
    rebuild = Writer(store, NAME + REBUILD, (Table("things__rebuild", THINGS.key, THINGS.columns),))
    rebuild.put(Put("things__rebuild", ("a", "1"), {"title": "new"}))
    store.abandon_rows(rebuild.claim, (THINGS,))
    assert [known.name for known in store.subscriptions()] == [NAME]
    where = "pg_tables WHERE tablename LIKE" if own_url.startswith("postgres") else "sqlite_master WHERE name LIKE"
    assert execute(own_url, f"SELECT count(*) FROM {where} '%rebuild%'") == [(0,)]


def test_one_moment_is_one_moment(own_url: str, store: Store) -> None:
    writer = Writer(store)
    writer.put(Put("things", ("a", "1"), {"title": "Tea"}))
    reader = open_store(StoreSpec(own_url))
    try:
        with reader.one_moment():
            assert len(reader.rows(THINGS).rows) == 1

            def work() -> None:
                other = open_store(StoreSpec(own_url, writable=True))
                claim = other.claim(NAME, "other", writer.claim.epoch)
                assert claim is not None
                other.advance(Advance(claim, writer.at, b"9"), [Put("things", ("a", "2"), {})], BOTH)
                other.close()

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            assert len(reader.rows(THINGS).rows) == 1
            assert reader.subscriptions()[0].checkpoint == writer.at
        assert len(reader.rows(THINGS).rows) == 2
    finally:
        reader.close()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
values = st.fixed_dictionaries(
    {},
    optional={
        "title": st.none() | texts,
        "amount": st.none() | st.integers(-(2**63), 2**63 - 1),
        "price": st.none()
        | st.decimals(allow_nan=False, allow_infinity=False, places=7)
        | st.integers().map(Decimal)
        | st.sampled_from([Decimal("1E+400"), Decimal("1E-400"), Decimal("-0.00")]),
        "sold": st.none() | st.booleans(),
        "at": st.none() | st.datetimes(min_value=datetime(1, 1, 2)).map(lambda t: t.isoformat() + "+00:00"),
    },
)
keys = st.tuples(st.sampled_from("ab"), texts)
batches = st.lists(
    st.lists(st.builds(Put, st.just("things"), keys, values) | st.builds(Delete, st.just("things"), keys), max_size=8),
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches)
def test_what_is_stored_is_what_a_mapping_would_hold(store: Store, batches: list[list[RowChange]]) -> None:
    known = next((one for one in store.subscriptions() if one.name == NAME), None)
    if known is not None:
        store.reset(NAME)
    claim = store.claim(NAME, "me", known.epoch + 1 if known else 0)
    assert claim is not None
    store.advance(Advance(claim, b"", b"0"), (), BOTH)
    model: dict[Key, dict[str, Any]] = {}
    working = Working(BOTH, lambda table, key: store.row(THINGS, key))
    for number, changes in enumerate(batches):
        working.change(changes)
        for change in working.changed:
            if isinstance(change, Delete):
                model.pop(change.key, None)
            else:
                blank = {**dict(zip(THINGS.key, change.key, strict=True)), **dict.fromkeys(THINGS.columns)}
                model.setdefault(change.key, blank).update(change.values)
        for key in model:
            assert working.read("things", key) == model[key]
        store.advance(Advance(claim, str(number).encode(), str(number + 1).encode()), working.taken(), BOTH)
    working.forget()
    for key in model:
        assert working.read("things", key) == model[key]
    order = sorted(model, key=lambda key: [str(part).encode() for part in key])
    assert [(row["owner"], row["id"]) for row in whole(store)] == order
    assert whole(store) == [model[key] for key in order]
