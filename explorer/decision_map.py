"""Which command would have been accepted after which event: every command of an aggregate at every version of a stream,
as runs of versions that say the same, and what refuses it.

Fields of a command that nobody gave a value for hold something that cannot be looked at. Where the rules decide without
looking, the verdict stands; where they look, it is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Never

from explorer import fold
from explorer.command_fields import build_partly
from explorer.errors import ExplorerError, Invalid, Refused
from explorer.fold import StepFailed, Upcast
from explorer.model import Aggregate, Event, Json

ACCEPTED = "accepted"  # why: the types of the events
NOTHING = "nothing"  # accepted, and nothing happens
REFUSED = "refused"  # why: the rule
UNKNOWN = "unknown"  # why: the field whose value decides
FAILED = "failed"  # why: what the rules raised
INVALID = "invalid"  # why: what is wrong with a value that was given

_WATCHED = 16  # versions at which it is seen whether deciding changes the state


class _Looked(BaseException):
    """The rules look at a value that nobody gave. No Exception: what catches all failures must not catch this."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


_OPERATIONS = (
    *("bool", "str", "repr", "format", "bytes", "hash", "len", "iter", "next", "contains", "getitem", "call", "index"),
    *("int", "float", "complex", "round", "trunc", "floor", "ceil", "neg", "pos", "abs", "invert", "reversed"),
    *("eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("and", "or", "xor", "lshift", "rshift", "matmul", "enter", "exit", "setitem", "delitem"),
)


def _missing(field: str) -> Any:
    """A value of which everything raises `_Looked`, but being passed on."""

    def looked(*_: object) -> Never:
        raise _Looked(field)

    members: dict[str, Any] = {"__getattribute__": looked, "__slots__": ()}
    for name in _OPERATIONS:
        members[f"__{name}__"] = looked
        members[f"__r{name}__"] = looked
    return type("Missing", (), members)()


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive versions at which a command gets the same verdict."""

    first: int  # version of the event that made it so; 0: before the first event
    last: int
    type: str  # of that event; empty before the first
    verdict: str  # one of the words above
    why: str


class DecisionMap:
    """The map of one stream, extended as events arrive. `fields` are values by name, for every command that has one.

    Raises `Invalid` where the aggregate takes no commands or no command has such a field, `StepFailed` where there is
    no initial state.
    """

    def __init__(self, aggregate: Aggregate, upcast: Upcast | None, fields: Mapping[str, Json]) -> None:
        if aggregate.decide is None or not aggregate.commands:
            raise Invalid(f"{aggregate.name} takes no commands: there is nothing to decide.")
        self._aggregate, self._upcast = aggregate, upcast
        self._state = fold.initial(aggregate)
        self._commands: dict[str, Callable[[], Any]] = {}
        self._seen = 0
        self._copying = True  # until it is known that deciding changes nothing
        self._changes = False
        self.runs: dict[str, list[Run]] = {}
        self.version = 0
        known: set[str] = set()
        for command in aggregate.commands:
            names = _names(command)
            known.update(names)
            given = {name: value for name, value in fields.items() if name in names}
            self.runs[command.__name__] = []
            self._commands[command.__name__] = _maker(command, given)
        if strange := sorted(set(fields) - known):
            raise Invalid(
                f"No command of {aggregate.name} has a field {strange[0]}.", f"There are: {', '.join(sorted(known))}."
            )
        self._decide(0, "")

    def extend(self, events: Iterable[Event]) -> None:
        """The next events of the stream. Where the reducer fails, the last good state goes on."""
        for event in events:
            try:
                readable = fold.readable(event, self._upcast)
                self._state = fold.evolve(self._aggregate, self._state, readable)
            except StepFailed:
                pass
            self._decide(event.version, event.type)

    def _decide(self, version: int, type: str) -> None:
        state = self._state
        if self._copying:
            state = fold.copied(state)
        for name, make in self._commands.items():
            verdict, why = self._verdict(make, state)
            runs = self.runs[name]
            if runs and (runs[-1].verdict, runs[-1].why) == (verdict, why):
                runs[-1] = Run(runs[-1].first, version, runs[-1].type, verdict, why)
            else:
                runs.append(Run(version, version, type, verdict, why))
        self.version = version
        self._seen += 1
        if self._copying and not self._changes:
            self._changes = fold.as_json(self._aggregate, state) != fold.as_json(self._aggregate, self._state)
            self._copying = self._changes or self._seen < _WATCHED

    def _verdict(self, make: Callable[[], Any], state: Any) -> tuple[str, str]:
        assert self._aggregate.decide is not None
        try:
            command = make()
        except _Looked as looked:
            return UNKNOWN, looked.field
        except Invalid as invalid:
            return INVALID, str(invalid)
        try:
            types = [str(kind) for kind, _ in self._aggregate.decide(state, command)]
        except _Looked as looked:
            return UNKNOWN, looked.field
        except Refused as rule:
            return REFUSED, str(rule)
        except ExplorerError as error:
            return FAILED, str(error)
        # The rules are other people's code: whatever they raise is a fact about this version.
        except (Exception, SystemExit) as error:
            return FAILED, fold.failure(error)
        return (ACCEPTED, ", ".join(types)) if types else (NOTHING, "")


def _names(command: type) -> set[str]:
    return set(getattr(command, "__dataclass_fields__", {}))


def _maker(command: type, given: Mapping[str, Json]) -> Callable[[], Any]:
    """Makes the command: once, where that succeeds."""
    try:
        made = build_partly(command, given, _missing)
    except (_Looked, Invalid):
        return lambda: build_partly(command, given, _missing)
    return lambda: made


def described(run: Run) -> str:
    """A verdict in words."""
    return {
        ACCEPTED: f"accepted: {run.why}",
        NOTHING: "accepted, and nothing happens",
        REFUSED: f"refused: {run.why}",
        UNKNOWN: f"? depends on {run.why}",
        FAILED: f"the rules failed: {run.why}",
        INVALID: f"cannot be issued: {run.why}",
    }[run.verdict]
