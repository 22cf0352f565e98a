"""The services of a domain at work. Policies: events of an ordered subscription become commands, whose events say what
caused them. Projections: see `projecting`.

What an event causes and the checkpoint behind it are one transaction: see `subscriber`. And doing an event again
changes nothing: the ids of the events that it causes are made from its own, and are looked up before anything is
decided. So a service may be killed, or held up, at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from explorer import commands, fold, payload
from explorer.cancellation import Cancellation
from explorer.causation import caused_by, caused_id, event_identity, said
from explorer.descriptions import ServiceInfo
from explorer.errors import Invalid, Refused
from explorer.fold import StepFailed
from explorer.follow import Standing
from explorer.model import CommandFor, Domain, DomainEvent, Event, Policy
from explorer.projecting import Projecting, projection_subscription, projections
from explorer.stores import Store, StoreSpec
from explorer.stores.store import Advance
from explorer.subscriber import Handler, Knobs, run_subscriber
from explorer.subscription import Arrival
from explorer.together import Together

ATTEMPTS = 50  # at one command, when others keep writing to the same stream

Tell = Callable[[str, Standing], None]
"""Hears (service, standing), in the thread of that service."""


def services(domain: Domain) -> tuple[str, ...]:
    """The services of a domain, in the order in which their policies are declared, then their projections."""
    return tuple(dict.fromkeys((*reacting(domain), *(one.service for one in domain.projections))))


def reacting(domain: Domain) -> tuple[str, ...]:
    """Those of them that have policies."""
    return tuple(dict.fromkeys(policy.service for policy in domain.policies))


def subscription_name(domain: Domain, service: str) -> str:
    """What the checkpoint of a service's policies is called in the store."""
    return f"{domain.name}.{service}"


def subscription_names(domain: Domain, service: str) -> tuple[str, ...]:
    """What a service works on: one subscription for its policies, and one for each of its projections."""
    own = (subscription_name(domain, service),) if service in reacting(domain) else ()
    return (*own, *(projection_subscription(domain, one) for one in projections(domain, service)))


def describe_services(domains: Sequence[Domain]) -> tuple[ServiceInfo, ...]:
    """The services of these domains as data, by which they are started and which names them to people."""
    there = [(domain, service) for domain in domains for service in services(domain)]
    names = [service for _, service in there]
    described = []
    for domain, service in there:
        meanwhile = (policy.meanwhile for policy in domain.policies if policy.service == service)
        described.append(
            ServiceInfo(
                name=service if names.count(service) == 1 else f"{domain.name}.{service}",
                domain=domain.name,
                service=service,
                subscriptions=subscription_names(domain, service),
                meanwhile=", ".join(dict.fromkeys(filter(None, (*meanwhile, *_stale(domain, service))))),
            )
        )
    return tuple(described)


def _stale(domain: Domain, service: str) -> list[str]:
    names = [table.name.replace("_", " ") for one in projections(domain, service) for table in one.tables]
    return [f"the rows of {', '.join(names)} stay as they are"] if names else []


def run_service(
    spec: StoreSpec,
    domain: Domain,
    service: str,
    cancellation: Cancellation,
    tell: Tell | None = None,
    knobs: Knobs | None = None,
) -> None:
    """Run one service on this store until cancelled. Blocks; opens and closes the store. See `run_subscriber`.

    A conflict is decided again on the new state. Each subscription of the service has a thread. Raises `StoreReplaced`,
    and `Invalid` for a service that the domain does not have.
    """
    if service not in services(domain):
        raise Invalid(f"{domain.name} has no service {service}.", f"It has {', '.join(services(domain)) or 'none'}.")
    heard: Callable[[Standing], None] = partial(tell, service) if tell else lambda standing: None
    together = Together(subscription_names(domain, service), heard)
    handlers: dict[str, Handler] = {
        projection_subscription(domain, one): Projecting(domain, one) for one in projections(domain, service)
    }
    own = subscription_name(domain, service)
    if service in reacting(domain):
        handlers[own] = Reactions(domain, service, partial(together.tell, own))
    together.run(
        {
            name: partial(run_subscriber, spec, name, handler, tell=partial(together.tell, name), knobs=knobs)
            for name, handler in handlers.items()
        },
        cancellation,
    )


class Reactions:
    """What the policies of one service do about events."""

    def __init__(self, domain: Domain, service: str, tell: Callable[[Standing], None] | None = None) -> None:
        self._domain = domain
        self._name = subscription_name(domain, service)
        self._tell = tell
        self._policies = [policy for policy in domain.policies if policy.service == service]
        self._types = frozenset(event_type for policy in self._policies for event_type in policy.on)
        self._aggregates = {aggregate.name: aggregate for aggregate in domain.aggregates}
        self._seen: int | None = None  # see `_may_be_done`

    def reacts(self, event: Event) -> bool:
        if event.type in self._types or self._domain.upcast is None:
            return event.type in self._types
        try:  # an upcaster may rename types
            return fold.readable(event, self._domain.upcast).type in self._types
        except StepFailed:
            return True  # nobody knows what it would have been

    def sequence(self, event: Event) -> str:
        """All that one first command led to stays in order; an event that does not say is one of its own."""
        known = said(payload.decode(event.metadata).value) if event.metadata else None
        return (known and known.correlation) or event_identity(event)

    def handle(self, store: Store, arrival: Arrival, advance: Advance | None = None) -> bool:
        """Issue the commands that the policies want after this event, unless that has been done already.

        Each command is a transaction. With `advance` the last one moves the checkpoint, and the others commit only
        where it still stands. → whether it has been moved: not if nothing was to be written.

        Raises what policies raise, `StepFailed` for a payload that cannot be read, and what `commands.issue` raises
        (`Fenced` with `advance`), but for the refusal of a command, which is a fact of the domain: it is told and
        passed by.
        """
        if arrival.event.type not in self._types and self._domain.upcast is None:
            return False
        trigger = fold.readable(arrival.event, self._domain.upcast)
        wanted = [
            (policy, command)
            for policy in self._policies
            if trigger.type in policy.on
            for command in policy.react(trigger)
        ]
        again = self._may_be_done(store, arrival.event, advance)
        moved = False
        for place, (policy, command) in enumerate(wanted):
            moved = self._issue(store, policy, trigger, command, str(place), _step(advance, place, wanted), again)
        return moved

    def flush(self, store: Store, advance: Advance) -> bool:
        return False

    def forget(self) -> None:
        self._seen = None

    def _may_be_done(self, store: Store, event: Event, advance: Advance | None) -> bool:
        """False for an event that is behind all that there was when the subscription was claimed, and behind all that
        has come since: nobody else can have committed what it causes."""
        if self._seen is None:
            head = store.head()
            self._seen = head if isinstance(head, int) else 0
        if not isinstance(event.position, int) or event.position <= self._seen:
            return True
        self._seen = event.position
        return advance is None

    def _issue(
        self,
        store: Store,
        policy: Policy,
        trigger: DomainEvent,
        wanted: CommandFor,
        place: str,
        advance: Advance | None,
        again: bool,
    ) -> bool:
        aggregate = self._aggregates.get(wanted.aggregate)
        if aggregate is None:
            raise Invalid(f"The policy {policy.name!r} wants a command of {wanted.aggregate}, which is not there.")
        ids = partial(caused_id, self._name, event_identity(trigger), place)
        if again and store.events_by_id([ids(0)]):
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
                step = _step(advance, number, others)
                moved = self._issue(store, policy, trigger, other, f"{place}.{number}", step, again)
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
    return replace(advance, after=advance.before, park=(), unpark=())
