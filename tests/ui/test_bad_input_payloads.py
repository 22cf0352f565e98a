"""What is stored may be anything: it is shown as it is, and said what is wrong with it, where it stands."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.model import StreamKey
from explorer.stores import StoreSpec
from explorer.ui.window import Window
from tests import stores_damaged as damaged
from tests import stores_written as written
from tests.stores.test_bad_input_payloads import BROKEN, EXACT, MB
from tests.ui.heart import beating
from tests.ui.opened import WAIT, append, new
from tests.ui.shown_streams import settle
from tests.ui.trouble import closed, opened, replayed, tab_on


@pytest.fixture
def payloads(tmp_path: Path) -> tuple[Path, dict[str, StreamKey]]:
    """A store of the real library with a stream for each payload that the library would never write."""
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path))
    rows = {name: (uuid.uuid4(), data) for name, data in {**EXACT, **BROKEN}.items()}
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)",
            [(ident.hex, data) for ident, data in rows.values()],
        )
        connection.commit()
    damaged.in_rollback_mode(path)
    return path, {name: StreamKey("Order", str(ident)) for name, (ident, _) in rows.items()}


def test_any_payload_can_be_looked_at(
    qtbot: QtBot, empty_window: Window, payloads: tuple[Path, dict[str, StreamKey]]
) -> None:
    path, streams = payloads
    before = damaged.contents(path.parent)
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    for name, key in streams.items():
        with beating():
            tab = replayed(qtbot, window, key)
            assert tab.timeline.count == 1, name
        said = {**tab.timeline.problems, **tab.timeline.errors}
        problem = tab.payload.left.problem
        assert bool(said) == (name in BROKEN), name
        assert problem.isVisible() == (name in BROKEN), name
        window.tabs.close_tab(window.tabs.currentIndex())
    closed(qtbot, window)
    assert damaged.contents(path.parent)[path.name] == before[path.name]


def test_a_payload_of_50_mb(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    written.eventsourcing(str(path))
    ident = uuid.uuid4()
    data = b'{"lines":[' + b",".join(b'{"sku":"A-%d","text":"%s"}' % (n, b"x" * 90) for n in range(50 * MB // 120))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO stored_events VALUES (?, 1, 'm:Order.Created', ?)", (ident.hex, data + b"]}"))
        connection.commit()
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    with beating():
        tab = tab_on(qtbot, window, StreamKey("Order", str(ident)))
        qtbot.waitUntil(lambda: tab.replaying.result is not None or tab.banner.isVisible(), timeout=4 * WAIT)
        settle(qtbot, tab)
    assert tab.timeline.count == 1


NAMES = (
    "a/b",
    'o\'clock "quoted"',
    "two\nlines\ttabs",
    "<img src=file:///etc/passwd>&amp;",
    "\u202eevil",
    "😀é",
    "[*]",
)


def test_any_name_can_be_looked_at(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    for name in NAMES:
        append(url, StreamKey(f"Order {name}", name), 0, [new(f"Created {name}", {name: name})])
    window = opened(qtbot, empty_window, StoreSpec(url))
    for name in NAMES:
        with beating():
            tab = replayed(qtbot, window, StreamKey(f"Order {name}", name))
        assert tab.timeline.count == 1, name
        assert "\n" not in window.tabs.tabText(window.tabs.currentIndex())
        assert "\u202e" not in window.tabs.tabText(window.tabs.currentIndex()) + window.windowTitle()


VERSIONS = ((1, 2, 2, 3), (1, 2, 5, 6), (4, 5, 6))


def test_versions_that_are_missing_or_come_twice(qtbot: QtBot, empty_window: Window, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    idents = [uuid.uuid4() for _ in VERSIONS]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB)"
        )
        connection.execute("CREATE INDEX of_stream ON stored_events (originator_id, originator_version)")
        stamps = [b'{"timestamp":{"_type_":"datetime_iso","_data_":"2024-01-01T00:00:%02d+00:00"}}' % (50 - n)
                  for n in range(4)]  # fmt: skip
        for ident, versions in zip(idents, VERSIONS, strict=True):
            connection.executemany(
                "INSERT INTO stored_events VALUES (?, ?, 'm:Order.Changed', ?)",
                [(ident.hex, version, stamp) for version, stamp in zip(versions, stamps, strict=False)],
            )
        connection.commit()
    window = opened(qtbot, empty_window, StoreSpec(str(path)))
    for ident, versions in zip(idents, VERSIONS, strict=True):
        with beating():
            tab = replayed(qtbot, window, StreamKey("Order", str(ident)))
        assert [tab.timeline.versions[n] for n in range(tab.timeline.count)] == list(versions)
        assert tab.timeline.problems, "a hole, a duplicate, and time that runs backwards"
