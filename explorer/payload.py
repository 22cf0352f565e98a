"""JSON text to exact values and back: integers of any size, `1.10` stays `1.10`, nothing is guessed or dropped.

Values are `model.Json`: integers are int (Decimal above 4,300 digits, where Python refuses to convert), all other
numbers are Decimal, objects are dict in the order of their keys. What cannot be represented exactly is a *problem*, a
sentence for the user, never an exception: what is stored is data, and data may be broken.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

from explorer.errors import Invalid
from explorer.json_state import to_json
from explorer.model import Json

__all__ = [
    "DEPTH",
    "Decoded",
    "decode",
    "decode_plain",
    "encode",
    "encode_plain",
    "one_line",
    "parse",
    "pretty",
    "to_json",
]

DEPTH = 500
"""Levels of nesting in a payload at most."""

_INT_DIGITS = 4_300  # the default of sys.set_int_max_str_digits
_fast_decoder = msgspec.json.Decoder(float_hook=Decimal)
_fast_encoder = msgspec.json.Encoder(decimal_format="number")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
# The number -0, or what looks like it in a text; not the -0 of a date. What is looked for first is found fastest.
_NEGATIVE_ZERO = re.compile(rb"-0(?<![^\s:\[,]-0)(?![\d.eE])")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """`value` is None when there is a `problem`: a sentence saying why the bytes are not usable JSON."""

    value: Json
    problem: str | None = None


def decode(raw: bytes) -> Decoded:
    """The value of a JSON text. Never raises on data: malformed text, NaN, duplicate keys, lone surrogates, more than
    `DEPTH` levels and invalid UTF-8 come back as a problem, with line and column where they are known."""
    try:
        value = _fast_decoder.decode(raw)
        # The fast decoder lets a later duplicate of a key win, and reads -0 as 0. Every member has a colon that only a
        # `\u003a` could hide, so equal numbers of colons before and after mean that no member was dropped.
        if (
            raw.count(b":") == _fast_encoder.encode(value).count(b":")
            and b"\\u003" not in raw
            and not _NEGATIVE_ZERO.search(raw)
            and (len(raw) < 2 * DEPTH or raw.count(b"[") + raw.count(b"{") <= DEPTH or depth(value) <= DEPTH)
        ):
            return Decoded(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, InvalidOperation, RecursionError, ValueError):
        pass  # the exact decoder below finds out what is wrong, and where
    return _decode_exactly(raw)


def parse(raw: bytes | str) -> Json:
    """As `decode`, for what a user or a plug-in wrote. Raises `Invalid` with the problem."""
    try:
        decoded = decode(raw.encode() if isinstance(raw, str) else raw)
    except UnicodeEncodeError:
        raise Invalid("Half of a surrogate pair stands alone in the text.") from None
    if decoded.problem is not None:
        raise Invalid(decoded.problem)
    return decoded.value


def encode(value: Json) -> bytes:
    """Compact JSON text; Decimals as numbers with all their digits. Raises `Invalid` for all else, saying where."""
    _require_json(value)
    return encode_plain(value)


def encode_plain(value: Json) -> bytes:
    """`encode` for a value that is known to be JSON, such as one that `decode` or `to_json` made."""
    try:
        return _fast_encoder.encode(value)
    except UnicodeEncodeError:
        raise Invalid("A text holds half of a surrogate pair, which JSON in UTF-8 cannot.") from None
    except RecursionError:
        raise Invalid(f"The value is nested more than {DEPTH} levels deep.") from None
    except ValueError:
        # Python refuses to print such integers because it takes quadratic time.
        raise Invalid(f"An integer has more than {_INT_DIGITS:,} digits; give it as a Decimal.") from None


def decode_plain(raw: bytes) -> Json:
    """What `encode_plain` wrote, without the checks that foreign data needs."""
    try:
        value: Json = _fast_decoder.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return _exact_decoder.decode(raw.decode())  # type: ignore[no-any-return]
    return value


def one_line(value: Json, length: int = 200) -> str:
    """A JSON value on one line, cut."""
    text = encode_plain(value).decode()
    return text if len(text) <= length else text[: length - 1] + "…"


def pretty(value: Json) -> str:
    """JSON text of several lines, indented by two spaces."""
    return msgspec.json.format(encode_plain(value), indent=2).decode()


def depth(value: Json) -> int:
    """Levels of nesting: 0 for a plain value, 1 for a flat object or list."""
    levels = 0
    level: list[Any] = [value] if type(value) in (dict, list) else []
    while level:
        levels += 1
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
    return levels


# -- the exact, slower decoder -----------------------------------------------------------------------------------------


class _Problem(ValueError):
    """A sentence saying what is wrong with a JSON text that is well-formed otherwise."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Problem(f"The key {_quoted(key)} occurs twice in one object.")
            seen.add(key)
    return members


def _integer(digits: str) -> int | Decimal:
    # Decimal keeps what int cannot: the sign of -0, and more digits than Python is willing to convert.
    return Decimal(digits) if digits == "-0" or len(digits) > _INT_DIGITS else int(digits)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _Problem(f"The number {text[:40]} is beyond what can be represented.") from None


def _constant(name: str) -> NoReturn:
    raise _Problem(f"{name} is not JSON.")


_exact_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
)


def _decode_exactly(raw: bytes) -> Decoded:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Decoded(None, f"Not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start:,}.")
    if not text.strip(" \t\r\n"):
        return Decoded(None, "Empty: there is no JSON text.")
    try:
        value: Json = _exact_decoder.decode(text)
    except json.JSONDecodeError as error:
        return Decoded(None, f"Not JSON: {_reason(error)} at line {error.lineno}, column {error.colno}.")
    except _Problem as problem:
        return Decoded(None, str(problem))
    except RecursionError:
        return Decoded(None, _too_deep(text))
    if depth(value) > DEPTH:
        return Decoded(None, _too_deep(text))
    if "\\u" in text:
        problem_text = _surrogates(value)
        if problem_text:
            return Decoded(None, problem_text)
    return Decoded(value)


def _reason(error: json.JSONDecodeError) -> str:
    reason = error.msg[0].lower() + error.msg[1:]
    return reason.removesuffix(" at").removesuffix(" starting")


def _too_deep(text: str) -> str:
    level = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            level += 1
            if level > DEPTH:
                start = token.start()
                line = text.count("\n", 0, start) + 1
                column = start - text.rfind("\n", 0, start)
                return f"Nested more than {DEPTH} levels deep at line {line}, column {column}."
        elif first in "]}":
            level -= 1
    return f"Nested more than {DEPTH} levels deep."


def _surrogates(value: Json) -> str | None:
    pending: list[Any] = [value]
    while pending:
        current = pending.pop()
        if type(current) is dict:
            pending.extend(current)
            pending.extend(current.values())
        elif type(current) is list:
            pending.extend(current)
        elif type(current) is str:
            found = _SURROGATE.search(current)
            if found:
                return f"Half of a surrogate pair, \\u{ord(found[0]):04x}, stands alone in {_quoted(current)}."
    return None


def _require_json(value: Json) -> None:
    level: list[tuple[str, Any]] = [("", value)]
    levels = 0
    while level:
        below: list[tuple[str, Any]] = []
        for path, current in level:
            kind = type(current)
            if levels == DEPTH and (kind is dict or kind is list):
                raise Invalid(f"The value is nested more than {DEPTH} levels deep.")
            if kind is dict:
                for key, child in current.items():
                    if type(key) is not str:
                        raise Invalid(f"The key {key!r} at {path or 'the top'} is not a text.")
                    if _is_lone(key):
                        raise Invalid(f"A key at {path or 'the top'} holds half of a surrogate pair.")
                    below.append((f"{path}/{key}", child))
            elif kind is list:
                below.extend((f"{path}/{index}", child) for index, child in enumerate(current))
            elif kind is str:
                if _is_lone(current):
                    raise Invalid(f"The text at {path or 'the top'} holds half of a surrogate pair.")
            elif kind is Decimal:
                if not current.is_finite():
                    raise Invalid(f"{current} at {path or 'the top'} is not JSON.")
            elif current is not None and kind is not bool and kind is not int:
                raise Invalid(f"A {kind.__name__} at {path or 'the top'} is not JSON.")
        level = below
        levels += 1


def _is_lone(text: str) -> bool:
    return not text.isascii() and _SURROGATE.search(text) is not None


def _quoted(text: str) -> str:
    shown = ascii(text) if _SURROGATE.search(text) else f"“{text}”"
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
