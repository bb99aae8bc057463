"""R60 to R64: the first transfer of the existing accounts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.clients.salesmanago import payloads
from app.domain.commands import (
    AddEvent,
    UpsertContact,
)
from app.domain.consent import Status
from app.domain.decisions.plan import Withhold
from app.domain.events import AccountListed, SubscriberListed
from app.domain.reasons import Reason
from app.domain.runs.backfill import BackfillMode, Pause, Phase, after_check, begun, state_of
from app.domain.runs.backfill_schedule import finish_time
from app.domain.runs.backfill_tally import tallied
from app.domain.shops.shop import BackfillSettings
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    at,
    commands_of,
    life,
    subscribed,
    the_upsert,
    unsubscribed,
)
from tests.support.rows import CAREFUL, OPEN


def test_r60_by_day_fewer_are_transferred_than_by_night_on_the_shops_own_clock() -> None:
    shop = a_shop()  # 600 an hour from 7 to 22, 6,000 by night, in Warsaw
    noon, midnight = at("2026-11-23T11:00"), at("2026-11-23T23:00")
    assert finish_time(noon, 600, shop.backfill, shop.time_zone) == noon + timedelta(hours=1)
    assert finish_time(midnight, 6000, shop.backfill, shop.time_zone) == midnight + timedelta(hours=1)


@pytest.mark.parametrize(("automatic", "phase"), [(True, Phase.CANARY), (False, Phase.COUNTING)])
def test_r60_an_activation_begins_with_the_canary_or_with_a_dry_run_that_waits_for_a_person(automatic: bool, phase: Phase) -> None:
    shop = a_shop(backfill=BackfillSettings(automatic=automatic))
    assert begun(shop, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=False).phase is phase


def test_r60_an_account_is_sent_with_its_tag_and_sets_off_nothing_in_salesmanago() -> None:
    (told_now,) = commands_of(life(OPEN, account_listed()).plan)
    assert (told_now.add_tags, told_now.quiet) == (("rejestracja",), True)
    assert payloads.batch_upsert([told_now])["fireEvents"] is False
    assert payloads.batch_upsert([told_now])["useApiDoubleOptIn"] is False


def test_r61_a_subscriber_on_a_list_is_opted_in_with_the_date_of_the_list_and_never_over_a_later_opt_out() -> None:
    listed = SubscriberListed(at=at("2026-11-23T12:00"), email=EMAIL, email_since=at("2025-03-18T17:49"))
    story = life(OPEN, listed)
    assert the_upsert(story.plan).email_status is Status.OPT_IN
    assert the_upsert(story.plan).add_tags == ("newsletter",)
    assert story.contact.email_news.opted_in == at("2025-03-18T17:49")
    resigned = life(OPEN, subscribed("2024-01-01T08:00"), unsubscribed("2025-06-01T08:00"), listed)
    assert Status.OPT_IN not in [one.email_status for one in commands_of(resigned.plan) if isinstance(one, UpsertContact)]


def test_r62_an_account_brings_no_purchases_of_the_past() -> None:
    assert not any(isinstance(command, AddEvent) for command in commands_of(life(OPEN, account_listed()).plan))


def test_r63_the_report_adds_up_and_nobody_says_complete_otherwise() -> None:
    ends = [("queued", ("sent", ""), None, 7), ("queued", ("withheld", "erased"), None, 2), ("no_account", None, None, 4)]
    whole = tallied([*ends, ("queued", ("parked", "refused"), None, 1)])
    assert (whole.found, whole.sent, dict(whole.withheld), whole.failed) == (14, 7, {"erased": 2, "no_account": 4}, 1)
    over = replace(begun(OPEN, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=True), phase=Phase.FINISHED)
    assert state_of(over, whole) == "complete_with_failures"
    assert state_of(over, tallied(ends)) == "complete"
    assert state_of(over, tallied([*ends, ("queued", ("planned", ""), None, 1)])) == "incomplete"


def test_r63_a_refused_canary_stops_the_transfer_until_a_person_looked() -> None:
    watching = replace(begun(OPEN, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=True), phase=Phase.WATCHING)
    refused = tallied([("queued", ("parked", "refused"), None, 1)])
    assert after_check(watching, refused, at("2026-11-23T12:01")).paused is Pause.CANARY_REFUSED


def test_r64_under_order_consent_an_account_of_the_list_stays_in_the_shop() -> None:
    """Asking for such a transfer is refused with the reason: tests/routers/runs/test_backfills.py."""
    assert life(CAREFUL, account_listed()).plan == Withhold(Reason.NO_CONSENT)


def account_listed() -> AccountListed:
    return AccountListed(at=at("2026-11-23T12:00"), customer=a_customer())
