from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery.circuit_breaker import CLOSED, LONGEST_REST, Breaker, Circuit
from app.domain.delivery.outcomes import LONGEST_DELAY, Outcome, Refused, Throttled, Unknown, Unreachable, backoff
from tests.support.builders import at

NOW = at("2026-11-23T12:00")
DOWN = Unreachable("no route")
EVER = at("9999-01-01T00:00")

troubles = st.lists(
    st.sampled_from([DOWN, Unknown("timeout"), Refused("bad signature", account_wide=True), Throttled()])
    | st.builds(Throttled, st.floats(0, 1e6)),
    min_size=1,
    max_size=4,
)
rounds = st.lists(st.tuples(troubles, st.floats(0, 1), st.floats(0, 7200)), min_size=1, max_size=12)


def after(*failures: Outcome, jitter: float = 1.0) -> Breaker:
    """Rounds of trouble, one after the other, in one moment."""
    breaker = CLOSED
    for outcome in failures:
        breaker = breaker.failed([outcome], NOW, jitter)
    return breaker


def rest_of(breaker: Breaker) -> float:
    assert breaker.rest_until is not None
    return (breaker.rest_until - NOW).total_seconds()


def test_a_destination_of_whom_nothing_bad_is_known_is_closed_at_any_time() -> None:
    assert {CLOSED.state(moment) for moment in (NOW, at("1970-01-01T00:00"), EVER)} == {Circuit.CLOSED}


def test_it_is_open_until_its_rest_is_over_to_the_moment_and_then_half_open_for_ever() -> None:
    breaker = after(DOWN)
    end = NOW + timedelta(seconds=5)
    assert breaker.state(NOW) is Circuit.OPEN
    assert breaker.state(end - timedelta(microseconds=1)) is Circuit.OPEN
    assert breaker.state(end) is Circuit.HALF_OPEN
    assert breaker.state(EVER) is Circuit.HALF_OPEN
    assert Breaker(failures=1).state(NOW) is Circuit.HALF_OPEN


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (500, 60)])
def test_the_rest_doubles_up_to_a_minute(failures: int, seconds: float) -> None:
    assert rest_of(after(*[DOWN] * failures)) == seconds


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, 5),
        (0.0, 5),
        (4.0, 5),
        (90.0, 90),
        (3600.0, 3600),
        (1e6, LONGEST_DELAY.total_seconds()),
        (-30.0, 5),
    ],
)
def test_what_was_asked_for_lengthens_the_rest_and_never_shortens_it(asked: float | None, seconds: float) -> None:
    assert rest_of(after(Throttled(asked))) == seconds


def test_of_several_answers_of_a_round_the_longest_wish_counts_wherever_it_stands() -> None:
    heard: list[Outcome] = [Throttled(90.0), Throttled(7.0), DOWN]
    for answers in (heard, heard[::-1]):
        assert rest_of(CLOSED.failed(answers, NOW, 1.0)) == 90


def test_without_jitter_it_may_be_tried_at_once_by_one() -> None:
    assert after(DOWN, jitter=0.0).state(NOW) is Circuit.HALF_OPEN


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (DOWN, "unreachable: no route"),
        (Throttled(90.0), "throttled: asked to wait 90 s"),
        (Throttled(), "throttled"),
        (Refused("bad signature", account_wide=True), "refused: bad signature"),
        (Unknown(""), "unknown"),
    ],
)
def test_the_cause_is_what_it_last_answered_in_the_words_of_traces(outcome: Outcome, cause: str) -> None:
    assert CLOSED.failed([Unknown("earlier"), outcome], NOW, 1.0).cause == cause


def test_it_remembers_since_when_and_how_often_and_the_latest_cause() -> None:
    later = NOW + timedelta(minutes=5)
    breaker = after(DOWN).failed([Throttled()], later, 1.0)
    assert (breaker.failures, breaker.since, breaker.cause) == (2, NOW, "throttled")
    assert breaker.rest_until == later + timedelta(seconds=10)


def test_while_somebody_tries_nobody_else_does_and_the_story_stands() -> None:
    until = NOW + timedelta(seconds=65)
    probed = after(DOWN).probing(until)
    assert probed.state(NOW + timedelta(seconds=64)) is Circuit.OPEN
    assert probed.state(until) is Circuit.HALF_OPEN
    assert (probed.failures, probed.since, probed.cause) == (1, NOW, "unreachable: no route")


def test_a_probe_that_was_not_made_is_the_next_ones_unless_something_failed_meanwhile() -> None:
    before = after(DOWN)
    probed = before.probing(NOW + timedelta(seconds=60))
    assert probed.not_probed(before) == before
    failed = probed.failed([DOWN], NOW, 1.0)
    assert failed.not_probed(before) == failed


def test_a_probe_of_somebody_who_is_gone_is_the_next_ones_and_a_rest_stands() -> None:
    rests = after(DOWN)
    probed = rests.probing(NOW + timedelta(seconds=65))
    assert probed.without_prober().state(NOW) is Circuit.HALF_OPEN
    assert probed.without_prober().failures == 1
    assert rests.without_prober() == rests
    assert probed.failed([DOWN], NOW, 1.0).without_prober() == probed.failed([DOWN], NOW, 1.0)


def test_a_probe_that_fails_rests_longer_than_the_failure_before_it() -> None:
    first = after(DOWN)
    again = first.probing(NOW + timedelta(seconds=60)).failed([DOWN], NOW, 1.0)
    assert rest_of(again) > rest_of(first)


@given(rounds)
def test_the_rest_is_bounded_by_a_minute_or_by_what_was_asked_for(story: list[tuple[list[Outcome], float, float]]) -> None:
    breaker, now = CLOSED, NOW
    for number, (outcomes, jitter, gap) in enumerate(story, start=1):
        breaker = breaker.failed(outcomes, now, jitter)
        assert breaker.rest_until is not None
        rest = breaker.rest_until - now
        wishes = [one.retry_after or 0.0 for one in outcomes if isinstance(one, Throttled)]
        asked = min(timedelta(seconds=max(wishes, default=0.0)), LONGEST_DELAY)
        assert rest >= asked
        assert rest <= max(asked, min(backoff(number), LONGEST_REST))
        assert (breaker.failures, breaker.since) == (number, NOW)
        assert breaker.state(now) is (Circuit.OPEN if rest else Circuit.HALF_OPEN)
        now += timedelta(seconds=gap)
