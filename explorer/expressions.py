"""Watch expressions: a path, or a few words of Python over `state`, `before` and `event`, that cannot do any harm.

Only what `translation` lists is understood; of that a function is made whose operations are those of `operations`. So
an expression from a shared file runs no code, changes nothing and always ends. JSON objects are read by attribute
(`state.orderTotal.amount`) or by subscription (`state["order total"]`); numbers are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import DecimalException
from types import CodeType
from typing import Any

from explorer import exact, operations
from explorer.diff import tokens
from explorer.exact import Impossible
from explorer.fold import Metadata
from explorer.model import DomainEvent, Json
from explorer.translation import BINARY, COMPARED, FILE, FUNCTIONS, OF_OBJECTS, OF_TEXTS, Mistake, Translation

__all__ = ["ABSENT", "Expression", "Failed", "Mistake"]

_PAIRS = ("items", "zip", "enumerate", "position")  # what makes tuples
_STOOD = 60  # characters of an expression that a reason quotes


class Failed:
    """There is no value here, and why."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failed) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)

    def __repr__(self) -> str:
        return f"Failed({self.reason!r})"


class _Absent:
    """Nothing stands at the path."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


class Expression:
    """A path (it begins with "/", a JSON Pointer into the state; elements of lists by index, or by key: `/lines/sku=A`)
    or an expression. Raises `Mistake`.

    `needs`: which of "state", "before" and "event" are looked at. Not for several threads at once.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.is_path = source.startswith("/")
        self.needs: frozenset[str] = frozenset(("state",))
        if self.is_path:
            path = tokens(source)
            self._evaluate: Callable[..., Any] = lambda state, _before, _event: _followed(state, path)
            return
        self._work = operations.Work()
        translation = Translation(source)
        self.needs = frozenset(translation.needs)
        names = _operations(self._work) | translation.constants
        # What is run is made above of listed nodes alone, and finds no names but these.
        self._evaluate = eval(translation.code, {"__builtins__": {}, **names})
        self._makes_pairs = any(word in source for word in _PAIRS)  # or may: what is JSON already is not copied
        self._reasons: dict[tuple[CodeType, int], str] = {}

    def value(self, state: Json, before: Json = None, event: DomainEvent | None = None) -> Any:
        """The value for this state, the one before it, and the event between them: JSON, `ABSENT` (of a path), or
        `Failed`. What it does not need may be None. Takes 0.1 s at most, about."""
        if self.is_path:
            return self._evaluate(state, before, event)
        if event is None and "event" in self.needs:
            return Failed("There is no event here.")
        self._work.left = operations.STEPS
        try:
            value = self._evaluate(state, before, event)
        except (Impossible, ArithmeticError, KeyError, TypeError, ValueError, RecursionError, MemoryError) as error:
            return Failed(self._reason(error))
        return _plain(value) if self._makes_pairs and type(value) in (list, tuple, dict) else value

    def _reason(self, error: Exception) -> str:
        if isinstance(error, Impossible):
            sentence = str(error)
        elif isinstance(error, (KeyError, TypeError)):
            sentence = operations.no_member(error)
        elif isinstance(error, DecimalException):
            sentence = f"This cannot be computed exactly with {exact.DIGITS:,} digits."
        elif isinstance(error, RecursionError):
            sentence = "The values are nested too deeply."
        elif isinstance(error, MemoryError):
            sentence = "This takes too much memory."
        else:
            sentence = "The parts do not fit their names."  # `for a, b in` something that has no two parts
        where = self._where(error)
        return f"{where}: {sentence}" if where else sentence

    def _where(self, error: Exception) -> str:
        """The part of the expression that failed."""
        step, found = error.__traceback__, None
        while step is not None:
            if step.tb_frame.f_code.co_filename == FILE:
                found = step.tb_frame.f_code, step.tb_lasti
            step = step.tb_next
        if found is None:
            return ""
        known = self._reasons.get(found)
        if known is None:
            code, at = found
            _, _, start, end = list(code.co_positions())[at // 2]
            raw = self.source.encode()
            known = "" if start is None or end is None else raw[start:end].decode(errors="replace")
            known = " ".join(known.split())
            known = known if len(known) <= _STOOD else f"{known[: _STOOD - 1]}…"
            self._reasons[found] = known
        return known


# -- paths -------------------------------------------------------------------------------------------------------------


def _followed(value: Any, path: Sequence[str]) -> Any:
    for token in path:
        if type(value) is dict:
            if token not in value:
                return ABSENT
            value = value[token]
        elif type(value) is list:
            found = _element(value, token)
            if found is ABSENT:
                return ABSENT
            value = found
        else:
            return ABSENT
    return value


def _element(elements: list[Any], token: str) -> Any:
    if token.isascii() and token.isdecimal():
        return elements[int(token)] if len(token) < 10 and int(token) < len(elements) else ABSENT
    name, equals, key = token.partition("=")
    if equals:
        for element in elements:
            if type(element) is dict and type(element.get(name)) in (str, int) and str(element[name]) == key:
                return element
    return ABSENT


def _plain(value: Any) -> Any:
    """Pairs of items(), zip() … are lists in JSON."""
    held = type(value)
    if held is list or held is tuple:
        return [_plain(element) if type(element) in (list, tuple, dict) else element for element in value]
    if held is dict:
        return {name: _plain(member) for name, member in value.items()}
    return value


# -- what a compiled expression can name -------------------------------------------------------------------------------


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _members(metadata: Any) -> dict[str, Any]:
    return metadata.members if isinstance(metadata, Metadata) else dict(metadata)


def _operations(work: operations.Work) -> dict[str, Any]:
    """Everything that a compiled expression can name."""

    def operation(word: str) -> Any:
        for of in (work, operations, exact):
            if hasattr(of, word):
                return getattr(of, word)
        raise AssertionError(word)

    names: dict[str, Any] = {"_time": _time, "_members": _members}
    for word in (
        "item",
        "negative",
        "positive",
        "over",
        "sliced",
        *BINARY.values(),
        *(one for one, _ in COMPARED.values()),
    ):
        names[f"_{word}"] = operation(word)
    names |= {f"_f_{name}": operation(word) for name, word in FUNCTIONS.items()}
    names |= {f"_m_{name}": operation(name) for name in OF_OBJECTS}
    names |= {f"_m_{name}": work.of_text(name) for name in OF_TEXTS}
    return names
