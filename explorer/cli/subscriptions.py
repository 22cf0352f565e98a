"""What the verb services does about subscriptions: listing them and what they have parked, and asking their owners."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from explorer.cancellation import Cancellation
from explorer.claiming import has_gone
from explorer.cli import opening
from explorer.cli.opening import position_of
from explorer.cli.output import GREEN, RED, YELLOW, Output, brief_when, when
from explorer.errors import Invalid
from explorer.model import Json
from explorer.stores import Store
from explorer.stores.store import Parked, Subscribed
from explorer.subscriber import keep_aside
from explorer.subscription import behind, reached

ALL = 1_000_000  # parked events, where no limit is wanted

_STYLES = {"live": GREEN, "failing": RED, "gone": RED}


@contextmanager
def opened(arguments: argparse.Namespace, cancellation: Cancellation, writes: bool = False) -> Iterator[Store]:
    """The open store with its subscriptions: of stores of others they lie in the user's data folder."""
    with opening.opened(arguments, cancellation, writes, foreign=True) as store:
        if store.info.layout != "own":
            keep_aside(store)
        yield store


def listed(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    output.columns("subscription", "state", ">lag", ">parked", ">position", "owner", ">epoch", "moved", "detail")
    with opened(arguments, cancellation) as store:
        head = store.head()
        for known in store.subscriptions():
            _list(known, head if isinstance(head, int) else None, output)
    output.flush()
    if not output.printed:
        output.text("Nobody has subscribed to this store yet.")
    return 0


def _list(known: Subscribed, head: int | None, output: Output) -> None:
    there = reached(known.checkpoint)
    position = there if isinstance(there, int) else None
    lag = None if head is None else max(0, head - (position or 0))
    state = "gone" if has_gone(known) else known.state or ("paused" if known.paused else "")
    output.line(
        {
            "subscription": known.name,
            "owner": known.owner or None,
            "epoch": known.epoch,
            "position": position,
            "lag": lag,
            "saved_at": when(known.saved_at),
            "state": state or None,
            "detail": known.detail,
            "paused": known.paused,
            "parked": known.parked,
        }
    )
    output.row(
        known.name, state or "nobody", _number(lag), _number(known.parked), _number(position),
        known.owner.partition(" ")[0] or "nobody", f"{known.epoch}", brief_when(known.saved_at), known.detail,
        style=_STYLES.get(state, YELLOW) if known.owner else "",
    )  # fmt: skip


def paused(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    return _paused(arguments, output, cancellation, True)


def resumed(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    return _paused(arguments, output, cancellation, False)


def _paused(arguments: argparse.Namespace, output: Output, cancellation: Cancellation, pause: bool) -> int:
    with opened(arguments, cancellation, writes=True) as store:
        known = _named(store, arguments.name)
        store.pause(known.name, pause)
        output.line({"subscription": known.name, "paused": pause})
        output.text(f"{known.name} is asked to {'pause' if pause else 'go on'}. {_whoever(known)}")
    return 0


def reset(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    after = None if arguments.after is None else position_of(arguments.after)
    if after is not None and not isinstance(after, int):
        raise Invalid("A subscription of our own store stands at a number.")
    with opened(arguments, cancellation, writes=True) as store:
        known = _named(store, arguments.name)
        where = "from the beginning" if after is None else f"after position {after}"
        if not arguments.yes:
            raise Invalid(
                f"{known.name} would handle all events {where} again, and forget {known.parked} parked events.",
                "Give --yes if that is what you want.",
            )
        store.reset(known.name, b"" if after is None else behind(after))
        output.line({"subscription": known.name, "position": after})
        output.text(f"{known.name} goes on {where}.")
    return 0


def parked(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    _columns(output)
    with opened(arguments, cancellation) as store:
        name = None if arguments.name is None else _named(store, arguments.name).name
        for one in store.parked(name, arguments.limit or ALL):
            _show(one, output)
    output.flush()
    if not output.printed:
        output.text("Nothing is parked.")
    return 0


def retried(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    return _want(arguments, output, cancellation, "retry")


def skipped(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    return _want(arguments, output, cancellation, "skip")


def _want(
    arguments: argparse.Namespace, output: Output, cancellation: Cancellation, what: Literal["retry", "skip"]
) -> int:
    with opened(arguments, cancellation, writes=True) as store:
        known = _named(store, arguments.name)
        positions = set(arguments.positions)
        if getattr(arguments, "all", False):
            positions |= {one.position for one in store.parked(known.name, ALL) if one.reason}
        elif not positions:
            raise Invalid("Which events?", "Name the positions that services parked shows.")
        _columns(output)
        for position in sorted(positions):
            store.want(known.name, position, what)
            for one in store.parked(known.name, 1, after=position - 1):
                if one.position == position:
                    _show(one, output)
        output.flush()
        output.text(_whoever(known) if positions else "Nothing is parked.")
    return 0


def _columns(output: Output) -> None:
    output.columns("subscription", ">position", "type", "stream", ">version", "sequence", ">tries", "wanted", "reason")


def _show(one: Parked, output: Output) -> None:
    row: dict[str, Json] = {
        "subscription": one.subscription,
        "sequence": one.sequence,
        "position": one.position,
        "event_id": one.event_id,
        "category": one.category,
        "id": one.id,
        "version": one.version,
        "type": one.type,
        "reason": one.reason,
        "attempts": one.attempts,
        "parked_at": when(one.parked_at),
        "wanted": one.wanted,
    }
    output.line(row)
    output.row(
        one.subscription, f"{one.position}", one.type, f"{one.category} {one.id}", f"{one.version}", one.sequence,
        f"{one.attempts}", one.wanted, one.reason or "(waits behind an earlier one)",
        style=RED if one.reason else YELLOW,
    )  # fmt: skip


def _named(store: Store, name: str) -> Subscribed:
    """The subscription of this name; its last part will do where that says it. Raises Invalid."""
    there = store.subscriptions()
    found = [one for one in there if one.name == name] or [one for one in there if one.name.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in found or there) or "none"
    raise Invalid(
        f"{len(found)} subscriptions end in {name}." if found else f"There is no subscription {name}.",
        f"There is: {names}.",
    )


def _whoever(known: Subscribed) -> str:
    owner = known.owner.partition(" ")[0]
    return f"{owner} does so within about a second." if owner else "Nobody runs it now: whoever does next will do so."


def _number(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


DOES: dict[str, Callable[[argparse.Namespace, Output, Cancellation], int]] = {
    "list": listed,
    "pause": paused,
    "resume": resumed,
    "reset": reset,
    "parked": parked,
    "retry": retried,
    "skip": skipped,
}
