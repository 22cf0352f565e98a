"""Playing what happened, and who has got what."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.pattern import Step, words
from explorer.ui.pattern.script import Script, pulses
from explorer.ui.pattern.traffic import KEPT, TRIM, Stand, Traffic
from tests.test_pattern import CREATED, RESERVED, event

SERVICE, MODEL = "shop.customer", "shop.views.customers"


def numbered(number: int) -> Step:
    return Step("append", event(version=number, position=number))


# -- the script --------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.integers(1, 9), st.sampled_from(["next", "back", "start", "end"])), max_size=60))
def test_each_step_is_shown_or_waits_or_was_left_out(doing: list[int | str]) -> None:
    script, added, seen = Script(20), 0, set[int]()
    skipped = 0
    for what in doing:
        match what:
            case int(count):
                script.add([numbered(added + n) for n in range(1, count + 1)], follow=False)
                added += count
            case "next":
                before = script.waiting
                assert (script.next() is None) == (before == 0)
            case "back":
                script.back()
            case "start":
                script.to_start()
            case _:
                skipped += script.waiting
                skipped += script.left_out
                script.to_end()
        if script.shown is not None:
            seen.add(script.shown.event.version)
        assert -1 <= script.at < len(script.steps) <= 20
        assert script.waiting == script.backlog == len(script.steps) - 1 - script.at
        assert [one.version for one in script.stored(3)] == [
            step.event.version for step in script.steps[: script.at + 1][-3:]
        ]
        versions = [step.event.version for step in script.steps]
        assert versions == list(range(added - len(versions) + 1, added + 1))


def test_it_goes_forth_and_back() -> None:
    script = Script()
    assert (script.shown, script.next(), script.back(), script.to_start()) == (None, None, None, None)
    steps = Traffic().arrived([CREATED, RESERVED])
    script.add(steps, follow=True)
    assert script.shown == steps[-1]
    assert script.place() == (4, 4)
    last = script.to_last_event()
    assert last is not None
    # Of the reaction: that it was delivered is told of its cause.
    assert (last.kind, last.event, script.place()) == ("react", RESERVED, (1, 4))
    shown = [step.kind for step in iter(script.next, None)]
    assert shown == ["load", "decide", "append"]
    assert script.to_event(CREATED) == steps[0]
    assert script.to_event(event(version=99)) is None


def test_much_at_once_is_a_pulse_for_each_arrow() -> None:
    steps = Traffic().arrived([CREATED, RESERVED, event("Noted", version=2, position=9)])
    found = {pulse.way: (pulse.count, pulse.last.type) for pulse in pulses(steps)}
    assert found == {
        ("issue", ""): (1, "OrderCreated"),
        ("react", "customer"): (1, "CustomerCreditReserved"),
        ("load", ""): (2, "CustomerCreditReserved"),
        ("decide", ""): (2, "CustomerCreditReserved"),
        ("append", ""): (3, "Noted"),
        ("deliver", "customer"): (1, "OrderCreated"),
    }


# -- who has got what --------------------------------------------------------------------------------------------------


def test_whoever_reacts_has_got_it_and_is_not_told_twice() -> None:
    traffic = Traffic()
    traffic.moved([Stand(SERVICE, 6), Stand(MODEL, 6)])
    steps = traffic.arrived([CREATED, RESERVED])
    assert [(step.kind, step.to) for step in steps if step.to] == [("deliver", ("customer",)), ("react", ("customer",))]
    assert traffic.got(CREATED) == ("customer",)
    told = traffic.moved([Stand(SERVICE, 8), Stand(MODEL, 7)])
    assert [(step.kind, step.event, step.to) for step in told] == [
        ("project", CREATED, ("customers",)),
        ("deliver", RESERVED, ("customer",)),
    ]
    assert words(told[0]) == "The read model customers has taken in OrderCreated."
    assert words(told[1]) == "customer has got CustomerCreditReserved of Customer c-1 from the event store."
    assert traffic.got(CREATED) == ("customer", "customers")
    assert traffic.arrived([CREATED]) == []


def test_a_stopped_service_has_events_waiting_before_it() -> None:
    traffic = Traffic()
    traffic.name(["customer", "order"])
    traffic.arrived([event(version=n, position=n) for n in range(10, 14)])
    assert {(one.key, one.state, one.waiting) for one in traffic.subscribers()} == {
        ("customer", "", 0), ("order", "", 0),
    }  # fmt: skip
    traffic.moved([Stand(SERVICE, 11, "stopped"), Stand(MODEL, 3)])
    model, service, named = traffic.subscribers()
    assert (service.key, service.state, service.waiting, service.about) == ("customer", "stopped", 2, False)
    assert service.next is not None
    assert service.next.version == 12
    assert (model.key, model.model, model.waiting, model.about, model.next) == ("views.customers", True, 10, True, None)
    assert (named.key, named.state) == ("order", "stopped")


def test_one_that_is_set_back_gets_them_again() -> None:
    traffic = Traffic()
    traffic.arrived([CREATED])
    traffic.moved([Stand(MODEL, 7)])
    assert traffic.got(CREATED) == ("customers",)
    assert traffic.moved([Stand(MODEL, 0)]) == []
    assert traffic.got(CREATED) == ()
    assert [step.kind for step in traffic.moved([Stand(MODEL, 7)])] == ["project"]


def test_what_arrives_here_later_than_there_has_been_got() -> None:
    traffic = Traffic()
    traffic.moved([Stand(SERVICE, 7), Stand(MODEL, 6)])
    assert [(step.kind, step.to) for step in traffic.arrived([CREATED]) if step.to] == [("deliver", ("customer",))]
    assert traffic.got(CREATED) == ("customer",)


def test_where_nobody_is_named_only_the_reaction_is_known() -> None:
    cause = event(event_id="0001-0002")
    effect = event("Reserved", {"triggering_event": "etpo:0001-0002:Order:3:99"}, id="c-1", position=8)
    steps = Traffic().arrived([cause, effect])
    assert [(step.kind, step.to) for step in steps] == [
        ("append", ()), ("deliver", ("",)), ("react", ("",)), ("append", ()),
    ]  # fmt: skip
    assert words(steps[2]) == "Something that is not named reacts to OrderCreated of Order o-1."


def test_it_forgets_what_is_long_ago() -> None:
    traffic = Traffic()
    events = [event(version=n, position=n) for n in range(1, KEPT + TRIM + 10)]
    for start in range(0, len(events), 100):
        traffic.arrived(events[start : start + 100])
    traffic.moved([Stand(SERVICE, 1)])
    (service,) = traffic.subscribers()
    assert (service.waiting, service.about, service.next) == (len(events) - 1, True, None)
    assert traffic.got(events[0]) == ()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([SERVICE, MODEL]), st.integers(0, 30)), max_size=30), st.randoms())
def test_nobody_gets_an_event_twice_and_at_the_head_all_have_it(moves: list[tuple[str, int]], random: object) -> None:
    traffic = Traffic()
    events = [event(version=n, position=n) for n in range(1, 31)]
    random.shuffle(events)  # type: ignore[attr-defined]
    stands = {SERVICE: 0, MODEL: 0}
    traffic.moved([Stand(*one) for one in stands.items()])
    told: list[tuple[str, int]] = []
    for name, position in (*moves, (SERVICE, 30), (MODEL, 30)):
        stands[name] = max(stands[name], position)
        steps = traffic.moved([Stand(*one) for one in stands.items()])
        arriving, events = (events[:3], events[3:]) if position < 30 else (events, [])
        steps += traffic.arrived(arriving)
        told += [(name, step.event.version) for step in steps for name in step.to]
    assert sorted(told) == sorted((name, n) for name in ("customer", "customers") for n in range(1, 31))
    assert all(one.waiting == 0 and one.next is None for one in traffic.subscribers())
