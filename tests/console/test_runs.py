"""Comparisons and first transfers on the pages: what may be chosen, and what waits for somebody, of one shop too (R91, R92)."""

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

from app.console.wording import Wording
from app.domain.commands import SetSubscription
from app.domain.delivery.outbox import NewCommand
from app.domain.person.contact import Contact
from app.domain.runs import reconciliation
from app.domain.runs.backfill import Backfill, BackfillMode, Phase
from app.domain.runs.reconciliation import Cause, ReconciliationMode
from app.routers.events.examples import EXAMPLES
from tests.console.waiting import JAN, working
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

BEGAN = datetime(2026, 11, 23, tzinfo=UTC)


async def with_differences(door: Door, *only: Cause, mode: ReconciliationMode = ReconciliationMode.PREVIEW) -> None:
    """A comparison of shop2 that is over and found two causes."""
    run = await door.gateway.reconciliations.start("shop2", mode, only)
    causes = {Cause.OUR_TAG_MISSING: 2, Cause.OUR_TAG_LEFT: 1}
    async with door.gateway.reconciliations._store.work() as work:
        assert await work.reconciliations.save(replace(run, causes=causes, phase=reconciliation.Phase.FINISHED), run)
        await work.commit()


async def test_r92_the_causes_of_a_preview_are_offered_to_choose_from(door: Door) -> None:
    await with_differences(door)
    http = await signed_in(door)
    page = (await http.get("/console/comparisons?lang=en")).text
    assert page.count('type="checkbox"') == 2
    assert "<code>tag_conflicts</code>" in page
    await sent(http, "/comparisons/start", shop="shop2", mode="repair", **{"repair-our_tag_left": "yes"})
    newest = (await door.gateway.reconciliations.of_shop("shop2"))[0]
    assert (newest.mode, newest.only) == (ReconciliationMode.REPAIR, (Cause.OUR_TAG_LEFT,))
    assert newest.repairs == {Cause.OUR_TAG_LEFT}


async def test_r95_what_is_under_way_is_shown_anew_when_somebody_asks_and_reloads_nothing(door: Door) -> None:
    http = await signed_in(door)
    assert "Show it as it is now" not in (await http.get("/console/comparisons?lang=en")).text
    await door.gateway.reconciliations.start("shop2", ReconciliationMode.PREVIEW)
    page = (await http.get("/console/comparisons?lang=en")).text
    assert ("data-moving" in page, "Show it as it is now" in page, "http-equiv" in page) == (True, True, False)


async def test_r92_an_account_that_differs_is_named_in_the_readers_language(door: Door) -> None:
    run = await door.gateway.reconciliations.start("shop2", ReconciliationMode.PREVIEW)
    found = replace(run, causes={Cause.ACCOUNT_UNKNOWN: 1}, samples={Cause.ACCOUNT_UNKNOWN: ("a41",)})
    async with door.gateway.reconciliations._store.work() as work:
        assert await work.reconciliations.save(replace(found, phase=reconciliation.Phase.FINISHED), run)
        await work.commit()
    http = await signed_in(door)
    assert "account 41" in (await http.get("/console/comparisons?lang=en")).text
    assert "konto 41" in (await http.get("/console/comparisons?lang=pl")).text


async def test_r92_a_repair_of_which_nothing_is_ticked_is_not_begun(door: Door) -> None:
    await with_differences(door)
    await sent(await signed_in(door), "/comparisons/start", shop="shop2", mode="repair")
    assert [one.mode for one in await door.gateway.reconciliations.of_shop("shop2")] == [ReconciliationMode.PREVIEW]


async def test_r91_what_a_repair_put_right_waits_for_nobody_any_more(door: Door) -> None:
    missing = reconciliation.WORDS[Cause.OUR_TAG_MISSING].why
    left = reconciliation.WORDS[Cause.OUR_TAG_LEFT].why
    http = await signed_in(door)
    await with_differences(door)
    page = (await http.get("/console/stuck?lang=en")).text
    assert missing in page
    assert "Somebody has to decide" in (await http.get("/console/?lang=en")).text
    await with_differences(door, Cause.OUR_TAG_MISSING, mode=ReconciliationMode.REPAIR)
    page = (await http.get("/console/stuck?lang=en")).text
    assert (missing in page, left in page) == (False, True)
    assert "left as it was" in (await http.get("/console/comparisons?lang=en")).text


async def test_r91_what_the_last_comparison_left_is_known_until_the_next_one_is_over(door: Door) -> None:
    http = await signed_in(door)
    await with_differences(door)
    await door.gateway.reconciliations.start("shop2", ReconciliationMode.PREVIEW)
    page = (await http.get("/console/stuck?lang=en")).text
    assert reconciliation.WORDS[Cause.OUR_TAG_LEFT].why in page
    assert "Nothing waits: all is delivered" not in page
    assert "Somebody has to decide" in (await http.get("/console/?lang=en")).text


async def test_r91_a_first_transfer_that_waits_for_approval_is_not_called_idle(door: Door) -> None:
    run = await begun(door, "shop2", Phase.AWAITING_APPROVAL)
    http = await signed_in(door)
    page = (await http.get("/console/stuck?lang=en")).text
    assert "waits for your approval" in page
    assert "Nothing waits: all is delivered" not in page
    assert "Somebody has to decide" in (await http.get("/console/?lang=en")).text
    assert run


async def begun(door: Door, shop: str, phase: Phase) -> int:
    run = Backfill(shop_id=shop, token="t0ken", started_at=BEGAN, due_at=BEGAN, phase=phase, mode=BackfillMode.RUN)
    async with door.gateway.backfills._store.work() as work:
        number = await work.backfills.add(run)
        await work.commit()
    return number


async def test_r91_of_one_shop_only_what_waits_for_that_shop_is_shown(door: Door) -> None:
    async with working(door) as work:
        (number,) = await work.contacts.add([("shop1", Contact(email=JAN), None)], BEGAN)
        command = NewCommand("newsletter:shop1", "shop1", number, 0, SetSubscription(email=JAN), counted=False)
        await work.outbox.queue([command], BEGAN)
    other = await door.post("registrations", EXAMPLES["registration"], shop="shop2")
    assert other.status_code == 202
    await door.plan()
    http, operator = await signed_in(door), await door.operator()
    for shop, there, elsewhere in (("shop1", "newsletter:shop1", "account:main"), ("shop2", "account:main", "newsletter:shop1")):
        page = unescape((await http.get(f"/console/stuck?shop={shop}&lang=en")).text)
        said = (await door.http.get("/v1/operations/parked", params={"shop": shop}, headers=operator)).json()
        assert [(one["destination"], one["waiting"]) for one in said["waiting"]] == [(there, 1)]
        words = Wording("en")
        assert words.destination(there) in page
        assert words.destination(elsewhere) not in page
    everything = (await door.http.get("/v1/operations/parked", headers=operator)).json()
    assert {one["destination"] for one in everything["waiting"]} == {"account:main", "newsletter:shop1"}
