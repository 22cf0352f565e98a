"""Pseudonyms: other values in the place of those that nobody else should see. Equal values get equal pseudonyms, other
values other ones; without the key, which is kept nowhere, nobody finds the way back by trying values.

They hide values, not shapes: how many digits a number has, how long a list is, and when events happened stay visible.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import secrets
from collections.abc import Collection
from decimal import Decimal

from explorer.model import Json, StreamKey

STRINGS, NUMBERS, IDS = "strings", "numbers", "ids"
KINDS = (STRINGS, NUMBERS, IDS)

_UUID = re.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_LITERAL = re.compile(r"""(['"])([^'"\\]*)\1""")
_NAMES = frozenset({"command", "decided_on", "origin", "service", "schema_version"})  # in metadata: no secrets
_ROUNDS = 6
_DIGITS = 30  # of a number; what is longer becomes another number of that length by its digest


class Pseudonyms:
    """Pseudonyms for the streams with these keys, of these `kinds`. Members of payloads with a name in `kept` stay."""

    def __init__(
        self, kinds: Collection[str], streams: Collection[StreamKey] = (), kept: Collection[str] = (), key: bytes = b""
    ) -> None:
        self.kinds = frozenset(kinds)
        self._kept = frozenset(kept)
        self._ids = frozenset(stream.id for stream in streams)
        self._key = key or secrets.token_bytes(32)
        self._seen: dict[str, str] = {}  # texts that were replaced in payloads
        self._figures: dict[str, str] = {}  # and figures of numbers

    # -- what is replaced ----------------------------------------------------------------------------------------------

    def id(self, id: str) -> str:
        """Of a stream."""
        return self._text(id) if IDS in self.kinds else id

    def payload(self, value: Json) -> Json:
        """Texts and numbers, at any depth. Names of members stay, unless they are ids of the streams."""
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | Decimal):
            return self._number(value) if NUMBERS in self.kinds else value
        if isinstance(value, list):
            return [self.payload(one) for one in value]
        return {
            self._string(name) if name in self._ids else name: one if name in self._kept else self.payload(one)
            for name, one in value.items()
        }

    def metadata(self, value: Json) -> Json:
        """Of an event: UUIDs stay, so that causes are still found, as do names of commands and services."""
        if not isinstance(value, dict):
            return self.payload(value)
        return {
            name: one if name in _NAMES or name in self._kept else self.event_id(one) if isinstance(one, str)
            else self.payload(one)
            for name, one in value.items()
        }  # fmt: skip

    def event_id(self, id: str) -> str:
        """Of an event, or text in metadata."""
        return id if _UUID.fullmatch(id) else self._string(id)

    def state(self, value: Json) -> Json:
        """What a reducer made of payloads: what was replaced there is replaced here, names of members included."""
        if isinstance(value, str):
            return self._seen.get(value, value)
        if isinstance(value, list):
            return [self.state(one) for one in value]
        if isinstance(value, dict):
            return {self._seen.get(name, name): self.state(one) for name, one in value.items()}
        return value

    def source(self, source: str) -> str:
        """Of a watch: a path or an expression. What was replaced in payloads is replaced in its texts."""
        if source.startswith("/"):
            return "/".join(self._seen.get(token, token) for token in source.split("/"))
        return _LITERAL.sub(lambda found: found[1] + self._seen.get(found[2], found[2]) + found[1], source)

    # -- how -----------------------------------------------------------------------------------------------------------

    def _string(self, value: str) -> str:
        if value in self._ids:
            return self._text(value) if IDS in self.kinds else value
        return self._text(value) if STRINGS in self.kinds else value

    def _text(self, value: str) -> str:
        if not value:
            return value
        found = self._seen.get(value)
        if found is None:
            digest = self._digest("text", value)
            if _UUID.fullmatch(value):
                hexed = digest.hex()
                found = f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:32]}"
            else:
                found = "~" + base64.b32encode(digest[:10]).decode().lower()
            self._seen[value] = found
        return found

    def _number(self, value: int | Decimal) -> int | Decimal:
        """Another number with as many digits, as many zeros at its end, the same sign and the same kind."""
        if value == 0 or (isinstance(value, Decimal) and not value.is_finite()):
            return value
        if isinstance(value, int):
            plain = str(abs(value))
            digits = plain.rstrip("0")
            found = int(self._digits(digits) + "0" * (len(plain) - len(digits)))
            return -found if value < 0 else found
        sign, figures, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        plain = "".join(map(str, figures))
        digits = plain.rstrip("0")
        found_digits = self._digits(digits) + "0" * (len(plain) - len(digits))
        return Decimal((sign, tuple(map(int, found_digits)), exponent))

    def _digits(self, digits: str) -> str:
        found = self._figures.get(digits)
        if found is None:
            found = self._figures[digits] = self._other_digits(digits)
        return found

    def _other_digits(self, digits: str) -> str:
        """Other digits, as many, of which neither the first nor the last is 0: a permutation of all such numbers."""
        count = len(digits)
        if count == 1:
            return str(self._permuted(int(digits) - 1, 9, "1") + 1)
        if count > _DIGITS:
            drawn = hashlib.shake_256(self._digest("long", digits)).digest(count - 2)
            return "7" + "".join(str(byte % 10) for byte in drawn) + "3"
        # The first and the last digit have nine values each, what is between them has ten for each digit.
        between = 10 ** (count - 2)
        inner = int(digits[1:-1] or "0")
        place = ((int(digits[0]) - 1) * between + inner) * 9 + int(digits[-1]) - 1
        place, last = divmod(self._permuted(place, 81 * between, str(count)), 9)
        first, inner = divmod(place, between)
        return f"{first + 1}{f'{inner:0{count - 2}}' if count > 2 else ''}{last + 1}"

    def _permuted(self, place: int, size: int, tweak: str) -> int:
        """A permutation of the numbers below `size` (a Feistel network over two halves, walked until it is inside)."""
        half = math.isqrt(size - 1) + 1
        while True:
            left, right = divmod(place, half)
            for turn in range(_ROUNDS):
                drawn = int.from_bytes(self._digest(f"number {tweak} {turn}", str(right)), "big")
                left, right = right, (left + drawn) % half
            place = left * half + right
            if place < size:
                return place

    def _digest(self, what: str, value: str) -> bytes:
        raw = f"{what}\n{value}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, key=self._key, digest_size=32).digest()
