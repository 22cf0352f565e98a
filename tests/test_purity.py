"""Reducers that depend on more than state and event are found out, in real processes; the shipped ones are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer import purity
from explorer.cancellation import Cancellation
from explorer.domains.customers_orders.sample import history
from explorer.errors import Cancelled, ExplorerError, Invalid
from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from explorer.stores.bulk import fill

IMPORTS = """
import os, random, time, uuid
from datetime import date, datetime, timezone
from explorer.model import Aggregate, Domain
"""

REDUCERS = {
    "pure": ["return {**state, 'words': sorted(set(data['words'])), event.type: data}"],
    "now": ["return {**state, 'at': datetime.now().isoformat()}"],
    "used only from the second on": ["return {**state, 'at': time.time() if event.version > 1 else 0}"],
    "set": ["return {**state, 'words': list(set(data['words']))}"],
    "zone": ["return {**state, 'at': datetime.fromtimestamp(1000000).isoformat()}"],
    "event": ["data['words'].append('x')", "return {**state, 'n': len(data['words'])}"],
    "state": ["state['n'] = state.get('n', 0) + 1", "return state"],
    "aliased": ["last = state.get('last', [])", "last.append(event.version)", "return {'last': last}"],
    "random": ["return {**state, 'id': random.random(), 'uuid': str(uuid.uuid4())}"],
    "environment": ["return {**state, 'home': os.environ.get('HOME')}"],
    "raises": ["return {**state, 'n': data['missing']}"],
    "today": ["return {**state, 'old': isinstance(event.recorded_at, datetime) and date.today().year > 2020}"],
}


KEYS = {name: StreamKey(name, "n-1") for name in REDUCERS}
KEY = KEYS["pure"]


def written(path: Path, **reducers: list[str]) -> Path:
    """A plug-in with an aggregate for each of these bodies of a reducer."""
    lines = [IMPORTS]
    for number, body in enumerate(reducers.values()):
        lines += [f"def evolve_{number}(state, event):", "    data = event.data", *(f"    {line}" for line in body)]
    aggregates = "".join(f"Aggregate({name!r}, dict, evolve_{number}), " for number, name in enumerate(reducers))
    path.write_text("\n".join([*lines, f"DOMAIN = Domain('notes', ({aggregates}))"]))
    return path


def found(path: str, plugin: Path, *keys: StreamKey) -> list[purity.Finding]:
    store = open_store(StoreSpec(path))
    try:
        return list(purity.check(store, StoreSpec(path), [str(plugin)], keys, Cancellation()))
    finally:
        store.close()


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("purity") / "notes.sqlite")
    store = open_store(StoreSpec(path, create=True, writable=True))
    words: list[Json] = [f"word {number}" for number in range(12)]
    for name, key in KEYS.items():
        store.append(key, 0, [NewEvent("Noted", {"words": words}, f"{name} {number}") for number in range(3)])
    store.close()
    return path


@pytest.fixture(scope="module")
def findings(store_path: str, tmp_path_factory: pytest.TempPathFactory) -> list[purity.Finding]:
    plugin = written(tmp_path_factory.mktemp("plugin") / "notes.py", **REDUCERS)
    return found(store_path, plugin, *KEYS.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pure", []),
        ("raises", []),
        ("now", [("reads", 1), ("differs", 1)]),
        ("used only from the second on", [("reads", 2), ("differs", 2)]),
        ("set", [("differs", 1)]),
        ("zone", [("differs", 1)]),
        ("event", [("event changed", 1)]),
        ("state", [("state changed", 1)]),
        ("aliased", [("state changed", 2)]),
        ("random", [("reads", 1), ("reads", 1), ("differs", 1)]),
        ("environment", [("reads", 1)]),
        ("today", [("reads", 1), ("differs", 1)]),
    ],
)
def test_what_a_reducer_does_besides(
    findings: list[purity.Finding], name: str, expected: list[tuple[str, int]]
) -> None:
    beside = "The reducer reads os.urandom()."  # what made a UUID did that
    mine = [one for one in findings if one.key == KEYS[name] and one.sentence != beside]
    assert [(one.kind, one.version) for one in mine] == expected
    for one in mine:
        assert bool(one.differences) == (one.kind == "differs")


def test_what_it_reads_is_named_and_the_difference_shown(findings: list[purity.Finding]) -> None:
    reads, differs = (one for one in findings if one.key == KEYS["now"])
    assert reads.sentence == "The reducer reads datetime.now()."
    assert [(change.path, str(change.before)[:4], str(change.after)[:4]) for change in differs.differences] == [
        ("/at", "2001", "2033")
    ]


def test_the_shipped_domain_is_pure(tmp_path: Path) -> None:
    path = str(tmp_path / "shop.sqlite")
    fill(StoreSpec(path, create=True), ((each.key, one) for each in history(60) for one in each.events))
    store = open_store(StoreSpec(path))
    keys = [info.key for info in store.recent_streams(60)]
    store.close()
    assert {key.category for key in keys} == {"Customer", "Order"}
    assert found(path, written(tmp_path / "notes.py"), *keys) == []


def test_a_stream_that_is_not_there_and_a_reducer_that_ends_its_process(store_path: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no stream pure n-2"):
        found(store_path, written(tmp_path / "notes.py", **REDUCERS), StreamKey("pure", "n-2"))
    with pytest.raises(ExplorerError, match="No domain claims the category now"):
        found(store_path, written(tmp_path / "notes.py", pure=["return state"]), KEYS["now"])
    with pytest.raises(ExplorerError, match="has ended"):
        found(store_path, written(tmp_path / "notes.py", pure=["os._exit(3)"]), KEY)


def test_a_reducer_that_never_ends_is_cancelled(store_path: str, tmp_path: Path) -> None:
    plugin = written(tmp_path / "notes.py", pure=["while True: pass"])
    cancellation = Cancellation()
    store = open_store(StoreSpec(store_path))
    try:
        checking = purity.check(store, StoreSpec(store_path), [str(plugin)], [KEY], cancellation)
        cancellation.cancel()
        with pytest.raises(Cancelled):
            next(checking)
    finally:
        store.close()
