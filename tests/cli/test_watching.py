"""The verbs that watch, along one stream and over a category."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from uuid import uuid4

from explorer import violations, watching
from explorer.model import NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.bulk import fill
from explorer.watching import Watch
from tests.cli.running import Done, Run, Shop, own_shop, program
from tests.patience import PATIENCE

WATCH = ["first", "last", "kind", "value", "type", "reason"]
VIOLATIONS = [
    *("category", "id", "events", "first", "first_type", "last", "last_type", "times", "now", "failed", "reason"),
]


def test_an_expression_along_a_stream(run: Run, own: Shop) -> None:
    which = ("watch", own.url, "--category", own.category, "--id", own.id)
    done = run(*which, "state.orderTotal.amount == sum(l.quantity * l.price.amount for l in state.lines)")
    assert done.code == 0, done.err
    assert done.rows(WATCH) == [
        {"first": 1, "last": 3, "kind": "true", "value": True, "type": "OrderCreated", "reason": None}
    ]
    values = run(*which, "/orderTotal/amount")
    assert [(row["first"], row["last"], str(row["value"])) for row in values.rows(WATCH)] == [
        (1, 2, "3.30"),
        (3, 3, "5.50"),
    ]
    broken = run(*which, "len(state.lines) < 2 and state.approved.revision", json=False)
    assert broken.code == 1
    assert "Broken at v3 by OrderRevised" not in broken.out
    human = run(*which, 'event.type != "OrderRevised"', json=False)
    assert human.code == 1
    assert human.out.splitlines()[-1] == "Broken at v3 by OrderRevised, and not healed."
    assert [line.split() for line in human.out.splitlines()[1:3]] == [
        ["✓", "v1", "v2", "true", "OrderCreated"], ["✗", "v3", "v3", "false", "OrderRevised"],
    ]  # fmt: skip


def test_mistakes_are_shown_where_they_are(run: Run, own: Shop) -> None:
    for verb in (
        ("watch", own.url, "--category", "Order", "--id", "o1"),
        ("violations", own.url, "--category", "Order"),
    ):
        done = run(*verb, "state.n > = 2")
        assert done.code == 2
        assert "line 1, column 11" in done.err
        assert "  state.n > = 2\n            ^" in done.err
        hostile = run(*verb, "__import__('os').getcwd()")
        assert hostile.code == 2
        assert "There is no getcwd() here" in hostile.err


def test_any_store(run: Run, shop: Shop) -> None:
    done = run("watch", shop.url, "--category", shop.category, "--id", shop.id, "event.version")
    assert [row["value"] for row in done.rows(WATCH)] == list(range(1, shop.versions + 1)), done.err
    found = run("violations", shop.url, "--category", shop.category, f"event.version < {shop.versions}")
    assert found.code == 1, found.err
    assert shop.id in [row["id"] for row in found.rows(VIOLATIONS)]


def test_streams_that_break_an_invariant(run: Run, own: Shop) -> None:
    which = ("violations", own.url, "--category", "Order")
    done = run(*which, 'event.type != "OrderRevised"')
    assert done.code == 1
    rows = done.rows(VIOLATIONS)
    assert [(row["id"], row["first"], row["first_type"], row["now"]) for row in rows] == [
        ("o1", 3, "OrderRevised", True), ("o2", 3, "OrderRevised", True),
    ]  # fmt: skip
    human = run(*which, 'event.type != "OrderRevised"', json=False)
    assert human.out.splitlines()[-1] == "2 of 2 streams broken (6 events)."
    declared = run(*which, "--invariant", "the total is the sum of the lines")
    assert (declared.code, declared.out) == (0, "")
    unknown = run(*which, "--invariant", "nope")
    assert unknown.code == 2
    assert "only what is approved is shipped" in unknown.err
    store = open_store(StoreSpec(own.url))
    watching.keep(store.info.identity, [Watch("Order", "state.revision < 2", "mine", invariant=True)])
    store.close()
    assert len(run(*which, "--invariant", "mine").rows(VIOLATIONS)) == 2


def test_interrupted_it_tells_what_it_found_and_goes_on_there(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "long.sqlite")
    own_shop(url)
    fill(
        StoreSpec(url, writable=True),
        (
            (StreamKey("Slow", f"s{n:05}"), NewEvent("T", {"n": 0 if n == 3 else n + 1}, str(uuid4())))
            for n in range(2_000)
        ),
    )
    slow = "state.n > 0 and sum(1 for a in range(150) for b in range(200)) > 0"
    which = ("violations", url, "--category", "Slow", slow)
    with program(*which, "--json") as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        time.sleep(1.0)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "goes on from there" in err
    assert [row["id"] for row in Done(130, first + out, err).rows(VIOLATIONS)] == ["s00003"]
    store = open_store(StoreSpec(url))
    place = violations.begun(store.info.identity, "Slow", slow, "")
    store.close()
    assert place.looked < 2_000
    quick = run("violations", url, "--category", "Slow", "state.n > 0", "--again", json=False)
    assert quick.out.splitlines()[-1] == "1 of 2,000 streams broken (2,000 events)."


def test_the_place_of_a_search_is_remembered_for_every_store(shop: Shop) -> None:
    store = open_store(StoreSpec(shop.url, layout=shop.layout))
    try:
        page = store.streams(limit=1)
        if page.next is None:  # there is one stream only
            return
        text = violations.text_of(page.next)
        assert text is not None
        after = violations.key_of(json.loads(json.dumps(text)))
        assert after == page.next
        assert store.streams(after=after, limit=5) == store.streams(after=page.next, limit=5)
    finally:
        store.close()
