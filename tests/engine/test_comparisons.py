"""Two streams aligned, and a category under two plug-ins, asked of an engine process."""

from __future__ import annotations

from pathlib import Path

from explorer.engine.asks_comparing import Align, AlignedDiff, AlignedPage, EndsApart, FoldUnder
from explorer.engine.messages import DiffPage, Done
from explorer.errors import Invalid, PluginBroken
from tests.engine.asking import Asking, lane
from tests.ui.sample import append
from tests.ui.shown_streams import STORY, story

OTHER = """
from explorer.domains.customers_orders import DOMAIN
from explorer.model import Aggregate, Domain

ORDER = DOMAIN.aggregates[[one.name for one in DOMAIN.aggregates].index("Order")]

def evolve(state, event):
    state = ORDER.evolve(state, event)
    return {**state, "revision": 99} if event.type == "OrderRevised" else state

domain = Domain("Other", (Aggregate("Order", ORDER.initial, evolve, load=ORDER.load, dump=ORDER.dump),))
"""


def two_stories(folder: Path) -> str:
    """The story, and one in which nothing was revised."""
    url = str(folder / "shop.sqlite")
    events = story()
    append(url, "Order", STORY.id, 0, *events)
    plain = story()
    append(url, "Order", "plain", 0, plain[0], plain[1], plain[4])
    return url


def test_two_streams_side_by_side(tmp_path: Path) -> None:
    url = two_stories(tmp_path)
    with lane(url) as one:
        page = Asking(one, Align("Order", "story", "plain")).answer(AlignedPage)
        assert [(row.version, row.other_version, row.same) for row in page.rows] == [
            (1, 1, True), (2, 2, True), (3, 0, False), (4, 0, False), (5, 3, True),
        ]  # fmt: skip
        assert (page.total, page.only_one, page.only_other, page.first) == (5, 2, 0, 2)
        ends = Asking(one, AlignedDiff("Order", "story", "plain")).answer(DiffPage)
        assert ("/orderTotal/amount", "26.50", "21.00") in [(row.path, row.before, row.after) for row in ends.rows]
        assert Asking(one, AlignedDiff("Order", "story", "plain", 1)).answer(DiffPage).total == 0
        there = Asking(one, AlignedDiff("Order", "story", "plain", versions=(2, 1))).answer(DiffPage)
        assert ("/status", '"APPROVED"', '"PENDING"') in [(row.path, row.before, row.after) for row in there.rows]
        assert Asking(one, AlignedDiff("Order", "story", "plain", 4, "payload")).answer(DiffPage).total == 0
        assert isinstance(Asking(one, AlignedDiff("Order", "story", "plain", 9)).failure(), Invalid)
        append(url, "Order", "plain", 3, *story()[2:3])
        assert Asking(one, Align("Order", "story", "plain")).answer(AlignedPage).only_other == 1


def test_a_category_under_another_plug_in(tmp_path: Path) -> None:
    url = two_stories(tmp_path)
    file = tmp_path / "other.py"
    file.write_text(OTHER)
    with lane(url) as one:
        asking = Asking(one, FoldUnder("Order", str(file)))
        assert asking.answer(Done).message == "1 of 2 streams end differently."
        (apart,) = [part for part in asking.parts if isinstance(part, EndsApart)]
        assert (apart.id, apart.version, apart.kind, apart.total) == ("story", 3, "OrderRevised", 1)
        assert [(row.path, row.before, row.after) for row in apart.changes] == [("/revision", "2", "99")]
        only = Asking(one, FoldUnder("Order", str(file), "plain"))
        assert only.answer(Done).message == "0 of 1 streams end differently."
        file.write_text("import nothing_like_this")
        assert isinstance(Asking(one, FoldUnder("Order", str(file))).failure(), PluginBroken)
