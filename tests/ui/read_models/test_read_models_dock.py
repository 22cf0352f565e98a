"""The rows of read models in the window: live, checked, rebuilt, and what an empty place says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from explorer.cancellation import Cancellation
from explorer.domains.customers_orders import DOMAIN
from explorer.engine.messages import TableInfo
from explorer.model import Json
from explorer.read_models import rebuild
from explorer.stores import StoreSpec, open_store
from explorer.ui.read_models.read_models_dock import ReadModelsDock
from explorer.ui.read_models.row_model import Line, LinesModel
from explorer.ui.workspace import Workspace
from tests.stores.test_read_models import execute
from tests.ui.opened import CUSTOMER, WAIT, append, click, make_shop, new, type_into, workspace_on

ORDERS = 2  # in the list of tables


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_shop(str(tmp_path / "shop.sqlite"))


@pytest.fixture
def dock(url: str, qtbot: QtBot) -> Iterator[ReadModelsDock]:
    with workspace_on(qtbot, StoreSpec(url, writable=True)) as workspace:
        yield shown(workspace, qtbot)


def shown(workspace: Workspace, qtbot: QtBot) -> ReadModelsDock:
    dock = ReadModelsDock(workspace)
    qtbot.addWidget(dock)
    dock.resize(1100, 300)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def project(url: str) -> None:
    """As the service would."""
    store = open_store(StoreSpec(url, writable=True))
    for projection in DOMAIN.projections:
        rebuild(store, DOMAIN, projection, Cancellation())
    store.close()


def names(dock: ReadModelsDock) -> list[str]:
    return [line.key[-1] for line in dock.model.rows] if dock.model else []


def picture(dock: ReadModelsDock, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        dock.grab().save(f"{folder}/{name}.png")


def test_an_empty_place_makes_the_rows(dock: ReadModelsDock, qtbot: QtBot) -> None:
    assert [dock.choice.itemText(number) for number in range(dock.choice.count())] == [
        "Customers", "Customer orders", "Orders",
    ]  # fmt: skip
    qtbot.waitUntil(lambda: dock.empty.sentence.text() == "No rows yet.", timeout=WAIT)
    assert "start it in Subscriptions" in dock.empty.hint.text()
    picture(dock, "empty")
    click(dock.empty.button)
    qtbot.waitUntil(lambda: names(dock) == ["c1"], timeout=WAIT)
    assert "rebuilt from 3 events" in dock.banner.sentence.text()
    qtbot.waitUntil(lambda: "nothing behind" in dock.head.note.text(), timeout=WAIT)
    assert "waiting for service views" in dock.head.note.text()


def test_rows_are_live_and_filtered(dock: ReadModelsDock, url: str, qtbot: QtBot) -> None:
    project(url)
    qtbot.waitUntil(lambda: names(dock) == ["c1"], timeout=WAIT)
    created: Json = {"name": "Grace", "creditLimit": {"amount": 5}}
    append(url, type(CUSTOMER)("Customer", "a0"), 0, [new("CustomerCreated", created)])
    project(url)
    qtbot.waitUntil(lambda: names(dock) == ["a0", "c1"], timeout=WAIT)
    picture(dock, "rows")
    type_into(dock.filter, "grace")
    qtbot.waitUntil(lambda: names(dock) == ["a0"], timeout=WAIT)
    type_into(dock.filter, "nobody")
    qtbot.waitUntil(lambda: dock.empty.isVisible() and names(dock) == [], timeout=WAIT)
    click(dock.empty.button)
    qtbot.waitUntil(lambda: names(dock) == ["a0", "c1"], timeout=WAIT)


def test_enter_opens_the_stream(dock: ReadModelsDock, url: str, qtbot: QtBot) -> None:
    project(url)
    dock.choice.setCurrentIndex(ORDERS)
    qtbot.waitUntil(lambda: names(dock) == ["7f3a"], timeout=WAIT)
    assert dock.table is not None
    dock.table.selectRow(0)
    with qtbot.waitSignal(dock._workspace.stream_wanted, timeout=WAIT) as wanted:
        QTest.keyClick(dock.table, Qt.Key.Key_Return)
    assert wanted.args == ["Order", "7f3a", None]


def test_drift_is_shown_and_mended(dock: ReadModelsDock, url: str, qtbot: QtBot) -> None:
    project(url)
    dock.choice.setCurrentIndex(ORDERS)
    qtbot.waitUntil(lambda: names(dock) == ["7f3a"], timeout=WAIT)
    click(dock.check_button)
    qtbot.waitUntil(lambda: "No drift" in dock.banner.sentence.text(), timeout=WAIT)
    assert dock.drift.isHidden()
    execute(url, "UPDATE read_orders SET reason = 'mine'")
    execute(url, "INSERT INTO read_orders (order_id) VALUES ('lost')")
    click(dock.check_button)
    qtbot.waitUntil(dock.drift.isVisible, timeout=WAIT)
    found = [(row.key[0], row.kind) for row in dock.drift.model.rows]
    assert found == [("7f3a", "different"), ("lost", "extra")]
    assert dock.drift.model.rows[0].columns == (("reason", "mine", ""),)
    picture(dock, "drift")
    click(dock.rebuild_button)
    assert dock.question.isVisible()
    click(dock.question.yes)
    qtbot.waitUntil(lambda: "rebuilt from" in dock.banner.sentence.text(), timeout=WAIT)
    assert dock.drift.isHidden()
    qtbot.waitUntil(lambda: names(dock) == ["7f3a"], timeout=WAIT)


def test_what_is_only_read_cannot_be_rebuilt(url: str, qtbot: QtBot) -> None:
    project(url)
    with workspace_on(qtbot, StoreSpec(url)) as workspace:
        dock = shown(workspace, qtbot)
        qtbot.waitUntil(lambda: names(dock) == ["c1"], timeout=WAIT)
        assert not dock.rebuild_button.isEnabled()
        click(dock.check_button)
        qtbot.waitUntil(lambda: "No drift" in dock.banner.sentence.text(), timeout=WAIT)


def test_no_store(qtbot: QtBot) -> None:
    dock = shown(Workspace(), qtbot)
    assert dock.empty.sentence.text() == "No store is open."


def test_lists_change_without_a_reset(qtbot: QtBot) -> None:
    model = LinesModel(TableInfo("things", ("id",), (("title", "text"),)))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def lines(*named: str) -> list[Line]:
        return [Line((name[0],), (name[0], name)) for name in named]

    model.merge(lines("b1", "d1"), False, 0)
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    assert model.merge(lines("a1", "b1", "c1", "d2", "e1"), True, 1) == 2
    assert model.rows == lines("a1", "b1", "c1", "d2", "e1")
    assert model.merge(lines("c1", "e1"), False, 2) == -2
    assert model.rows == lines("c1", "e1")
    assert resets == []
