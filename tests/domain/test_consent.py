from datetime import datetime
from itertools import product

import pytest

from app.domain.consent import (
    BOXES_REMEMBERED,
    CONSENT_TRAP_ORDERS,
    Channel,
    ConsentAnswer,
    ConsentAnswerCounts,
    Policy,
    Status,
    TimedStatus,
    TransferConsent,
    box_seems_hidden,
    counted,
    is_opt_in,
    is_opt_out,
    later,
    newer_status,
    tells_of_the_box,
)
from tests.support.builders import at

ONE, TWO, THREE, FOUR = (at(f"2026-11-0{day}T10:00") for day in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("grants", "withdrawals", "given", "withdrawn"),
    [
        ([], [], False, False),
        ([ONE], [], True, False),
        ([], [ONE], False, True),
        ([ONE], [TWO], False, True),
        ([TWO], [ONE], True, False),
        ([ONE], [ONE], False, True),
        ([ONE, THREE], [TWO], True, False),
        ([THREE], [TWO, FOUR], False, True),
    ],
)
def test_the_latest_act_decides_about_the_transfer_and_a_withdrawal_wins_a_tie(
    grants: list, withdrawals: list, given: bool, withdrawn: bool
) -> None:
    consent = TransferConsent()
    for moment in withdrawals:
        consent = consent.withdraw(moment)
    for moment in grants:
        consent = consent.grant(moment)
    assert (consent.is_given, consent.is_withdrawn) == (given, withdrawn)
    assert consent.permits(Policy.ORDER_CONSENT) is given
    assert consent.permits(Policy.ALL_CUSTOMERS) is not withdrawn


@pytest.mark.parametrize(
    ("grants", "withdrawals", "since"),
    [
        ([], [], None),
        ([ONE], [TWO], None),
        ([TWO, ONE], [], ONE),
        ([ONE, THREE], [TWO], THREE),
        ([THREE], [TWO], THREE),
        ([ONE, THREE, FOUR], [TWO], FOUR),
        ([THREE, FOUR], [TWO], THREE),
        ([TWO, THREE], [TWO], THREE),
        ([TWO, THREE, ONE], [], ONE),
    ],
)
def test_a_consent_counts_from_its_first_grant_or_after_a_withdrawal_rather_later(
    grants: list, withdrawals: list, since: object
) -> None:
    consent = TransferConsent()
    for moment in grants:
        consent = consent.grant(moment)
    for moment in withdrawals:
        consent = consent.withdraw(moment)
    assert consent.since == since


@pytest.mark.parametrize(
    ("ins", "outs", "status"),
    [
        ([], [], None),
        ([ONE], [], Status.OPT_IN),
        ([], [ONE], Status.OPT_OUT),
        ([ONE], [TWO], Status.OPT_OUT),
        ([TWO], [ONE], Status.OPT_IN),
        ([ONE], [ONE], Status.OPT_OUT),
        ([ONE, THREE], [TWO], Status.OPT_IN),
    ],
)
def test_the_newest_act_decides_about_a_channel_and_an_opt_out_wins_a_tie(ins: list, outs: list, status: Status | None) -> None:
    forth, back = Channel(), Channel()
    for moment in ins:
        forth = forth.opt_in(moment)
    for moment in outs:
        forth, back = forth.opt_out(moment), back.opt_out(moment)
    for moment in reversed(ins):
        back = back.opt_in(moment)
    assert forth == back
    assert forth.status is status


@pytest.mark.parametrize(
    ("policy", "counts", "hidden"),
    [
        (Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=CONSENT_TRAP_ORDERS), True),
        (Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=CONSENT_TRAP_ORDERS - 1), False),
        (Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=1000, given=1), False),
        (Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=1000, not_given=1), False),
        (Policy.ORDER_CONSENT, ConsentAnswerCounts(), False),
        (Policy.ALL_CUSTOMERS, ConsentAnswerCounts(not_asked=1000), False),
    ],
)
def test_a_box_that_none_of_the_last_orders_answered_seems_hidden(
    policy: Policy, counts: ConsentAnswerCounts, hidden: bool
) -> None:
    assert box_seems_hidden(policy, counts) is hidden


# -- several acts, several addresses -----------------------------------------------------------------------------------------

TIMES = (None, ONE, TWO, THREE)
CHANNELS = [Channel(*times) for times in product(TIMES, repeat=4)]
"""Every channel that three moments can make."""


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        (None, None, None),
        (TimedStatus(Status.OPT_IN, ONE), None, TimedStatus(Status.OPT_IN, ONE)),
        (None, TimedStatus(Status.OPT_IN, ONE), TimedStatus(Status.OPT_IN, ONE)),
        (TimedStatus(Status.OPT_IN, TWO), TimedStatus(Status.OPT_OUT, ONE), TimedStatus(Status.OPT_IN, TWO)),
        (TimedStatus(Status.OPT_IN, ONE), TimedStatus(Status.OPT_OUT, ONE), TimedStatus(Status.OPT_OUT, ONE)),
        (TimedStatus(Status.OPT_OUT, ONE), TimedStatus(Status.OPT_IN, ONE), TimedStatus(Status.OPT_OUT, ONE)),
        (TimedStatus(Status.OPT_OUT, ONE), TimedStatus(Status.OPT_IN, TWO), TimedStatus(Status.OPT_IN, TWO)),
    ],
)
def test_of_two_statuses_the_newer_stands_and_an_opt_out_wins_a_tie(
    one: TimedStatus | None, other: TimedStatus | None, newer: TimedStatus | None
) -> None:
    assert newer_status(one, other) == newer


@pytest.mark.parametrize("status", Status)
def test_the_same_act_again_outweighs_nothing(status: Status) -> None:
    assert not TimedStatus(status, ONE).supersedes(TimedStatus(status, ONE))


@pytest.mark.parametrize(
    ("said", "opted_in", "opted_out"),
    [(None, False, False), (TimedStatus(Status.OPT_IN, ONE), True, False), (TimedStatus(Status.OPT_OUT, ONE), False, True)],
)
def test_who_said_nothing_is_neither_in_nor_out(said: TimedStatus | None, opted_in: bool, opted_out: bool) -> None:
    assert (is_opt_in(said), is_opt_out(said)) == (opted_in, opted_out)


@pytest.mark.parametrize(
    ("one", "other", "last"), [(None, None, None), (ONE, None, ONE), (None, ONE, ONE), (ONE, TWO, TWO), (TWO, ONE, TWO)]
)
def test_the_later_of_two_times_is_the_one_there_is(one: datetime | None, other: datetime | None, last: datetime | None) -> None:
    assert later(one, other) == last


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TransferConsent(ONE, ONE), TransferConsent()),
        (TransferConsent(TWO, TWO), TransferConsent()),
        (TransferConsent(ONE, THREE), TransferConsent(THREE, THREE)),
        (TransferConsent(THREE, FOUR), TransferConsent(THREE, FOUR)),
        (TransferConsent(ONE, ONE, TWO), TransferConsent(None, None, TWO)),
        (TransferConsent(ONE, ONE, ONE), TransferConsent(None, None, ONE)),
    ],
)
def test_an_erasure_forgets_what_permitted_before_it_and_keeps_every_withdrawal(
    before: TransferConsent, after: TransferConsent
) -> None:
    assert before.forgotten(TWO) == after


def test_an_erasure_forgets_opt_ins_up_to_it_and_keeps_every_opt_out() -> None:
    for channel in CHANNELS:
        kept = channel.forgotten(TWO)
        assert (kept.opted_out, kept.brought_out) == (channel.opted_out, channel.brought_out)
        assert (kept.opted_in, kept.brought_in) == tuple(
            THREE if at == THREE else None for at in (channel.opted_in, channel.brought_in)
        )


@pytest.mark.parametrize(
    ("ours", "theirs", "joined"),
    [
        (TransferConsent(TWO, TWO), TransferConsent(ONE, THREE), TransferConsent(ONE, THREE)),
        (TransferConsent(ONE, TWO), TransferConsent(THREE, THREE), TransferConsent(ONE, THREE)),
        (TransferConsent(), TransferConsent(ONE, TWO), TransferConsent(ONE, TWO)),
        (TransferConsent(ONE, ONE), TransferConsent(), TransferConsent(ONE, ONE)),
        (TransferConsent(), TransferConsent(), TransferConsent()),
        (TransferConsent(ONE, ONE), TransferConsent(withdrawn=TWO), TransferConsent(ONE, ONE, TWO)),
        (TransferConsent(withdrawn=TWO), TransferConsent(THREE, THREE), TransferConsent(withdrawn=TWO)),
        (TransferConsent(ONE, ONE, TWO), TransferConsent(withdrawn=THREE), TransferConsent(ONE, ONE, THREE)),
    ],
)
def test_r72_who_takes_over_an_address_keeps_the_withdrawals_of_both(
    ours: TransferConsent, theirs: TransferConsent, joined: TransferConsent
) -> None:
    assert ours.taking_over(theirs) == joined


@pytest.mark.parametrize(
    ("consent", "policy", "at_", "covered"),
    [
        (TransferConsent(), Policy.ALL_CUSTOMERS, ONE, True),
        (TransferConsent(withdrawn=TWO), Policy.ALL_CUSTOMERS, ONE, False),
        (TransferConsent(THREE, THREE, TWO), Policy.ALL_CUSTOMERS, TWO, False),
        (TransferConsent(THREE, THREE, TWO), Policy.ALL_CUSTOMERS, THREE, True),
        (TransferConsent(), Policy.ORDER_CONSENT, ONE, False),
        (TransferConsent(TWO, TWO), Policy.ORDER_CONSENT, ONE, False),
        (TransferConsent(TWO, TWO), Policy.ORDER_CONSENT, TWO, True),
        (TransferConsent(TWO, TWO), Policy.ORDER_CONSENT, THREE, True),
    ],
)
def test_r07_a_consent_covers_what_happened_from_then_on(
    consent: TransferConsent, policy: Policy, at_: datetime, covered: bool
) -> None:
    assert consent.covers(policy, at_) is covered


def _acts(channel: Channel, *, out: bool) -> datetime | None:
    return later(channel.opted_out, channel.brought_out) if out else later(channel.opted_in, channel.brought_in)


def test_r72_an_opt_out_for_the_present_address_outweighs_opt_ins_that_were_brought_along() -> None:
    for channel in CHANNELS:
        here, brought = (ins is not None and (outs is None or ins > outs) for ins, outs in _pairs(channel))
        out_here, out_brought = (outs is not None and (ins is None or ins <= outs) for ins, outs in _pairs(channel))
        if out_here:
            expected: Status | None = Status.OPT_OUT
        elif here and out_brought:
            assert channel.opted_in is not None
            assert channel.brought_out is not None
            expected = Status.OPT_OUT if channel.brought_out >= channel.opted_in else Status.OPT_IN
        elif here or brought:
            expected = Status.OPT_IN
        else:
            expected = Status.OPT_OUT if out_brought else None
        assert channel.status is expected
        assert channel.acted_at == later(_acts(channel, out=False), _acts(channel, out=True))
        assert channel.said == (None if expected is None or channel.acted_at is None else TimedStatus(expected, channel.acted_at))


def _pairs(channel: Channel) -> tuple[tuple[datetime | None, datetime | None], ...]:
    return (channel.opted_in, channel.opted_out), (channel.brought_in, channel.brought_out)


def test_r72_what_is_brought_to_another_address_means_the_same_there() -> None:
    for channel in CHANNELS:
        moved = channel.moved
        assert (moved.opted_in, moved.opted_out) == (None, None)
        assert moved.said == channel.said
        assert channel.status is not Status.OPT_OUT or moved.brought_in == channel.last_opt_in
        assert channel.status is not Status.OPT_IN or moved.brought_out == channel.last_opt_out


def test_the_acts_here_and_elsewhere_are_kept_apart() -> None:
    channel = Channel(ONE, TWO, THREE, FOUR)
    assert channel.here == Channel(ONE, TWO)
    assert channel.elsewhere == Channel(THREE, FOUR)
    assert channel.with_here(Channel(FOUR, ONE)) == Channel(FOUR, ONE, THREE, FOUR)
    assert channel.with_elsewhere(Channel(FOUR, ONE)) == Channel(ONE, TWO, FOUR, ONE)


def test_r72_an_opt_out_of_either_stands_unless_an_opt_in_for_this_address_came_after_it() -> None:
    for ours, theirs in product(CHANNELS, CHANNELS[::3]):
        said = [one.said for one in (ours, theirs)]
        outs = [one.at for one in said if is_opt_out(one) and one is not None]
        joined = ours.taking_over(theirs)
        if outs:
            afresh = ours.opted_in is not None and ours.opted_in > max(outs)
            assert joined.status is (Status.OPT_IN if afresh else Status.OPT_OUT), (ours, theirs)
        else:
            assert joined.status is (Status.OPT_IN if any(said) else None), (ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs", "joined"),
    [
        (Channel(), Channel(), Channel()),
        (Channel(ONE), Channel(TWO), Channel(ONE, brought_in=TWO)),
        (Channel(ONE, brought_in=THREE), Channel(TWO), Channel(ONE, brought_in=THREE)),
        (Channel(), Channel(TWO, ONE), Channel(brought_in=TWO, brought_out=ONE)),
        (Channel(THREE), Channel(ONE, TWO), Channel(THREE, brought_in=ONE, brought_out=TWO)),
        (Channel(ONE), Channel(ONE, TWO), Channel(ONE, brought_in=ONE, brought_out=TWO)),
        (Channel(TWO), Channel(ONE, TWO), Channel(TWO, brought_in=ONE, brought_out=TWO)),
        (Channel(THREE), Channel(TWO, TWO), Channel(THREE, brought_in=TWO, brought_out=TWO)),
        (Channel(FOUR, brought_in=THREE), Channel(ONE, TWO), Channel(FOUR, brought_out=TWO)),
        (Channel(ONE, brought_in=THREE), Channel(ONE, TWO), Channel(ONE, brought_in=THREE, brought_out=THREE)),
        (Channel(TWO, brought_in=THREE), Channel(ONE, TWO), Channel(TWO, brought_in=THREE, brought_out=THREE)),
        (Channel(brought_out=TWO), Channel(), Channel(opted_out=TWO, brought_out=TWO)),
        (Channel(ONE, TWO), Channel(), Channel(ONE, TWO)),
        (Channel(ONE, TWO, THREE), Channel(FOUR), Channel(ONE, TWO, FOUR)),
    ],
)
def test_r72_who_takes_over_an_address_keeps_the_times_of_what_both_said(ours: Channel, theirs: Channel, joined: Channel) -> None:
    assert ours.taking_over(theirs) == joined


@pytest.mark.parametrize(
    ("box", "consented", "tells"),
    [
        (ConsentAnswer.GIVEN, True, True),
        (ConsentAnswer.NOT_GIVEN, True, True),
        (ConsentAnswer.NOT_ASKED, True, False),
        (ConsentAnswer.NOT_ASKED, False, True),
    ],
)
def test_r05_who_consented_before_need_not_be_asked_again(box: ConsentAnswer, consented: bool, tells: bool) -> None:
    before = TransferConsent(ONE, ONE) if consented else TransferConsent()
    assert tells_of_the_box(box, before) is tells


def test_r05_answers_are_counted_by_what_they_say() -> None:
    answers = [ConsentAnswer.GIVEN] + [ConsentAnswer.NOT_GIVEN] * 2 + [ConsentAnswer.NOT_ASKED] * 3
    assert counted(answers) == ConsentAnswerCounts(given=1, not_given=2, not_asked=3)
    assert ConsentAnswerCounts() == ConsentAnswerCounts(0, 0, 0)


def test_r05_twenty_orders_of_the_last_fifty_are_enough_to_say_that_the_box_is_hidden() -> None:
    assert (CONSENT_TRAP_ORDERS, BOXES_REMEMBERED) == (20, 50)
    nineteen, twenty = ConsentAnswerCounts(not_asked=19), ConsentAnswerCounts(not_asked=20)
    assert not box_seems_hidden(Policy.ORDER_CONSENT, nineteen)
    assert box_seems_hidden(Policy.ORDER_CONSENT, twenty)
    assert not box_seems_hidden(Policy.ALL_CUSTOMERS, twenty)
    for answered in (ConsentAnswerCounts(1, 0, 30), ConsentAnswerCounts(0, 1, 30), ConsentAnswerCounts(1, 1, 30)):
        assert not box_seems_hidden(Policy.ORDER_CONSENT, answered)
