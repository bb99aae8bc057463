"""From the inbox to SALESmanago: order, batches, refusals, outages, crashes."""

from collections import Counter

import pytest

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.delivery.circuit_breaker import CLOSED
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from tests.support.world import EWA, JAN, World, orders, registers, renames, scripted, subscribes, tags, views


async def test_a_contact_arrives_before_what_happened_to_it_and_only_once(world: World) -> None:
    await world.post(registers(first_name="Jan"), orders("o1"), tags(email=JAN, added=("vip",)), orders("o2", minutes=1))
    await world.run()
    assert world.upstream.methods == ["upsert", "add_event", "add_event"]
    (upsert,) = world.upstream.sent(UpsertContact)
    assert upsert.email == JAN
    assert upsert.profile == {"first_name": "Jan"}
    assert set(upsert.add_tags) == {"rejestracja", "idosell_vip", "Obuwie"}
    assert [event.external_id for event in world.upstream.sent(AddEvent)] == ["o1", "o2"]
    assert await world.at_rest() == {f"e{n}": ("sent", None) for n in (1, 2, 3, 4)}


async def test_one_contact_is_sent_singly_and_many_together(world: World) -> None:
    await world.post(orders("o1"))
    await world.run()
    assert world.upstream.methods == ["upsert", "add_event"]
    world.upstream.calls.clear()
    await world.post(*(orders(f"m{n}", f"c{n}@example.pl") for n in range(25)))
    await world.run()
    assert [(method, len(items)) for method, items in world.upstream.calls] == [("upsert_many", 25), ("add_events", 25)]
    await world.at_rest()


async def test_events_of_every_contact_arrive_in_the_order_of_acceptance(world: World) -> None:
    expected: dict[str, list[str]] = {}
    for number in range(60):
        email = f"c{number % 7}@example.pl"
        await world.post(orders(f"o{number}", email, minutes=-number))
        expected.setdefault(email, []).append(f"o{number}")
        if number % 11 == 0:
            await world.plan()
        if number % 17 == 0:
            await world.run()
    await world.run()
    found: dict[str, list[str]] = {}
    for event in world.upstream.events:
        found.setdefault(event.email, []).append(event.external_id)
    assert found == expected
    await world.at_rest()


async def test_a_refused_batch_is_halved_until_the_culprit_alone_is_parked(world: World) -> None:
    bad = "c3@example.pl"
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(getattr(item, "email", None) == bad for item in items) else Delivered()
    )
    await world.post(*(registers(f"c{n}@example.pl") for n in range(8)))
    await world.run()
    states = await world.at_rest()
    assert states == {f"e{n}": ("sent", None) for n in range(1, 9) if n != 4} | {"e4": ("parked", "refused")}
    assert set(world.upstream.contacts) == {f"c{n}@example.pl" for n in range(8) if n != 3}
    assert Counter(item.email for item in world.upstream.sent())[bad] == 4  # 8, 4, 2, 1


async def test_a_refused_event_parks_its_event_alone_and_the_rest_of_its_batch_arrives(world: World) -> None:
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(isinstance(item, AddEvent) and item.external_id == "o2" for item in items) else Delivered()
    )
    await world.post(*(orders(f"o{n}", f"c{n}@example.pl") for n in range(5)))
    await world.run_for()
    states = await world.at_rest()
    assert states["e3"] == ("parked", "refused")
    assert Counter(state for state, _ in states.values()) == {"sent": 4, "parked": 1}
    assert sorted(event.external_id for event in world.upstream.events) == ["o0", "o1", "o3", "o4"]


async def test_a_refused_contact_holds_its_own_events_for_a_while_and_nobody_elses(world: World) -> None:
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(isinstance(i, UpsertContact) and i.email == JAN for i in items) else Delivered()
    )
    await world.post(orders("o1", JAN), orders("o2", EWA))
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["o2"]
    await world.run_for()
    assert await world.at_rest() == {"e1": ("parked", "refused"), "e2": ("sent", None)}


async def test_a_throttled_account_rests_at_least_as_long_as_it_was_asked_and_nothing_is_lost(world: World) -> None:
    world.upstream.respond = scripted(Throttled(90.0))
    await world.post(orders("o1"))
    await world.run()
    assert world.upstream.methods == ["upsert"]
    world.clock.advance(seconds=89.9)
    await world.post(orders("o2", EWA))
    await world.run()
    assert world.upstream.methods == ["upsert"]
    world.clock.advance(seconds=0.2)
    await world.run()
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2"]
    assert "look_up" not in world.upstream.methods  # throttled means: not applied
    await world.at_rest()


async def test_after_a_throttled_call_the_same_round_sends_nothing_more(world: World) -> None:
    """I7: after 429 no call before Retry-After."""
    await world.post(*(registers(f"c{n}@example.pl") for n in range(250)))
    await world.plan()
    world.upstream.respond = lambda method, items: Throttled(300.0)
    await world.deliver()
    assert len(world.upstream.calls) == 1


async def test_an_unreachable_account_is_asked_again_later_and_nothing_is_lost(world: World) -> None:
    world.upstream.respond = scripted(*[Unreachable("down")] * 5)
    await world.post(orders("o1"), orders("o2", EWA))
    await world.run_for(hours=1)
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2"]
    assert "look_up" not in world.upstream.methods
    await world.at_rest()


async def test_an_account_that_is_down_for_a_week_parks_what_waited_with_the_reason(world: World) -> None:
    world.upstream.respond = lambda method, items: Unreachable("down")
    await world.post(orders("o1"))
    await world.run_for(hours=24 * 9, steps=60)
    assert await world.at_rest() == {"e1": ("parked", "gave_up")}


async def test_a_wrong_secret_parks_nobody(world: World) -> None:
    world.upstream.respond = scripted(*[Refused("bad signature", account_wide=True)] * 3)
    await world.post(orders("o1"), orders("o2", EWA))
    await world.run_for()
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_an_event_of_unknown_outcome_is_looked_up_and_not_added_twice(world: World) -> None:
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(orders("o1"))
    await world.run_for(hours=0.1)
    assert world.upstream.methods.count("add_event") == 1
    assert world.upstream.methods[2] == "look_up"
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_an_event_of_unknown_outcome_that_did_not_arrive_is_sent_again_after_verification(world: World) -> None:
    world.upstream.respond, world.upstream.applied = scripted(Unknown("timeout"), method="add_event"), False
    await world.post(orders("o1"))
    await world.run_for(hours=0.1)
    assert world.upstream.methods == ["upsert", "add_event", "look_up", "add_event"]
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()


async def test_nothing_unsure_is_sent_while_verification_itself_fails(world: World) -> None:
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(orders("o1"))
    await world.run()
    world.upstream.respond = scripted(Unknown("timeout"), Unreachable("down"), Throttled(5.0), method="look_up")
    await world.run_for(hours=0.2)
    assert world.upstream.methods == ["upsert", "add_event", "look_up", "look_up", "look_up", "look_up"]
    assert len(world.upstream.events) == 1
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_after_a_crash_between_claim_and_record_the_next_holder_verifies_first(world: World) -> None:
    await world.post(orders("o1"))
    await world.plan()
    ((claim,), _) = await world.delivery.claims.claim(to_account("main"))
    for waiting in claim.commands:  # sent, and then the power went
        world.upstream._do(waiting.command)
    world.restart()
    await world.run()
    assert world.upstream.calls == []  # the lease still stands
    world.clock.advance(seconds=61)
    await world.run()
    assert world.upstream.methods == ["look_up", "upsert"]
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_worker_that_comes_back_after_its_lease_changes_nothing(world: World) -> None:
    async def overtaken(method: str, items: list) -> None:
        world.upstream.before_answer = None
        world.clock.advance(seconds=61)
        world.restart()
        await world.deliver()

    await world.post(registers())
    await world.plan()
    world.upstream.before_answer = overtaken
    await world.delivery.deliver_due(to_account("main"))
    assert world.upstream.methods == ["upsert", "look_up", "upsert"]
    trace = await world.trace("e1")
    assert [len(command.attempts) for command in trace.commands] == [1]
    await world.at_rest()


async def test_events_before_and_after_a_rename_reach_the_renamed_contact_in_order(world: World) -> None:
    await world.post(orders("o1", JAN))
    await world.run()
    await world.post(orders("o2", JAN, 1), renames(JAN, "new@example.pl", 2), orders("o3", "new@example.pl", 3))
    await world.run()
    assert list(world.upstream.contacts) == ["new@example.pl"]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [
        (o, "new@example.pl") for o in ("o1", "o2", "o3")
    ]
    await world.at_rest()


async def test_an_event_that_waits_longer_than_its_rename_still_reaches_the_renamed_contact(world: World) -> None:
    """R11: the rename arrives, the event queued before it is throttled; on the next try the old address names nobody."""
    await world.post(registers())
    await world.run()
    await world.post(orders("o1", JAN, 1), renames(JAN, "new@example.pl", 2))
    await world.plan()
    world.upstream.respond = scripted(Throttled(5.0), method="add_event")
    await world.run_for(hours=0.1)
    assert list(world.upstream.contacts) == ["new@example.pl"]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [("o1", "new@example.pl")]
    await world.at_rest()


async def test_an_event_of_unknown_outcome_is_looked_for_under_the_new_address_after_a_rename(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(orders("o1", JAN, 1), renames(JAN, "new@example.pl", 2))
    await world.plan()
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.run_for(hours=0.1)
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()


async def test_a_contacts_events_stay_in_order_when_the_first_of_two_batches_fails(world: World) -> None:
    """I5: 450 events make two calls; the second must not carry later events of a contact whose earlier ones did not arrive."""
    for contact in range(3):
        email = f"c{contact}@example.pl"
        await world.post(*(views(f"{contact}-{n}", email, n) for n in range(150)))
    await world.plan()
    world.upstream.respond = scripted(Unreachable("down"), method="add_events")
    await world.run_for(hours=0.1)
    found: dict[str, list[str]] = {}
    for event in world.upstream.events:
        assert event.kind is EventKind.VISIT
        found.setdefault(event.email, []).append(event.lines[0].product_id)
    assert found == {f"c{c}@example.pl": [f"{c}-{n}" for n in range(150)] for c in range(3)}
    await world.at_rest()


async def test_a_hot_contact_goes_out_in_several_claims_without_losing_its_order(world: World) -> None:
    await world.post(*(views(str(n), JAN, n) for n in range(230)))
    await world.run()
    assert [event.lines[0].product_id for event in world.upstream.events] == [str(n) for n in range(230)]
    await world.at_rest()


async def test_a_repeated_fact_sends_nothing(world: World) -> None:
    await world.post(registers(first_name="Jan"), subscribes())
    await world.run()
    before = len(world.upstream.calls)
    await world.post(registers(first_name="Jan", minutes=1), orders("o1", minutes=2), orders("o1", minutes=2))
    await world.run()
    states = await world.at_rest()
    assert (states["e3"], states["e4"], states["e5"]) == (
        ("superseded", "nothing_new"),
        ("sent", None),
        ("superseded", "order_already_sent"),
    )
    assert world.upstream.methods[before:] == ["upsert", "add_event"]


# -- what is sent in parts -----------------------------------------------------------------------------------------------


def times_sent(world: World) -> Counter[str]:
    """How often each of Jan's many tags was in a call."""
    return Counter(tag for one in world.upstream.sent(UpsertContact) if one.email == JAN for tag in one.add_tags)


@pytest.mark.parametrize("trouble", [Throttled(), Unreachable("down"), Unknown("time-out")])
async def test_when_the_second_part_of_an_upsert_fails_the_first_is_not_sent_again(world: World, trouble: Outcome) -> None:
    """Otherwise each of its tags would count twice over there (R28)."""
    names = [f"idosell_vip-{n:02}" for n in range(60)]
    await world.post(registers())
    await world.run()
    world.upstream.applied = False
    world.upstream.respond = scripted(Delivered(), trouble, method="upsert")
    await world.post(tags(email=JAN, added=tuple(name.removeprefix("idosell_") for name in names)))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    async with world.store.work() as work:
        breaker = (await work.destinations.locked(to_account("main"))).breaker
    assert (breaker == CLOSED) is isinstance(trouble, Unknown), "something got through"
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= set(names)
    sent = times_sent(world)
    assert {sent[name] for name in names[:50]} == {1}
    assert {sent[name] for name in names[50:]} == {2}  # refused once
    await world.at_rest()


async def test_what_is_left_of_an_upsert_when_the_destination_takes_nothing_more_is_sent_later(world: World) -> None:
    """The batch was refused and halved: the first part of Jan's upsert arrived, then Ewa's was told to wait."""
    names = [f"vip-{n:02}" for n in range(60)]
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    world.upstream.calls.clear()
    told_to_wait = iter([True])

    def respond(method: str, items: list) -> Outcome:
        if method == "upsert_many":
            return Refused("one of you")
        return Throttled() if items[0].email == EWA and next(told_to_wait, False) else Delivered()

    world.upstream.respond = respond
    await world.post(tags(email=JAN, added=tuple(names)), tags(email=EWA, added=("other",)))
    await world.plan()
    assert await world.delivery.deliver_due(to_account("main")) == 2
    assert [(method, len(items)) for method, items in world.upstream.calls] == [("upsert_many", 2), ("upsert", 1), ("upsert", 1)]
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= {f"idosell_{name}" for name in names}
    assert "idosell_other" in world.upstream.contacts[EWA]
    await world.at_rest()


async def test_a_status_that_arrived_with_the_first_part_is_not_reported_as_refused_with_the_second(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Delivered(), Refused("too many tags"), method="upsert")
    await world.post(subscribes(JAN, 1), tags(email=JAN, added=tuple(f"vip-{n:02}" for n in range(60))))
    await world.run_for(hours=1)
    states = await world.states()
    assert states["e2"][0] == "parked"
    assert not [event_id for event_id in states if event_id.startswith("not-taken")]


async def test_a_defect_between_two_parts_loses_no_part_and_repeats_none(world: World) -> None:
    names = [f"vip-{n:02}" for n in range(60)]
    await world.post(registers())
    await world.run()
    broken = iter([False, True])

    def respond(method: str, items: list) -> Outcome:
        if method == "upsert" and next(broken, False):
            raise RuntimeError("a defect of ours")
        return Delivered()

    world.upstream.respond = respond
    await world.post(tags(email=JAN, added=tuple(names)))
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= {f"idosell_{name}" for name in names}
    sent = times_sent(world)
    assert {sent[f"idosell_{name}"] for name in names[:50]} == {1}
    await world.at_rest()
