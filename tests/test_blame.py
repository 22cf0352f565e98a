"""Writers of every path, against brute force; tracks, which stay with an element of a list."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.blame import Keyed, Track, followed, last_writers, text_of, track_of, writings
from explorer.diff import pointer, same
from explorer.errors import Invalid
from explorer.json_state import MISSING
from explorer.model import Aggregate, DomainEvent
from explorer.replay import BLOCK, Replay
from tests.test_replay import aggregate, event, replayed

plain = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "a", "b/c", "~", "0", "[x]"]))
names = st.sampled_from(["a", "b", "0", "", "x.y", "a/b", "~", "id", "[a]"])


def lines(draw: st.DrawFn) -> list[Any]:
    """A list with keys, most often; sometimes one repeats, or is missing."""
    keys = draw(st.lists(st.sampled_from([1, 2, "1", "A-1", "B=2"]), max_size=4, unique=draw(st.integers(0, 3)) > 0))
    made: list[Any] = [{"id": key, "n": draw(st.integers(0, 2))} for key in keys]
    return made if draw(st.integers(0, 4)) else [*made, draw(plain)]


@st.composite
def jsons(draw: st.DrawFn, depth: int = 3) -> Any:
    what = draw(st.sampled_from(["plain", "object", "lines", "list"] if depth else ["plain"]))
    if what == "plain":
        return draw(plain)
    if what == "lines":
        return lines(draw)
    if what == "list":
        return draw(st.lists(jsons(depth=depth - 1), max_size=3))
    return draw(st.dictionaries(names, jsons(depth=depth - 1), max_size=4))


def put(state: Any, change: DomainEvent) -> Any:
    """A reducer that can do anything: each event says the whole next value of one member, or takes it out."""
    name, value = change.data
    rest = {key: known for key, known in state.items() if key != name}
    return rest if value == "gone" else {**rest, name: value} if len(rest) % 2 else {**state, name: value}


RANDOM = Aggregate("Note", dict, put)
histories = st.lists(st.tuples(names, st.one_of(jsons(), st.just("gone"))), max_size=14)


def paths_of(value: Any, above: str = "") -> list[str]:
    found = [above]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in items:
        found += paths_of(member, above + pointer([name]))
    return found


def differs(one: Any, other: Any) -> bool:
    return (one is MISSING) != (other is MISSING) or (one is not MISSING and not same(one, other))


def by_brute_force(states: list[Any], track: Track) -> list[int]:
    """Ordinals of the events after which something else stands there than before."""
    values = [followed(state, track) for state in states]
    return [place for place, (one, other) in enumerate(pairwise(values)) if differs(one, other)]


@given(histories)
def test_writers_equal_brute_force(history: list[tuple[str, Any]]) -> None:
    replay = replayed(RANDOM, [event(number, list(change)) for number, change in enumerate(history, 1)])
    states = [replay.state(ordinal) for ordinal in range(-1, len(history))]
    tracks = {track_of(state, path) for state in states for path in paths_of(state)}
    for track in tracks:
        expected = by_brute_force(states, track)
        found = [writing for writing in writings(replay, track) if writing is not None]
        assert [writing.ordinal for writing in reversed(found)] == expected
        for after in range(-1, len(history)):
            later = [writing.ordinal for writing in writings(replay, track, after=after) if writing is not None]
            assert later == [ordinal for ordinal in expected if ordinal > after]
        for ordinal, before, after in found:
            assert not differs(before, followed(states[ordinal], track))
            assert not differs(after, followed(states[ordinal + 1], track))
        for upto in range(-1, len(history)):
            earlier = [ordinal for ordinal in expected if ordinal <= upto]
            if track:
                assert last_writers(replay, track[:-1], track[-1:], upto) == [earlier[-1] if earlier else -1]


@given(jsons())
def test_tracks_lead_to_where_they_are_of_and_can_be_written(state: Any) -> None:
    for path in paths_of(state):
        track = track_of(state, path)
        here: Any = state
        for token in path.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            here = here[int(name)] if isinstance(here, list) else here[name]
        assert same(followed(state, track), here)
        assert track_of(state, text_of(track)) == track


def test_an_element_is_followed_by_its_key() -> None:
    def revised(_state: Any, change: DomainEvent) -> Any:
        return {"lines": change.data}

    def line(sku: str, quantity: int) -> dict[str, Any]:
        return {"sku": sku, "quantity": quantity}

    replay = replayed(
        aggregate(revised),
        [
            event(1, [line("A-1", 1), line("B-2", 1)]),
            event(2, [line("B-2", 1)]),
            event(3, [line("C-3", 9), line("B-2", 2)]),
            event(4, [line("C-3", 9)]),
        ],
    )
    track = track_of(replay.state(2), "/lines/1/quantity")
    assert track == ("lines", Keyed("sku", "B-2"), "quantity")
    assert text_of(track) == "/lines/[sku=B-2]/quantity"
    found = [writing for writing in writings(replay, track) if writing is not None]
    assert found == [(3, 2, MISSING), (2, 1, 2), (0, MISSING, 1)]
    assert last_writers(replay, track[:-1], ["quantity", "sku", "no"], 1) == [0, 0, -1]
    assert last_writers(replay, track[:-1], ["quantity", "sku", "no"], 2) == [2, 0, -1]
    assert last_writers(replay, track[:-1], ["quantity", "sku"], 2, looks=1) == [2, None]
    assert [one for one in writings(replay, ("never",)) if one] == []


def test_one_and_its_text_are_two_keys() -> None:
    state: Any = {"lines": [{"id": "1"}, {"id": 1}]}
    one, other = track_of(state, "/lines/0"), track_of(state, "/lines/1")
    assert (text_of(one), text_of(other)) == ('/lines/[id="1"]', "/lines/[id=1]")
    assert (followed(state, one), followed(state, other)) == ({"id": "1"}, {"id": 1})
    with pytest.raises(Invalid, match="slash"):
        track_of(state, "lines")


def test_it_grows_with_the_events_and_across_blocks() -> None:
    def counted(state: Any, change: DomainEvent) -> Any:
        return {**state, "n": change.data, "every": {**state.get("every", {}), f"k{change.data % 7}": change.data}}

    replay = Replay(aggregate(counted))
    for start in range(0, 3 * BLOCK, 100):
        replay.extend(event(number + 1, number) for number in range(start, start + 100))
        assert list(replay.writers.of("/n")) == list(range(start + 100))
        assert list(replay.writers.of("/every/k3")) == list(range(3, start + 100, 7))
        assert list(replay.writers.of("/every")) == list(range(start + 100))
        assert replay.writers.last("/every/k3", 2) is None
        assert replay.writers.last("/every/k3", 9) == 3
