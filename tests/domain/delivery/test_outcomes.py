from datetime import timedelta
from typing import Any

import pytest

from app.domain.delivery.outcomes import (
    FIRST_DELAY,
    LONGEST_BACKOFF,
    LONGEST_DELAY,
    PARKED_CONTACT_PAUSE,
    PATIENCE,
    SETTLING,
    Delivered,
    Done,
    Drop,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Park,
    Refused,
    RetryAt,
    Throttled,
    Unknown,
    Unreachable,
    Waits,
    backoff,
    behind_another,
    is_definite,
    is_of_the_item,
    is_settled,
    message_of,
    name_of,
    verdict,
    without_words,
)
from app.domain.reasons import Reason
from tests.support.builders import at

NOW = at("2026-11-23T12:00")


def after(seconds: float, *, verify_first: bool = False) -> RetryAt:
    return RetryAt(NOW + timedelta(seconds=seconds), verify_first=verify_first)


@pytest.mark.parametrize(
    ("outcome", "attempt", "jitter", "follows"),
    [
        (Delivered(), 1, 1.0, Done()),
        (Refused("no"), 1, 1.0, Park(Reason.REFUSED)),
        (Refused("bad signature", account_wide=True), 1, 1.0, after(5)),
        (Unreachable("refused"), 1, 1.0, after(5)),
        (Unreachable("refused"), 3, 1.0, after(20)),
        (Unreachable("refused"), 3, 0.5, after(10)),
        (Unknown("time-out"), 1, 1.0, after(30, verify_first=True)),
        (Unknown("time-out"), 5, 1.0, after(80, verify_first=True)),
        (Throttled(), 2, 1.0, after(10)),
        (Throttled(30), 1, 1.0, after(30)),
        (Throttled(3), 1, 1.0, after(5)),
        (Throttled(10**9), 1, 1.0, after(LONGEST_DELAY.total_seconds())),
    ],
)
def test_what_follows_from_an_answer(outcome: Any, attempt: int, jitter: float, follows: Any) -> None:
    assert verdict(outcome, attempt, NOW, NOW, jitter) == follows


@pytest.mark.parametrize("outcome", [Unreachable("x"), Unknown("x"), Throttled(30), Refused("x", account_wide=True), Waits("x")])
def test_patience_ends_after_seven_days_and_not_a_second_earlier(outcome: Any) -> None:
    assert verdict(outcome, 40, NOW - PATIENCE, NOW, 1.0) == Park(Reason.GAVE_UP)
    assert isinstance(verdict(outcome, 40, NOW - PATIENCE + timedelta(seconds=1), NOW, 1.0), RetryAt)
    assert verdict(Delivered(), 40, NOW - PATIENCE, NOW, 1.0) == Done()


@pytest.mark.parametrize(
    ("waited", "wait"),
    [(0, 30), (300, 30), (301, 30.1), (1_200, 120), (3_000, 300), (86_400, 300)],
)
def test_r11_what_waits_for_another_command_is_soon_there_after_it_however_often_it_was_looked_at(waited: int, wait: float) -> None:
    assert behind_another(timedelta(seconds=waited)) == timedelta(seconds=wait)
    for attempt in (1, 40):
        assert verdict(Waits("x"), attempt, NOW - timedelta(seconds=waited), NOW, 1.0) == after(wait)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (5, 80), (8, 640), (9, 900), (30, 900), (10_000, 900)])
def test_r11_waits_double_from_five_seconds_to_a_quarter_of_an_hour(attempt: int, seconds: int) -> None:
    assert backoff(attempt) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("outcome", "name", "words", "without"),
    [
        (Delivered("e7", "created"), "delivered", "created", Delivered()),
        (Throttled(2.5), "throttled", "asked to wait 2.5 s", Throttled(2.5)),
        (Throttled(), "throttled", "", Throttled()),
        (Unreachable("refused"), "unreachable", "refused", Unreachable("")),
        (Unknown("time-out"), "unknown", "time-out", Unknown("")),
        (Refused("no"), "refused", "no", Refused("")),
        (Refused("no", account_wide=True), "refused", "no", Refused("", account_wide=True)),
        (NeedsPerson(Reason.NO_CARRIER_OF_TAGS, "by hand"), "by_hand", "by hand", NeedsPerson(Reason.NO_CARRIER_OF_TAGS)),
        (NotNeeded(Reason.NOTHING_NEW), "moot", Reason.NOTHING_NEW.value, NotNeeded(Reason.NOTHING_NEW)),
        (Waits("for another"), "waits", "for another", Waits("for another")),
    ],
)
def test_an_outcome_has_a_name_and_words_that_can_be_left_out(outcome: Any, name: str, words: str, without: Any) -> None:
    assert (name_of(outcome), message_of(outcome), without_words(outcome)) == (name, words, without)
    assert is_of_the_item(outcome) == (outcome == Refused("no"))


@pytest.mark.parametrize(
    ("outcome", "follows"),
    [
        (NeedsPerson(Reason.NO_CARRIER_OF_TAGS), Park(Reason.NO_CARRIER_OF_TAGS)),
        (NotNeeded(Reason.NOTHING_NEW), Drop(Reason.NOTHING_NEW)),
        (Throttled(0), after(5)),
        (Throttled(LONGEST_DELAY.total_seconds() - 1), after(LONGEST_DELAY.total_seconds() - 1)),
        (Unreachable("x"), after(5)),
    ],
)
def test_a_refusal_to_wait_for_and_one_for_a_person_are_told_apart(outcome: Any, follows: Any) -> None:
    assert verdict(outcome, 1, NOW, NOW, 1.0) == follows


def test_the_waits_are_those_of_the_design() -> None:
    assert (timedelta(seconds=5), timedelta(minutes=15)) == (FIRST_DELAY, LONGEST_BACKOFF)
    assert (timedelta(hours=12), timedelta(days=7)) == (LONGEST_DELAY, PATIENCE)
    assert (timedelta(seconds=30), timedelta(minutes=15)) == (SETTLING, PARKED_CONTACT_PAUSE)


OUTCOMES = [Delivered(), NotNeeded(Reason.NOTHING_NEW), Throttled(), Unreachable("down"), Unknown("cut"), Refused("no")]
OUTCOMES += [NeedsPerson(Reason.DEFECT, "x"), Waits("for another")]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=name_of)
def test_what_comes_behind_a_command_goes_once_that_is_settled_and_only_a_destination_says_yes_or_no(outcome: Outcome) -> None:
    assert is_settled(outcome) is (name_of(outcome) in ("delivered", "moot"))
    assert is_definite(outcome) is (name_of(outcome) in ("delivered", "refused"))
