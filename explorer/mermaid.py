"""A chain of causes and effects as the text of a sequence diagram in Mermaid's language.

A lane is a stream, or a service where metadata name one. Solid arrows are recorded, dashed ones inferred. Whatever
comes from a store is escaped: Mermaid ends a text at `;`, and reads `#…;` as a character, HTML and directives.
"""

from __future__ import annotations

from datetime import timedelta

from explorer.causality import Chain
from explorer.causation import event_identity, said

IDLE = timedelta(seconds=10)  # between two events, from which on it is said
_LONGEST = 120  # characters of a label
_PLAIN = frozenset(" .,_-/()+=@!?'*…·")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def mermaid(chain: Chain, idle: timedelta = IDLE) -> str:
    """The diagram, of whole lines. The events stand in the order of the store."""
    links = {link.effect_event_id: link for link in chain.links}
    lanes: dict[tuple[str, str], str] = {}  # ("stream" or "service", label) → the name of its lane

    def lane(kind: str, label: str) -> str:
        return lanes.setdefault((kind, label), f"L{len(lanes) + 1}")

    streams: dict[str, str] = {}  # event → its lane
    types: dict[str, str] = {}
    lines: list[str] = []
    before = None
    for event in chain.events:
        identity = event_identity(event)
        link, service = links.get(identity), said(event.metadata).service
        source = None if service is None else lane("service", service)
        own = streams[identity] = lane("stream", f"{event.category} {event.id}".strip())
        types[identity] = event.type
        if before is not None and event.recorded_at is not None and event.recorded_at - before >= idle:
            lines.append(f"Note over {own}: … {span(event.recorded_at - before)} later")
        before = event.recorded_at or before
        label = escaped(f"{event.type} v{event.version}")
        arrow = "->>" if link is None or link.recorded else "-->>"
        # A circle that was cut open may have an effect before its cause.
        cause = streams.get(link.cause_event_id) if link else None
        if link is not None and cause is not None and source is not None:
            lines.append(f"{cause}{arrow}{source}: {escaped(types[link.cause_event_id])}")
            lines.append(f"{source}->>{own}: {label}")
        elif source is not None:
            lines.append(f"{source}->>{own}: {label}")
        elif cause is not None:
            lines.append(f"{cause}{arrow}{own}: {label}")
        else:
            lines.append(f"Note over {own}: {label}")
    heads = [
        f"{'actor' if kind == 'service' else 'participant'} {name} as {escaped(label)}"
        for (kind, label), name in lanes.items()
    ]
    return "\n".join(["sequenceDiagram", *(f"    {line}" for line in (*heads, *lines))]) + "\n"


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
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    if shown.lower() == "end":  # a keyword, even within a label
        return f"#{ord(shown[0])};{shown[1:]}"
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in shown) or "(no name)"
