"""A stream as a test: given these events, when this happens, then that is so.

`exported` writes the text of a pytest file. What it imports is `Stream`, which folds what the file says with the
domain that claims the category: the shipped one, an installed one, or that of a plug-in file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pprint import pformat
from typing import Any

from explorer import fold, payload
from explorer.diff import diff, value_at
from explorer.errors import Invalid, PluginBroken, Refused
from explorer.fold import StepFailed
from explorer.json_state import MISSING
from explorer.model import Aggregate, Domain, Event, Json, StreamKey
from explorer.plugins import aggregate_for, broken, build_command, load

_SHOWN = 20  # differences that a failing test lists
_WIDTH = 100  # characters of a value in them


@dataclass
class Stream:
    """An aggregate at work on events that a test gives it. `plugins`: files that bring its domain.

    Raises `PluginBroken` where one of them cannot be loaded, `Invalid` where no domain claims the category.
    """

    category: str
    id: str
    plugins: Sequence[str] = ()
    failures: list[str] = field(default_factory=list)  # what the reducer raised, a line for each event

    def __post_init__(self) -> None:
        loaded = load(self.plugins)
        if problem := broken(loaded, self.plugins):
            raise PluginBroken(problem)
        claim = aggregate_for(loaded.domains, self.category)
        if claim is None:
            raise Invalid(f"No domain claims the category {self.category}.", "Name the plug-in file that does.")
        self._domain: Domain = claim[0]
        self._aggregate: Aggregate = claim[1]
        self._state: Any = fold.initial(self._aggregate)
        self._version = 0
        self._decided: list[tuple[str, Json]] = []
        self._refused = ""

    def given(
        self,
        type: str,
        data: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        version: int | None = None,
        at: str | None = None,
    ) -> None:
        """This event happened. `version`: if not the next one; `at`: when, ISO 8601."""
        self._version = self._version + 1 if version is None else version
        event = Event(
            category=self.category,
            id=self.id,
            version=self._version,
            position=None,
            type=type,
            data=payload.encode(payload.to_json(data)),
            metadata=payload.encode(payload.to_json(dict(metadata))) if metadata else b"",
            recorded_at=datetime.fromisoformat(at) if at else None,
        )
        try:
            after = fold.evolve(self._aggregate, fold.copied(self._state), fold.readable(event, self._domain.upcast))
            fold.as_json(self._aggregate, after)
        except StepFailed as error:
            self.failures.append(f"version {event.version} ({type}): {error}")
        else:
            self._state = after

    def when(self, type: str, data: Any, **more: Any) -> None:
        """This event happens; otherwise as `given`."""
        self.given(type, data, **more)

    def when_command(self, command: str, **fields: Any) -> None:
        """This command is issued. Raises `Invalid` for one that the aggregate does not know."""
        if self._aggregate.decide is None:
            raise Invalid(f"{self._aggregate.name} takes no commands.")
        built = build_command(
            self._aggregate, command, {name: payload.to_json(value) for name, value in fields.items()}
        )
        try:
            decided = self._aggregate.decide(fold.copied(self._state), built)
        except Refused as rule:
            self._refused = str(rule)
            return
        self._decided = [(str(kind), payload.to_json(data)) for kind, data in decided]

    @property
    def state(self) -> Json:
        """The state now, as JSON."""
        return fold.as_json(self._aggregate, self._state)

    def then_state(self, expected: Any) -> None:
        """The state is this one. Raises AssertionError with what differs."""
        self._then(expected, self.state)

    def then_at(self, path: str, expected: Any) -> None:
        """At this place of the state, a JSON Pointer, is this value. Raises AssertionError."""
        found = value_at(self.state, path)
        if found is MISSING:
            raise AssertionError(f"There is nothing at {path} in the state.\n{self._failed()}")
        self._then(expected, found)

    def then_events(self, *expected: tuple[str, Any]) -> None:
        """The command decided on these events. Raises AssertionError with what differs."""
        assert not self._refused, f"The command was refused: {self._refused}"
        kinds = [kind for kind, _ in self._decided]
        assert kinds == [kind for kind, _ in expected], f"The events are {kinds}."
        self._then([data for _, data in expected], [data for _, data in self._decided])

    def then_refused(self) -> None:
        """A rule refuses the command. Raises AssertionError."""
        assert self._refused, f"The command was not refused: {[kind for kind, _ in self._decided]}"

    def then_nothing_failed(self) -> None:
        """The reducer took every event. Raises AssertionError with what it raised."""
        assert not self.failures, self._failed()

    def _then(self, expected: Any, found: Json) -> None:
        changes = diff(payload.to_json(expected), found)
        lines = [
            f"  {one.path or '(all)'}: expected {payload.one_line(one.before, _WIDTH)},"
            f" is {payload.one_line(one.after, _WIDTH)}"
            for one in changes
        ]
        if len(lines) > _SHOWN:
            lines[_SHOWN:] = [f"  … and {len(lines) - _SHOWN} more"]
        assert not changes, "\n".join(["It differs:", *lines, self._failed()]).rstrip()

    def _failed(self) -> str:
        return "\n".join(["The reducer failed:", *self.failures]) if self.failures else ""


# -- writing the file --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """What a test says should be so: `path` "" is all of the state."""

    path: str
    value: Json


def exported(
    key: StreamKey,
    events: Sequence[Event],
    expected: Sequence[Expected] = (),
    *,
    plugins: Sequence[str] = (),
    why: str = "",
) -> str:
    """The text of a pytest file: all events but the last are given, the last one is what happens.

    It always says that the reducer takes every event; `expected` is what else should be so. Raises `Invalid` where
    there is no event, or one whose payload cannot be read.
    """
    if not events:
        raise Invalid("Without an event there is nothing to test.")
    name = re.sub(r"\W+", "_", f"{key.category}_{key.id}_v{events[-1].version}", flags=re.ASCII).strip("_").lower()
    title = f"{key.category} {key.id}, up to version {events[-1].version}"
    lines = [
        repr(f"{title}.{f' {why}' if why else ''} Run it with pytest."),
        "",
        "from decimal import Decimal  # noqa: F401",
        "",
        "from explorer.given_when_then import Stream",
        "",
        "",
        f"def test_{name}() -> None:",
        f"    stream = Stream({key.category!r}, {key.id!r}{f', plugins={list(plugins)!r}' if plugins else ''})",
    ]
    version = 0
    for event in events:
        call = "when" if event is events[-1] else "given"
        lines += _indented(f"stream.{call}(", [repr(event.type), *_arguments(event, version)])
        version = event.version
    lines.append("    stream.then_nothing_failed()")
    for one in expected:
        if one.path:
            lines += _indented("stream.then_at(", [repr(one.path), _literal(one.value)])
        else:
            lines += _indented("stream.then_state(", [_literal(one.value)])
    return "\n".join(lines) + "\n"


def _arguments(event: Event, before: int) -> list[str]:
    decoded = payload.decode(event.data)
    problem = event.problem or decoded.problem
    if problem is not None:
        raise Invalid(f"The payload of version {event.version} cannot be read: {problem}")
    arguments = [_literal(decoded.value)]
    metadata = payload.decode(event.metadata).value if event.metadata else None
    if isinstance(metadata, dict) and metadata:
        arguments.append(f"metadata={_literal(metadata)}")
    if event.version != before + 1:
        arguments.append(f"version={event.version}")
    if event.recorded_at is not None:
        arguments.append(f"at={event.recorded_at.isoformat()!r}")
    return arguments


def _literal(value: Any) -> str:
    """Python source of the value; Decimals keep their digits."""
    return pformat(value, width=100, sort_dicts=False)


def _indented(call: str, arguments: list[str]) -> list[str]:
    lines = [f"    {call}"]
    for argument in arguments:
        # Texts hold no line ends of their own: a literal writes them as \n.
        lines += [f"        {line}" for line in f"{argument},".split("\n")]
    return [*lines, "    )"]


def differences(wrong: Json, right: Json) -> list[Expected]:
    """What a test has to say so that the wrong state fails: the right value of every object's member that differs.

    Where members are missing or too many, all of the right state is said.
    """
    changes = diff(wrong, right)
    if any(one.op != "replace" or one.key or not one.path for one in changes):
        return [Expected("", right)]
    return [Expected(one.path, one.after) for one in changes]
