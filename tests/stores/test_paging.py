"""Pages put together are the whole, whatever the limit, the direction and the filter."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.model import Event, EventQuery, NewEvent, Page, StreamInfo, StreamKey
from explorer.stores import Store, StoreSpec, open_store

TYPES = ["Created", "Changed", "Chan[ge]d", "100%_done", "Öffnung"]
WORDS = ["plain", 'q"uote', "back\\slash", "Zoë", "line\nbreak", "100%", "😀"]


def fill(store: Store) -> list[Event]:
    written: list[Event] = []
    for number in range(60):
        key = StreamKey(f"Cat{'egory' * (number % 3)}", f"{number % 11}/{'Ab' if number % 2 else 'aB'}")
        info = store.stream(key)
        data = {"word": WORDS[number % len(WORDS)], "n": number}
        event = NewEvent(TYPES[number % len(TYPES)], data, f"id-{number}-{uuid.uuid4()}")  # type: ignore[arg-type]
        written += store.append(key, info.version if info else 0, [event])
    return written


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Event]]:
    path = str(tmp_path_factory.mktemp("paging") / "own.sqlite")
    with opened(path) as store:
        written = fill(store)
    return path, written


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        yield store
    finally:
        store.close()


def whole(ask: Callable[[Any], Page[Any]]) -> list[Any]:
    rows: list[Any] = []
    after = None
    for _ in range(10_000):
        page = ask(after)
        rows += page.rows
        after = page.next
        if after is None:
            return rows
    raise AssertionError("pages without end")


def matches(event: Event, category: str | None, kind: str | None, find: str | None) -> bool:
    if category is not None and event.category != category:
        return False
    if kind is not None:
        expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in kind)
        if not re.fullmatch(expression, event.type, re.DOTALL):
            return False
    if find:
        word = WORDS[(int((event.event_id or "").split("-")[1])) % len(WORDS)]
        text = f"{event.type}\0{event.id}\0{event.category}\0{event.event_id}\0{event.data.decode()}\0{word}"
        return find in text
    return True


QUERIES = st.fixed_dictionaries(
    {
        "category": st.sampled_from([None, None, "Cat", "Category", "None"]),
        "kind": st.sampled_from([None, None, "Created", "Cha*", "Chan[ge]d", "*[ge]*", "100%_done", "???*", "x_*"]),
        "find": st.sampled_from(
            [None, None, "", "plain", 'q"uote', "back\\slash", "Zoë", "line\nbreak", "100%", "😀", "aB", "id-7-"]
        ),
        "limit": st.integers(1, 70),
        "newest_first": st.booleans(),
        "preview": st.sampled_from([None, 5, 4096]),
    }
)


def check_events(store: Store, written: list[Event], asked: dict[str, Any]) -> None:
    query = EventQuery(
        category=asked["category"],
        type=asked["kind"],
        find=asked["find"],
        newest_first=asked["newest_first"],
        limit=asked["limit"],
        preview=asked["preview"],
    )
    found = whole(
        lambda after: store.events(
            EventQuery(query.category, query.type, query.find, after, query.newest_first, query.limit, query.preview)
        )
    )
    wanted = [e for e in written if matches(e, asked["category"], asked["kind"], asked["find"])]
    if asked["newest_first"]:
        wanted.reverse()
    assert [(e.position, e.event_id) for e in found] == [(e.position, e.event_id) for e in wanted]
    for event, original in zip(found, wanted, strict=True):
        assert original.data.startswith(event.data)
        assert event.size == len(original.data)
        assert len(event.data) == min(len(original.data), asked["preview"] or len(original.data))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES)
def test_pages_of_events_are_the_whole_on_sqlite(filled: tuple[str, list[Event]], asked: dict[str, Any]) -> None:
    with opened(filled[0]) as store:
        check_events(store, filled[1], asked)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES)
def test_in_short_stretches_too(
    filled: tuple[str, list[Event]], monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    monkeypatch.setattr("explorer.stores.event_lists.STRETCH", 7)
    monkeypatch.setattr("explorer.stores.event_lists.SECONDS", 0.0)
    with opened(filled[0]) as store:
        check_events(store, filled[1], asked)


def test_pages_of_events_are_the_whole_on_postgresql(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.stores.event_lists.STRETCH", 25)
    with opened(postgres_url) as store:
        written = fill(store)

        @settings(max_examples=80, deadline=None)
        @given(QUERIES)
        def agree(asked: dict[str, Any]) -> None:
            check_events(store, written, asked)

        agree()


@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("category", [None, "Cat", "Category", "None"])
@pytest.mark.parametrize("find", [None, "ab", "AB", "1/", "EGORY", "zzz"])
def test_pages_of_streams_are_the_whole(
    filled: tuple[str, list[Event]], category: str | None, find: str | None, limit: int
) -> None:
    path, written = filled
    last: dict[StreamKey, Event] = {event.stream: event for event in written}
    first: dict[StreamKey, Event] = {event.stream: event for event in reversed(written)}
    with opened(path) as store:
        found: list[StreamInfo] = whole(lambda after: store.streams(category, find, after, limit))
        wanted = [
            key
            for key in sorted(last, key=lambda key: (key.category.encode(), key.id.encode()))
            if (category is None or key.category == category)
            and (find is None or find.lower() in key.id.lower() or find.lower() in key.category.lower())
        ]
        assert [row.key for row in found] == wanted
        for row in found:
            assert (row.version, row.last_type) == (last[row.key].version, last[row.key].type)
            assert (row.first_at, row.last_at) == (first[row.key].recorded_at, last[row.key].recorded_at)
        recent = store.recent_streams(5)
        assert [row.key for row in recent] == list(dict.fromkeys(e.stream for e in reversed(written)))[:5]
        assert store.categories() == tuple(sorted({key.category for key in last}))


@pytest.mark.parametrize(
    ("after", "upto", "limit"), [(0, None, 100), (2, None, 100), (1, 3, 100), (0, None, 2), (9, 5, 9)]
)
def test_parts_of_a_stream(filled: tuple[str, list[Event]], after: int, upto: int | None, limit: int) -> None:
    path, written = filled
    with opened(path) as store:
        for key in {event.stream for event in written}:
            mine = [e for e in written if e.stream == key and after < e.version <= (upto or 100)][:limit]
            assert store.stream_events(key, after, limit, upto) == mine
            assert store.event(key, 1) == next(e for e in written if e.stream == key)
        assert store.stream_events(StreamKey("Nobody", "1")) == []
        assert store.event(StreamKey("Nobody", "1"), 1) is None
        assert store.stream(StreamKey("Nobody", "1")) is None


def test_ranges_of_positions(own_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.stores.event_lists.BATCH", 2)
    with opened(own_url) as store:
        written = fill(store)
        ranges = [(50, 52), (3, 3), (1, 1), (58, 1_000_000), (20, 19)]
        wanted = [e for e in written if e.position in {1, 3, 50, 51, 52, 58, 59, 60}]
        assert store.events_in(ranges) == wanted
        assert store.events_in(ranges, limit=4) == wanted[:4]
        assert store.events_in([]) == []
        assert {e.event_id for e in store.events_by_id([e.event_id or "" for e in written])} == {
            e.event_id for e in written
        }
        assert store.events_by_id([]) == []


def test_an_empty_store(own_url: str) -> None:
    with opened(own_url) as store:
        assert store.head() is None
        assert store.count() == 0
        assert store.events(EventQuery()) == Page(())
        assert store.events(EventQuery(find="x", type="*")) == Page(())
        assert store.streams() == Page(())
        assert (store.recent_streams(), store.categories(), store.types(), store.types("X")) == ((), (), (), ())
