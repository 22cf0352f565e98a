"""Snapshots by mouse and keys on real stores: take, look into, compare, delete, replay from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.model import Snapshot, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.ui.snapshots.snapshots_dock import STORE, SnapshotsDock
from explorer.ui.workspace import Workspace
from tests.ui.opened import CUSTOMER, ORDER, WAIT, append, click, make_shop, new, workspace_on


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_shop(str(tmp_path / "shop.sqlite"))


@pytest.fixture
def workspace(url: str, qtbot: QtBot) -> Iterator[Workspace]:
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        yield workspace


@pytest.fixture
def dock(workspace: Workspace, qtbot: QtBot) -> SnapshotsDock:
    return shown(workspace, qtbot)


def shown(workspace: Workspace, qtbot: QtBot) -> SnapshotsDock:
    dock = SnapshotsDock(workspace)
    qtbot.addWidget(dock)
    dock.resize(1000, 260)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def look_at(workspace: Workspace, key: StreamKey, version: int) -> None:
    workspace.current_stream_changed.emit(key.category, key.id, version)


def versions(dock: SnapshotsDock) -> list[int]:
    return [line.snapshot.version for line in dock.model.rows]


def take(dock: SnapshotsDock, qtbot: QtBot, expected: list[int]) -> None:
    click(dock.take_button)
    qtbot.waitUntil(lambda: versions(dock) == expected, timeout=WAIT)


def verdicts(dock: SnapshotsDock) -> list[str]:
    return [line.verdict.verdict if line.verdict else "" for line in dock.model.rows]


def save(url: str, snapshot: Snapshot) -> None:
    """As another program would."""
    store = open_store(StoreSpec(url, writable=True))
    try:
        store.save_snapshot(snapshot)
    finally:
        store.close()


def test_taken_at_the_version_one_looks_at_and_at_the_end(
    workspace: Workspace, dock: SnapshotsDock, qtbot: QtBot
) -> None:
    look_at(workspace, ORDER, 1)
    assert dock.take_button.text() == "Take at v1"
    qtbot.waitUntil(lambda: "No snapshot of Order 7f3a yet." in dock.empty.sentence.text(), timeout=WAIT)
    take(dock, qtbot, [1])
    dock.take_end.trigger()
    qtbot.waitUntil(lambda: versions(dock) == [2, 1], timeout=WAIT)
    qtbot.waitUntil(lambda: dock.detail.content.total > 0, timeout=WAIT)
    click(dock.compare_all_button)
    qtbot.waitUntil(lambda: verdicts(dock) == ["identical", "identical"], timeout=WAIT)
    look_at(workspace, CUSTOMER, 1)
    qtbot.waitUntil(lambda: versions(dock) == [], timeout=WAIT)
    dock.scope.setCurrentIndex(STORE)
    qtbot.waitUntil(lambda: versions(dock) == [2, 1], timeout=WAIT)


def test_content_that_differs_is_shown_by_its_paths(
    workspace: Workspace, dock: SnapshotsDock, url: str, qtbot: QtBot
) -> None:
    look_at(workspace, ORDER, 2)
    take(dock, qtbot, [2])
    whole = dock.model.rows[0].snapshot
    wrong = Snapshot(
        "Order", "7f3a", 2, b'{"status":"SHIPPED"}', whole.taken_at, "Order", whole.schema_version, whole.fingerprint
    )
    save(url, wrong)
    workspace.refresh()
    qtbot.waitUntil(lambda: dock.model.rows[0].snapshot.size < whole.size, timeout=WAIT)
    click(dock.compare_button)
    qtbot.waitUntil(lambda: verdicts(dock) == ["corrupt"], timeout=WAIT)
    assert dock.detail.comparison.verdict.text() == "v2: corrupt"
    assert any(line.startswith('~ /status: "SHIPPED" → "APPROVED"') for line in dock.detail.comparison.changes.lines)


def test_replaying_from_a_snapshot_says_what_it_saves(workspace: Workspace, dock: SnapshotsDock, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    take(dock, qtbot, [2])
    with qtbot.waitSignal(workspace.stream_wanted, timeout=WAIT) as wanted:
        click(dock.replay_button)
    assert wanted.args == ["Order", "7f3a", 2]
    assert "reads 2 events fewer" in dock.banner.sentence.text()


def test_deleting_asks_first(workspace: Workspace, dock: SnapshotsDock, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    take(dock, qtbot, [2])
    click(dock.delete_button)
    assert dock.question.isVisible()
    assert dock.question.no.hasFocus()
    click(dock.question.no)
    assert versions(dock) == [2]
    click(dock.delete_button)
    click(dock.question.yes)
    qtbot.waitUntil(lambda: versions(dock) == [], timeout=WAIT)


def test_what_others_save_is_seen(workspace: Workspace, dock: SnapshotsDock, url: str, qtbot: QtBot) -> None:
    look_at(workspace, ORDER, 2)
    append(url, ORDER, 2, [new("OrderCancelled", {"customerId": "c1"})])
    save(url, Snapshot("Order", "7f3a", 3, b"{}"))
    qtbot.waitUntil(lambda: versions(dock) == [3], timeout=WAIT)


def test_a_category_nobody_claims_has_no_state_to_save(
    workspace: Workspace, dock: SnapshotsDock, url: str, qtbot: QtBot
) -> None:
    append(url, StreamKey("Note", "n"), 0, [new("Noted", {})])
    look_at(workspace, StreamKey("Note", "n"), 1)
    click(dock.take_button)
    qtbot.waitUntil(dock.banner.isVisible, timeout=WAIT)
    assert "No domain claims" in dock.banner.sentence.text()


def test_a_read_only_store_is_only_looked_at(url: str, qtbot: QtBot) -> None:
    save(url, Snapshot("Order", "7f3a", 1, b'{"status":"PENDING"}'))
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dock = shown(workspace, qtbot)
        look_at(workspace, ORDER, 2)
        qtbot.waitUntil(lambda: versions(dock) == [1], timeout=WAIT)
        assert not dock.take_button.isEnabled()
        assert not dock.delete_button.isEnabled()
        assert "read-only" in dock.take_button.toolTip()
        click(dock.compare_button)
        qtbot.waitUntil(lambda: verdicts(dock) != [""], timeout=WAIT)


def test_without_a_store_or_a_stream_it_says_so(workspace: Workspace, dock: SnapshotsDock, qtbot: QtBot) -> None:
    assert dock.empty.sentence.text() == "No stream is open."
    click(dock.empty.button)
    assert dock.scope.currentIndex() == STORE
    qtbot.waitUntil(lambda: dock.empty.sentence.text() == "No snapshots in this store yet.", timeout=WAIT)
    alone = shown(Workspace(), qtbot)
    assert alone.empty.sentence.text() == "No store is open."


def test_how_often_they_are_worth_it(url: str, workspace: Workspace, dock: SnapshotsDock, qtbot: QtBot) -> None:
    append(url, ORDER, 2, [new("OrderNoted", {"n": n}) for n in range(10)])
    click(dock.policy_button)
    policy = dock.policy
    qtbot.waitUntil(lambda: policy.plan is not None, timeout=WAIT)
    assert policy.isVisible()
    policy.slider.setFocus()
    QTest.keyClick(policy.slider, Qt.Key.Key_Home)
    assert policy.every.text() == "Every 5 events"
    assert "13 events read, at most 12 for one" in policy.facts["Without any"].text()
    assert "3 events read, at most 2 for one" in policy.facts["With them"].text()
    assert policy.facts["They cost"].text().startswith("2 snapshots of 1 stream")
    assert "every 100" in policy.how.text()
    assert policy.take_button.text() == "Take now (1)"
    click(policy.take_button)
    qtbot.waitUntil(lambda: policy.take_button.text() == "Take now (0)", timeout=WAIT)
    assert not policy.take_button.isEnabled()
    QTest.keyClick(policy.slider, Qt.Key.Key_End)
    assert policy.every.text() == "Every 5\u2009000 events"
    click(dock.policy_button)
    look_at(workspace, ORDER, 12)
    qtbot.waitUntil(lambda: versions(dock) == [12], timeout=WAIT)
    assert dock.table.isVisible()


def test_how_often_where_nothing_can_be_taken(url: str, qtbot: QtBot) -> None:
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dock = shown(workspace, qtbot)
        click(dock.policy_button)
        qtbot.waitUntil(lambda: dock.policy.plan is not None, timeout=WAIT)
        assert not dock.policy.take_button.isEnabled()
        assert "read-only" in dock.policy.take_button.toolTip()
