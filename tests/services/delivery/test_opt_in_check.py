"""Opt-ins of long ago are checked against SALESmanago before they are sent."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unknown, Unreachable
from app.domain.shops.shop import ConsentNames
from tests.support.world import (
    EWA,
    JAN,
    World,
    registers,
    scripted,
    subscribes,
)
from tests.support.worlds.changes import (
    DAY,
    IN,
    configured,
    ended,
    listed,
    looked,
    not_taken,
    person,
    run,
    shop,
    statuses,
)


@pytest.mark.parametrize("sms", [False, True], ids=["e-mail", "sms"])
async def test_r06_an_opt_in_of_long_ago_is_not_sent_to_salesmanago_when_it_shows_an_opt_out(world: World, sms: bool) -> None:
    await configured(world, shop(1, consent_names=ConsentNames(email="Zgoda e-mail", sms="Zgoda SMS")))
    out = world.upstream.opted_out_phone if sms else world.upstream.opted_out
    world.upstream.contacts[JAN] = set()
    out.add(JAN)
    await world.post(listed(1, -300 * DAY, id="77", first_name="Adam", phone="+48600100200", sms=sms), event_id="list")
    await run(world)
    assert world.upstream.methods == ["statuses", "upsert"]
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.email_status, upsert.phone_status, upsert.agreements) == (None, None, ())
    assert upsert.profile["first_name"] == "Adam"
    assert JAN in out
    told = (await person(world)).sent_state
    assert (told.email_news, told.phone_news) == (None, None)
    assert await not_taken(world) == [("withheld", "opted_out_there")]
    assert (await world.states())["list"] == ("sent", None)
    for _ in range(2):
        await looked(world)  # our silence is nobody's act
    assert world.side.asked == []
    await world.post(subscribes(JAN, 2, by_email=not sms, by_sms=sms), event_id="fresh")
    await world.run()
    assert JAN not in out
    (fresh,) = world.upstream.sent(UpsertContact)[1:]
    assert (fresh.phone_status if sms else fresh.email_status) is IN
    assert [one.name for one in fresh.agreements] == ["Zgoda SMS" if sms else "Zgoda e-mail"]
    await ended(world)


async def test_r06_of_many_opt_ins_of_long_ago_only_those_that_salesmanago_shows_as_opted_out_are_left_out(world: World) -> None:
    world.upstream.contacts = {JAN: set(), EWA: set()}
    world.upstream.opted_out.add(JAN)
    await world.post(*(listed(1, -300 * DAY, email) for email in (JAN, EWA, "nowy@example.pl")))
    await run(world)
    assert world.upstream.methods.count("statuses") == 1
    assert (statuses(world), statuses(world, EWA), statuses(world, "nowy@example.pl")) == ([], [IN], [IN])
    await ended(world)


async def test_r06_an_opt_in_of_long_ago_waits_for_the_statuses_to_be_read(world: World) -> None:
    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    world.upstream.respond = scripted(Unreachable("down"), Unknown("slow"), method="statuses")
    await world.post(listed(1, -300 * DAY))
    await world.run()
    assert world.upstream.sent() == []
    await world.run_for(hours=0.5, steps=5)
    assert len(world.upstream.sent(UpsertContact)) == 1
    assert statuses(world) == []
    await ended(world)


async def test_a_read_that_salesmanago_refuses_for_one_person_holds_up_nobody_else(world: World) -> None:
    world.upstream.respond = lambda method, items: Refused("no such address") if method == "statuses" else Delivered()
    await world.post(listed(1, -300 * DAY))
    await world.run()
    await world.post(registers(EWA))
    await world.run()
    assert list(world.upstream.contacts) == [EWA]


async def test_a_read_that_was_throttled_lets_the_account_rest_as_long_as_it_asked(world: World) -> None:
    world.upstream.respond = scripted(Throttled(300.0), method="statuses")
    await world.post(listed(1, -300 * DAY))
    await world.run()
    await world.post(registers(EWA))
    for minutes, there in ((4, []), (2, [EWA])):
        world.clock.advance(minutes=minutes)
        await world.run()
        assert [email for email in world.upstream.contacts if email == EWA] == there
