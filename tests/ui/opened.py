"""A workspace on a real store, with a real engine; and a small shop to look at."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from explorer.model import Event, Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.ui.workspace import Workspace
from tests.patience import PATIENCE

ORDER = StreamKey("Order", "7f3a")
CUSTOMER = StreamKey("Customer", "c1")
WAIT = int(PATIENCE * 1000)  # milliseconds


def new(type: str, data: Json) -> NewEvent:
    return NewEvent(type, data, str(uuid.uuid4()))


def order_events() -> list[NewEvent]:
    """An order that was placed and approved."""
    lines: Json = [{"sku": "A-1", "quantity": 2, "price": {"amount": Decimal("3.50")}}]
    total: Json = {"amount": Decimal("7.00")}
    return [
        new("OrderCreated", {"customerId": "c1", "lines": lines, "orderTotal": total, "revision": 1}),
        new("OrderApproved", {"customerId": "c1", "revision": 1}),
    ]


def append(url: str, key: StreamKey, expected: int, events: Sequence[NewEvent]) -> list[Event]:
    """As another program would."""
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        return store.append(key, expected, events)
    finally:
        store.close()


def stored(url: str, key: StreamKey) -> list[Event]:
    store = open_store(StoreSpec(url))
    try:
        return store.stream_events(key)
    finally:
        store.close()


def make_shop(url: str) -> str:
    append(url, CUSTOMER, 0, [new("CustomerCreated", {"name": "Ada", "creditLimit": {"amount": 1000}})])
    append(url, ORDER, 0, order_events())
    return url


@contextmanager
def workspace_on(qtbot: QtBot, spec: StoreSpec) -> Iterator[Workspace]:
    """Open, with the engine ready; closed at the end."""
    workspace = Workspace()
    with qtbot.waitSignals([workspace.opened, workspace.engine_ready], timeout=WAIT):
        workspace.open(spec)
    try:
        yield workspace
    finally:
        with qtbot.waitCallback(timeout=WAIT) as done:
            workspace.close(done)


def field(panel: QWidget, name: str) -> QLineEdit:
    """The line with this accessible name, among those that can be seen."""
    return next(line for line in panel.findChildren(QLineEdit) if line.accessibleName() == name and line.isVisible())


def type_into(line: QLineEdit, words: str) -> None:
    """Replace what stands there, by keys."""
    line.setFocus()
    QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(line, words)


def click(button: QAbstractButton) -> None:
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
