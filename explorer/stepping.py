"""One step of a fold whose states are plain JSON: what to keep of the new state, and what changed, found in one pass.

Gives what `json_state.convert` and `diff.diff` give one after the other. These walk the state twice each, and ask of
every value what it is; most reducers make an object that shares with the one before nearly all that it has.
"""

from __future__ import annotations

from typing import Any

from explorer.diff import Change, compare, escaped
from explorer.errors import Invalid
from explorer.json_state import MISSING, changed_keys, convert, without_surrogates
from explorer.model import Json

_change = tuple.__new__  # what `Change(...)` ends with, without the call in between


class _NotPlain(Exception):
    """The new state has something that is no JSON as it stands."""


def step(before: Json, after: Any) -> tuple[Json, list[Change]] | None:
    """`after` sharing with `before`, which is plain JSON, all that is the same; and every difference, as `diff` finds
    them. None where `after` is not plain JSON: then it has to be converted."""
    if before is after:
        return before, []
    if type(before) is not dict or type(after) is not dict:
        return None
    changes: list[Change] = []
    try:
        return _object(before, after, "", changes), changes
    except (_NotPlain, RecursionError, Invalid):
        return None


def _object(before: dict[str, Any], after: dict[Any, Any], path: str, changes: list[Change]) -> dict[str, Any]:
    """What to keep of `after`: `before` where they are equal."""
    known = before.get
    start, added = len(changes), 0
    kept: dict[str, Any] = {}  # what is shared with the former state instead of what the reducer made
    for name in changed_keys(before, after):
        value, old = after[name], known(name, MISSING)
        kind = type(value)
        if old is MISSING:
            if type(name) is not str or without_surrogates(name) is not name:
                raise _NotPlain
            if kind is not int and not (kind is str and value.isascii()):
                _require_plain(value)
            added += 1
            changes.append(_change(Change, ("add", f"{path}/{escaped(name)}", "", "", None, value)))
            continue
        inner = f"{path}/{escaped(name) if '/' in name or '~' in name else name}"
        if kind is type(old) and (kind is str or kind is int):
            if old == value:
                continue
            if kind is str and not value.isascii():
                _require_plain(value)
            changes.append(_change(Change, ("replace", inner, "", "", old, value)))
        elif kind is dict and type(old) is dict:
            same: Any = _object(old, value, inner, changes)
            if same is not value:
                kept[name] = same
        else:
            same, plain = convert(value, old, old)
            if not plain:
                raise _NotPlain
            if same is not value:
                kept[name] = same
            if same is not old:
                compare(old, same, inner, inner, "", changes, {})
    if len(before) + added > len(after):
        changes[start:start] = [
            Change("remove", f"{path}/{escaped(name)}", "", "", value, None)
            for name, value in before.items()
            if name not in after
        ]
    if len(changes) == start:
        return before
    return {**after, **kept} if kept else after


def _require_plain(value: Any) -> None:
    if not convert(value, MISSING, MISSING)[1]:
        raise _NotPlain
