"""What-if branches, asked of an engine process."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from explorer.branches import Edit, Insert, Skip, Truncate
from explorer.engine.asks_branches import (
    BranchDiff,
    BranchPage,
    BranchState,
    BranchText,
    FoldBranch,
    MendPage,
    Mends,
)
from explorer.engine.lane import Lane
from explorer.engine.messages import DiffPage, Rows, TextPage
from explorer.errors import Invalid
from tests.cli.running import own_shop
from tests.engine.asking import Asking, lane
from tests.ui.sample import append, new


def test_a_branch_is_folded_beside_its_stream(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    before = Path(url).read_bytes()
    edits = (
        Skip(2),
        Insert(None, "OrderCancelled", '{"customerId": "c1", "reason": "late"}'),
        Edit(1, "OrderApproved", "7"),
    )
    with lane(url) as one:
        page = Asking(one, FoldBranch("Order", "o1", edits)).answer(BranchPage)
        assert [(row.line, row.version, row.branch_version, row.how) for row in page.rows] == [
            (0, 1, 1, ""), (1, 2, 2, "edited"), (2, 3, 0, "skipped"), (-1, 0, 3, "inserted"),
        ]  # fmt: skip
        assert "AttributeError" in page.rows[1].error
        assert (page.total, page.diverges) == (4, 1)
        state = Asking(one, BranchState("Order", "o1", 3, edits)).answer(Rows)
        marks = {row.key: (row.text, row.mark) for row in state.rows}
        assert marks["status"] == ("CANCELLED", "~")
        stored = Asking(one, BranchState("Order", "o1", 3, edits, base=True)).answer(Rows)
        assert {row.key: row.text for row in stored.rows}["status"] == "PENDING"
        ends = Asking(one, BranchDiff("Order", "o1", None, edits)).answer(DiffPage)
        assert ("replace", "/status") in [(row.op, row.path) for row in ends.rows]
        assert Asking(one, BranchDiff("Order", "o1", 0, edits)).answer(DiffPage).total == 0
        assert Asking(one, FoldBranch("Order", "o1")).answer(BranchPage).diverges is None
        assert isinstance(Asking(one, FoldBranch("Order", "o1", (Skip(9),))).failure(), Invalid)
        assert isinstance(Asking(one, BranchState("Order", "o1", 9, edits)).failure(), Invalid)
    assert Path(url).read_bytes() == before


def text_of(one: Lane, ask: BranchText) -> str:
    pieces: list[str] = []
    while True:
        page = Asking(one, structs.replace(ask, start=len(pieces), limit=2)).answer(TextPage)
        pieces += page.lines
        if len(pieces) >= page.total:
            return "".join(pieces)


def test_texts_of_a_branch_and_the_row_of_a_line(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    edits = (Insert(1, "OrderCancelled", '{"reason": "late"}'), Edit(2, "OrderNoted", '{"n": 1.10}'), Skip(1))
    with lane(url) as one:

        def text(what: str, row: int) -> str:
            return text_of(one, BranchText("Order", "o1", edits, what, row))

        page = Asking(one, FoldBranch("Order", "o1", edits, line=-1)).answer(BranchPage)
        assert (page.at, page.rows[1].how, page.aggregate) == (1, "inserted", "Order")
        assert Asking(one, FoldBranch("Order", "o1", edits, 0, 1, line=2)).answer(BranchPage).start == 3
        assert [text("type", row) for row in range(4)] == [
            "OrderCreated", "OrderCancelled", "OrderApproved", "OrderNoted",
        ]  # fmt: skip
        assert text("data", 1) == '{"reason":"late"}'
        assert text("data", 3) == '{"n":1.10}'
        assert '"customerId"' in text("data", 0)
        assert text("test", 0).count("stream.given(") + text("test", 0).count("stream.when(") == 3
        assert "OrderCancelled" not in text("mend", 0)
        assert text_of(one, BranchText("Order", "o1", edits, "state", None, "/status")) == '"CANCELLED"'
        laid_out = text_of(one, BranchText("Order", "o1", edits, "stored", 0, "", "json"))
        assert laid_out.startswith("{  ")
        assert isinstance(Asking(one, BranchText("Order", "o1", edits, "song")).failure(), Invalid)
        assert isinstance(Asking(one, BranchText("Order", "o1", edits, "data", 9)).failure(), Invalid)
        assert isinstance(Asking(one, BranchText("Order", "o1", (), "mend")).failure(), Invalid)


def test_what_would_make_good_what_a_branch_goes_without(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    with lane(url) as one:
        page = Asking(one, Mends("Order", "o1", (Truncate(0), Skip(0)))).answer(MendPage)
        created, approved, _ = page.mends
        assert (created.version, created.command, created.refused) == (1, "CancelOrder", "")
        assert created.events
        assert (approved.type, approved.command) == ("OrderApproved", "")
        assert page.total == 3
        assert Asking(one, Mends("Order", "o1", (Truncate(0),), start=1)).answer(MendPage).mends[0].version == 3


def test_a_branch_goes_on_with_what_arrives(tmp_path: Path) -> None:
    """It is not folded again; where something was done to the end it is."""
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    edits = (Skip(1),)
    with lane(url) as one:
        assert Asking(one, FoldBranch("Order", "o1", edits)).answer(BranchPage).total == 3
        append(url, "Order", "o1", 3, new("OrderApproved", {"revision": 2, "customerId": "c1"}))
        assert (
            Asking(one, BranchDiff("Order", "o1", None, edits)).answer(DiffPage).total > 0
        )  # of the rows as they were
        assert isinstance(Asking(one, BranchState("Order", "o1", 3, edits)).failure(), Invalid)
        page = Asking(one, FoldBranch("Order", "o1", edits)).answer(BranchPage)
        assert (page.total, page.rows[3].version, page.rows[3].branch_version) == (4, 4, 3)
        alone = Asking(one, FoldBranch("Order", "o1", (*edits, Edit(0, "OrderCreated", "{}")))).answer(BranchPage)
        assert alone.total == 4
        ends = Asking(one, BranchState("Order", "o1", None, edits)).answer(Rows)
        fresh = Asking(one, BranchState("Order", "o1", 3, edits)).answer(Rows)
        assert ends == fresh
        at_the_end = (Insert(None, "OrderCancelled", "{}"),)
        assert Asking(one, FoldBranch("Order", "o1", at_the_end)).answer(BranchPage).rows[4].how == "inserted"
        append(url, "Order", "o1", 4, new("OrderShipped", {"customerId": "c1", "tracking": "x"}))
        page = Asking(one, FoldBranch("Order", "o1", at_the_end)).answer(BranchPage)
        assert [row.how for row in page.rows][4:] == ["", "inserted"]
