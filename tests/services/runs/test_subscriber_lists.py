"""What lists of subscribers may and may not change."""

from datetime import timedelta

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outbox import to_account
from app.domain.event_parts import Customer, NewsletterBox
from app.domain.events import AccountListed, Event, SubscriberListed
from tests.conftest import NOON
from tests.support.world import JAN, World, at, orders, registers
from tests.support.worlds.changes import NEW, OLD

LONG_AGO, LATELY = NOON - timedelta(days=300), NOON - timedelta(hours=20)


def listed(email: str = JAN, since: object = LONG_AGO, minutes: int = 0, **more: object) -> AccountListed:
    customer = Customer(email=email, id="1", newsletter_email=NewsletterBox(ticked=True, since=since))  # type: ignore[arg-type]
    return AccountListed(at=at(minutes), customer=customer, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event",
    [SubscriberListed(at=at(), email=JAN, email_since=LATELY), listed(since=LATELY)],
    ids=["a line of a list", "an account of the panel"],
)
async def test_r06_however_young_its_date_a_list_opts_nobody_in_who_resigned_in_salesmanago(world: World, event: Event) -> None:
    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    await world.post(event)
    await world.run()
    assert JAN in world.upstream.opted_out


async def test_r06_a_listed_rename_also_asks_about_the_address_it_takes_over(world: World) -> None:
    await world.post(registers(OLD, id="1"))
    await world.run()
    world.upstream.contacts[NEW] = set()
    world.upstream.opted_out.add(NEW)
    world.clock.advance(hours=1)
    await world.post(listed(NEW, minutes=60))
    await world.run()
    assert NEW in world.upstream.opted_out


async def test_r63_what_a_list_tells_stays_quiet_beside_a_live_event(world: World) -> None:
    await world.post(listed())
    await world.plan()
    await world.post(orders("o1", JAN, 1))
    await world.run()
    told = [one for one in world.upstream.sent(UpsertContact) if one.email_status is Status.OPT_IN]
    assert told
    assert all(one.quiet for one in told)


async def test_r63_a_live_contact_never_waits_for_the_verification_of_those_of_a_list(world: World) -> None:
    await world.post(*(listed(f"p{number}@example.pl") for number in range(120)), orders("o1", JAN))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    assert world.upstream.sent() != []
    assert {one.email for one in world.upstream.sent()} == {JAN}
