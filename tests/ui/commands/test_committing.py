"""Writes whose answer is lost, and stores that are not ours to write to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.stores import StoreSpec
from explorer.ui.commands.append_dialog import AppendDialog
from explorer.ui.commands.command_dock import CommandDock
from explorer.ui.snapshots.snapshots_dock import SnapshotsDock
from explorer.ui.workspace import Workspace
from tests.postgres_proxy import Proxy
from tests.postgres_server import PostgresServer
from tests.stores_written import eventsourcing
from tests.ui.opened import ORDER, WAIT, click, field, make_shop, stored, type_into, workspace_on


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    between = Proxy(f"{postgres.folder}/.s.PGSQL.{postgres.port}")
    yield between
    between.close()


def through(proxy: Proxy, url: str) -> str:
    name = url.partition("@/")[2].partition("?")[0]
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"


def ship(workspace: Workspace, qtbot: QtBot) -> CommandDock:
    """ShipOrder, previewed and ready to commit."""
    dock = CommandDock(workspace)
    qtbot.addWidget(dock)
    dock.resize(320, 600)
    dock.show()
    qtbot.waitExposed(dock)
    workspace.current_stream_changed.emit(ORDER.category, ORDER.id, 2)
    dock.chooser.choose("Order", "ShipOrder")
    type_into(field(dock, "tracking"), "T-1")
    click(dock.preview_button)
    qtbot.waitUntil(dock.commit_button.isEnabled, timeout=WAIT)
    return dock


def test_a_lost_answer_is_looked_for_at_once(proxy: Proxy, postgres_url: str, qtbot: QtBot) -> None:
    make_shop(postgres_url)
    with workspace_on(qtbot, StoreSpec(through(proxy, postgres_url), writable=True)) as workspace:
        dock = ship(workspace, qtbot)
        proxy.swallow_commit = True
        proxy.refuse = True
        with qtbot.waitSignal(dock.committing.unknown, timeout=WAIT):
            dock.committing.unknown.connect(lambda sent, error: setattr(proxy, "swallow_commit", False))
            dock.committing.unknown.connect(lambda sent, error: setattr(proxy, "refuse", False))
            click(dock.commit_button)
        qtbot.waitUntil(lambda: "Written: OrderShipped as v3." in dock.outcome.sentence, timeout=WAIT)
    assert len(stored(postgres_url, ORDER)) == 3


def test_an_outcome_nobody_could_learn_is_looked_for_at_the_next_start(
    proxy: Proxy, postgres_url: str, qtbot: QtBot
) -> None:
    make_shop(postgres_url)
    spec = StoreSpec(through(proxy, postgres_url), writable=True)
    with workspace_on(qtbot, spec) as workspace:
        dock = ship(workspace, qtbot)
        proxy.swallow_commit = True
        proxy.refuse = True
        dock.committing.unknown.connect(lambda sent, error: proxy.cut())
        click(dock.commit_button)
        qtbot.waitUntil(lambda: "It is not known whether" in dock.outcome.sentence, timeout=4 * WAIT)
        assert dock.outcome.again.text() == "Look again"
        assert field(dock, "tracking").text() == "T-1"
    proxy.swallow_commit = proxy.refuse = False
    workspace = Workspace()
    said: list[str] = []
    workspace.notice.connect(lambda kind, sentence, hint: said.append(sentence))
    workspace.open(spec)
    qtbot.waitUntil(lambda: bool(said), timeout=WAIT)
    assert "Writing OrderShipped to Order 7f3a" in said[0]
    assert "was written" in said[0]
    with qtbot.waitCallback(timeout=WAIT) as done:
        workspace.close(done)


def test_a_store_of_another_library_is_only_looked_at(tmp_path: Path, qtbot: QtBot) -> None:
    url = str(tmp_path / "foreign.sqlite")
    fact = eventsourcing(url)[0]
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        workspace.current_stream_changed.emit(fact.category, fact.id, 1)
        dock = CommandDock(workspace)
        qtbot.addWidget(dock)
        dock.show()
        assert "another library" in dock.committing.why_not()
        assert not dock.commit_button.isEnabled()
        dialog = AppendDialog(workspace, {"category": fact.category, "id": fact.id})
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.target.expected_field.text() not in ("", "0"), timeout=WAIT)
        type_into(dialog.type.lineEdit(), "Anything")  # type: ignore[arg-type]
        assert not dialog.append_button.isEnabled()
        assert "another library" in dialog.why_not.text()
        click(dialog.preview_button)
        qtbot.waitUntil(lambda: dialog._preview is not None, timeout=WAIT)
        dialog._closing = True
        snapshots = SnapshotsDock(workspace)
        qtbot.addWidget(snapshots)
        snapshots.show()
        assert not snapshots.take_button.isEnabled()
