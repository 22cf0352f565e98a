"""The verb read-models: what there is, its rows, making them anew, and whether they are right."""

from __future__ import annotations

import json

from explorer.stores import StoreSpec, open_store
from tests.cli.running import Run
from tests.stores.test_read_models import execute
from tests.ui.opened import make_shop

LISTED = ["name", "domain", "tables", "subscription", "position", "lag", "saved_at", "owner"]


def test_read_models_are_listed_built_shown_and_checked(own_url: str, run: Run) -> None:
    open_store(StoreSpec(own_url, create=True)).close()
    make_shop(own_url)
    listed = run("read-models", "list", own_url).rows(LISTED)
    assert [(row["name"], row["position"], row["lag"]) for row in listed] == [
        ("customers", None, None),
        ("orders", None, None),
    ]
    unbuilt = run("read-models", "check", own_url)
    assert unbuilt.code == 2
    assert "has no rows yet" in unbuilt.err
    for name in ("customers", "orders"):
        (built,) = run("read-models", "rebuild", own_url, name).rows(
            ["name", "position", "events", "parked", "seconds"]
        )
        assert (built["name"], built["events"], built["parked"]) == (name, 3, 0)
    assert [row["lag"] for row in run("read-models", "list", own_url).rows(LISTED)] == [0, 0]
    (order,) = run("read-models", "rows", own_url, "orders").rows(["table", "row"])
    assert (order["table"], order["row"]["order_id"], order["row"]["status"]) == ("orders", "7f3a", "APPROVED")
    assert run("read-models", "rows", own_url, "orders", "--find", "nothing like it").rows(["table", "row"]) == []
    assert run("read-models", "check", own_url).code == 0
    execute(own_url, "UPDATE read_orders SET order_total = '8.00'")
    drifted = run("read-models", "check", own_url, "orders")
    assert drifted.code == 1
    (found,) = [json.loads(line) for line in drifted.out.splitlines()]
    assert (found["kind"], found["columns"], found["key"]) == ("different", ["order_total"], ["7f3a"])
    assert run("read-models", "rows", own_url, "nobody").code == 2
