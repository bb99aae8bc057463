"""Nothing names a person towards SALESmanago before that person's consent: every call of a day is recorded and read (R03)."""

from collections.abc import Callable

import pytest

from app.domain.commands import DeleteContact, UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.delivery.outcomes import Outcome, Unknown, Unreachable
from app.domain.event_parts import Customer
from app.domain.events import AccessRequested, AccountListed, Event, OptInClaimed, SubscriberListed
from tests.services.from_salesmanago.conftest import AT_ONCE, Recorded
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    at,
    cancels,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

NEW = "new@example.pl"


def a_life_without_consent(email: str, moved_to: str) -> list[Event]:
    return [
        registers(email, id="7", first_name="Jan"),
        subscribes(email, 1),
        fills_cart(email, 2),
        views(email=email, minutes=3),
        orders("o1", email, 4, ConsentAnswer.NOT_GIVEN),
        orders("o2", email, 5, ConsentAnswer.NOT_ASKED),
        cancels("o2", email, 6),
        tags(7, email=email, added=("vip",)),
        AccountListed(at=at(8), customer=Customer(email=email, id="7")),
        SubscriberListed(at=at(8), email=email, email_since=at(-9000)),
        unsubscribes(email, 9),
        renames(email, moved_to, 10, customer_id="7"),
        withdraws(moved_to, 11),
        AccessRequested(at=at(12), email=moved_to),
    ]


async def test_r03_a_whole_life_without_consent_names_nobody_anywhere(careful: Recorded) -> None:
    for event in a_life_without_consent(JAN, NEW):
        await careful.world.post(event)
        await careful.world.run()
        await careful.asks_of_its_own_accord()
    await careful.world.run_for(hours=3, steps=3)
    await careful.world.carts.report_quiet()
    await careful.world.post(erases(NEW, 200))
    await careful.world.run()
    await careful.asks_of_its_own_accord()
    assert careful.named == []
    assert list((await careful.world.at_rest()).values())[-1] == ("superseded", "not_known_there")
    assert await careful.world.tables_naming(NEW) == []
    assert await careful.world.tables_naming(JAN) == []


@pytest.mark.parametrize("consents", [lambda: orders("o9", JAN, 20, ConsentAnswer.GIVEN), lambda: grants(JAN, 20)])
async def test_r03_a_person_is_named_from_the_first_consent_on_and_not_a_call_earlier(
    careful: Recorded, consents: Callable[[], Event]
) -> None:
    await careful.world.post(registers(), subscribes(JAN, 1))
    await careful.world.run()
    await careful.asks_of_its_own_accord()
    assert careful.named == []
    await careful.world.post(consents())
    await careful.world.run()
    assert careful.times_named(JAN) > 0
    await careful.asks_of_its_own_accord()
    assert ("look_up", JAN) in careful.named


async def test_r03_among_many_strangers_the_sweep_finds_the_one_who_was_sent_at_once(careful: Recorded) -> None:
    await careful.world.post(*(registers(f"c{number}@example.pl") for number in range(120)))
    await careful.world.post(
        orders("o1", JAN, 1, ConsentAnswer.GIVEN), *(registers(f"d{number}@example.pl") for number in range(60))
    )
    await careful.world.run()
    before = len(careful.named)
    careful.world.clock.advance(seconds=1)
    await careful.pull.sweep("main", AT_ONCE)
    assert careful.named[before:] == [("look_up", JAN)]


async def test_r03_whom_salesmanago_names_may_be_asked_about(careful: Recorded) -> None:
    await careful.world.post(registers(), registers(EWA))
    await careful.world.run()
    careful.world.upstream.contacts[JAN] = set()
    careful.world.upstream.pages = [(JAN,)]
    await careful.pull.pull_changed("main", AT_ONCE)
    await careful.world.post(OptInClaimed(at=at(5), email=JAN))
    await careful.world.run()
    assert set(careful.named) == {("look_up", JAN), ("statuses", JAN)}


@pytest.mark.parametrize("policy", list(Policy))
async def test_r03_after_a_withdrawal_a_new_address_is_never_named(world: World, policy: Policy) -> None:
    world.upstream.pages = [()]
    await world.configure(a_shop(policy=policy))
    recorded = Recorded(world)
    await world.post(registers(id="7"), orders("o1", JAN, 1, ConsentAnswer.GIVEN, id="7"))
    await world.run()
    await world.post(withdraws(JAN, 2), renames(JAN, NEW, 3, customer_id="7"), subscribes(NEW, 4), orders("o2", NEW, 5, id="7"))
    await world.run()
    await recorded.asks_of_its_own_accord()
    assert recorded.times_named(NEW) == 0
    await world.post(erases(NEW, 10))
    await world.run()
    assert recorded.times_named(NEW) == 0
    assert world.upstream.contacts == {}, "the address that was sent is deleted"


@pytest.mark.parametrize("unclear", [Unknown("timed out"), Unreachable("down")])
async def test_an_erasure_after_a_withdrawal_reaches_what_perhaps_arrived_and_names_nobody_otherwise(
    careful: Recorded, unclear: Outcome
) -> None:
    world = careful.world
    world.upstream.respond = scripted(unclear, method="upsert")
    await world.post(orders("o1", JAN, 1, ConsentAnswer.GIVEN))
    await world.run()
    await world.post(withdraws(JAN, 2))
    await world.run()
    before = len(careful.named)
    await world.post(erases(JAN, 3))
    await world.run_for(hours=0.2)
    assert world.upstream.contacts == {}
    assert careful.named[before:] == ([("delete", JAN)] if isinstance(unclear, Unknown) else [])


async def test_r03_former_addresses_that_were_never_sent_are_not_looked_for(careful: Recorded) -> None:
    world = careful.world
    await world.post(registers(id="7"), renames(JAN, NEW, 1, customer_id="7"), orders("o1", NEW, 2, ConsentAnswer.GIVEN, id="7"))
    await world.run()
    world.upstream.contacts.clear()  # somebody deleted the contact there, so the comparison looks for it under former addresses
    world.clock.advance(minutes=20)
    await careful.asks_of_its_own_accord()
    await world.post(erases(NEW, 60))
    await world.run()
    assert careful.times_named(NEW) > 0
    assert careful.times_named(JAN) == 0


async def test_an_erasure_forgets_what_waits_for_an_order_under_a_former_address_that_was_never_sent(careful: Recorded) -> None:
    world = careful.world
    await world.post(registers(id="7"), cancels("o1", JAN, 1))
    await world.run()
    await world.post(renames(JAN, NEW, 2, customer_id="7"))
    await world.run()
    await world.post(erases(NEW, 3))
    await world.run()
    assert await world.tables_naming(JAN) == []
    assert careful.named == []
    await world.at_rest()


async def test_a_person_another_shop_of_the_account_has_sent_is_deleted_there(world: World) -> None:
    await world.configure(
        a_shop("shop1", policy=Policy.ORDER_CONSENT), a_shop("shop2", policy=Policy.ORDER_CONSENT, location="second_shop")
    )
    await world.post(orders("o1", JAN, 1, ConsentAnswer.GIVEN), shop="shop2")
    await world.post(registers(), shop="shop1")
    await world.run()
    await world.post(erases(JAN, 5), shop="shop1")
    await world.run()
    assert [one.email for one in world.upstream.sent(DeleteContact)] == [JAN]


async def test_after_a_withdrawal_nothing_is_written_of_a_person_but_the_resignation_and_the_erasure(careful: Recorded) -> None:
    world = careful.world
    await world.post(registers(), orders("o1", JAN, 1, ConsentAnswer.GIVEN), subscribes(JAN, 2))
    await world.run()
    await world.post(withdraws(JAN, 3))
    await world.run()
    before = len(world.upstream.sent())
    for event in (*a_life_without_consent(JAN, JAN)[:10], fills_cart(JAN, 30)):
        await world.post(event)
        await world.run()
    await careful.asks_of_its_own_accord()
    written = world.upstream.sent()[before:]
    assert all(isinstance(one, UpsertContact) and _is_bare_opt_out(one) for one in written)


def _is_bare_opt_out(upsert: UpsertContact) -> bool:
    statuses = {upsert.email_status, upsert.phone_status} - {None}
    return statuses == {Status.OPT_OUT} and not (upsert.profile or upsert.add_tags or upsert.remove_tags or upsert.new_email)
