import pytest

from app.domain.consent import CONSENT_TRAP_ORDERS, Channel, ConsentAnswerCounts, Policy, Status, TransferConsent, box_seems_hidden
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
