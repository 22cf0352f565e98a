"""What can be asked of an engine about which command would have been accepted when. Nothing is written."""

from __future__ import annotations

from msgspec import Struct

from explorer.engine.ask import Ask

RUNS = 100  # of one message


class MapDecisions(Ask, frozen=True, tag=True):
    """Every command at every version of a stream. → `Progress` and `DecisionRuns` parts, then `DecisionsMapped`."""

    category: str
    id: str
    fields: dict[str, str]  # name → JSON text, for every command that has such a field; others are not known


class DecisionRun(Struct, frozen=True, array_like=True):
    """See `decision_map.Run`."""

    first: int
    last: int
    type: str
    verdict: str
    words: str  # the verdict in words: the rule, the events, the field that is missing


class DecisionRuns(Struct, frozen=True, tag=True):
    """Some of the runs of one command, in their order."""

    command: str
    runs: tuple[DecisionRun, ...]


class DecisionsMapped(Struct, frozen=True, tag=True):
    aggregate: str
    version: int  # of the last event
    incomplete: str = ""
