"""Streams to look at: what tests of the stream tab store, and how they wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from pytestqt.qtbot import QtBot

from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.ui.look import text
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.workspace import Workspace
from tests.ui.opened import WAIT as WAIT
from tests.ui.sample import money, new

STORY = StreamKey("Order", "story")
LONG = StreamKey("Meter", "long")

LOOPING = """
from explorer.model import Aggregate, Domain

def evolve(state, event):
    if event.type == "Stuck":
        while True:
            pass
    if event.type == "Wrong":
        raise KeyError("no such thing")
    return {**state, "last": event.type, "n": state.get("n", 0) + 1}

domain = Domain("Test", (Aggregate("Machine", dict, evolve),), files=(__file__,))
"""


def looping_plugin(folder: Path) -> str:
    """A plug-in whose reducer fails on `Wrong` and never ends on `Stuck`."""
    path = folder / "looping.py"
    path.write_text(LOOPING)
    return str(path)


def line(sku: str, quantity: int, price: str) -> dict[str, Json]:
    return {"sku": sku, "quantity": quantity, "price": money(price)}


def story() -> list[NewEvent]:
    """An order that is revised: five events."""
    first: Json = [line("TEA", 2, "4.50"), line("MUG", 1, "12.00")]
    second: Json = [line("TEA", 3, "4.50"), line("SPOON", 4, "3.25")]
    customer = "c-0"
    return [
        new("OrderCreated", {"customerId": customer, "lines": first, "orderTotal": money("21.00"), "revision": 1}),
        new("OrderApproved", {"customerId": customer, "revision": 1}),
        new("OrderRevised", {"customerId": customer, "lines": second, "orderTotal": money("26.50"), "revision": 2}),
        new("OrderApproved", {"customerId": customer, "revision": 2}),
        new("OrderShipped", {"customerId": customer, "tracking": "DHL 1"}),
    ]


def readings(start: int, count: int) -> list[NewEvent]:
    types = ("Measured", "Adjusted", "Calibrated")
    return [
        new(types[number % 3], {"value": Decimal(number) / 10, "unit": "kW", "by": f"meter {number % 7}"})
        for number in range(start, start + count)
    ]


def store(url: str, key: StreamKey, events: Sequence[NewEvent], expected: int = 0, stretch: int = 5_000) -> None:
    """Append as another program would."""
    opened = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for start in range(0, len(events), stretch):
            opened.append(key, expected + start, events[start : start + stretch])
    finally:
        opened.close()


def show(qtbot: QtBot, workspace: Workspace, key: StreamKey, version: int | None = None) -> StreamTab:
    """A tab on this stream, replayed and settled."""
    tab = StreamTab(workspace, key.category, key.id, version)
    qtbot.addWidget(tab)
    tab.resize(1200, 760)
    tab.show()
    qtbot.waitExposed(tab)
    qtbot.waitUntil(lambda: tab.replaying.result is not None, timeout=WAIT)
    settle(qtbot, tab)
    return tab


def settle(qtbot: QtBot, tab: StreamTab) -> None:
    """Wait until all panes show what the cursor stands at."""
    qtbot.waitUntil(lambda: settled(tab), timeout=WAIT)


def settled(tab: StreamTab) -> bool:
    side = tab.payload.left
    return not (
        tab.replaying.running
        or tab.state.model.loading
        or tab.diff.asking
        or (side.form == "tree" and side.model.loading)
        or not tab.state.head.heading.text().endswith(f" v {text.number(tab.version)}")
    )
