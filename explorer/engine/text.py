"""Long values as lines, in pages: JSON, raw text, bytes in hexadecimal. Laid out once, then every page is a slice."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import Protocol

from explorer import payload
from explorer.engine.messages import LINE, TextPage
from explorer.model import Json

PAGE = 48 * 1024  # bytes of lines in one page, about
VALUE = 300  # characters of a value in a list
_HEX = 16  # bytes a line
_STRETCH = 1 << 20

# Controls as the pictures Unicode has for them; what changes the direction of text as its code.
_VISIBLE = {code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)}
_VISIBLE |= {0x7F: "\u2421"} | {code: f"⟨U+{code:04X}⟩" for code in (*range(0x80, 0xA0), 0x2028, 0x2029, 0xFEFF)}
_VISIBLE |= {
    code: f"⟨U+{code:04X}⟩" for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def visible(text: str) -> str:
    """The text with control and bidirectional characters shown as signs; tabs and line breaks stay."""
    return text.translate(_VISIBLE)


class Lines(Protocol):
    """Something that can be shown line by line."""

    size: int  # bytes of the whole value
    memory: int  # bytes that keeping it costs, about

    def __len__(self) -> int: ...

    def line(self, number: int) -> str: ...


class TextLines:
    """A text; what is longer than `LINE` characters between two line breaks comes as several lines."""

    def __init__(self, text: str, size: int) -> None:
        self.size = size
        self._text = text
        self._starts = _line_starts(text)
        self.memory = 4 * len(text) + 8 * len(self._starts)

    def __len__(self) -> int:
        return len(self._starts)

    def line(self, number: int) -> str:
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
        return visible(self._text[start:end].removesuffix("\n").removesuffix("\r"))


def _line_starts(text: str) -> array[int]:
    """Where lines begin, those too long taken apart. In stretches, each at the speed of C unless it has such a line."""
    starts = array("Q")
    start, length = 0, len(text)
    while start <= length:
        end = text.find("\n", start + _STRETCH)
        end = length if end < 0 else end
        lengths = [len(line) + 1 for line in text[start:end].split("\n")]
        begin = accumulate(lengths[:-1], initial=start)
        if max(lengths) <= LINE:
            starts.extend(begin)
        else:
            for first, size in zip(begin, lengths, strict=True):
                starts.extend(range(first, max(first + 1, first + size - 1), LINE))
        start = end + 1
    if len(starts) > 1 and starts[-1] == length:  # the break at the end starts no line
        starts.pop()
    return starts


class Pieces:
    """A text exactly as it is, in pieces of `LINE` characters."""

    def __init__(self, text: str, size: int) -> None:
        self.size = size
        self.memory = 4 * len(text)
        self._text = text

    def __len__(self) -> int:
        return max(1, -(-len(self._text) // LINE))

    def line(self, number: int) -> str:
        return self._text[number * LINE : (number + 1) * LINE]


class HexLines:
    """Bytes, sixteen a line: offset, hexadecimal, the characters that ASCII has for them."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.memory = len(data)
        self._data = data

    def __len__(self) -> int:
        return max(1, -(-len(self._data) // _HEX))

    def line(self, number: int) -> str:
        start = number * _HEX
        piece = self._data[start : start + _HEX]
        left, right = piece[:8].hex(" "), piece[8:].hex(" ")
        shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in piece)
        return f"{start:08x}  {left:<23}  {right:<23}  {shown}"


def raw(data: bytes) -> TextLines:
    """Bytes as text: what is not UTF-8 comes as \\xff."""
    return TextLines(data.decode("utf-8", "backslashreplace"), len(data))


def page(lines: Lines, start: int, limit: int, problem: str = "") -> TextPage:
    """Lines from `start`; fewer than the limit where they would be more than a message takes."""
    total = len(lines)
    shown: list[str] = []
    size = 0
    for number in range(max(0, start), min(total, max(0, start) + max(1, limit))):
        line = lines.line(number)
        size += len(line.encode("utf-8", "replace")) + 5
        if shown and size > PAGE:
            break
        shown.append(line)
    return TextPage(start=max(0, start), total=total, size=lines.size, lines=tuple(shown), problem=problem)


def value_text(value: Json) -> str:
    """A value of a row as people read it."""
    text = "" if value is None else value if isinstance(value, str) else payload.encode_plain(value).decode()
    return text if len(text) <= VALUE else f"{text[: VALUE - 1]}…"
