"""Notes and bookmarks: kept for each connection, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer import notes, settings
from explorer.errors import Invalid
from explorer.notes import Note, kept, noted


def test_what_is_noted_is_kept_by_stream_and_version() -> None:
    assert kept("one") == ()
    later = Note("Order", "o1", 3, "OrderCancelled", "here it goes wrong")
    noted("one", later)
    first = Note("Order", "o1", 1, "OrderCreated", bookmark=True)
    assert noted("one", first) == (first, later)
    assert kept("one") == (first, later)
    assert kept("another") == ()


def test_a_note_takes_the_place_of_what_was_noted_of_its_event_and_nothing_takes_it_away() -> None:
    note = Note("Order", "o1", 3, text="a")
    noted("one", note)
    noted("one", Note("Order", "o1", 3, text="b", bookmark=True))
    assert [(one.text, one.bookmark) for one in kept("one")] == [("b", True)]
    assert noted("one", Note("Order", "o1", 3)) == ()
    assert kept("one") == ()


def test_what_cannot_be_kept_or_read_is_said() -> None:
    with pytest.raises(Invalid, match="at most 4,000 characters"):
        noted("one", Note("Order", "o1", 3, text="x" * (notes.LONGEST + 1)))
    path: Path = settings.connection_folder("one") / notes.FILE
    path.parent.mkdir(parents=True)
    for damaged in (b"[", b'{"a": 1}', b'[{"category": 1}]', b"\xff"):
        path.write_bytes(damaged)
        with pytest.raises(Invalid, match="damaged"):
            noted("one", Note("Order", "o1", 3, text="new"))
        assert path.read_bytes() == damaged  # what somebody wrote is not thrown away
