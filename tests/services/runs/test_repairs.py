"""Repairs of a comparison, and what happens beside them."""

from collections.abc import Sequence
from datetime import timedelta

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.consent import Policy, Status
from app.domain.delivery.outcomes import Delivered, Refused
from app.domain.event_parts import NewsletterBox
from app.domain.runs.reconciliation import Reconciliation, ReconciliationMode
from app.domain.shops.shop import Panel, PanelKind
from app.services.from_salesmanago.polling import Poller
from app.services.runs.reconciliations import Reconciliations
from tests.support.world import EWA, JAN, World, a_shop, grants, registers, renames, subscribes, withdraws
from tests.support.worlds.changes import NEW, OLD
from tests.support.worlds.faithful import Faithful


class NoPoller:
    async def poll_contacts(self, account_id: str, emails: Sequence[str]) -> None:
        """Somebody else's test."""


def comparing(world: World) -> Reconciliations:
    sides = lambda shop: world.sides[shop]  # noqa: E731
    upstream = lambda _: world.upstream  # noqa: E731
    return Reconciliations(world.store, world.directory, upstream, sides, NoPoller(), world.dry_run, world.clock, lambda: None)


async def compared(world: World, mode: ReconciliationMode) -> Reconciliation:
    made = comparing(world)
    await made.start("shop1", mode)
    for _ in range(5):
        if not await made.step_due():
            break
    return (await made.of_shop("shop1"))[0]


async def test_a_repair_never_renames_the_person_who_has_the_former_address_now(world: World) -> None:
    await world.post(registers(OLD, id="1"))
    await world.run()
    await world.post(renames(OLD, NEW, 1, "1"))
    await world.run()
    world.clock.advance(hours=1)
    await world.post(registers(OLD, 61, id="2", first_name="Anna"))
    await world.run()
    world.upstream.contacts.pop(NEW)
    world.clock.advance(hours=1)
    await compared(world, ReconciliationMode.REPAIR)
    await world.run()
    assert set(world.upstream.contacts) == {OLD, NEW}


async def test_a_repair_that_a_rename_overtook_tells_nothing_under_the_address_that_is_gone(world: World) -> None:
    await world.post(registers(OLD, id="1"))
    await world.run()
    world.upstream.contacts[OLD].discard("rejestracja")
    world.clock.advance(hours=1)
    repairing = comparing(world)
    await repairing.start("shop1", ReconciliationMode.REPAIR)
    await repairing.step_due()
    await world.post(renames(OLD, NEW, 61, "1"))
    await world.planner.plan_due(1)
    await world.deliver()
    told = len(world.upstream.sent(UpsertContact))
    await world.run()
    assert OLD not in {one.email for one in world.upstream.sent(UpsertContact)[told:]}


async def test_a_contact_that_is_written_again_resigns_from_nothing_in_the_shop(world: World) -> None:
    world.upstream = Faithful(world.clock)
    await world.configure(a_shop(panel=Panel(kind=PanelKind.IDOSELL, base_url="https://p.example")))
    await world.post(registers(id="1", newsletter_email=NewsletterBox(ticked=True)))
    await world.run()
    pull = Poller(world.store, world.directory, lambda _: world.upstream, world.clock, lambda: None, timedelta(0))
    world.clock.advance(hours=1)
    await pull.poll_contacts("main", [JAN])
    world.upstream.contacts.pop(JAN)
    await compared(world, ReconciliationMode.REPAIR)
    await world.run()
    for _ in range(2):
        world.clock.advance(hours=1)
        await pull.poll_contacts("main", [JAN])
        await world.run()
    assert not any(isinstance(one, SetSubscription) for one in world.side.asked)


async def test_r06_a_repair_taken_back_does_not_opt_in_with_the_next_consent_to_be_sent(world: World) -> None:
    world.upstream = Faithful(world.clock)
    await world.post(registers(id="1", newsletter_email=NewsletterBox(ticked=True)))
    await world.run()
    world.upstream.contacts.pop(JAN)
    world.clock.advance(hours=1)
    await compared(world, ReconciliationMode.REPAIR)
    await world.plan()
    await world.post(withdraws(JAN, 61))
    await world.run()
    told = len(world.upstream.sent(UpsertContact))
    await world.post(grants(JAN, 62))
    await world.run()
    assert Status.OPT_IN not in [one.email_status for one in world.upstream.sent(UpsertContact)[told:]]


async def test_one_address_salesmanago_will_not_read_does_not_hold_up_the_others(world: World) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(5)))
    await world.run()
    bad = "p1@example.pl"
    world.upstream.respond = lambda method, items: Refused("bad") if method == "look_up" and bad in items else Delivered()
    world.clock.advance(hours=1)
    run = await compared(world, ReconciliationMode.PREVIEW)
    assert (run.is_over, run.busy) == (True, 1)


async def test_r03_a_comparison_names_nobody_in_salesmanago_who_was_never_sent(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(registers(JAN), subscribes(EWA))
    await world.run()
    world.clock.advance(hours=1)
    await compared(world, ReconciliationMode.PREVIEW)
    assert world.upstream.calls == []
