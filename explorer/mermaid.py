"""A chain of causes and effects as the text of a sequence diagram in Mermaid's language.

A lane is a stream, or a service where metadata name one. Solid arrows are recorded, dashed ones inferred. Whatever
comes from a store is escaped: Mermaid ends a text at `;`, and reads `#…;` as a character, HTML and directives.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from explorer.causality import Chain
from explorer.pattern import short
from explorer.sequence import IDLE, Arrow, Diagram, Lane, arrange

LONGEST = 50_000  # UTF-16 units; of a longer text Mermaid shows nothing but that it is too long (`maxTextSize`)
_SPARE = 100  # of these, for the note that says what was left out
_LONGEST_LABEL = 120  # characters
_LONG_NAME = 40  # characters of a type or category, beyond which only what follows its last dot is shown
_PLAIN = frozenset(" .,_-/()+=@!?'*…·")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class _Line(NamedTuple):
    """A message from a lane to a lane by such an arrow, or without one a note over a lane."""

    source: int
    arrow: str
    target: int
    words: str

    def text(self, names: Mapping[int, str]) -> str:
        over = (
            f"{names[self.source]}{self.arrow}{names[self.target]}" if self.arrow else f"Note over {names[self.source]}"
        )
        return f"    {over}: {self.words}\n"


def mermaid(chain: Chain, idle: timedelta = IDLE, longest: int = LONGEST) -> str:
    """The diagram, of whole lines. The events stand in the order of the store. Those that would make it longer than
    Mermaid takes (`longest`) are left out; the last line says how many."""
    diagram = arrange(chain, idle)
    alike = Counter(_label(lane) for lane in diagram.lanes)
    names: dict[int, str] = {}  # of the lanes that come in
    heads: list[str] = []
    lines: list[str] = []
    length = len("sequenceDiagram\n") + _SPARE
    for number, wanted in enumerate(_lines(diagram)):
        new = dict.fromkeys(lane for line in wanted for lane in (line.source, line.target) if lane not in names)
        known = names | {lane: f"L{place}" for place, lane in enumerate(new, len(names) + 1)}
        more_heads = [_head(diagram.lanes[lane], known[lane], alike) for lane in new]
        more_lines = [line.text(known) for line in wanted]
        length += sum(len(one.encode("utf-16-le")) // 2 for one in (*more_heads, *more_lines))
        if length > longest and names:
            left = len(diagram.marks) - number
            over = _Line(diagram.marks[number - 1].lane, "", 0, f"… and {left:,} more event{'' if left == 1 else 's'}")
            lines.append(over.text(names))
            break
        names = known
        heads += more_heads
        lines += more_lines
    return "".join(["sequenceDiagram\n", *heads, *lines])


def _lines(diagram: Diagram) -> Iterator[list[_Line]]:
    """What is written for each event, from the top."""
    arrows: dict[int, list[Arrow]] = defaultdict(list)
    for arrow in diagram.arrows:
        arrows[arrow.effect].append(arrow)
    gaps = list(reversed(diagram.gaps))
    for number, mark in enumerate(diagram.marks):
        lines: list[_Line] = []
        if gaps and gaps[-1].y < mark.y:
            lines.append(_Line(mark.lane, "", mark.lane, f"… {span(gaps.pop().length)} later"))
        label = escaped(f"{_named(mark.event.type)} v{mark.event.version}")
        for arrow in arrows[number]:
            heard = None if arrow.target_level is None or arrow.cause is None else diagram.marks[arrow.cause].event
            words = label if heard is None else escaped(_named(heard.type))
            lines.append(_Line(arrow.source, "->>" if arrow.recorded else "-->>", arrow.target, words))
        if not arrows[number]:
            lines.append(_Line(mark.lane, "", mark.lane, label))
        yield lines


def _head(lane: Lane, name: str, alike: Mapping[str, int]) -> str:
    label = _label(lane)
    shown = escaped(label if alike[label] == 1 else lane.name)
    return f"    {'actor' if lane.kind == 'service' else 'participant'} {name} as {shown}\n"


def _label(lane: Lane) -> str:
    return f"{_named(lane.category)} {lane.id}".strip()


def _named(name: str) -> str:
    return name if len(name) <= _LONG_NAME else short(name)


def span(gap: timedelta) -> str:
    """`2 days`, `1 hour`: in the largest unit that fits, rounded down."""
    seconds = int(gap.total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a second"


def escaped(text: str) -> str:
    """Text on one line that Mermaid shows as it is. Characters that could mean something come by their number."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    shown = shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"
    if shown.lower() == "end":  # a keyword, even within a label
        return f"#{ord(shown[0])};{shown[1:]}"
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in shown) or "(no name)"
