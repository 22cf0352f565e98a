"""Policies at work: events of an ordered subscription become commands, whose events say what caused them.

Doing an event again changes nothing: the ids of the events that it causes are made from its own, and are looked up
before anything is decided. So a service may be killed at any moment and go on from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from explorer import commands, fold
from explorer.cancellation import Cancellation
from explorer.causation import caused_by, caused_id, event_identity
from explorer.errors import Invalid, Refused
from explorer.follow import Standing, follow
from explorer.model import CommandFor, Domain, DomainEvent, Policy
from explorer.stores import Store, StoreSpec, open_store
from explorer.subscription import Arrival, Subscription

ATTEMPTS = 50  # at one command, when others keep writing to the same stream

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

    A conflict is decided again on the new state. After a lost connection, or when a policy raises, the same event is
    tried again after ever longer pauses, which `tell` hears of; events behind it wait. Raises `StoreReplaced`, and
    `Invalid` for a service that the domain does not have.
    """
    name = subscription_name(domain, service)
    heard = partial(tell, service) if tell else None
    reactions = Reactions(domain, service, heard)

    def begin(store: Store) -> Subscription:
        return Subscription(store, "ordered", store.checkpoint(name))

    def rest(store: Store, subscription: Subscription) -> None:
        store.save_checkpoint(name, subscription.checkpoint())

    follow(
        lambda: open_store(replace(spec, writable=True)),
        begin,
        reactions.handle,
        cancellation,
        rest=rest,
        tell=heard,
    )


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

    def handle(self, store: Store, arrival: Arrival) -> None:
        """Issue the commands that the policies want after this event, unless that has been done already.

        Raises what policies raise, `StepFailed` for a payload that cannot be read, and what `commands.issue` raises,
        but for the refusal of a command, which is a fact of the domain: it is told and passed by.
        """
        # An upcaster may rename types, so with one every event is looked at.
        if arrival.event.type not in self._types and self._domain.upcast is None:
            return
        trigger = fold.readable(arrival.event, self._domain.upcast)
        place = 0
        for policy in self._policies:
            if trigger.type in policy.on:
                for wanted in policy.react(trigger):
                    self._issue(store, policy, trigger, wanted, str(place))
                    place += 1

    def _issue(self, store: Store, policy: Policy, trigger: DomainEvent, wanted: CommandFor, place: str) -> None:
        aggregate = self._aggregates.get(wanted.aggregate)
        if aggregate is None:
            raise Invalid(f"The policy {policy.name!r} wants a command of {wanted.aggregate}, which is not there.")
        ids = partial(caused_id, self._name, event_identity(trigger), place)
        if store.events_by_id([ids(0)]):
            return  # done in an earlier life; deciding again might decide otherwise
        try:
            commands.issue(
                store, self._domain, aggregate, wanted.id, wanted.command,
                metadata=caused_by(trigger), event_id=ids, attempts=ATTEMPTS,
            )  # fmt: skip
        except Refused as rule:
            # What is wanted instead of a refused command is not replaced again.
            if policy.refused is None or "." in place:
                self._refused(policy, trigger, wanted, rule)
                return
            for number, instead in enumerate(policy.refused(trigger, wanted, str(rule))):
                self._issue(store, policy, trigger, instead, f"{place}.{number}")

    def _refused(self, policy: Policy, trigger: DomainEvent, wanted: CommandFor, rule: Refused) -> None:
        if self._tell is not None:
            command = f"{type(wanted.command).__name__} to {wanted.aggregate} {wanted.id}"
            cause = f"{trigger.type} at position {trigger.position}"
            self._tell(Standing("refused", f"{policy.name}: {command} after {cause} was refused: {rule}"))
