"""Every layout on every database it knows, empty, small and large: the properties of a store that can be read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Protocol
from urllib.parse import quote

import psycopg
import pytest

from explorer import payload
from explorer.errors import Ambiguous
from explorer.model import EventQuery, NewEvent, StreamKey
from explorer.stores import StoreSpec, conformance, open_store, query_plans
from tests import stores_written as written
from tests.postgres_server import PostgresServer
from tests.stores.conftest import Opening
from tests.stores_written import Fact

EMPTY, SMALL, LARGE = 0, 4, 105  # streams of each category; of the large ones more than come in a page
Write = Callable[[str, int], list[Fact]]


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


def eventuate(url: str, streams: int) -> list[Fact]:
    return written.eventuate(url, streams=streams)


def eventuate_database_id(url: str, streams: int) -> list[Fact]:
    return written.eventuate(url, streams=streams, database_id=True)


STORES = [
    pytest.param(write, dialect, layout, id=f"{write.__name__}-{dialect}")
    for write, layout, dialects in [
        (own, "own", ("sqlite", "postgresql")),
        (eventsourcing, "eventsourcing", ("sqlite", "postgresql")),
        (eventsourcing_compressed, "eventsourcing", ("sqlite", "postgresql")),
        (message_db, "message-db", ("postgresql",)),
        (eventuate, "eventuate", ("sqlite", "postgresql")),
        (eventuate_database_id, "eventuate", ("sqlite", "postgresql")),
    ]
    for dialect in dialects
]


class Written(Protocol):
    """(who writes it, the database, how large) → where it is and what is in it. Written once for all tests."""

    def __call__(self, write: Write, dialect: str, streams: int) -> tuple[str, list[Fact]]: ...


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Written]:
    with ExitStack() as databases:

        @cache
        def make(write: Write, dialect: str, streams: int) -> tuple[str, list[Fact]]:
            if dialect == "sqlite":
                url = str(tmp_path_factory.mktemp("conformance") / "store.sqlite")
            else:
                url = databases.enter_context(postgres.database())
            return url, write(url, streams)

        yield make


# Compressed payloads are read with the same statements.
PAGED = [store for store in STORES if store.values[0] is not eventsourcing_compressed]


@pytest.mark.parametrize(
    ("write", "dialect", "layout", "streams"),
    [
        pytest.param(*store.values, streams, id=f"{store.id}-{streams}")
        for streams, stores in ((EMPTY, STORES), (SMALL, STORES), (LARGE, PAGED))
        for store in stores
    ],
)
def test_every_property_holds(
    opening: Opening, stores: Written, write: Write, dialect: str, layout: str, streams: int
) -> None:
    url, facts = stores(write, dialect, streams)
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


@pytest.mark.parametrize(("write", "dialect", "layout"), PAGED)
def test_no_page_costs_more_in_a_larger_store(
    opening: Opening, stores: Written, write: Write, dialect: str, layout: str
) -> None:
    """By EXPLAIN: even of a small table, which the planner would rather read through, an index is used."""
    url, facts = stores(write, dialect, LARGE)
    if dialect == "postgresql":
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        avoided = " ".join(f"-c enable_{way}=off" for way in ("seqscan", "sort", "hashagg"))
        url += f"&options={quote(avoided)}"
    store = opening(url)
    key = StreamKey(facts[0].category, facts[0].id)
    assert query_plans.slow_statements(store, key, large=0, many=500) == []


@pytest.mark.parametrize(("write", "dialect", "layout"), STORES)
def test_a_huge_store_is_judged_by_its_first_events(
    opening: Opening, stores: Written, write: Write, dialect: str, layout: str
) -> None:
    store = opening(stores(write, dialect, SMALL)[0])
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


def eventsourcing_encrypted(url: str, streams: int) -> list[Fact]:
    return written.eventsourcing(url, streams=streams, encrypted=True)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_encrypted_payloads_are_said_to_be_so(opening: Opening, stores: Written, dialect: str) -> None:
    url, facts = stores(eventsourcing_encrypted, dialect, SMALL)
    store = opening(url)
    events = store.events(EventQuery()).rows
    assert [event.type for event in events] == [fact.type for fact in facts]
    # One in thousands looks like the beginning of JSON.
    assert sum("encrypted" in (event.problem or "") for event in events) > len(events) // 2
    assert all(event.data and (event.problem or payload.decode(event.data).problem) for event in events)
    failed = {check.name: check.detail for check in conformance.check(store) if not check.ok}
    assert set(failed) == {"payloads"}
