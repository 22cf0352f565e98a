"""The stores that other tests read are what they claim to be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests import stores_written


@pytest.mark.parametrize("sql", ["installed", "our own"])
def test_message_db(postgres_url: str, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    if sql == "our own":
        monkeypatch.setattr(stores_written, "message_db_sql", lambda: (stores_written.OWN_SQL.read_text(),))
    facts = stores_written.message_db(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT message_store.category(stream_name), stream_name, position, type FROM message_store.messages"
            " ORDER BY global_position"
        ).fetchall()
    assert rows == [(f.category, f"{f.category}-{f.id}", f.version - 1, f.type) for f in facts]


def test_the_real_library_keeps_writing(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with stores_written.eventsourcing_keeps_writing(str(path)) as writer:
        written = [writer.next() for _ in range(5)]
        written += writer.stop()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT originator_id, originator_version, rowid FROM stored_events").fetchall()
    assert sorted(rows) == sorted((ident.replace("-", ""), version, position) for ident, version, position in written)


@pytest.mark.parametrize("encoding", ["plain", "compressed", "encrypted"])
def test_eventsourcing_on_postgresql(postgres_url: str, encoding: str) -> None:
    facts = stores_written.eventsourcing(
        postgres_url, compressed=encoding == "compressed", encrypted=encoding == "encrypted", snapshots=True
    )
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT originator_id::text, originator_version, topic, state FROM shop_events ORDER BY notification_id"
        ).fetchall()
        assert connection.execute("SELECT count(*) FROM shop_snapshots").fetchone() == (4,)
    assert [row[:3] for row in rows] == [(f.id, f.version, f"tests.eventsourcing_shop:{f.type}") for f in facts]
    assert all(row[3].startswith(b'{"timestamp"') for row in rows) == (encoding == "plain")
