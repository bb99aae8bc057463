"""R06: when a newsletter status counts as an opt-in, and which status wins."""

from typing import Any

import pytest

from app.domain.commands import (
    UpsertContact,
)
from app.domain.consent import Status
from app.domain.event_parts import NewsletterBox
from app.domain.person.merge import absorb
from tests.support.builders import (
    a_customer,
    account_changed,
    an_order,
    at,
    commands_of,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    subscribed,
    tags_edited,
    the_upsert,
    unsubscribed,
    viewed,
)
from tests.support.rows import CAREFUL, OPEN, TICKED


def test_r06_a_transferred_profile_is_no_opt_in() -> None:
    for event in (registered(), an_order(), account_changed(), tags_edited(added=["vip"]), viewed()):
        upsert = the_upsert(life(OPEN, event).plan)
        assert (upsert.email_status, upsert.phone_status) == (None, None)


OPTING_IN = [
    subscribed("2026-11-23T10:00"),
    registered("2026-11-23T10:00", customer=TICKED),
    an_order("2026-11-23T10:00", customer=TICKED),
]


@pytest.mark.parametrize("act", OPTING_IN, ids=lambda event: type(event).__name__)
def test_r06_an_act_newer_than_the_last_opt_out_opts_in_and_an_older_one_does_not(act: Any) -> None:
    assert the_upsert(life(OPEN, unsubscribed("2026-11-23T09:00"), act).plan).email_status is Status.OPT_IN
    late = life(OPEN, unsubscribed("2026-11-23T11:00"), act)
    assert all(command.email_status is None for command in commands_of(late.plan) if isinstance(command, UpsertContact))


@pytest.mark.parametrize("act", OPTING_IN, ids=lambda event: type(event).__name__)
def test_r06_an_opt_out_wins_a_tie_in_either_order(act: Any) -> None:
    opt_out = unsubscribed("2026-11-23T10:00")
    assert last_email_status(life(OPEN, opt_out, act).commands) is Status.OPT_OUT
    assert last_email_status(life(OPEN, act, opt_out).commands) is Status.OPT_OUT


def test_r06_mere_state_opts_in_only_with_a_date_newer_than_the_opt_out() -> None:
    undated = account_changed("2026-11-23T12:00", newsletter_email=NewsletterBox(ticked=True))
    dated = account_changed("2026-11-23T12:00", newsletter_email=NewsletterBox(ticked=True, since=at("2026-11-23T10:00")))
    assert the_upsert(life(OPEN, undated).plan).email_status is None
    assert the_upsert(life(OPEN, dated).plan).email_status is Status.OPT_IN
    earlier, later = unsubscribed("2026-11-23T09:00"), unsubscribed("2026-11-23T11:00")
    assert the_upsert(life(OPEN, earlier, dated).plan).email_status is Status.OPT_IN
    assert the_upsert(life(OPEN, later, dated).plan).email_status is None


def test_r06_e_mail_and_sms_are_two_separate_facts() -> None:
    by_email = the_upsert(life(OPEN, subscribed(by_email=True, by_sms=False)).plan)
    by_sms = the_upsert(life(OPEN, subscribed(by_email=False, by_sms=True, phone="+48600100200")).plan)
    assert (by_email.email_status, by_email.phone_status) == (Status.OPT_IN, None)
    assert (by_sms.email_status, by_sms.phone_status) == (None, Status.OPT_IN)
    both = life(OPEN, subscribed("2026-11-23T10:00", by_sms=True))
    left = the_upsert(both.goes_on(OPEN, unsubscribed("2026-11-23T11:00", by_email=False, by_sms=True)).plan)
    assert (left.email_status, left.phone_status) == (None, Status.OPT_OUT)


@pytest.mark.parametrize("act", OPTING_IN[1:], ids=lambda event: type(event).__name__)
def test_r06_the_box_of_one_channel_says_nothing_of_the_other(act: Any) -> None:
    upsert = the_upsert(life(OPEN, act).plan)
    assert (upsert.email_status, upsert.phone_status) == (Status.OPT_IN, None)


def test_r06_two_memories_of_one_person_join_with_the_stricter_consent() -> None:
    joined = absorb(life(OPEN, subscribed("2026-11-23T10:00")).contact, life(OPEN, unsubscribed("2026-11-23T11:00")).contact)
    assert joined.email_news.status is Status.OPT_OUT


def test_r06_an_opt_out_received_while_a_person_is_erased_still_supersedes_an_older_subscription() -> None:
    """Erased at 10, resigned at 11; then the subscription of 10:30 arrives late."""
    story = life(
        OPEN,
        subscribed("2026-11-23T08:00"),
        erasure_requested("2026-11-23T10:00"),
        unsubscribed("2026-11-23T11:00"),
        subscribed("2026-11-23T10:30"),
    )
    assert last_email_status(commands_of(story.plan)) is not Status.OPT_IN


def test_r06_a_withdrawal_received_while_a_person_is_erased_still_supersedes_an_older_order() -> None:
    story = life(
        OPEN,
        erasure_requested("2026-11-23T10:00"),
        consent_withdrawn("2026-11-23T11:00"),
        an_order("2026-11-23T10:30", consent=True),
    )
    assert commands_of(story.plan) == ()


def test_r06_data_from_before_an_erasure_never_opts_in_again() -> None:
    """Subscribed, resigned, erased, registered anew without a tick: a repetition of the first message opts nobody in."""
    fresh = life(
        OPEN,
        unsubscribed("2026-11-23T09:00"),
        erasure_requested("2026-11-23T10:00"),
        registered("2026-11-23T11:00"),
        subscribed("2026-11-23T08:00"),
    )
    assert last_email_status(fresh.commands[1:]) is not Status.OPT_IN


def test_r06_an_opt_in_that_is_newer_than_an_erasure_stands_when_the_erasure_comes_later() -> None:
    """Resigned at 8, erased at 9, subscribed again at 10; the erasure arrives last but one."""
    story = life(
        CAREFUL,
        unsubscribed("2026-11-23T08:00"),
        subscribed("2026-11-23T10:00"),
        an_order("2026-11-23T10:30", consent=True),
        erasure_requested("2026-11-23T09:00"),
        subscribed("2026-11-23T10:00"),
    )
    assert last_email_status(commands_of(story.plan)) is Status.OPT_IN


def test_r06_a_box_ticked_before_an_erasure_does_not_count_after_it() -> None:
    dated = a_customer(newsletter_email=NewsletterBox(ticked=True, since=at("2026-11-23T08:00")))
    fresh = life(
        OPEN,
        unsubscribed("2026-11-23T09:00"),
        erasure_requested("2026-11-23T10:00"),
        registered("2026-11-23T11:00", customer=dated),
    )
    assert last_email_status(commands_of(fresh.plan)) is not Status.OPT_IN


def last_email_status(commands: Any) -> Status | None:
    said = [command.email_status for command in commands if isinstance(command, UpsertContact) and command.email_status]
    return said[-1] if said else None
