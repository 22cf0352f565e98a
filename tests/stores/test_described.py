"""Stores that their users describe by one SELECT in a TOML file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from explorer.errors import CannotOpen
from explorer.model import EventQuery, StreamKey
from explorer.stores.described import read
from tests.stores.conftest import Opening

TABLE = """CREATE TABLE billing (n INTEGER PRIMARY KEY, customer TEXT, seq INTEGER, kind TEXT, body TEXT, at BIGINT,
    UNIQUE (customer, seq))"""
ROWS = [
    (1, "c-1", 0, "Opened", '{"a": ":x %s 1.10"}', 1_700_000_000_123),
    (2, "c-2", 0, "Opened", '{"a":2}', 1_700_000_001_000),
    (3, "c-1", 1, "Closed", '{"a":3}', 1_700_000_002_000),
]
TOML = """
name = "billing"
events = '''
    SELECT customer, seq AS version, n AS position, kind AS type, body AS data, at AS recorded_at, ':no %parameter' AS x
    FROM billing -- what they call events;'''
key = ["customer"]
category = "Customer"
version_base = 0
time = "ms"
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def billing(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database whose table of events nobody knows."""
    if request.param == "sqlite":
        path = tmp_path / "billing.sqlite"
        with closing(sqlite3.connect(path)) as file:
            file.execute(TABLE)
            file.executemany("INSERT INTO billing VALUES (?, ?, ?, ?, ?, ?)", ROWS)
            file.commit()
        return str(path)
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url) as server:
        server.execute(TABLE.encode())
        server.cursor().executemany("INSERT INTO billing VALUES (%s, %s, %s, %s, %s, %s)", ROWS)
    return url


@pytest.fixture
def described(tmp_path: Path) -> Path:
    path = tmp_path / "billing.toml"
    path.write_text(TOML)
    return path


def test_a_described_store_reads_as_any_other(opening: Opening, billing: str, described: Path) -> None:
    store = opening(billing, layout=str(described))
    assert (store.info.layout, store.info.ordered, store.info.writable) == ("billing", True, False)
    key = StreamKey("Customer", "c-1")
    first, second = store.stream_events(key)
    assert (first.version, first.native_version, first.position, first.type) == (1, 0, 1, "Opened")
    assert first.data == b'{"a": ":x %s 1.10"}'
    assert first.recorded_at == datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC)
    assert second.version == 2
    assert store.event(key, 2) == second
    assert [row.id for row in store.streams().rows] == ["c-1", "c-2"]
    assert store.categories() == ("Customer",)
    assert (store.count(), store.head(), store.types()) == (3, 3, ("Opened", "Closed"))
    assert [e.position for e in store.events(EventQuery(category="Customer", find=":x %")).rows] == [1]
    assert store.stream_events(StreamKey("Order", "c-1")) == []


def test_names_made_of_one_column(opening: Opening, billing: str, described: Path) -> None:
    described.write_text(TOML.replace('category = "Customer"', 'separator = "-"'))
    store = opening(billing, layout=str(described))
    assert [(row.category, row.id) for row in store.streams().rows] == [("c", "1"), ("c", "2")]
    assert [row.id for row in store.streams(category="c", limit=1).rows] == ["1"]
    assert store.categories() == ("c",)
    assert [e.version for e in store.stream_events(StreamKey("c", "1"))] == [1, 2]


def test_without_positions_events_come_by_stream(opening: Opening, billing: str, described: Path) -> None:
    described.write_text(TOML.replace(" n AS position,", ""))
    store = opening(billing, layout=str(described))
    assert not store.info.ordered
    assert store.head() is None
    found, after = [], None
    while True:
        page = store.events(EventQuery(limit=1, after=after))
        found += [(e.id, e.version, e.position) for e in page.rows]
        if (after := page.next) is None:
            break
    assert found == [("c-1", 1, None), ("c-1", 2, None), ("c-2", 1, None)]
    newest = store.events(EventQuery(newest_first=True)).rows
    assert [(e.id, e.version) for e in newest] == [("c-2", 1), ("c-1", 2), ("c-1", 1)]
    assert len(store.recent_streams()) == 2


@pytest.mark.parametrize(
    "select",
    [
        "DELETE FROM billing",
        "SELECT 1; DELETE FROM billing",
        "SELECT 1) AS e; DELETE FROM billing; --",
        "SELECT 1) AS e LIMIT 0; COMMIT; DELETE FROM billing; SELECT 1 FROM (SELECT 1",
        "ATTACH 'stolen.sqlite' AS stolen",
        "WITH gone AS (DELETE FROM billing RETURNING *) SELECT * FROM gone",
        "PRAGMA user_version = 7",
        "SELECT * FROM nowhere",
        "SELECT customer, kind AS type, body AS data FROM billing",
        "SELECT load_extension('x') AS customer, 1 AS version, 2 AS type, 3 AS data",
    ],
)
def test_a_description_can_only_read(
    opening: Opening, billing: str, described: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select: str
) -> None:
    monkeypatch.chdir(tmp_path)
    described.write_text(f'''events = """{select}"""\nkey = ["customer"]\ncategory = "C"\n''')
    with pytest.raises(CannotOpen) as raised:
        opening(billing, layout=str(described))
    assert raised.value.hint
    described.write_text(TOML)
    assert opening(billing, layout=str(described)).count() == 3
    assert not (tmp_path / "stolen.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"', "how events read"),
        ('events = "SELECT 1"\nkey = "customer"', "key must be a list"),
        ('events = "SELECT 1"\nkey = ["a; b"]', "plain column names"),
        ('events = "SELECT 1"\nkey = ["a"]', "names streams by"),
        ('events = "SELECT 1"\nkey = ["a"]\ncategory = "C"\ntime = "moon"', "way of storing a time"),
        ('events = "SELECT 1"\nversion_base = true', "whole number"),
        ('events = "SELECT 1"\nevent = "SELECT 1"', "means nothing here"),
        ('sqlite = 3\npostgresql = 3\nevents = "SELECT 1"', "table of values"),
    ],
)
def test_a_description_that_cannot_be_used_says_why(
    opening: Opening, billing: str, described: Path, text: str, words: str
) -> None:
    described.write_text(text)
    with pytest.raises(CannotOpen, match=words):
        opening(billing, layout=str(described))


def test_a_description_that_is_not_there(opening: Opening, billing: str, tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="cannot be read"):
        opening(billing, layout=str(tmp_path / "none.toml"))


def test_what_will_run_can_be_shown_before(described: Path) -> None:
    described.write_text(TOML + '\nsnapshots = "SELECT 1"\n[postgresql]\nsnapshots = "SELECT 2"\n')
    assert [sql.strip()[:8] for sql in read(str(described), "sqlite").queries] == ["SELECT c", "SELECT 1"]
    assert read(str(described), "postgresql").queries[1] == "SELECT 2"
