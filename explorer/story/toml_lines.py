"""Where the values of a TOML document stand: tomllib knows no lines of what it has read.

A scanner that only knows keys, strings, brackets and comments: the document is known to be valid, so nothing else needs
to be understood.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping
from typing import TypeAlias

Path: TypeAlias = "tuple[str | int, ...]"

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_DEEPEST = 100


def lines_of(document: str) -> dict[Path, int]:
    """The line (from 1) of every key, element and table of a valid document, by its path."""
    scanner = _Scanner(document.replace("\r\n", "\n"))
    # If it is no valid document after all, what was found until there still holds.
    with contextlib.suppress(IndexError, ValueError):
        scanner.document()
    return scanner.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of this value, or of the nearest thing around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text + "\n"
        self._at = 0
        self._line = 1
        self._arrays: dict[Path, int] = {}  # tables of each array of tables so far

    def document(self) -> None:
        table: Path = ()
        while self._skip(newlines=True):
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table, 0)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _header(self) -> Path:
        line = self._line
        many = self._text.startswith("[[", self._at)
        self._take(2 if many else 1)
        names = self._names()
        self._take(2 if many else 1)
        path: Path = ()
        for number, name in enumerate(names):
            path = (*path, name)
            last = number == len(names) - 1
            if last and many:
                self._arrays[path] = self._arrays.get(path, 0) + 1
            self.lines.setdefault(path, line)
            if path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        self.lines[path] = line
        return path

    def _pair(self, table: Path, depth: int) -> None:
        line = self._line
        path = table
        for name in self._names():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._take(1)  # =
        self._value(path, depth)

    def _value(self, path: Path, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError
        self._skip()
        char = self._peek()
        if char in "\"'":
            self._string()
        elif char == "[":
            self._many("]", path, depth)
        elif char == "{":
            self._many("}", path, depth)
        else:
            while self._peek() not in ",]}\n#":
                self._take(1)

    def _many(self, end: str, path: Path, depth: int) -> None:
        self._take(1)
        number = 0
        while True:
            self._skip(newlines=True)
            if self._peek() == end:
                break
            if end == "]":
                self.lines[(*path, number)] = self._line
                self._value((*path, number), depth + 1)
                number += 1
            else:
                self._pair(path, depth + 1)
            self._skip(newlines=True)
            if self._peek() == ",":
                self._take(1)
        self._take(1)

    def _names(self) -> list[str]:
        names = []
        while True:
            self._skip()
            start = self._at
            if self._peek() in "\"'":
                self._string()
                names.append(str(tomllib.loads(f"name = {self._text[start : self._at]}")["name"]))
            else:
                while self._peek() in _BARE:
                    self._take(1)
                if self._at == start:
                    raise ValueError
                names.append(self._text[start : self._at])
            self._skip()
            if self._peek() != ".":
                return names
            self._take(1)

    def _string(self) -> None:
        quote = self._peek()
        if self._text.startswith(quote * 3, self._at):
            self._take(3)
            while not self._text.startswith(quote * 3, self._at):
                self._take(2 if quote == '"' and self._peek() == "\\" else 1)
            self._take(3)
            while self._peek() == quote:  # up to two more belong to the text
                self._take(1)
            return
        self._take(1)
        while self._peek() != quote:
            self._take(2 if quote == '"' and self._peek() == "\\" else 1)
        self._take(1)

    # -- characters --------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._text[self._at]

    def _take(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def _skip(self, newlines: bool = False) -> bool:
        """Over blanks and comments; False at the end of the document."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = end if end >= 0 else len(self._text)
            elif char in " \t" or (newlines and char == "\n"):
                self._take(1)
            else:
                return True
        return False
