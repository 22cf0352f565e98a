"""What-if branches, asked of an engine process."""

from __future__ import annotations

from pathlib import Path

from explorer.branches import Edit, Insert, Skip
from explorer.engine.messages import BranchDiff, BranchPage, BranchState, DiffPage, FoldBranch, Rows
from explorer.errors import Invalid
from tests.cli.running import own_shop
from tests.engine.asking import Asking, lane


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
