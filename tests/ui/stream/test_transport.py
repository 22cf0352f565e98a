"""What is typed into the go-to field of the transport."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from explorer.engine.messages import EventColumns
from explorer.ui.look.text import microseconds
from explorer.ui.stream.timeline import Timeline
from explorer.ui.stream.transport import NotFound, place

TIMES = ("2026-03-01 09:14:02.120", "2026-03-01 09:14:02.480", "2026-03-01 17:00:00", "2026-03-02 08:00:00")


@pytest.fixture
def timeline() -> Timeline:
    made = Timeline()
    times = [microseconds(datetime.fromisoformat(time).replace(tzinfo=UTC)) for time in TIMES]
    nothing = [""] * 4
    made.take_events(EventColumns(0, [1, 2, 4, 5], [0] * 4, ["T"], times, nothing, nothing, [0] * 4))
    return made


@pytest.mark.parametrize(
    ("typed", "ordinal"),
    [
        ("1", 0),
        ("v4", 2),
        ("2026-03-01", 2),
        ("2026-03-01 09:14", 1),
        ("2026-03-01T09:14:02.200", 0),
        ("2026-03-01 09:14:02", 1),
        ("2026-03-01 18:00+01:00", 2),
        ("17:00", 2),
        ("9:14", 1),
        ("2030-01-01", 3),
    ],
)
def test_leads_to(timeline: Timeline, typed: str, ordinal: int) -> None:
    assert place(typed, timeline, 0, utc=True) == ordinal


@pytest.mark.parametrize(
    "typed", ["3", "0", "99999999999999999999", "2026-02-28", "08:00", "tomorrow", "", "v", "2026-99-99"]
)
def test_leads_nowhere(timeline: Timeline, typed: str) -> None:
    with pytest.raises(NotFound):
        place(typed, timeline, 0, utc=True)


def test_an_empty_stream_has_no_places() -> None:
    with pytest.raises(NotFound, match="no event"):
        place("1", Timeline(), -1, utc=True)
