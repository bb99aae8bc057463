"""What waits is judged again when it leaves: policy, shadow, blocked domains as they are then (R06b, C4)."""

from dataclasses import replace

import pytest

from app.domain.commands import AddEvent, DeleteContact, UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.delivery.outcomes import Refused, Unreachable
from app.domain.operations.replay import ParkedFilter
from app.domain.shops.shop import Shop
from app.services.operations.replay import Operations
from tests.support.world import JAN, World, a_shop, erases, orders, registers, scripted, subscribes, unsubscribes, views

SWITCHES = {
    "no_consent": {"policy": Policy.ORDER_CONSENT},
    "shadow": {"shadow": True},
    "blocked_address": {"blocked_email_domains": ("example.pl",)},
}


def switched(reason: str) -> Shop:
    return replace(a_shop(), **SWITCHES[reason])


@pytest.mark.parametrize("reason", SWITCHES)
async def test_r06b_what_waits_for_salesmanago_does_not_leave_after_the_settings_changed(world: World, reason: str) -> None:
    await world.post(registers(), orders("o1"))
    await world.plan()
    await world.configure(switched(reason))
    await world.run()
    assert world.upstream.sent() == []
    assert await world.at_rest() == {"e1": ("withheld", reason), "e2": ("withheld", reason)}


@pytest.mark.parametrize("reason", SWITCHES)
async def test_r06b_a_retry_is_judged_by_the_settings_of_its_own_time(world: World, reason: str) -> None:
    world.upstream.respond = scripted(Unreachable("down"))
    await world.post(registers(), orders("o1"))
    await world.run()
    world.upstream.calls.clear()
    await world.configure(switched(reason))
    await world.run_for(hours=1)
    assert world.upstream.sent() == []
    assert {state for state, _ in (await world.at_rest()).values()} == {"withheld"}


@pytest.mark.parametrize("reason", SWITCHES)
async def test_r06b_a_replay_is_judged_by_the_settings_of_its_own_time(world: World, reason: str) -> None:
    world.upstream.respond = scripted(Refused("no"), Refused("no"), Refused("no"))
    await world.post(registers(), orders("o1"))
    await world.run_for(hours=1)
    assert "parked" in {state for state, _ in (await world.at_rest()).values()}
    world.upstream.calls.clear()
    await world.configure(switched(reason))
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    await operations.replay(ParkedFilter())
    await world.run_for(hours=1)
    assert world.upstream.sent() == []
    assert ("withheld", reason) in (await world.at_rest()).values()


@pytest.mark.parametrize("reason", SWITCHES)
async def test_r06a_an_opt_out_that_waits_leaves_whatever_was_switched(world: World, reason: str) -> None:
    await world.post(subscribes())
    await world.run()
    world.upstream.calls.clear()
    await world.post(unsubscribes(JAN, 1), orders("o1", minutes=2))
    await world.plan()
    await world.configure(switched(reason))
    await world.run()
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == [Status.OPT_OUT]
    assert [(one.profile, one.add_tags) for one in world.upstream.sent(UpsertContact)] == [({}, ())]
    assert world.upstream.sent(AddEvent) == []
    assert (await world.at_rest())["e2"] == ("sent", None)


@pytest.mark.parametrize("reason", SWITCHES)
async def test_r06a_an_erasure_that_waits_leaves_whatever_was_switched(world: World, reason: str) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 1))
    await world.plan()
    await world.configure(switched(reason))
    await world.run()
    assert world.upstream.sent(DeleteContact) == [DeleteContact(email=JAN)]


async def test_r06b_who_consented_is_sent_what_happened_since_the_consent(world: World) -> None:
    await world.post(orders("o1"), views("7", minutes=1), orders("o2", minutes=2, box=ConsentAnswer.GIVEN), views("8", minutes=3))
    await world.plan()
    await world.configure(switched("no_consent"))
    await world.run()
    assert [(one.kind.value, one.external_id) for one in world.upstream.events] == [("PURCHASE", "o2"), ("VISIT", "")]
    found = await world.at_rest()
    assert [found[one] for one in ("e1", "e2", "e3", "e4")] == [
        ("withheld", "before_consent"),
        ("withheld", "before_consent"),
        ("sent", None),
        ("sent", None),
    ]


async def test_r06b_what_a_shadow_held_back_is_sent_with_the_next_event_in_the_light(world: World) -> None:
    await world.post(registers(first_name="Jan"), subscribes(minutes=1))
    await world.plan()
    await world.configure(switched("shadow"))
    await world.run()
    await world.configure(a_shop())
    await world.post(views("7", minutes=5))
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.introduces, upsert.profile["first_name"], upsert.email_status) == (True, "Jan", Status.OPT_IN)


async def test_m5_a_field_that_is_kept_back_meanwhile_does_not_leave_and_goes_with_the_next_event_once_it_may(world: World) -> None:
    await world.post(registers(first_name="Jan", last_name="Nowak", phone="+48600100200"))
    await world.plan()
    await world.configure(replace(a_shop(), fields=("last_name",)))
    await world.run()
    assert [one.profile for one in world.upstream.sent(UpsertContact)] == [{"last_name": "Nowak"}]
    assert await world.at_rest() == {"e1": ("sent", None)}
    await world.configure(a_shop())
    await world.post(views(minutes=5))
    await world.run()
    whole = {"first_name": "Jan", "last_name": "Nowak", "phone": "+48600100200"}  # a name is one field over there
    assert world.upstream.sent(UpsertContact)[1].profile == whole
