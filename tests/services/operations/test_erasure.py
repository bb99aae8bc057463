"""Erasures while something is queued, being sent or being read."""

import pytest

from app.domain.commands import ReportErasure, ShopCommand
from app.domain.consent import Policy
from app.domain.delivery.outbox import to_account, to_newsletter, to_reading
from app.domain.delivery.outcomes import NeedsPerson, Unreachable
from app.domain.event_parts import Customer, Evidence, NewsletterBox
from app.domain.events import AccountChanged, CustomerRegistered
from app.domain.operations.audit import Action
from app.domain.person.consent_ledger import ActKind
from app.domain.reasons import Reason
from app.services.delivery.loop import Delivery
from app.services.operations.consent_export import ConsentReader
from app.services.outbox.manual_tasks import ManualTaskList
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    erases,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    withdraws,
)
from tests.support.worlds.changes import (
    DAY,
    PANEL,
    agreed,
    configured,
    delivered,
    down,
    ended,
    fine,
    listed,
    manual_tasks,
    no_account,
    reported,
    resigned,
    run,
    shop,
    unreachable,
    up_again,
    upserts_refused,
)


async def no_address_left(world: World, *former: str) -> None:
    await world.run_for(hours=1, steps=2)
    await ended(world)
    for address in (JAN, *former):
        assert await world.tables_naming(address) == []


async def test_an_erasure_before_an_upsert_left_leaves_no_address(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN), renames(JAN, EWA, 2))
    await world.run()
    await world.post(erases(EWA, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world, EWA)


async def test_an_erasure_before_the_first_upsert_left_leaves_no_address(world: World) -> None:
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(erases(JAN, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world)


async def test_an_erasure_of_somebody_about_whom_something_was_refused_leaves_no_address(world: World) -> None:
    world.upstream.respond = upserts_refused
    await world.post(subscribes(JAN))
    await run(world)
    world.side.respond = lambda command: NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    await world.post(resigned(1))
    await run(world)
    await world.post(erases(JAN, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world)
    assert await manual_tasks(world) == []


async def test_an_erasure_with_everything_under_way_at_once_leaves_no_address(world: World) -> None:
    """Parked by SALESmanago, waiting there, claimed by a callback, left to a person, and on its way home."""

    async def erased_meanwhile(command: ShopCommand) -> None:
        world.side.before_answer = None
        await world.post(erases(JAN, 9))
        await world.plan()
        await world.delivery.deliver_due(to_account("main"))

    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(), orders("o1"))
    await world.run()
    world.upstream.respond = upserts_refused
    await world.post(AccountChanged(at=at(1), customer=Customer(email=JAN, first_name="Adam")))
    await world.run()
    world.upstream.respond = unreachable
    world.side.respond = lambda command: NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    await world.post(resigned(2))
    await run(world)
    await world.post(tags(3, email=JAN, added=("vip",)), reported(4))
    await world.run()
    await world.post(agreed(5))
    await world.plan()
    world.side.before_answer, world.side.respond, world.upstream.respond = erased_meanwhile, fine, delivered
    world.clock.advance(hours=1)
    world.restart()
    await world.delivery.deliver_due(to_newsletter("shop1"))
    await up_again(world)
    await no_address_left(world)
    assert await manual_tasks(world) == []


@pytest.mark.parametrize(
    "deleted_first",
    [pytest.param(False, id="decided meanwhile"), pytest.param(True, id="delivered meanwhile")],
)
async def test_an_erasure_while_a_reported_opt_in_is_being_read_leaves_no_address(world: World, deleted_first: bool) -> None:
    async def erased_meanwhile(method: str, items: list) -> None:
        if method == "statuses":
            world.upstream.before_answer = None
            await world.post(erases(JAN, 5))
            await world.plan()
            if deleted_first:
                other = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0)
                await other.deliver_due(to_account("main"))

    await world.post(registers())
    await world.run()
    await world.post(reported(1))
    await world.plan()
    world.upstream.before_answer = erased_meanwhile
    await world.delivery.deliver_due(to_reading("main"))
    await run(world)
    assert world.side.asked == []
    await no_address_left(world)


@pytest.mark.parametrize("refused", [False, True], ids=["opted out there", "refused"])
async def test_an_erasure_while_an_opt_in_that_is_not_taken_is_on_its_way_leaves_no_address(world: World, refused: bool) -> None:
    async def erased_meanwhile(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(erases(JAN, 5))
        await world.plan()

    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    world.upstream.respond = upserts_refused if refused else delivered
    world.upstream.before_answer = erased_meanwhile
    await world.post(listed(1, 0 if refused else -300 * DAY))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    await up_again(world)
    await no_address_left(world)


async def test_the_ledger_keeps_no_act_from_before_an_erasure(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    old = NewsletterBox(ticked=True, since=at(2))
    born_again = CustomerRegistered(
        at=at(9), customer=Customer(email=JAN, newsletter_email=old, newsletter_sms=NewsletterBox(ticked=True))
    )
    late = [subscribes(JAN, 2, evidence=Evidence(ip="203.0.113.9")), unsubscribes(JAN, 3), withdraws(JAN, 4)]
    await world.post(born_again, *late)
    await world.run()
    await world.post(subscribes(JAN, 1, evidence=Evidence(ip="203.0.113.9")), listed(10, 4))
    await world.run()
    reader = ConsentReader(world.store, world.pseudonym)
    written = [(one.matter.value, one.kind, one.acted_at) for chain in await reader.export("shop1", JAN) for one in chain.entries]
    assert written == [("sms", ActKind.OPT_IN, at(9))]
    assert "consents" not in await world.tables_naming("203.0.113.9")


async def test_an_erasure_cancels_what_is_on_its_way_to_the_shop_and_leaves_no_address(tagged: World) -> None:
    tagged.side.respond = down
    await tagged.post(subscribes(JAN, evidence=Evidence(text_version="zgoda-7", ip="203.0.113.7")), orders("o1"), shop="shop1")
    await tagged.run()
    await tagged.post(resigned(1), shop="shop1", event_id="callback-1")
    await tagged.run()
    reader = ConsentReader(tagged.store, tagged.pseudonym)
    (before,) = await reader.export("shop1", JAN)
    assert before.entries[0].details["text_version"] == "zgoda-7"
    await tagged.post(erases(JAN, 5), shop="shop1")
    await tagged.run()
    tried = len(tagged.side.asked)
    tagged.side.respond = fine
    await tagged.run_for(hours=0.5, steps=3)
    assert tagged.side.asked[tried:] == []
    assert await tagged.tables_naming(JAN) == []
    assert await tagged.tables_naming("203.0.113.7") == []
    (chain,) = await reader.export("shop1", JAN)
    assert chain.intact
    assert [one.kind for one in chain.entries] == [ActKind.OPT_IN, ActKind.OPT_OUT]
    assert {one.details for one in chain.entries} == {None}
    assert [one.digest for one in chain.entries] == [one.digest for one in before.entries]
    await ended(tagged)


async def test_an_erasure_while_a_change_is_on_its_way_to_the_shop_leaves_no_address_either(world: World) -> None:
    async def erased_meanwhile(command: ShopCommand) -> None:
        world.side.before_answer = None
        await world.post(erases(JAN, 5))
        await world.plan()
        await world.delivery.deliver_due(to_account("main"))

    await world.post(registers())
    await world.run()
    await world.post(resigned(1))
    await world.plan()
    world.side.before_answer = erased_meanwhile
    await world.delivery.deliver_due(to_newsletter("shop1"))
    await world.run_for(hours=0.1, steps=2)
    await ended(world)
    assert await world.tables_naming(JAN) == []


async def test_an_erasure_before_a_reported_opt_in_was_read_leaves_no_address_and_opts_nobody_in(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"), method="statuses")
    await world.post(reported(1))
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run_for(hours=0.1, steps=3)
    await ended(world)
    assert world.side.asked == []
    assert await world.tables_naming(JAN) == []


async def test_an_erasure_takes_the_person_off_the_list_of_manual_tasks(world: World) -> None:
    """A pseudonym is nobody whose newsletter a person could change."""
    world.side.respond = no_account
    await world.post(resigned(1))
    await world.run()
    assert len(await manual_tasks(world)) == 1
    await world.post(erases(JAN, 5))
    await world.run()
    assert await world.tables_naming(JAN) == []
    assert await manual_tasks(world) == []


async def test_another_shop_of_the_account_finds_a_line_that_the_contact_is_gone_and_no_address_in_it(two: World) -> None:
    for name in ("shop1", "shop2"):
        await two.post(registers(), shop=name)
    await two.run()
    await two.post(erases(JAN, 5), shop="shop1")
    await two.run()
    async with two.store.work() as work:
        lines = await work.audit.newest(None, None, 10)
    assert [(one.shop_id, one.action, one.actor.name) for _, one in lines] == [("shop2", Action.ERASED_BY_ANOTHER_SHOP, "shop1")]
    assert "audit_log" not in await two.tables_naming(JAN)


async def test_m3_another_shop_that_sent_the_person_gets_a_report_and_the_erasure_does_not_wait_for_it(two: World) -> None:
    two.sides["shop2"].respond = lambda command: NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP)
    for name in ("shop1", "shop2"):
        await two.post(registers(), shop=name)
    await two.run()
    await two.post(erases(JAN, 5), shop="shop1", event_id="gone")
    await two.run()
    (told,) = two.sides["shop2"].asked
    assert isinstance(told, ReportErasure)
    assert (told.email, told.erased_by, told.at) == (JAN, "shop1", at(5))
    assert two.sides["shop1"].asked == []
    assert (await two.states())["gone"] == ("sent", None)
    (task,) = await manual_tasks(two, "shop2")
    assert task.reason is Reason.ERASED_BY_ANOTHER_SHOP
    await ManualTaskList(two.store, two.clock).done("shop2", task.id)
    assert await manual_tasks(two, "shop2") == []
    assert (await two.states())["gone"] == ("sent", None)


async def test_m3_what_tells_of_an_erasure_goes_with_an_erasure_here(two: World) -> None:
    two.sides["shop2"].respond = lambda command: NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP)
    for name in ("shop1", "shop2"):
        await two.post(registers(), shop=name)
    await two.run()
    for name in ("shop1", "shop2"):
        await two.post(erases(JAN, 5), shop=name)
        await two.run()
    assert await manual_tasks(two, "shop2") == []
    assert await two.tables_naming(JAN) == []


async def test_m3_a_shop_in_test_mode_is_shown_the_report_it_would_have_got(two: World) -> None:
    for name in ("shop1", "shop2"):
        await two.post(registers(), shop=name)
    await two.run()
    await configured(two, shop(1), shop(2, shadow=True))
    await two.post(erases(JAN, 5), shop="shop1")
    await two.run()
    assert two.sides["shop2"].asked == []


async def test_m3_a_shop_from_which_salesmanago_knows_nothing_of_the_person_gets_no_report(two: World) -> None:
    await configured(two, shop(1), shop(2, policy=Policy.ORDER_CONSENT))
    for name in ("shop1", "shop2"):
        await two.post(registers(), shop=name)
    await two.run()
    await two.post(erases(JAN, 5), shop="shop1")
    await two.run()
    assert two.sides["shop2"].asked == []
