"""From a script in TOML to a story, or to everything that is wrong with it, each with its line and a reason."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from explorer.errors import ExplorerError
from explorer.model import Json
from explorer.resources import resources
from explorer.story import script
from explorer.story.script import KINDS, PLACEHOLDERS, Action, Chapter, Show, Step, Story, Wait
from explorer.story.toml_lines import Path as TomlPath
from explorer.story.toml_lines import line_of, lines_of

LARGEST = 1_000_000  # bytes of a script
LONGEST = 400  # characters of a caption
MOST = 100_000  # commands of one action

_BY_VERB: dict[str, type[Action]] = {fields(kind)[0].name: kind for kind in KINDS}
_SYNTAX = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int  # from 1
    reason: str


class BadScript(ExplorerError):
    """A script that cannot be played; `mistakes` in the order of their lines."""

    SHOWN: ClassVar[int] = 8

    def __init__(self, title: str, mistakes: Iterable[Mistake]) -> None:
        self.title = title
        self.mistakes = tuple(sorted(set(mistakes), key=lambda mistake: (mistake.line, mistake.reason)))
        count = len(self.mistakes)
        shown = [f"line {one.line}: {one.reason}" for one in self.mistakes[: self.SHOWN]]
        more = [f"… and {count - self.SHOWN} more"] if count > self.SHOWN else []
        super().__init__(
            f"{title} cannot be played: {count} mistake{'' if count == 1 else 's'}.", "\n".join((*shown, *more))
        )


def shipped() -> Path:
    """The story that comes with the program."""
    return resources() / "stories" / "customers_orders.toml"


def read(path: Path) -> Story:
    """Raises BadScript, also for a file that cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadScript(path.name, [Mistake(1, f"The file cannot be read: {error.strerror}.")]) from error
    if len(raw) > LARGEST:
        raise BadScript(path.name, [Mistake(1, f"The file has {len(raw):,} bytes; a script has at most {LARGEST:,}.")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadScript(path.name, [Mistake(line, "This is no UTF-8 text.")]) from error
    return parse(text, path.name)


def parse(text: str, title: str) -> Story:
    """Raises BadScript. `title` is what the mistakes call the script."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except RecursionError as error:
        raise BadScript(title, [Mistake(1, "Values are nested too deep.")]) from error
    except ValueError as error:  # tomllib's own, and numbers that Python refuses
        found = _SYNTAX.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1 if found else 1
        raise BadScript(title, [Mistake(line, f"{_SYNTAX.sub('', str(error))}.")]) from error
    reading = _Reading(text)
    story = reading.story(document)
    if reading.mistakes:
        raise BadScript(title, reading.mistakes)
    return story


class _Reading:
    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._lines = lines_of(text)

    def _wrong(self, path: TomlPath, reason: str) -> None:
        self.mistakes.append(Mistake(line_of(self._lines, path), reason))

    # -- the parts ---------------------------------------------------------------------------------------------------

    def story(self, document: dict[str, Any]) -> Story:
        self._unknown((), document, ("title", "store", "chapter"), "a story")
        title = self._text((), document, "title", "a story")
        store = document.get("store", "story")
        if not isinstance(store, str) or not _NAME.fullmatch(store):
            self._wrong(("store",), "store is the name of a file: letters, digits, blanks, _ and -.")
            store = "story"
        chapters = [
            self._chapter(("chapter", number), one)
            for number, one in enumerate(self._tables((), document, "chapter", "a story"))
        ]
        return Story(title, store, tuple(chapters))

    def _chapter(self, path: TomlPath, table: dict[str, Any]) -> Chapter:
        self._unknown(path, table, ("title", "step"), "a chapter")
        title = self._text(path, table, "title", "a chapter")
        steps = [
            self._step((*path, "step", number), one)
            for number, one in enumerate(self._tables(path, table, "step", "a chapter"))
        ]
        return Chapter(title, tuple(steps), line_of(self._lines, path))

    def _step(self, path: TomlPath, table: dict[str, Any]) -> Step:
        self._unknown(path, table, ("caption", "do"), "a step")
        caption = " ".join(self._text(path, table, "caption", "a step").split())
        if len(caption) > LONGEST:
            reason = f"The caption has {len(caption)} characters; more than {LONGEST} nobody reads from a screen."
            self._wrong((*path, "caption"), reason)
        for name in _PLACEHOLDER.findall(caption):
            if name not in PLACEHOLDERS:
                reason = f"A caption cannot say {{{name}}}.{_meant(name, PLACEHOLDERS)}"
                self._wrong((*path, "caption"), reason)
        actions = []
        if "do" in table:
            for number, one in enumerate(self._tables(path, table, "do", "a step", needed=False)):
                action = self._action((*path, "do", number), one)
                if action is not None:
                    actions.append(action)
        return Step(caption, tuple(actions), line_of(self._lines, path))

    def _action(self, path: TomlPath, table: dict[str, Any]) -> Action | None:
        verbs = [name for name in table if name in _BY_VERB]
        if not verbs:
            first = next(iter(table), None)
            if first is None:
                self._wrong(path, f"This does nothing. An action is one of {_list(_BY_VERB)}.")
            else:
                self._wrong((*path, first), f"No action is called {first}.{_meant(first, _BY_VERB)}")
            return None
        if len(verbs) > 1:
            self._wrong(
                (*path, verbs[1]), f"{verbs[0]} and {verbs[1]} are two actions: each stands in braces of its own."
            )
            return None
        verb, kind = verbs[0], _BY_VERB[verbs[0]]
        known = [one for one in fields(kind) if one.name != "line"]
        self._unknown(path, table, [one.name for one in known], verb)
        before = len(self.mistakes)
        values: dict[str, Any] = {}
        for one in known:
            if one.name in table:
                values[one.name] = self._field((*path, one.name), one, table[one.name], verb)
            elif one.default is MISSING and one.default_factory is MISSING:
                self._wrong(path, f"{verb} needs {one.name}.")
        if len(self.mistakes) > before:
            return None
        action = kind(**values, line=line_of(self._lines, path))
        for reason in _lacks(action):
            self._wrong(path, reason)
        return action

    def _field(self, path: TomlPath, known: Field[Any], value: Any, verb: str) -> Any:
        """The value as the action has it; a mistake when it is of the wrong kind."""
        kind = str(known.type)
        what = f"{known.name} of {verb}" if known.name != verb else verb
        whole = isinstance(value, int) and not isinstance(value, bool)
        if kind == "str":
            if not isinstance(value, str) or not value.strip():
                self._wrong(path, f"{what} is a text.")
            elif known.metadata and value not in known.metadata["one_of"]:
                choices: tuple[str, ...] = known.metadata["one_of"]
                self._wrong(path, f"{what} cannot be {value!r}.{_meant(value, choices)}")
        elif kind in ("int", "int | None"):
            if not whole or not 0 <= value <= MOST:
                self._wrong(path, f"{what} is a whole number from 0 to {MOST:,}.")
        elif kind == "float":
            if not (whole or isinstance(value, Decimal)) or not 0 <= value <= 3600:
                self._wrong(path, f"{what} is a number of seconds up to 3600.")
            else:
                return float(value)
        elif not isinstance(value, Mapping):
            self._wrong(path, f"{what} is a table of values, in braces.")
        else:
            return _json(value)
        return value

    # -- what they share ---------------------------------------------------------------------------------------------

    def _unknown(self, path: TomlPath, table: Mapping[str, Any], known: Iterable[str], what: str) -> None:
        names = [*known]
        for name in table:
            if name not in names:
                self._wrong((*path, name), f"{name} means nothing in {what}.{_meant(name, names)}")

    def _text(self, path: TomlPath, table: Mapping[str, Any], name: str, what: str) -> str:
        value = table.get(name)
        if isinstance(value, str) and value.strip():
            return value
        reason = f"{what.capitalize()} needs a {name}." if value is None else f"The {name} of {what} is a text."
        self._wrong((*path, name) if name in table else path, reason)
        return ""

    def _tables(
        self, path: TomlPath, table: Mapping[str, Any], name: str, what: str, needed: bool = True
    ) -> list[dict[str, Any]]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self._wrong((*path, name), f"{name} of {what} is a list of tables.")
            return []
        if needed and not value:
            self._wrong(path, f"{what.capitalize()} needs at least one {name}.")
        return value


def _lacks(action: Action) -> Iterable[str]:
    """What this action needs besides, for what it is to do."""
    match action:
        case Show(show="stream" | "causality" | "row or events") if not (action.category and action.id):
            yield f"show = {action.show!r} needs category and id."
        case Show(show="panel") if not action.name:
            yield "show = 'panel' needs the name of the panel."
        case Wait(wait_for="event") if not (action.type and action.category and action.id):
            yield "wait_for = 'event' needs type, category and id."
        case Wait(wait_for="subscription") if not action.name:
            yield "wait_for = 'subscription' needs the name of the subscription."
        case script.Crash() if action.crash != "deliver" and not action.order:
            yield "crash needs order, the id of the order that is placed."


def _json(value: Any) -> Json:
    """A TOML value as JSON: times are texts."""
    match value:
        case dict():
            return {name: _json(one) for name, one in value.items()}
        case list():
            return [_json(one) for one in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() if not value.is_finite():
            return str(value)
    result: Json = value
    return result


def _meant(word: str, known: Iterable[str]) -> str:
    names = [*known]
    close = difflib.get_close_matches(word, names, 1)
    return f" Did you mean {close[0]}?" if close else f" Known are {_list(names)}."


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
