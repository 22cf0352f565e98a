"""Every layout on every database it knows, empty, small and large: the properties of a store that can be read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from explorer import payload
from explorer.errors import Ambiguous
from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import Store, StoreSpec, conformance, open_store, query_plans
from tests import stores_written as written
from tests.stores.conftest import Opening
from tests.stores_written import Fact

EMPTY, SMALL, LARGE = 0, 4, 150  # streams of each category


def own(url: str, streams: int) -> list[Fact]:
    store = open_store(StoreSpec(url, writable=True, create=True))
    facts = []
    for version in range(1, 5):
        for number in range(streams):
            for category in ("Customer", "Order"):
                key = StreamKey(category, f"{number:04}")
                store.append(key, version - 1, [new_event("Changed", {"version": version, "total": None})])
                facts.append(Fact(category, key.id, version, "Changed"))
    store.close()
    return facts


def new_event(kind: str, data: object) -> NewEvent:
    return NewEvent(kind, data, str(uuid.uuid4()))  # type: ignore[arg-type]


def eventsourcing(url: str, streams: int) -> list[Fact]:
    return written.eventsourcing(url, streams=streams, snapshots=streams > 0)


def eventsourcing_compressed(url: str, streams: int) -> list[Fact]:
    return written.eventsourcing(url, streams=streams, snapshots=streams > 0, compressed=True)


def message_db(url: str, streams: int) -> list[Fact]:
    return written.message_db(url, streams=streams)


STORES = [
    pytest.param(write, dialect, layout, id=f"{write.__name__}-{dialect}")
    for write, layout, dialects in [
        (own, "own", ("sqlite", "postgresql")),
        (eventsourcing, "eventsourcing", ("sqlite", "postgresql")),
        (eventsourcing_compressed, "eventsourcing", ("sqlite", "postgresql")),
        (message_db, "message-db", ("postgresql",)),
    ]
    for dialect in dialects
]


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if dialect == "sqlite":
        return str(tmp_path / "store.sqlite")
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.mark.parametrize("streams", [EMPTY, SMALL, LARGE])
@pytest.mark.parametrize(("write", "dialect", "layout"), STORES)
def test_every_property_holds(
    opening: Opening, write: Callable[[str, int], list[Fact]], dialect: str, layout: str, url: str, streams: int
) -> None:
    facts = write(url, streams)
    store = opening(url)
    assert (store.info.layout, store.info.dialect, store.info.writable) == (layout, dialect, False)
    checks = list(conformance.check(store))
    assert [check for check in checks if not check.ok] == []
    assert len({check.name for check in checks}) == len(checks) >= 15
    read = [
        Fact(event.category, event.id, event.version, event.type)
        for event in conformance.pages(lambda cursor: store.events(EventQuery(after=cursor, limit=37)))
    ]
    assert read == facts
    assert store.count() == len(facts)


@pytest.mark.parametrize(("write", "dialect", "layout"), STORES)
def test_no_page_costs_more_in_a_larger_store(
    opening: Opening, write: Callable[[str, int], list[Fact]], dialect: str, layout: str, url: str
) -> None:
    """By EXPLAIN: even of a small table, which the planner would rather read through, an index is used."""
    write(url, LARGE)
    if dialect == "postgresql":
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
            for avoided in ("seqscan", "sort", "hashagg"):
                connection.execute(f"ALTER DATABASE {connection.info.dbname} SET enable_{avoided} = off".encode())
    store = opening(url)
    assert query_plans.slow_statements(store, some_stream(store), large=0, many=500) == []


def some_stream(store: Store) -> StreamKey:
    return store.events(EventQuery(limit=1)).rows[0].stream


@pytest.mark.parametrize(("write", "dialect", "layout"), STORES)
def test_a_huge_store_is_judged_by_its_first_events(
    opening: Opening, write: Callable[[str, int], list[Fact]], dialect: str, layout: str, url: str
) -> None:
    write(url, SMALL)
    store = opening(url)
    checks = list(conformance.check(store, most=5))
    assert [check for check in checks if not check.ok] == []
    assert "the first 5 events of more" in {check.name: check.detail for check in checks}["paging"]


def test_two_applications_in_one_database_are_two_stores(opening: Opening, postgres_url: str) -> None:
    shop = written.eventsourcing(postgres_url, "Shop", streams=2)
    depot = written.eventsourcing(postgres_url, "Depot", streams=3)
    with pytest.raises(Ambiguous) as raised:
        opening(postgres_url)
    assert len(raised.value.choices) == 2
    sizes = {}
    for choice in raised.value.choices:
        store = opening(postgres_url, instance=choice)
        sizes[choice] = store.count()
        assert [check for check in conformance.check(store) if not check.ok] == []
        store.close()
    assert sorted(sizes.values()) == sorted([len(shop), len(depot)])


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_encrypted_payloads_are_said_to_be_so(opening: Opening, dialect: str, url: str) -> None:
    facts = written.eventsourcing(url, encrypted=True)
    store = opening(url)
    events = store.events(EventQuery()).rows
    assert [event.type for event in events] == [fact.type for fact in facts]
    # One in thousands looks like the beginning of JSON.
    assert sum("encrypted" in (event.problem or "") for event in events) > len(events) // 2
    assert all(event.data and (event.problem or payload.decode(event.data).problem) for event in events)
    failed = {check.name: check.detail for check in conformance.check(store) if not check.ok}
    assert set(failed) == {"payloads"}
