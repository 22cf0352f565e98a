"""Which command would have been accepted when, asked of an engine: the last map is kept, and goes on as events come."""

from __future__ import annotations

from explorer.decision_map import DecisionMap, described
from explorer.engine.asks_decisions import RUNS, DecisionRun, DecisionRuns, DecisionsMapped, MapDecisions
from explorer.engine.deciding import field_value
from explorer.engine.folding import STRETCH, claim
from explorer.engine.messages import CUT, Progress
from explorer.engine.rows import cut
from explorer.engine.turns import Turn
from explorer.errors import Invalid
from explorer.model import StreamKey
from explorer.plugins import Loaded
from explorer.stores import Store

_SLICE = 50  # events decided on at once


class DecisionMaps:
    """The map that was made last."""

    def __init__(self) -> None:
        self._asked: MapDecisions | None = None
        self._map: DecisionMap | None = None
        self._first = 1  # the first version that is stored

    def answer(self, store: Store, domains: Loaded, ask: MapDecisions) -> Turn:
        """Raises Invalid where no domain claims the stream, or a value cannot be used."""
        key = StreamKey(ask.category, ask.id)
        yield None
        domain, aggregate = claim(store, domains, key)
        if domain is None or aggregate is None:
            raise Invalid(f"No domain claims {key.category}/{key.id}: there are no commands to decide on.")
        if self._map is None or ask != self._asked:
            fields = {name: field_value(name, text) for name, text in ask.fields.items()}
            self._map, self._asked, self._first = DecisionMap(aggregate, domain.upcast, fields), ask, 1
        known, self._asked = self._map, None  # until all of it is known: what is broken off begins anew
        while events := store.stream_events(key, after=known.version, limit=STRETCH):
            if not known.version:
                self._first = events[0].version
            for start in range(0, len(events), _SLICE):
                known.extend(events[start : start + _SLICE])
                yield Progress(known.version, None, "events")
        self._asked = ask
        for command, runs in known.runs.items():
            part: list[DecisionRun] = []
            for run in runs:
                part.append(DecisionRun(run.first, run.last, cut(run.type, CUT), run.verdict, cut(described(run), CUT)))
                if len(part) == RUNS:
                    yield DecisionRuns(command, tuple(part))
                    part = []
            yield DecisionRuns(command, tuple(part))
        missing = f"What came before version {self._first} is not stored." if self._first > 1 else ""
        return DecisionsMapped(aggregate.name, known.version, missing)
