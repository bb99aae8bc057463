"""The judge of the scenario `acts`: what may stand in the end, and which opt-ins were wrong. Times are seconds."""

from datetime import UTC, datetime, timedelta

import pytest

from chaos.acts import THERE, Act, Touch, permitted_ends, retraced
from chaos.scenarios.acts import _with_answers

BEGAN = datetime(2026, 11, 23, 10, tzinfo=UTC)
ADA = "ada@example.com"


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def in_shop(out: bool, seconds: float) -> Act:
    return Act(email=ADA, channel="email", out=out, at=at(seconds), where="shop1", posted_at=at(seconds), heard_at=at(seconds))


def click(out: bool, seconds: float, *, called_back: bool = True) -> Act:
    heard = at(seconds) if called_back else None
    return Act(email=ADA, channel="email", out=out, at=at(seconds), where=THERE, heard_at=heard, heard_last_at=heard)


def told(out: bool, seconds: float, *, answered: bool = True, delay: float = 0.0, answered_at: float | None = None) -> Touch:
    known = at(answered_at) if answered_at is not None else None
    return Touch(ADA, at(seconds), told=out, channel="email", answered=answered, delay=timedelta(seconds=delay), answered_at=known)


def look(seconds: float) -> Touch:
    return Touch(ADA, at(seconds))


ENDS = {
    "the newest act": ([in_shop(False, 1), click(True, 10)], [told(False, 2)], {True}),
    "a click after an opt-out that was answered": ([in_shop(True, 1), click(False, 10)], [told(True, 2)], {False}),
    "a click while an opt-out waits": ([in_shop(True, 1), click(False, 10)], [told(True, 20)], {False, True}),
    "a click after an opt-out without an answer": (
        [in_shop(True, 1), click(False, 10)],
        [told(True, 2, answered=False)],
        {False, True},
    ),
    "a click after an opt-out without an answer that was seen": (
        [in_shop(True, 1), click(False, 10)],
        [told(True, 2, answered=False), look(5)],
        {False},
    ),
    "a lost click after an opt-in without an answer that never showed": (
        [in_shop(False, 1), click(True, 10, called_back=False)],
        [told(False, 2, answered=False), look(20), told(False, 30)],
        {False, True},
    ),
    "a lost click while the job of an opt-in runs": (
        [in_shop(False, 1), click(True, 2.1, called_back=False)],
        [told(False, 2, delay=0.2), look(2.3), look(20)],
        {False, True},
    ),
    "a click while the job of an opt-out runs that says a click once more": (
        [click(True, 1), click(False, 2.1)],
        [told(False, 0.9), told(True, 2, delay=0.2)],
        {False, True},
    ),
    "a click after the job of an opt-out that says a click once more": (
        [click(True, 1), click(False, 2.3)],
        [told(False, 0.9), told(True, 2, delay=0.2)],
        {False},
    ),
    "a click before an opt-out that met an opt-in was told again": (
        [in_shop(False, 1), click(True, 1.1), click(False, 5)],
        [told(True, 6)],
        {False, True},
    ),
    "a click before an opt-out was told again that met an opt-in whose answer had not been read": (
        [in_shop(False, 1), click(True, 2.3), click(False, 2.5)],
        [told(False, 2, delay=0.2, answered_at=2.4), told(True, 3)],
        {False, True},
    ),
    "a click after an opt-out that met an opt-in whose answer had been read": (
        [in_shop(False, 1), click(True, 2.5), click(False, 2.7)],
        [told(False, 2, delay=0.2, answered_at=2.4)],
        {False},
    ),
    "a click after an opt-out that met an opt-in was told again": (
        [in_shop(False, 1), click(True, 1.1), click(False, 8)],
        [told(False, 1.5), told(True, 6)],
        {False},
    ),
    "a lost click after the job of an opt-in, which showed": (
        [in_shop(False, 1), click(True, 2.4, called_back=False)],
        [look(1.5), told(False, 2, delay=0.2), look(2.3), look(20)],
        {True},
    ),
    "a lost click after an opt-in that showed": (
        [in_shop(False, 1), click(True, 10, called_back=False)],
        [told(False, 2, answered=False), look(5), look(20)],
        {True},
    ),
    "a lost click before a fresh opt-in is said once more": (
        [in_shop(False, 1), click(True, 3, called_back=False)],
        [told(False, 1.2), look(3.5), told(False, 4)],
        {False, True},
    ),
    "a lost click that was seen long before an opt-in is said once more": (
        [in_shop(False, 1), click(True, 3, called_back=False)],
        [told(False, 1.2), look(3.5), told(False, 30)],
        {True},
    ),
    "a lost click that shows what was shown before an opt-out was told": (
        [in_shop(True, 5), click(False, 10, called_back=False), click(False, 20, called_back=False)],
        [look(1), look(12), told(True, 15), look(25)],
        {False, True},
    ),
    "a lost click after a look that showed the opt-out": (
        [in_shop(True, 5), click(False, 20, called_back=False)],
        [look(1), told(True, 15), look(17), look(25)],
        {False},
    ),
    "clicks behind an opt-in without an answer": (
        [in_shop(False, 1), click(True, 5), click(False, 10)],
        [told(False, 2, answered=False)],
        {False, True},
    ),
    "clicks behind an opt-in that was answered": ([in_shop(False, 1), click(True, 5), click(False, 10)], [told(False, 2)], {False}),
    "clicks behind an opt-in that was answered the second time": (
        [in_shop(False, 1), click(True, 5), click(False, 10)],
        [told(False, 2, answered=False), told(False, 4)],
        {False},
    ),
    "an opt-out from before an opt-in without an answer": (
        [click(True, 1), in_shop(False, 5), click(False, 10)],
        [told(False, 6, answered=False)],
        {False},
    ),
}


@pytest.mark.parametrize(("acts", "touches", "ends"), ENDS.values(), ids=ENDS)
def test_r06_the_newest_act_counts_as_far_as_the_gateway_could_know(acts: list[Act], touches: list[Touch], ends: set[bool]) -> None:
    retraced(acts, touches)
    assert permitted_ends(acts) == ends


def lost(out: bool, seconds: float) -> Act:
    return click(out, seconds, called_back=False)


WRONG = {
    "it waited, and somebody resigned from what was seen": (
        [in_shop(False, 1), in_shop(False, 10), lost(True, 20)],
        [told(False, 2), look(5), told(False, 40)],
        True,
    ),
    "it is newer": ([in_shop(False, 1), lost(True, 20), in_shop(False, 30)], [told(False, 2), look(5), told(False, 32)], False),
    "no opt-in was seen": ([in_shop(False, 1), in_shop(False, 10), lost(True, 20)], [told(False, 2), told(False, 40)], False),
    "the last look showed an opt-out": (
        [in_shop(False, 1), lost(True, 7), in_shop(False, 10), lost(True, 20)],
        [told(False, 2), look(5), look(15), told(False, 40)],
        False,
    ),
}


@pytest.mark.parametrize(("acts", "touches", "is_wrong"), WRONG.values(), ids=WRONG)
def test_r06_an_opt_in_is_wrong_where_a_poll_would_have_shown_the_resignation(
    acts: list[Act], touches: list[Touch], is_wrong: bool
) -> None:
    assert any("would have shown" in fault for fault in retraced(acts, touches)) is is_wrong


@pytest.mark.parametrize(
    ("written", "answered"), [([], [False, False]), ([3], [True, False]), ([31], [False, True]), ([3, 31], [True, True])]
)
def test_a_call_was_answered_if_an_answer_was_written_down_before_the_next_call(written: list[float], answered: list[bool]) -> None:
    found = list(_with_answers([told(True, 2), look(10), told(True, 30)], [at(one) for one in written]))
    assert [one.answered for one in found if one.told is not None] == answered
