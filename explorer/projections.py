"""Policies at work: events of an ordered subscription become commands, whose events say what caused them.

Of several instances of a service one owns its subscription, the others stand by. What an event causes and the
checkpoint behind it are one transaction, which commits only if the instance still owns the subscription. And doing an
event again changes nothing: the ids of the events that it causes are made from its own, and are looked up before
anything is decided. So a service may be killed, or held up, at any moment.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import uuid4

from explorer import commands, fold
from explorer.cancellation import Cancellation
from explorer.causation import caused_by, caused_id, event_identity
from explorer.errors import Invalid, Refused
from explorer.follow import Standing, follow
from explorer.model import CommandFor, Domain, DomainEvent, Policy
from explorer.stores import Store, StoreSpec, open_store
from explorer.stores.store import Advance, Claim, Subscribed
from explorer.subscription import Arrival, Subscription

ATTEMPTS = 50  # at one command, when others keep writing to the same stream
BATCH = 50  # arrivals read ahead
LEASE = 5.0  # seconds without a sign of life of the owner, as we see them, after which another instance takes over
LOOK = 0.5  # seconds between two looks at the owner while standing by

Tell = Callable[[str, Standing], None]
"""Hears (service, standing), in the thread of that service."""


def services(domain: Domain) -> tuple[str, ...]:
    """The services of a domain, in the order in which their policies are declared."""
    return tuple(dict.fromkeys(policy.service for policy in domain.policies))


def subscription_name(domain: Domain, service: str) -> str:
    """What a service's checkpoint is called in the store."""
    return f"{domain.name}.{service}"


def run_policies(
    spec: StoreSpec,
    domain: Domain,
    service: str,
    cancellation: Cancellation,
    tell: Tell | None = None,
) -> None:
    """Run the policies of one service on this store until cancelled. Blocks; opens and closes the store.

    While another instance owns the service's subscription this one stands by, and takes over when that has released it
    or has given no sign of life for `LEASE` seconds. A conflict is decided again on the new state. After a lost
    connection, or when a policy raises, the same event is tried again after ever longer pauses, which `tell` hears of;
    events behind it wait. Raises `StoreReplaced`, and `Invalid` for a service that the domain does not have.
    """
    heard = partial(tell, service) if tell else lambda standing: None
    instance = _Instance(subscription_name(domain, service), Reactions(domain, service, heard), cancellation, heard)
    follow(
        lambda: open_store(replace(spec, writable=True)),
        instance.begin,
        instance.handle,
        cancellation,
        rest=instance.rest,
        beat=instance.beat,
        leave=instance.leave,
        tell=heard,
        batch=BATCH,
    )


class _Instance:
    """One instance of a service: it stands by, owns the subscription, or is fenced off."""

    def __init__(
        self, name: str, reactions: Reactions, cancellation: Cancellation, tell: Callable[[Standing], None]
    ) -> None:
        self._name = name
        self._owner = f"{os.getpid()}@{platform.node()} {uuid4().hex[:8]}"
        self._reactions = reactions
        self._cancellation = cancellation
        self._tell = tell
        self._claim: Claim | None = None
        self._subscription: Subscription | None = None
        self._saved = b""  # the checkpoint in the store, for as long as we own it

    def begin(self, store: Store) -> Subscription:
        with store.cancelling(self._cancellation):
            self._claim = self._claimed(store)
            # Only now: until then the former owner may have moved it.
            self._saved = next(known.checkpoint for known in store.subscriptions() if known.name == self._name)
        self._subscription = Subscription(store, "ordered", self._saved or None)
        return self._subscription

    def handle(self, store: Store, arrival: Arrival) -> None:
        assert self._claim is not None
        assert self._subscription is not None
        after = self._subscription.checkpoint()
        if self._reactions.handle(store, arrival, Advance(self._claim, self._saved, after)):
            self._saved = after

    def rest(self, store: Store, subscription: Subscription) -> None:
        """What had no effects is behind us as well."""
        assert self._claim is not None
        after = subscription.checkpoint()
        if after != self._saved:
            store.advance(Advance(self._claim, self._saved, after))
            self._saved = after

    def beat(self, store: Store) -> None:
        if self._claim is not None:
            store.beat(self._claim)

    def leave(self, store: Store) -> None:
        if self._claim is not None:
            store.release(self._claim)

    def _claimed(self, store: Store) -> Claim:
        sign: tuple[int, int, bytes] | None = None
        since = 0.0
        told = ""
        while True:
            self._cancellation.check()
            known = next((known for known in store.subscriptions() if known.name == self._name), None)
            now = time.monotonic()
            if known is not None and (known.epoch, known.beat, known.checkpoint) != sign:
                # By our own clock: the owner's may say anything.
                sign, since = (known.epoch, known.beat, known.checkpoint), now
            if known is None or known.owner in ("", self._owner) or now - since >= LEASE or _has_gone(known):
                claim = store.claim(self._name, self._owner, known.epoch if known else 0)
                if claim is not None:
                    return claim
                continue
            if known.owner != told:
                told = known.owner
                self._tell(Standing("standby", f"{told.partition(' ')[0]} has {self._name}."))
            self._cancellation.wait(LOOK)


def _has_gone(known: Subscribed) -> bool:
    """The owner was a process of this machine and is no more. (Should this be wrong, the fence holds all the same.)"""
    pid, _, node = known.owner.partition(" ")[0].partition("@")
    if node != platform.node() or not pid.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


class Reactions:
    """What one service does about events. Raises `Invalid` for a service that the domain does not have."""

    def __init__(self, domain: Domain, service: str, tell: Callable[[Standing], None] | None = None) -> None:
        if service not in services(domain):
            raise Invalid(
                f"{domain.name} has no service {service}.", f"It has {', '.join(services(domain)) or 'none'}."
            )
        self._domain = domain
        self._name = subscription_name(domain, service)
        self._tell = tell
        self._policies = [policy for policy in domain.policies if policy.service == service]
        self._types = frozenset(event_type for policy in self._policies for event_type in policy.on)
        self._aggregates = {aggregate.name: aggregate for aggregate in domain.aggregates}

    def handle(self, store: Store, arrival: Arrival, advance: Advance | None = None) -> bool:
        """Issue the commands that the policies want after this event, unless that has been done already.

        Each command is a transaction. With `advance` the last one moves the checkpoint, and the others commit only
        where it still stands. → whether it has been moved: not if nothing was to be written.

        Raises what policies raise, `StepFailed` for a payload that cannot be read, and what `commands.issue` raises
        (`Fenced` with `advance`), but for the refusal of a command, which is a fact of the domain: it is told and
        passed by.
        """
        # An upcaster may rename types, so with one every event is looked at.
        if arrival.event.type not in self._types and self._domain.upcast is None:
            return False
        trigger = fold.readable(arrival.event, self._domain.upcast)
        wanted = [
            (policy, command)
            for policy in self._policies
            if trigger.type in policy.on
            for command in policy.react(trigger)
        ]
        moved = False
        for place, (policy, command) in enumerate(wanted):
            moved = self._issue(store, policy, trigger, command, str(place), _step(advance, place, wanted))
        return moved

    def _issue(
        self,
        store: Store,
        policy: Policy,
        trigger: DomainEvent,
        wanted: CommandFor,
        place: str,
        advance: Advance | None,
    ) -> bool:
        aggregate = self._aggregates.get(wanted.aggregate)
        if aggregate is None:
            raise Invalid(f"The policy {policy.name!r} wants a command of {wanted.aggregate}, which is not there.")
        ids = partial(caused_id, self._name, event_identity(trigger), place)
        if store.events_by_id([ids(0)]):
            return False  # done in an earlier life; deciding again might decide otherwise
        try:
            written = commands.issue(
                store, self._domain, aggregate, wanted.id, wanted.command,
                metadata={**caused_by(trigger), "service": policy.service}, event_id=ids, attempts=ATTEMPTS,
                advance=advance,
            )  # fmt: skip
            return bool(written) and advance is not None
        except Refused as rule:
            # What is wanted instead of a refused command is not replaced again.
            if policy.refused is None or "." in place:
                self._refused(policy, trigger, wanted, rule)
                return False
            others = policy.refused(trigger, wanted, str(rule))
            moved = False
            for number, other in enumerate(others):
                moved = self._issue(store, policy, trigger, other, f"{place}.{number}", _step(advance, number, others))
            return moved

    def _refused(self, policy: Policy, trigger: DomainEvent, wanted: CommandFor, rule: Refused) -> None:
        if self._tell is not None:
            command = f"{type(wanted.command).__name__} to {wanted.aggregate} {wanted.id}"
            cause = f"{trigger.type} at position {trigger.position}"
            self._tell(Standing("refused", f"{policy.name}: {command} after {cause} was refused: {rule}"))


def _step(advance: Advance | None, number: int, commands: Sequence[object]) -> Advance | None:
    """What the transaction of one of several commands does about the checkpoint: the last one moves it."""
    if advance is None or number == len(commands) - 1:
        return advance
    return replace(advance, after=advance.before)
