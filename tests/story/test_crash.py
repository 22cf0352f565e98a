"""The two ways of storing an order, and processes that really die between and within their writes."""

from __future__ import annotations

import sys
from pathlib import Path

from explorer.story.crash import AFTER, BEFORE, BETWEEN, DELIVER, NEVER, look, run

KILLED = "Its process was ended by SIGKILL." if sys.platform != "win32" else "Its process has ended with exit code 15."


def test_the_message_is_lost_between_two_writes(tmp_path: Path) -> None:
    fine = run(tmp_path, NEVER, "A")
    assert (fine.died, fine.said) == (False, ("wrote the row A and committed it", "published a message about A"))
    crashed = run(tmp_path, BETWEEN, "B")
    assert (crashed.died, crashed.ended, crashed.said) == (True, KILLED, ("wrote the row B and committed it",))
    delivered = run(tmp_path, DELIVER)
    assert (delivered.died, delivered.said) == (False, ("heard of A from the queue",))
    held = look(tmp_path)
    assert [row[0] for row in held.rows] == ["A", "B"]
    assert held.messages == held.by_queue == ("A",)
    assert run(tmp_path, DELIVER).said == ()


def test_one_append_is_there_for_everybody_or_for_nobody(tmp_path: Path) -> None:
    before = run(tmp_path, BEFORE, "A")
    assert (before.died, before.ended, before.said) == (True, KILLED, ("wrote OrderCreated of A, not committed yet",))
    assert look(tmp_path).events == ()
    after = run(tmp_path, AFTER, "B")
    assert (after.died, after.ended, after.said) == (True, KILLED, ("appended OrderCreated of B and committed it",))
    held = look(tmp_path)
    assert [(kind, order) for _position, kind, order in held.events] == [("OrderCreated", "B")]
    assert held.by_store == ()
    assert run(tmp_path, DELIVER).said == ("heard of B from the event store",)
    assert run(tmp_path, DELIVER).said == ()
    assert look(tmp_path).by_store == ("B",)


def test_nothing_there_yet(tmp_path: Path) -> None:
    assert run(tmp_path, DELIVER).said == ()
    held = look(tmp_path)
    assert (held.rows, held.messages, held.events, held.by_queue, held.by_store) == ((), (), (), (), ())
