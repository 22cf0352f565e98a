"""Who wrote a value, asked of an engine process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from explorer.engine.asks_writers import NextWriting, PathHistory, WritingFound, Writings
from explorer.engine.lane import Lane
from explorer.engine.messages import Rows, StateRows
from explorer.errors import Invalid
from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from tests.cli.running import own_shop
from tests.engine.asking import Asking, lane


def written(one: Lane, ordinal: int, path: str = "") -> dict[str, int]:
    ask = StateRows("Order", "o1", ordinal, path, against=ordinal - 1, writers=True)
    return {row.key: row.written for row in Asking(one, ask).answer(Rows).rows}


def test_each_row_says_who_wrote_it(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    with lane(url) as one:
        assert written(one, 2)["orderTotal"] == 3
        assert written(one, 1)["orderTotal"] == 1
        assert written(one, 2)["customerId"] == 1
        assert written(one, 2, "/lines") == {"sku=B": 3, "sku=A": 3}
        assert written(one, 2, "/lines/1") == {"sku": 1, "quantity": 3, "price": 1}
        plain = Asking(one, StateRows("Order", "o1", 2)).answer(Rows)
        assert {row.written for row in plain.rows} == {-1}


def test_the_history_of_a_row(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    with lane(url) as one:
        told = Asking(one, PathHistory("Order", "o1", 2, "/lines/1/quantity")).answer(Writings)
        assert told.track == "/lines/[sku=A]/quantity"
        assert [(row.version, row.type, row.op, row.before, row.after) for row in told.rows] == [
            (3, "OrderRevised", "replace", "3", "4"),
            (1, "OrderCreated", "add", "", "3"),
        ]
        assert {row.correlation for row in told.rows} == {"x"}
        assert (told.more, told.there) == (False, True)
        first = Asking(one, PathHistory("Order", "o1", 2, "/lines/1/quantity", limit=1)).answer(Writings)
        assert ([row.version for row in first.rows], first.more) == ([3], True)
        nothing = Asking(one, PathHistory("Order", "o1", 2, "/never")).answer(Writings)
        assert (nothing.rows, nothing.there) == ((), False)
        assert isinstance(Asking(one, PathHistory("Order", "o1", 9, "/status")).failure(), Invalid)

        def nearest(ordinal: int, backwards: bool) -> int | None:
            ask = NextWriting("Order", "o1", 2, "/orderTotal/amount", ordinal, backwards)
            return Asking(one, ask).answer(WritingFound).ordinal

        assert [nearest(ordinal, True) for ordinal in range(3)] == [None, 0, 0]
        assert [nearest(ordinal, False) for ordinal in range(3)] == [2, 2, None]


def test_what_is_gone_was_taken_out_by_an_event(tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    own_shop(url)
    store = open_store(StoreSpec(url, writable=True))
    revised: Any = {
        "customerId": "c1",
        "revision": 3,
        "orderTotal": {"amount": 1},
        "lines": [{"sku": "B", "quantity": 1}],
    }
    store.append(
        StreamKey("Order", "o1"), 3, [NewEvent("OrderRevised", revised, "00000000-0000-4000-8000-00000000abcd")]
    )
    store.close()
    with lane(url) as one:
        assert written(one, 3, "/lines")["sku=A"] == 4
        told = Asking(one, PathHistory("Order", "o1", 3, "/lines/~-1")).answer(Writings)
        assert told.track == "/lines/[sku=A]"
        assert next((row.version, row.op, row.after) for row in told.rows) == (4, "remove", "")
        assert not told.there
