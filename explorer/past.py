"""The row that a system without events would keep of an aggregate, and what its events answer where the row does not.

Both by rules that a domain declares as data (`model.CrudRow`, `model.Question`); for all others by general ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from explorer.causation import said
from explorer.diff import value_at
from explorer.json_state import MISSING
from explorer.model import CrudRow, DomainEvent, Json, Question
from explorer.narration import narrate
from explorer.payload import encode_plain

ID, UPDATED = "id", "updated_at"
"""The columns that every such row has: whose it is, and when it was overwritten last."""

COLUMNS = 6  # of a row that nobody declared
ANSWERS = 20  # events that answer a question, the newest of them
SILENT = "The row does not say."
_WORDS = 160  # characters of a payload that stands for a sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """An event that answers a question."""

    event: DomainEvent
    before: Json = None  # where something changed: what was there
    after: Json = None


def at(state: Json, path: str) -> Json:
    """What a JSON Pointer points at; None where there is nothing."""
    found = value_at(state, path)
    return None if found is MISSING else found


# -- the row -----------------------------------------------------------------------------------------------------------


def general(table: str, state: Json) -> CrudRow:
    """The row of an aggregate of which nobody says what a table would keep: its first plain members."""
    members = state.items() if isinstance(state, dict) else ()
    plain = [name for name, value in members if value is None or not isinstance(value, dict | list)]
    taken = [name for name in plain if name not in (ID, UPDATED)][:COLUMNS]
    return CrudRow(table, table.upper(), {name: "/" + name.replace("~", "~0").replace("/", "~1") for name in taken})


def row(kept: CrudRow, id: str, state: Json, updated_at: datetime | None) -> dict[str, Json]:
    """What would be left of the state, by column."""
    moment = None if updated_at is None else f"{updated_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    return {ID: id, **{column: at(state, path) for column, path in kept.columns.items()}, UPDATED: moment}


# -- questions ---------------------------------------------------------------------------------------------------------


def questions(
    declared: Sequence[Question], aggregate: str, kept: CrudRow, states: Callable[[int], Json], count: int
) -> tuple[Question, ...]:
    """What may be asked: what the domain declares for this aggregate, else what can be asked of anything.

    `states(n)` is the state after the n-th of `count` events, from 0; -1 the one before.
    """
    own = tuple(question for question in declared if question.aggregate == aggregate)
    if own:
        return own
    found = [
        Question(
            aggregate, "What led to the last change?", row=f"It was updated at {{{UPDATED}}}. The row does not say why."
        )
    ]
    for ordinal in range(count - 1, max(-1, count - 1 - ANSWERS), -1):
        changed = [c for c, path in kept.columns.items() if at(states(ordinal - 1), path) != at(states(ordinal), path)]
        if changed and ordinal > 0:
            row = f"It is {{{changed[0]}}} now. The row does not say what it was."
            found.append(
                Question(aggregate, f"What was {changed[0]} before?", changed=kept.columns[changed[0]], row=row)
            )
            break
    return tuple(found)


def answers(question: Question, events: Sequence[DomainEvent], states: Callable[[int], Json]) -> list[Answer]:
    """The events that answer, oldest first. `states(n)` is the state after the n-th of these events, -1 the one before
    the first of them. That something is there for the first time is no change of it."""
    found = []
    if question.changed:
        before = value_at(states(-1), question.changed)
        for number, event in enumerate(events):
            after = value_at(states(number), question.changed)
            if after != before and before is not MISSING:
                found.append(Answer(event, before, None if after is MISSING else after))
            before = after
    elif question.types:
        found = [Answer(event) for event in events if event.type in question.types]
    else:
        found = [Answer(event) for event in events[-1:]]
    return found[-ANSWERS:]


# -- in words ----------------------------------------------------------------------------------------------------------


def sentence(event: DomainEvent, narration: Mapping[str, str]) -> str:
    """The event in the words of its domain; else its type and what it holds."""
    template = narration.get(event.type)
    if template is not None:
        return narrate(template, event.category, event.id, event.data)
    held = encode_plain(event.data).decode() if event.data not in (None, {}) else ""
    return f"{event.type} {held if len(held) <= _WORDS else held[:_WORDS] + '…'}".strip()


def told(answer: Answer, question: Question, narration: Mapping[str, str]) -> str:
    """The answer as a sentence."""
    if question.changed:
        return narrate("from {before} to {after}", "", "", {"before": answer.before, "after": answer.after})
    return sentence(answer.event, narration)


def by(event: DomainEvent) -> str:
    """Who wrote it, as far as its metadata say; else nothing."""
    words = said(event.metadata)
    if words.user:
        return words.user
    return f"{words.service} service" if words.service and words.cause != words.correlation else words.service or ""


def row_says(question: Question, kept: Mapping[str, Json]) -> str:
    """What somebody who has the row alone can answer."""
    return narrate(question.row, "", "", dict(kept)) if question.row else SILENT
