"""The verb services on subscriptions: paused, resumed, reset; parked events listed, tried again and dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer import follow, handling
from explorer.stores import Store, StoreSpec, open_store
from tests.cli.running import Run
from tests.patience import until
from tests.subscribed import NAME, Effects, done, happen, known, process, subscribed

LISTED = [
    *("subscription", "owner", "epoch", "position", "lag", "saved_at"),
    *("state", "detail", "paused", "parked"),
]
PARKED = [
    *("subscription", "sequence", "position", "event_id", "category", "id", "version", "type", "reason"),
    *("attempts", "parked_at", "wanted"),
]


@pytest.fixture
def store(own_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store in which a subscriber could not handle the first of two events of one stream."""
    monkeypatch.setattr(follow, "BEAT", 0.2)
    monkeypatch.setattr(handling, "BEAT", 0.2)
    monkeypatch.setattr(handling, "TRIES", 1)
    store = open_store(StoreSpec(own_url, create=True, writable=True))
    effects = Effects()
    effects.poisonous.add(happen(store, "a").event_id or "")
    happen(store, "a")
    with subscribed(own_url, effects):
        until(lambda: len(store.parked(NAME)) == 2)
    yield store
    store.close()


def test_parked_events_are_listed_and_tried_again(own_url: str, run: Run, store: Store) -> None:
    (listed,) = run("services", "list", own_url).rows(LISTED)
    assert (listed["subscription"], listed["parked"], listed["lag"], listed["state"]) == (NAME, 2, 0, None)
    first, second = run("services", "parked", own_url, NAME).rows(PARKED)
    assert (first["position"], first["reason"], first["attempts"]) == (1, "ValueError: poison", 1)
    assert (second["position"], second["reason"], second["sequence"]) == (2, "", first["sequence"])
    assert len(run("services", "parked", own_url, "--limit", "1").rows(PARKED)) == 1
    assert [row["wanted"] for row in run("services", "retry", own_url, NAME, "--all").rows(PARKED)] == ["retry"]
    with subscribed(own_url, Effects()):
        until(lambda: len(done(store, "a")) == 2)
    assert run("services", "parked", own_url).rows(PARKED) == []


def test_an_owner_that_was_killed_is_gone(own_url: str, run: Run, store: Store) -> None:
    with process(own_url, []) as owner:
        until(lambda: (now := known(store)) is not None and now.owner.startswith(f"{owner.pid}@"))
    (listed,) = run("services", "list", own_url).rows(LISTED)
    assert (listed["state"], listed["owner"].split("@")[0]) == ("gone", str(owner.pid))


def test_parked_events_are_dropped(own_url: str, run: Run, store: Store) -> None:
    assert [row["wanted"] for row in run("services", "skip", own_url, NAME, "1").rows(PARKED)] == ["skip"]
    with subscribed(own_url, Effects()):
        until(lambda: len(done(store, "a")) == 1)
    assert run("services", "parked", own_url).rows(PARKED) == []


def test_pause_resume_and_reset(own_url: str, run: Run, store: Store) -> None:
    assert run("services", "pause", own_url, NAME).rows(["subscription", "paused"])[0]["paused"] is True
    assert [(row["state"], row["paused"]) for row in run("services", "list", own_url).rows(LISTED)] == [
        ("paused", True)
    ]
    assert run("services", "resume", own_url, NAME).code == 0
    refused = run("services", "reset", own_url, NAME)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert len(store.parked()) == 2
    assert run("services", "reset", own_url, NAME, "--after", "1", "--yes").code == 0
    reset = known(store)
    assert reset is not None
    assert (reset.paused, reset.parked, reset.epoch) == (False, 0, 2)
    with subscribed(own_url, Effects()):
        until(lambda: len(done(store, "a")) == 1)


def test_what_is_not_there_says_what_is(own_url: str, run: Run, store: Store) -> None:
    for words in (["pause", "nobody"], ["parked", "nobody"], ["retry", "nobody", "1"], ["reset", "nobody", "--yes"]):
        what, *rest = words
        refused = run("services", what, own_url, *rest)
        assert refused.code == 2
        assert NAME in refused.err
    assert run("services", "retry", own_url, NAME).code == 2
    assert run("services", "skip", own_url, NAME, "77").code == 2
    assert run("services", "skip", own_url, NAME, "first").code == 2
