"""Why is this value here, since when is it wrong, what if that had not happened: on the demo store, and on a store that
the library `eventsourcing` wrote, with a plug-in of 15 lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Generator, Sequence
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from explorer.stores import StoreSpec
from explorer.ui.branch.branch_page import BranchPage
from explorer.ui.notes.bundle_dialog import BundleDialog
from explorer.ui.stream.stream_tab import StreamTab
from explorer.ui.watches.watches_dock import WatchesDock
from explorer.ui.window import Window
from tests import eventsourcing_shop
from tests.journey.demo import tab
from tests.journey.hand import Journey, Lost, Pictures, click, click_row, press, wait_for, write

ROOT = Path(__file__).resolve().parent.parent.parent

MENDED = """
from dataclasses import replace

from explorer.domains.customers_orders import DOMAIN

CUSTOMER, *others = DOMAIN.aggregates


def evolve(state, event):
    if event.type == "CustomerCreditReserved" and event.data["orderTotal"]["amount"] > state["creditLimit"]["amount"]:
        return state  # nobody can reserve more than there is
    return CUSTOMER.evolve(state, event)


domain = replace(DOMAIN, name="mended", aggregates=(replace(CUSTOMER, evolve=evolve), *others))
"""

PLUGIN = """\
from decimal import Decimal
from explorer.model import Aggregate, Domain

def evolve(state, event):
    if event.type.endswith("LineAdded"):
        line = {"sku": event.data["sku"], "price": Decimal(event.data["price"]["_data_"])}
        price = 0 if line["sku"] in [known["sku"] for known in state["lines"]] else line["price"]
        return {"lines": [*state["lines"], line], "total": state["total"] + price}
    return {"lines": [], "total": Decimal(0)}

TOTAL = "state.total == sum(line.price for line in state.lines)"
ORDER = Aggregate("Order", dict, evolve, categories=("Order",), invariants={"the total is the sum of the lines": TOTAL})
domain = Domain("shop", (ORDER,))
"""


def path(window: Window, folder: Path) -> Journey:
    look = Pictures(folder, 60)
    with tempfile.TemporaryDirectory(prefix="journey-debugger-") as home:
        yield from demo(window, look, Path(home))
        yield from library(window, look, Path(home))


def demo(window: Window, look: Pictures, home: Path) -> Journey:
    yield from click(window.first_page.demo_button)
    yield from wait_for("the demo store", lambda: window.workspace.is_open and window.workspace.aggregates, 90)
    yield from open_first(window, "C-10")
    stream = yield from broken(window, look, "demo")
    version = stream.version
    yield from who_wrote(look, stream, "/reservations", "demo")
    page = yield from what_if(window, look, stream, "demo")
    exported = home / "test_customer.py"
    page.export.ask("mend")
    yield from file_chosen(exported)
    yield from wait_for("the exported test", exported.exists)
    yield from look("demo-exported")
    words = exported.read_text()
    assert run(exported) == 1, "it fails with the reducer as it is"
    (home / "mended.py").write_text(MENDED)
    mended = home / "test_mended.py"
    mended.write_text(
        words.replace(f"Stream('Customer', {stream.id!r}", f"Stream('Customer', {stream.id!r}, plugins=['mended.py']")
    )
    assert run(mended) == 0, "and passes once it is mended"
    print(f"demo: broken at v{version}; the exported test fails, and passes with the mended reducer", flush=True)

    window.tabs.setCurrentWidget(stream)
    yield from press("n")
    yield 0.8
    yield from write("Who let this through?")
    yield from look("demo-note")
    yield from press("ctrl+Return")
    yield 0.5
    file = home / "problem.esbundle"
    yield from bundle(window, look, file)
    yield from reopened(window, look, next(home.glob("problem*")), stream.id)


def library(window: Window, look: Pictures, home: Path) -> Journey:
    url, plugin = f"{home}/shop.sqlite", home / "shop_plugin.py"
    plugin.write_text(PLUGIN)
    app = eventsourcing_shop.application(url)
    for number in range(40):
        order = eventsourcing_shop.Order(uuid.uuid4())
        for line in range(4):
            # Some order the same thing twice.
            order.add_line(f"A-{0 if number % 13 == 5 and line == 2 else line}", Decimal("1.10"))
        app.save(order)
    app.close()
    window.open(StoreSpec(url), (str(plugin),))
    yield from wait_for("the store", lambda: window.workspace.is_open and window.workspace.aggregates, 60)
    yield from open_first(window, "Order")
    stream = yield from broken(window, look, "library")
    yield from who_wrote(look, stream, "/total", "library")
    yield from what_if(window, look, stream, "library")
    exported = home / "test_order.py"
    words = ["what-if", url, "--category", "Order", "--id", stream.id, "--plugin", str(plugin)]
    words += ["--export", str(exported), "--expect", "/total=4.40"]
    assert explorer(words) == 0
    assert run(exported) == 1, "it fails with the reducer as it is"
    plugin.write_text(PLUGIN.replace('0 if line["sku"] in [known["sku"] for known in state["lines"]] else ', ""))
    assert run(exported) == 0, "and passes once it is mended"
    print("library: the exported test fails, and passes with the mended plug-in", flush=True)


# -- stages ------------------------------------------------------------------------------------------------------------


def open_first(window: Window, words: str) -> Journey:
    yield from press("ctrl+k")
    yield from write(words)
    yield 1.2
    yield from press("Return")
    yield from wait_for("a stream", lambda: (t := tab(window)) is not None and t.timeline.folded > 0)
    next(dock for dock in window.docks if dock.objectName() == "watches").raise_()
    watches = watches_of(window)
    yield from wait_for("the watches", lambda: watches.isVisible() and watches.model.rows)


def broken(window: Window, look: Pictures, name: str) -> Generator[float, None, StreamTab]:
    """The invariant over all streams; the first that breaks it, where it broke and where it healed."""
    watches = watches_of(window)
    yield from click_row(watches.table, watches.model.index(0, 0))
    yield from click(watches.check_button)
    yield from wait_for("the end of the search", lambda: watches.search.watch and not watches.search.running, 60)
    yield from wait_for("a broken stream", lambda: watches.search.model.rows)
    yield from look(f"{name}-all-streams")
    row = watches.search.model.rows[0]
    yield from click_row(watches.search.table, watches.search.model.index(0, 0), times=2)
    yield from wait_for("its stream", lambda: (t := tab(window)) is not None and t.id == row.id)
    stream = tab(window)
    assert stream is not None
    yield from wait_for("where it broke", lambda: stream.version == row.first)
    watches.side.setCurrentIndex(0)
    yield 1.5
    yield from look(f"{name}-broken")
    yield from click(stream.table.viewport())
    yield from press("Home")
    yield from press("F8")
    yield from wait_for("the flip", lambda: stream.version == row.first)
    yield from press("F8")
    yield 1.0
    yield from look(f"{name}-next-flip")
    yield from press("shift+F8")
    yield from wait_for("back where it broke", lambda: stream.version == row.first)
    yield 0.8
    return stream


def who_wrote(look: Pictures, stream: StreamTab, path: str, name: str) -> Journey:
    tree = stream.state.tree
    node = next((n for n in stream.state.model.walk() if n.row is not None and n.row.path == path), None)
    if node is None:
        raise Lost(f"no {path} in the state")
    index = stream.state.model.index_of(node)
    tree.scrollTo(index)
    yield 0.3
    yield from click(tree.viewport(), QPoint(tree.columnViewportPosition(2) + 12, tree.visualRect(index).center().y()))
    yield from press("b")
    yield from wait_for("its history", lambda: stream.state.history.isVisible() and stream.state.history.model.rows)
    yield from look(f"{name}-who-wrote-it")
    last = stream.version
    yield from press("alt+Up")
    yield 1.0
    yield from look(f"{name}-the-change-before")
    yield from press("ctrl+g")
    yield from write(str(last))
    yield from press("Return")
    yield from wait_for("back where it broke", lambda: stream.version == last)


def what_if(window: Window, look: Pictures, stream: StreamTab, name: str) -> Generator[float, None, BranchPage]:
    yield from click_row(stream.table, stream.events.index(stream.cursor_at, 2))
    yield from press("ctrl+b")
    yield from wait_for("the branch", lambda: isinstance(window.tabs.currentWidget(), BranchPage))
    page = window.tabs.currentWidget()
    assert isinstance(page, BranchPage)
    yield 1.5
    yield from press("s")
    yield from wait_for("what comes of it", lambda: page.editing.branch.edits)
    yield 2.0
    yield from look(f"{name}-what-if")
    return page


def file_chosen(file: Path) -> Journey:
    yield from wait_for("the file dialog", lambda: visible(QFileDialog))
    yield 0.5
    yield from press("ctrl+a")
    yield from write(str(file))
    yield from press("Return")
    yield 0.5


def bundle(window: Window, look: Pictures, file: Path) -> Journey:
    yield from press("ctrl+shift+p")
    yield from write("save a bundle")
    yield 0.6
    yield from press("Return")
    yield from wait_for("the bundle dialog", lambda: visible(BundleDialog))
    dialog = visible(BundleDialog)
    assert isinstance(dialog, BundleDialog)
    yield from click(dialog.path)
    yield from press("ctrl+a")
    yield from write(str(file))
    yield from look("demo-bundle")
    yield from click(dialog.save_button)
    yield from wait_for("the bundle", lambda: any(file.parent.glob("problem*")) and not visible(BundleDialog), 30)


def reopened(window: Window, look: Pictures, file: Path, id: str) -> Journey:
    window.close_store()
    yield from wait_for("the store closed", lambda: not window.workspace.is_open)
    yield 0.5
    window.open(StoreSpec(str(file)))
    yield from wait_for("the bundle opened", lambda: window.workspace.is_open and window.workspace.aggregates, 60)
    yield from press("ctrl+k")
    yield from write(id)
    yield 1.2
    yield from press("Return")
    yield from wait_for("its stream", lambda: (t := tab(window)) is not None and t.timeline.folded > 0)
    yield 1.5
    yield from look("demo-bundle-opened")
    window.close_store()
    yield from wait_for("the bundle closed", lambda: not window.workspace.is_open)
    yield 0.5


# -- what is looked up -------------------------------------------------------------------------------------------------


def watches_of(window: Window) -> WatchesDock:
    panel = window.arrangement.panel("watches")
    assert isinstance(panel, WatchesDock)
    return panel


def visible(kind: type[QDialog]) -> QDialog | None:
    return next((one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()), None)


def run(file: Path) -> int:
    """pytest on this file alone, far from this project's settings."""
    return program(["pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(file.parent), str(file)], file.parent)


def explorer(words: Sequence[str]) -> int:
    return program(["explorer", *words], ROOT)


def program(words: Sequence[str], folder: Path) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=200,
        check=False,
    )  # fmt: skip
    print("\n".join(done.stdout.splitlines()[-3:]), flush=True)
    return done.returncode
