"""Nobody is opted in by a list, and no account becomes two contacts."""

from datetime import datetime, timedelta

import pytest

from app.domain.consent import Status
from app.domain.event_parts import NewsletterBox
from app.domain.runs.backfill import BackfillMode
from app.domain.runs.backfill_tally import Tally
from tests.conftest import NOON
from tests.support.world import (
    EWA,
    JAN,
    erases,
    registers,
    unsubscribes,
    withdraws,
)
from tests.support.worlds.backfill_world import LONG_AGO, Airport, account, people

# -- opt-ins and opt-outs ------------------------------------------------------------------------------------------------


async def test_an_opt_in_is_as_old_as_the_person_made_it(world: Airport) -> None:
    phone = {"phone": "+48600100200", "newsletter_sms": NewsletterBox(ticked=True, since=LONG_AGO + timedelta(days=1))}
    world.panel.rows = [account(1, JAN, newsletter_email=NewsletterBox(ticked=True, since=LONG_AGO), **phone)]
    await world.flown()
    (upsert,) = world.upserts(JAN)
    assert (upsert.email_status, upsert.phone_status) == (Status.OPT_IN, Status.OPT_IN)
    known = await world.contact(JAN)
    assert (known.email_news.opted_in, known.phone_news.opted_in) == (LONG_AGO, LONG_AGO + timedelta(days=1))


@pytest.mark.parametrize("box", [NewsletterBox(), NewsletterBox(ticked=True), NewsletterBox(ticked=False, since=LONG_AGO)])
async def test_an_account_without_a_dated_consent_opts_nobody_in(world: Airport, box: NewsletterBox) -> None:
    world.panel.rows = [account(1, JAN, newsletter_email=box, newsletter_sms=box)]
    await world.flown()
    (upsert,) = world.upserts(JAN)
    assert (upsert.email_status, upsert.phone_status) == (None, None)


@pytest.mark.parametrize(
    ("since", "is_out"),
    [
        pytest.param(NOON - timedelta(days=1), True, id="older"),
        pytest.param(NOON, True, id="a tie"),
        pytest.param(NOON + timedelta(minutes=1), False, id="newer"),
    ],
)
async def test_an_opt_out_known_here_stands_against_every_consent_that_is_not_newer(
    world: Airport, since: datetime, is_out: bool
) -> None:
    await world.post(registers(JAN, minutes=-9), unsubscribes(JAN))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(1, JAN, newsletter_email=NewsletterBox(ticked=True, since=since))]
    await world.flown()
    assert (JAN in world.upstream.opted_out) is is_out
    assert any(one.email_status is Status.OPT_IN for one in world.upserts(JAN)) is not is_out


async def test_an_opt_out_that_waits_undecided_overtakes_the_list_that_says_otherwise(world: Airport) -> None:
    world.panel.rows = [account(1, JAN, newsletter_email=NewsletterBox(ticked=True, since=LONG_AGO))]
    await world.begin()
    await world.flights.step_due()
    await world.post(unsubscribes(JAN))
    await world.run()
    assert JAN in world.upstream.opted_out
    assert not any(one.email_status is Status.OPT_IN for one in world.upserts(JAN))


async def test_an_opt_out_in_salesmanago_that_is_not_known_here_stays_one(world: Airport) -> None:
    world.upstream.contacts = {JAN: set(), EWA: set()}
    world.upstream.opted_out, world.upstream.opted_out_phone = {JAN}, {EWA}
    box = NewsletterBox(ticked=True, since=LONG_AGO)
    rows = [
        account(number, email, phone="+48600100200", newsletter_email=box, newsletter_sms=box)
        for number, email in ((1, JAN), (2, EWA))
    ]
    world.panel.rows = rows
    tally = await world.flown()
    assert tally.adds_up
    assert tally.failed == 0
    assert (world.upstream.opted_out, world.upstream.opted_out_phone) == ({JAN}, {EWA})
    said = {email: [(one.email_status, one.phone_status) for one in world.upserts(email)] for email in (JAN, EWA)}
    assert said == {JAN: [(None, Status.OPT_IN)], EWA: [(Status.OPT_IN, None)]}


async def test_who_withdrew_the_consent_to_be_transferred_stays(world: Airport) -> None:
    await world.post(withdraws(JAN))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(1, JAN), account(2)]
    assert await world.flown() == Tally(found=2, sent=1, withheld={"consent_withdrawn": 1})
    assert world.upserts(JAN) == []


async def test_who_was_erased_is_not_named_again_by_a_list(world: Airport) -> None:
    await world.post(registers(JAN, minutes=-9, id="1"), erases(JAN))
    await world.run()
    await world.run()
    world.clock.advance(minutes=5)
    before = len(world.upserts(JAN))
    world.panel.rows = [account(1, JAN, first_name="Zapomniany"), account(2)]
    tally = await world.flown()
    assert tally == Tally(found=2, sent=1, withheld={"erased": 1})
    assert len(world.upserts(JAN)) == before
    assert JAN not in world.upstream.contacts
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("Zapomniany") == []


# -- who is who ----------------------------------------------------------------------------------------------------------


async def test_an_account_whose_address_changed_unheard_is_renamed_and_gets_no_twin(world: Airport) -> None:
    await world.post(registers("old@example.pl", id="7", first_name="Jan"))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(7, "new@example.pl")]
    assert await world.flown() == Tally(found=1, sent=1)
    assert set(world.upstream.contacts) == {"new@example.pl"}
    async with world.store.work() as work:
        known = await work.contacts.page_of_shop("shop1", 0, 10)
    assert [one.contact.email for one in known] == ["new@example.pl"]


async def test_of_two_accounts_with_one_address_the_first_is_sent_and_the_second_says_nothing(world: Airport) -> None:
    second = account(2, JAN, first_name="Ewa", newsletter_email=NewsletterBox(ticked=True, since=LONG_AGO))
    world.panel.rows = [account(1, JAN, first_name="Jan"), *people(120), second]
    assert await world.flown() == Tally(found=122, sent=121, withheld={"shared_address": 1})
    (upsert,) = world.upserts(JAN)
    assert (upsert.profile["first_name"], upsert.email_status) == ("Jan", None)
    assert (await world.contact(JAN)).customer_id == "1"


async def test_an_account_listed_with_the_address_of_another_known_account_changes_neither(world: Airport) -> None:
    """It is withheld, so nothing of it may happen: the two stay two people."""
    await world.post(registers(JAN, id="1", first_name="Jan"), registers(EWA, id="2", first_name="Ewa"))
    await world.run()
    world.clock.advance(minutes=5)
    async with world.store.work() as work:
        before = {one.contact.email: one for one in await work.contacts.page_of_shop("shop1", 0, 10)}
    world.panel.rows = [account(2, JAN, first_name="Ewa")]
    assert await world.flown() == Tally(found=1, withheld={"shared_address": 1})
    async with world.store.work() as work:
        assert {one.contact.email: one for one in await work.contacts.page_of_shop("shop1", 0, 10)} == before


async def test_guests_and_accounts_of_other_shops_leave_nothing_here_but_their_number(world: Airport) -> None:
    secret = {"last_name": "Tajemnicza", "phone": "+48600999888"}
    world.panel.rows = [
        account(1, "guest@example.pl", guest=True, **secret),
        account(2, "elsewhere@example.pl", active=(2,), **secret),
        account(3, "nowhere@example.pl", active=(), **secret),
        account(4, ""),
        account(5),
    ]
    for mode in (BackfillMode.DRY_RUN, BackfillMode.RUN):
        tally = await world.flown(mode)
        assert tally == Tally(found=5, sent=1, withheld={"account_elsewhere": 2, "address_invalid": 1, "no_account": 1})
    for word in ("guest@", "elsewhere@", "nowhere@", "Tajemnicza", "600999888"):
        assert await world.tables_naming(word) == []
    assert await world.tables_naming("person5@example.pl") != []  # the search itself finds what there is
    assert await world.noted() == {1, 2, 3, 4, 5}
