"""Versions and times of a stream that are not as they should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from explorer.oddities import Oddities

START = datetime(2026, 1, 1, tzinfo=UTC)


def odd(*events: tuple[int, int | None]) -> list[str]:
    """What is said of each of these events (version, minutes after the start or None)."""
    known = Oddities()
    return [
        known.of(version, None if minutes is None else START + timedelta(minutes=minutes))
        for version, minutes in events
    ]


def test_nothing_is_said_of_a_stream_in_order_with_or_without_times() -> None:
    assert odd((1, 0), (2, 0), (3, 5), (4, None), (5, 6)) == [""] * 5
    assert odd((1, None), (2, None)) == [""] * 2


def test_versions_that_are_missing_repeated_or_out_of_order() -> None:
    assert odd((1, 0), (3, 1), (3, 2), (2, 3), (7, 4), (8, 5)) == [
        "",
        "Version 2 is missing before this event.",
        "Version 3 comes again.",
        "Version 2 comes after a later one.",
        "Versions 4 to 6 are missing before this event.",
        "",
    ]
    assert odd((5, 0), (6, 0)) == ["Versions 1 to 4 are missing before this event.", ""]


def test_times_that_run_backwards_are_seen_across_events_without_a_time() -> None:
    earlier = "Recorded earlier than the event before it."
    assert odd((1, 9), (2, None), (3, 8), (4, 8)) == ["", "", earlier, ""]
    assert odd((1, 9), (1, 8)) == ["", f"Version 1 comes again. {earlier}"]
