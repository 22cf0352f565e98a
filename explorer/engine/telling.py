"""The row that a system without events would keep of a stream, beside the events, and what both answer."""

from __future__ import annotations

from explorer import fold, past, payload
from explorer.causality import find
from explorer.causation import said
from explorer.engine.folding import Folding
from explorer.engine.messages import Compared, RowOrEvents, Saying
from explorer.engine.rows import cut
from explorer.fold import StepFailed
from explorer.model import CrudRow, Domain, DomainEvent, Event, Json
from explorer.plugins import Loaded
from explorer.stores import Store
from explorer.stores.layout import microseconds

LOOKED = 500  # events of a stream that answers are looked for in, the newest
LISTED = 40  # events that are told
LONGEST = 400  # characters of a sentence


def compared(store: Store, domains: Loaded, folding: Folding, ask: RowOrEvents) -> Compared:
    """All of the stream must have been folded."""
    telling = _Telling(store, domains, folding)
    count = folding.folded
    if not count:
        return Compared(ask.category, ask.id)
    questions = past.questions(
        telling.domain.questions if telling.domain else (),
        telling.name,
        telling.kept,
        telling.state,
        len(telling.events),
    )
    row = past.row(telling.kept, ask.id, telling.state(len(telling.events) - 1), telling.events[-1].recorded_at)
    asked = ask.question if ask.question is not None and 0 <= ask.question < len(questions) else None
    answers: list[Saying] = []
    row_says = ""
    if asked is not None:
        question = questions[asked]
        row_says = past.row_says(question, row)
        for answer in past.answers(question, telling.events, telling.state):
            answers.append(telling.saying(answer.event, past.told(answer, question, telling.narration)))
            if question.because:
                answers += telling.because(answer.event)
    return Compared(
        category=ask.category,
        id=ask.id,
        table=telling.kept.table,
        declared=telling.declared,
        row={column: _text(value) for column, value in row.items()},
        events=tuple(telling.saying(one, past.sentence(one, telling.narration)) for one in telling.events[-LISTED:]),
        count=count,
        questions=tuple(question.text for question in questions),
        asked=asked,
        row_says=row_says,
        answers=tuple(answers),
    )


def categories_with_rows(domain: Domain) -> list[str]:
    """Of the aggregates of which the domain says what row would be kept."""
    claims = {aggregate.name: aggregate.claims for aggregate in domain.aggregates}
    return [category for row in domain.rows for category in claims.get(row.aggregate, ())]


class _Telling:
    """The newest events of a stream, readable, and the states after them."""

    def __init__(self, store: Store, domains: Loaded, folding: Folding) -> None:
        self._store, self._folding = store, folding
        self.domain, aggregate = folding.domain, folding.aggregate
        self.name = aggregate.name if aggregate else folding.key.category
        self.narration: dict[str, str] = {}
        for domain in reversed(domains.domains):
            self.narration |= domain.narration
        self._upcast = self.domain.upcast if self.domain else None
        first = max(0, folding.folded - LOOKED)
        self._first = first
        after = folding.version(first - 1)
        stored = store.stream_events(folding.key, after=after, limit=LOOKED) if folding.folded else []
        self.events = [self._readable(event) for event in stored][: folding.folded - first]
        declared = next((one for one in self.domain.rows if one.aggregate == self.name), None) if self.domain else None
        self.declared = declared is not None
        self.kept: CrudRow = declared or past.general(self.name, self.state(len(self.events) - 1))

    def state(self, number: int) -> Json:
        """After this one of the events, -1: before them."""
        return self._folding.replay.state(self._first + number)

    def because(self, event: DomainEvent) -> list[Saying]:
        """The event that led to it, where that is recorded and stored."""
        cause = said(event.metadata).cause
        found = find(self._store, cause) if cause else None
        if found is None:
            return []
        read = self._readable(found)
        return [self.saying(read, past.sentence(read, self.narration), because=True)]

    def saying(self, event: DomainEvent, words: str, because: bool = False) -> Saying:
        at = None if event.recorded_at is None else microseconds(event.recorded_at)
        return Saying(
            event.category, event.id, event.version, event.type, at, cut(words, LONGEST), past.by(event), because
        )

    def _readable(self, event: Event) -> DomainEvent:
        try:
            return fold.readable(event, self._upcast)
        except StepFailed:
            return DomainEvent(
                event.category, event.id, event.version, event.type, None, {}, event.event_id, event.recorded_at
            )


def _text(value: Json) -> str:
    if value is None:
        return ""
    return cut(value) if isinstance(value, str) else cut(payload.encode_plain(value).decode())
