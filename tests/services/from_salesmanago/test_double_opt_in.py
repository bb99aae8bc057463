"""A subscription that SALESmanago asks about, from the form to the click, on both databases (B6)."""

from dataclasses import replace

from app.domain.commands import ConfirmationMail, UpsertContact
from app.domain.delivery.outcomes import Unknown
from app.domain.event_parts import Evidence
from app.domain.shops.shop import DoubleOptIn
from app.services.operations.consent_export import ConsentReader
from tests.support.world import EWA, JAN, World, registers, scripted, subscribes, unsubscribes
from tests.support.worlds.changes import IN, OUT, configured, looked, person, reported, run, shop, statuses

ASKING = DoubleOptIn(enabled=True, email_id="mail-7")


async def asked(world: World) -> None:
    """Jan subscribed, and SALESmanago mailed him."""
    await configured(world, shop(1, double_opt_in=ASKING))
    await world.post(subscribes(JAN), event_id="form")
    await world.run()
    world.upstream.opted_out.add(JAN)  # as whoever never opted in is shown


async def test_b6_a_person_who_subscribes_is_mailed_alone_and_stays_out_until_the_callback_confirms_the_click(world: World) -> None:
    await asked(world)
    (asking,) = world.upstream.sent(UpsertContact)
    assert (asking.asks_opt_in, world.upstream.methods) == (ConfirmationMail(email_id="mail-7"), ["upsert"])
    assert (await world.states())["form"] == ("sent", None)
    assert (await person(world)).unconfirmed_since is not None
    world.upstream.opted_out.remove(JAN)  # the click
    world.clock.advance(minutes=5)
    await world.post(reported(5), event_id="click")
    await run(world)
    known = await person(world)
    assert (known.unconfirmed_since, known.email_news.status) == (None, IN)
    assert statuses(world) == []
    assert [one.asks_opt_in for one in world.upstream.sent(UpsertContact)][1:] == [None]


async def test_b6_a_callback_that_salesmanago_does_not_confirm_opts_nobody_in(world: World) -> None:
    await asked(world)
    await world.post(reported(5), event_id="forged")
    await run(world)
    assert (await person(world)).unconfirmed_since is not None
    assert (await person(world)).email_news.status is None


async def test_b6_a_poll_that_sees_the_change_confirms_it_too(world: World) -> None:
    await asked(world)
    await looked(world)
    assert (await person(world)).unconfirmed_since is not None
    world.upstream.opted_out.remove(JAN)
    world.clock.advance(minutes=30)
    await looked(world)
    known = await person(world)
    assert (known.unconfirmed_since, known.email_news.status) == (None, IN)


async def test_b6_a_resignation_before_the_mail_left_takes_the_question_back(world: World) -> None:
    await configured(world, shop(1, double_opt_in=ASKING))
    await world.post(registers(), subscribes(JAN, 1), unsubscribes(JAN, 2))
    await world.run()
    assert [one.asks_opt_in for one in world.upstream.sent(UpsertContact)] == [None]
    assert statuses(world) == [OUT]


async def test_b6_many_who_subscribe_are_each_asked_in_a_call_of_their_own(world: World) -> None:
    await configured(world, shop(1, double_opt_in=ASKING))
    proved = replace(subscribes("ola@example.pl"), evidence=Evidence(confirmed=True))
    await world.post(subscribes(JAN), subscribes(EWA), proved)
    await world.run()
    assert world.upstream.methods == ["upsert"] * 3
    assert {one.email: one.asks_opt_in is not None for one in world.upstream.sent(UpsertContact)} == {
        JAN: True,
        EWA: True,
        "ola@example.pl": False,
    }


async def test_b6_a_person_who_was_mailed_is_not_mailed_again_because_the_answer_got_lost(world: World) -> None:
    await configured(world, shop(1, double_opt_in=ASKING))
    world.upstream.respond = scripted(Unknown("reset"), method="upsert")
    await world.post(subscribes(JAN))
    await world.run_for(hours=0.2, steps=5)
    assert [one.asks_opt_in is not None for one in world.upstream.sent(UpsertContact)] == [True, False]


async def test_b6_the_ledger_shows_the_request_and_then_the_click(world: World) -> None:
    await asked(world)
    world.upstream.opted_out.remove(JAN)
    await world.post(reported(5), event_id="click")
    await run(world)
    chains = await ConsentReader(world.store, world.pseudonym).export("shop1", JAN)
    assert [entry.kind.value for chain in chains for entry in chain.entries] == ["opt_in_requested", "opt_in"]
