"""Is everything right in a store after Customers and Orders have worked on it? An opinion of its own.

    python -m tests.soak.judge URL

It imports nothing of the program: it reads the tables by the bare drivers and decides everything again by its own
rules (`rules`), each event on the state at the version before it. The store must be idle: no load, and services that
have nothing left to do. Prints counts and findings as one JSON object; exit 1 if there is a finding.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.soak import rules
from tests.soak.read_models import differences, expected
from tests.soak.rules import Command, Refused, State, Wanted
from tests.soak.stored import Recorded, Stored, Stream, read

SHOWN = 50  # findings that are printed; all are counted


@dataclass
class Judgement:
    counts: dict[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Effect:
    """An event that a service wrote, and where its cause stands in the store."""

    event: Recorded
    cause: Recorded


def judge(url: str) -> Judgement:
    return _Judge(read(url)).judgement()


class _Judge:
    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._events = stored.events
        self._by_id = {event.event_id: event for event in stored.events}
        self._findings = list(stored.unreadable)
        self._streams: dict[Stream, list[Recorded]] = defaultdict(list)
        for event in sorted(stored.events, key=lambda event: event.version):
            self._streams[event.stream].append(event)
        self._states: dict[Stream, list[State]] = {}  # of each stream, by version
        self._effects: dict[tuple[str, Stream], list[_Effect]] = defaultdict(list)  # by version
        self._caused: Counter[tuple[str, str]] = Counter()  # (cause, service)
        self._decided = self._silent = 0

    def judgement(self) -> Judgement:
        self._versions()
        self._fold()
        self._decisions()
        self._order_of_effects()
        self._unanswered()
        self._at_rest()
        self._snapshots()
        self._checkpoints()
        self._read_models()
        return Judgement(self._counts(), self._findings)

    def _wrong(self, sentence: str) -> None:
        self._findings.append(sentence)

    # -- streams -------------------------------------------------------------------------------------------------------

    def _versions(self) -> None:
        """Without gaps, as the rows of the streams say; positions rise with them; no event id twice."""
        for stream, events in self._streams.items():
            name = " ".join(stream)
            versions = [event.version for event in events]
            if versions != list(range(1, len(versions) + 1)):
                self._wrong(f"{name} has the versions {_short(versions)}")
            if any(before.position > after.position for before, after in pairwise(events)):
                self._wrong(f"{name} was not written in the order of its versions")
            if self._stored.heads.get(stream) != versions[-1]:
                self._wrong(f"the row of {name} says version {self._stored.heads.get(stream)}, not {versions[-1]}")
        for stream in self._stored.heads.keys() - self._streams.keys():
            self._wrong(f"the stream {' '.join(stream)} has no events")
        if len(self._by_id) < len(self._events):
            self._wrong(f"{len(self._events) - len(self._by_id)} event ids are there twice")

    def _fold(self) -> None:
        for stream, events in self._streams.items():
            states: list[State] = [None]
            for event in events:
                state = states[-1]
                try:
                    state = rules.evolve(state, event.type, event.data)
                except (KeyError, TypeError) as error:
                    self._wrong(f"{event} cannot follow what is there: {error!r}")
                states.append(state)
            self._states[stream] = states

    # -- decisions -----------------------------------------------------------------------------------------------------

    def _decisions(self) -> None:
        """Every event is what its command emits on the state at the version before."""
        for stream, events in self._streams.items():
            for place, event in enumerate(events):
                try:
                    command = self._command(event)
                except (KeyError, TypeError, AttributeError) as error:
                    self._wrong(f"{event} does not say what led to it: {error!r}")
                    continue
                if command is not None:
                    self._decision(event, self._states[stream][place], command)

    def _decision(self, event: Recorded, state: State, command: Command) -> None:
        self._decided += 1
        try:
            emitted = rules.decide(state, command)
        except Refused as rule:
            self._wrong(f"{event}: {command.name} would have been refused: {rule}")
            return
        if emitted != [(event.type, event.data)]:
            self._wrong(f"{event}: {command.name} would have emitted {emitted or 'nothing'}, not {event.data}")
        if event.metadata.get("command", command.name) != command.name:
            self._wrong(f"{event}: it says that {event.metadata['command']} led to it, and not {command.name}")
        on = event.metadata.get("decided_on")
        if on is not None and on["snapshot"] + on["events"] != event.version - 1:
            self._wrong(f"{event}: it says that it was decided on {on}")

    def _command(self, event: Recorded) -> Command | None:
        """The command that led to the event, from what the event and its cause say; None after a finding."""
        cause_id, correlation = event.metadata["causation_id"], event.metadata["correlation_id"]
        service = event.metadata.get("service")
        if service is None:
            return self._command_of_people(event, cause_id, correlation)
        cause = self._by_id.get(cause_id)
        if cause is None:
            self._wrong(f"{event}: its cause {cause_id} does not exist")
            return None
        wanted = rules.wanted_after(cause.id, cause.type, cause.data)
        if wanted is None or wanted.service != service:
            self._wrong(f"{event}: the service {service} does not react to {cause}")
            return None
        self._caused[cause_id, service] += 1
        if self._caused[cause_id, service] > 1:
            self._wrong(f"{event} was caused by {cause} a second time")
        self._effects[service, event.stream].append(_Effect(event, cause))
        if UUID(event.event_id).version != 5:
            self._wrong(f"{event}: its id {event.event_id} is not made from its cause's")
        if cause.position >= event.position:
            self._wrong(f"{event} stands before its cause, {cause}")
        if correlation != cause.metadata["correlation_id"]:
            self._wrong(f"{event}: its correlation is not that of its cause, {cause}")
        if event.stream == (wanted.category, wanted.id):
            return wanted.command
        if wanted.instead is not None and event.stream == (wanted.instead.category, wanted.instead.id):
            known = self._streams.get((wanted.category, wanted.id))
            if known and known[0].position < cause.position:
                self._wrong(f"{event}: {wanted.category} {wanted.id} was not unknown")
            return wanted.instead.command
        self._wrong(f"{event}: after {cause} the service {service} writes to {wanted.category} {wanted.id}")
        return None

    def _command_of_people(self, event: Recorded, cause_id: str, correlation: str) -> Command | None:
        if cause_id != correlation or cause_id in self._by_id:
            self._wrong(f"{event}: no service wrote it, and yet it was caused by {cause_id}")
        command = rules.of_people(event.type, event.data)
        if command is None:
            self._wrong(f"{event}: only a service writes such an event")
        return command

    def _order_of_effects(self) -> None:
        """A service handles events in their order, so its effects on a stream follow the order of their causes."""
        for (service, _), effects in self._effects.items():
            for before, after in pairwise(effects):
                if before.cause.position > after.cause.position:
                    self._wrong(
                        f"the service {service} handled {before.cause} before {after.cause}: {after.event} came later"
                    )

    # -- what led to nothing -------------------------------------------------------------------------------------------

    def _unanswered(self) -> None:
        """An event without effect has none by the rules, on a state that the stream had when it was handled."""
        for event in self._events:
            try:
                wanted = rules.wanted_after(event.id, event.type, event.data)
            except (KeyError, TypeError):  # found by the fold
                continue
            if wanted is None or self._caused[event.event_id, wanted.service]:
                continue
            self._silent += 1
            if not self._may_be_silent(wanted, event):
                self._wrong(f"{event}: the service {wanted.service} has not answered it")

    def _may_be_silent(self, wanted: Wanted, event: Recorded) -> bool:
        for state in self._states_when_handled(wanted, event):
            try:
                if not rules.decide(state, wanted.command):
                    return True
            except Refused:
                if wanted.instead is None or self._may_be_silent(wanted.instead, event):
                    return True
        return False

    def _states_when_handled(self, wanted: Wanted, trigger: Recorded) -> list[State]:
        """Those between the service's effect before and its effect after, by the order of their causes; and not before
        what was written before the trigger, as services never pass what may still become visible."""
        stream = (wanted.category, wanted.id)
        events = self._streams.get(stream, [])
        effects = self._effects.get((wanted.service, stream), [])
        place = bisect_left(effects, trigger.position, key=lambda effect: effect.cause.position)
        first = bisect_left(events, trigger.position, key=lambda event: event.position)
        last = effects[place].event.version - 1 if place < len(effects) else len(events)
        if place:
            first = max(first, effects[place - 1].event.version)
        return self._states.get(stream, [None])[first : last + 1]

    # -- at rest -------------------------------------------------------------------------------------------------------

    def _at_rest(self) -> None:
        """No order is pending; each customer's reservations are the totals of the orders that hold credit."""
        holding: dict[str, dict[str, Any]] = defaultdict(dict)
        for (category, id), states in self._states.items():
            order = states[-1]
            if category != "Order" or order is None:
                continue
            if order["status"] == rules.PENDING:
                self._wrong(f"Order {id} is still PENDING")
            if order["status"] in rules.HOLDING and order["approved"] is not None:
                approved = order["approved"]
                held = {"orderTotal": approved["orderTotal"], "revision": approved["revision"]}
                holding[order["customerId"]][id] = held
        for (category, id), states in self._states.items():
            customer = states[-1]
            if category == "Customer" and customer is not None:
                self._reservations(id, customer["reservations"], holding.pop(id, {}))
        for id, orders in holding.items():
            self._wrong(f"there is no customer {id} to hold credit for {', '.join(sorted(orders))}")

    def _reservations(self, id: str, reserved: dict[str, Any], held: dict[str, Any]) -> None:
        for order in sorted(reserved.keys() | held.keys()):
            if reserved.get(order) != held.get(order):
                self._wrong(
                    f"Customer {id} has reserved {reserved.get(order, 'nothing')} for order {order},"
                    f" which should hold {held.get(order, 'nothing')}"
                )

    def _snapshots(self) -> None:
        for saved in self._stored.snapshots:
            name = f"the snapshot of {' '.join(saved.stream)} at version {saved.version}"
            states = self._states.get(saved.stream, [])
            if not 0 < saved.version < len(states):
                self._wrong(f"{name} is of a version that is not there")
                continue
            if saved.state != states[saved.version]:
                self._wrong(f"{name} says {saved.state} instead of {states[saved.version]}")
            if saved.last_event_id != self._streams[saved.stream][saved.version - 1].event_id:
                self._wrong(f"{name} names another event as its last")

    def _checkpoints(self) -> None:
        head = self._events[-1].position if self._events else None
        for name, checkpoint in self._stored.checkpoints.items():
            position = checkpoint.get("position") if isinstance(checkpoint, dict) else None
            if position != head:
                self._wrong(f"the checkpoint of {name} stands at {position}, not at {head}")

        for name, parked, reason in self._stored.parked:
            self._wrong(f"{name} has parked the event at position {parked}: {reason or 'it waits behind another'}")

    def _read_models(self) -> None:
        """Where somebody keeps them, they are what the events make of them."""
        wanted = expected(self._states, self._streams)
        for name, rows in self._stored.read_models.items():
            self._findings += differences(name, rows, wanted[name])

    def _counts(self) -> dict[str, Any]:
        last = {stream: states[-1] for stream, states in self._states.items()}
        orders = Counter(state["status"] for (category, _), state in last.items() if category == "Order" and state)
        return {
            "events": len(self._events),
            "streams": len(self._streams),
            "types": dict(sorted(Counter(event.type for event in self._events).items())),
            "customers": sum(category == "Customer" for category, _ in last),
            "orders": sum(orders.values()),
            "orders_by_status": dict(sorted(orders.items())),
            "decided_again": self._decided,
            "caused": sum(self._caused.values()),
            "without_effect": self._silent,
            "reservations": sum(
                len(state["reservations"]) for (category, _), state in last.items() if category == "Customer" and state
            ),
            "snapshots": len(self._stored.snapshots),
            "subscriptions": len(self._stored.checkpoints),
            "parked": len(self._stored.parked),
            "read_models": {name: len(rows) for name, rows in sorted(self._stored.read_models.items())},
            "findings": len(self._findings),
        }


def _short(values: list[int]) -> str:
    return str(values if len(values) <= 20 else [*values[:20], "…"])


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tests.soak.judge URL", file=sys.stderr)
        return 2
    judgement = judge(arguments[0])
    print(json.dumps({**judgement.counts, "wrong": judgement.findings[:SHOWN]}))
    return 1 if judgement.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
