"""Accounts of the panel about which the shop's rules would send something (A8)."""

from app.domain.consent import Policy
from app.domain.runs.reconciliation import Cause
from tests.services.runs.reconciliations.comparing import IDOSELL, Audit, account, both_stores, with_jan
from tests.support.world import JAN, a_shop, erases, registers

# -- accounts of the panel (A8) ------------------------------------------------------------------------------------------


async def test_a8_an_account_nobody_reported_is_found_and_sent_quietly_after_live_events(world: Audit) -> None:
    world.panel.rows = [account(5, first_name="Ola"), account(6, guest=True), account(8, active=(2,))]
    run = await world.compared()
    assert dict(run.causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    assert await world.auditor.people(run) == {Cause.ACCOUNT_UNKNOWN: ["account 5"]}
    (told,) = await world.repaired()
    assert (told.email, told.quiet, told.introduces, told.email_status) == ("person5@example.pl", True, True, None)
    assert [(row["type"], row["background"]) for row in await world.rows()] == [("account-listed", True)]
    await world.looked()
    assert await world.causes() == {}


async def test_a8_an_account_that_changed_unheard_is_found_and_only_the_difference_is_sent(world: Audit) -> None:
    await with_jan(world, registers(JAN, id="7", first_name="Jan", phone="+48600100200"))
    world.panel.rows = [account(7, JAN, first_name="Jan", phone="+48600100201")]
    assert await world.causes() == {Cause.ACCOUNT_CHANGED: 1}
    (told,) = await world.repaired()
    assert (told.profile, told.add_tags, told.quiet) == ({"phone": "+48600100201"}, (), True)
    assert await world.causes() == {}


async def test_a8_under_order_consent_an_unknown_account_is_no_difference(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL, policy=Policy.ORDER_CONSENT))
    world.panel.rows = [account(5)]
    assert await world.causes() == {}
    assert await world.repaired() == []


async def test_in_the_shadow_a_repair_sends_nothing(world: Audit) -> None:
    await with_jan(world)
    await world.configure(a_shop(panel=IDOSELL, shadow=True))
    await world.delete_there(JAN)
    world.panel.rows = [account(5)]
    assert await world.repaired() == []
    assert world.upstream.contacts == {}


async def test_an_erased_persons_account_is_not_brought_back(world: Audit) -> None:
    await with_jan(world)
    await world.post(erases(JAN, 100))
    await world.looked()
    world.panel.rows = [account(7, JAN)]
    assert await world.repaired() == []
    assert JAN not in world.upstream.contacts


@both_stores
async def test_every_page_of_accounts_is_compared_once(world: Audit) -> None:
    world.panel.rows = [account(number) for number in range(1000, 1250)]
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({Cause.ACCOUNT_UNKNOWN: 250}, 250)
    assert [page for page, _ in world.panel.pages_read] == [0, 1, 2]
    assert len(run.samples[Cause.ACCOUNT_UNKNOWN]) == 5


@both_stores
async def test_more_people_than_one_read_may_name_are_all_compared_once(world: Audit) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(120)))
    await world.run()
    world.clock.advance(minutes=1)
    world.upstream.contacts.clear()
    world.upstream.calls.clear()
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({Cause.MISSING_THERE: 120}, 120)
    asked = [len(items) for method, items in world.upstream.calls if method == "look_up"]
    assert max(asked) <= 50
    assert sum(asked) == 120
