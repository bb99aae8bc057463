"""Contacts that SALESmanago has no more (R72)."""

from datetime import timedelta

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outcomes import Delivered, Outcome, Refused
from app.services.from_salesmanago.polling import Poller
from tests.services.planning.people.stories import A, B, C, known, ledger
from tests.support.world import World, a_shop, at, erases, orders, registers, subscribes, tags, unsubscribes, views


async def looked_at(world: World, *emails: str) -> None:
    world.clock.advance(minutes=1)
    pull = Poller(world.store, world.directory, lambda _account: world.upstream, world.clock, lambda: None, timedelta(0))
    await pull.poll_contacts("main", emails)
    await world.run()


# -- gone over there ---------------------------------------------------------------------------------------------------------


def refuses_unknown(world: World) -> None:
    """SALESmanago takes no event of a contact it does not have (contract U17)."""

    def respond(method: str, items: list) -> Outcome:
        unknown = method in ("add_event", "add_events") and any(item.email not in world.upstream.contacts for item in items)
        return Refused("Contact does not exist") if unknown else Delivered()

    world.upstream.respond = respond


def gone(world: World, *emails: str) -> None:
    for email in emails:
        del world.upstream.contacts[email]
        world.upstream.opted_out.add(email)  # as a new contact is shown
        world.upstream.opted_out_phone.add(email)


@pytest.mark.parametrize("people", [(A,), (A, B, C)], ids=["one", "several"])
async def test_r72_an_event_of_a_contact_that_is_gone_brings_the_whole_contact_back_and_no_act(
    world: World, people: tuple[str, ...]
) -> None:
    refuses_unknown(world)
    await world.post(*(one for email in people for one in (registers(email, first_name="Anna"), subscribes(email, 1))))
    await world.post(*(tags(2, email=email, added=("vip",)) for email in people))
    await world.run()
    await looked_at(world, *people)
    gone(world, *people)
    world.upstream.calls.clear()
    await world.post(*(views("7", email, 10) for email in people))
    await world.run_for(hours=0.2)
    for email in people:
        assert "idosell_vip" in world.upstream.contacts[email]
        (upsert,) = [one for one in world.upstream.sent(UpsertContact) if one.email == email]
        assert (upsert.profile["first_name"], upsert.email_status) == ("Anna", None)
        assert [event.email for event in world.upstream.events if event.email == email] == [email]
    assert {state for state, _ in (await world.states()).values()} == {"sent"}
    await looked_at(world, *people)
    for email in people:
        assert (await known(world))[email].email_news.status is Status.OPT_IN
        assert [kind for _, kind, _ in await ledger(world, email)] == ["opt_in"]


async def test_r72_an_opt_out_is_sent_again_to_a_contact_that_comes_back(world: World) -> None:
    refuses_unknown(world)
    await world.post(registers(A), subscribes(A, 1), unsubscribes(A, 2))
    await world.run()
    await looked_at(world, A)
    gone(world, A)
    world.upstream.opted_out.clear()
    await world.post(views("7", A, 10))
    await world.run_for(hours=0.2)
    assert A in world.upstream.opted_out


async def test_r72_a_poll_that_misses_a_contact_is_no_act_and_the_next_event_introduces_it_whole(world: World) -> None:
    await world.post(registers(A, first_name="Anna"), subscribes(A, 1))
    await world.run()
    gone(world, A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    assert not (await known(world))[A].is_transferred
    world.upstream.calls.clear()
    await world.post(orders("o1", A, 20))
    await world.run()
    assert world.upstream.sent(UpsertContact)[0].profile["first_name"] == "Anna"
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_IN


async def test_r72_an_erasure_in_one_shop_lets_the_other_introduce_the_person_anew(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2"))
    for shop in ("shop1", "shop2"):
        await world.post(registers(A, first_name="Anna"), subscribes(A, 1), shop=shop)
    await world.run()
    await world.post(erases(A, 5), shop="shop2")
    await world.run()
    assert world.upstream.contacts == {}
    world.upstream.opted_out.add(A)
    await world.post(orders("o1", A, 20))
    world.upstream.calls.clear()
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.profile["first_name"], upsert.email_status) == ("Anna", None)
    world.clock.advance(minutes=30)
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_IN


async def test_r72_a_contact_that_was_made_anew_in_salesmanago_shows_a_status_that_is_no_act(world: World) -> None:
    """Deleted and made again, without a name, by an upsert that told of a change alone."""
    await world.post(registers(A, first_name="Anna"), subscribes(A, 1))
    await world.run()
    world.upstream.created[A] = at(2)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    gone(world, A)
    world.upstream.created[A] = at(11)
    await world.post(tags(11, email=A, added=("vip",)))
    await world.run()
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    contact = (await known(world))[A]
    assert contact.email_news.status is Status.OPT_IN
    assert [kind for _, kind, _ in await ledger(world, A)] == ["opt_in"]
    world.upstream.calls.clear()
    await world.post(views("7", A, 30))
    await world.run()
    assert world.upstream.sent(UpsertContact)[0].profile["first_name"] == "Anna"
    world.upstream.opted_out.discard(A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    world.upstream.opted_out.add(A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_OUT  # what changes on the same contact is an act again
