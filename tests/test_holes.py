"""Sets of integers kept as ranges."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from explorer.holes import Ranges

number = st.integers(0, 30)


@given(st.lists(st.tuples(st.booleans(), number, st.integers(0, 5))))
def test_ranges_are_a_set_kept_small(changes: list[tuple[bool, int, int]]) -> None:
    ranges, model = Ranges(), set[int]()
    for adding, low, more in changes:
        if adding:
            ranges.add(low, low + more)
            model |= set(range(low, low + more + 1))
        else:
            ranges.remove(low, low + more)
            model -= set(range(low, low + more + 1))
        kept = list(ranges)
        assert {n for a, b in kept for n in range(a, b + 1)} == model
        assert all(a <= b for a, b in kept)
        assert all(kept[n][1] + 1 < kept[n + 1][0] for n in range(len(kept) - 1)), "sorted, and not even touching"
        assert ranges.lowest == min(model, default=None)
        assert all((n in ranges) == (n in model) for n in range(-1, 40))
    for position in (-1, 5, 40):
        assert ranges.after(position, 2) == [r for r in ranges if r[0] > position][:2]
