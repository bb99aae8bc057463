import random

import pytest

from app.domain.delivery.rate_limit import LONGEST_REST_SECONDS, LONGEST_WAIT_SECONDS, Pace

IN_FLIGHT = 2

BURST = Pace(1.0).burst


def departures(pace: Pace, callers: int, in_flight: int, seconds_per_call: float, rests: dict[int, float]) -> list[float]:
    """When each of a row of callers leaves: each of `in_flight` slots takes, waits, calls, and takes again.

    `rests`: after that many departures SALESmanago asks for a rest of so many seconds.
    """
    slots, left = [0.0] * in_flight, []
    for number in range(callers):
        slots.sort()
        now = slots.pop(0)
        if number in rests:
            pace = pace.close(now + rests[number])
        pace, wait = pace.take(now)
        left.append(now + max(wait, 0.0))
        slots.append(left[-1] + seconds_per_call)
    return sorted(left)


def most_in_a_window(left: list[float], seconds: float) -> int:
    return max(sum(1 for other in left if start <= other < start + seconds - 1e-6) for start in left)


@pytest.mark.parametrize("rate", [1.0, 5.0, 40.0])
@pytest.mark.parametrize("seconds_per_call", [0.0, 0.05, 0.7])
@pytest.mark.parametrize("window", [0.2, 1.0, 10.0])
def test_no_window_holds_more_calls_than_the_pace_allows(rate: float, seconds_per_call: float, window: float) -> None:
    left = departures(Pace(rate), 150, IN_FLIGHT, seconds_per_call, {})
    assert most_in_a_window(left, window) <= rate * window + BURST


def test_callers_that_come_at_odd_moments_never_leave_faster_than_allowed() -> None:
    chance, pace, now, left = random.Random(7), Pace(5.0), 0.0, []
    for _ in range(300):
        now += chance.choice([0.0, 0.01, 0.1, 2.0])
        pace, wait = pace.take(now)
        left.append(now + wait)
    left.sort()
    for window in (0.01, 0.2, 1.0, 5.0):
        assert most_in_a_window(left, window) <= 5.0 * window + BURST


def test_a_backlog_uses_the_whole_allowance() -> None:
    left = departures(Pace(5.0), 200, IN_FLIGHT, 0.05, {})
    assert len(left) / (left[-1] or 1) >= 5.0


def test_two_calls_may_leave_at_once_and_the_third_waits() -> None:
    pace, waits = Pace(5.0), []
    for _ in range(3):
        pace, wait = pace.take(0.0)
        waits.append(wait)
    assert waits == [0.0, 0.0, pytest.approx(0.2)]


def test_nothing_leaves_while_rest_was_asked_for_and_a_shorter_rest_never_shortens_it() -> None:
    pace = Pace(5.0).close(30.0).close(10.0)
    assert pace.take(0.0)[1] == 30.0
    assert pace.take(29.0)[1] == 1.0
    assert pace.take(31.0)[1] <= 0.0


def test_after_a_rest_the_calls_that_waited_do_not_leave_in_one_burst() -> None:
    left = departures(Pace(5.0), 40, IN_FLIGHT, 0.0, {10: 60.0})
    assert most_in_a_window(left, 0.1) <= BURST + 0.5


NOW = 1_000.0
LONGEST_QUEUE_SECONDS = 260.0
"""A minute, and ten calls at a twentieth of one call a second."""


@pytest.mark.parametrize(
    ("ahead", "closed_for", "booked_for"),
    [
        (LONGEST_QUEUE_SECONDS, LONGEST_QUEUE_SECONDS, LONGEST_QUEUE_SECONDS),
        (LONGEST_QUEUE_SECONDS + 0.5, LONGEST_QUEUE_SECONDS + 0.5, -NOW),
        (LONGEST_REST_SECONDS, LONGEST_REST_SECONDS, -NOW),
        (LONGEST_REST_SECONDS + 0.5, -NOW, -NOW),
    ],
)
def test_a_rest_or_a_booking_further_ahead_than_any_can_be_was_set_by_a_wrong_clock(
    ahead: float, closed_for: float, booked_for: float
) -> None:
    known = Pace(1.0, booked_until=NOW + ahead, closed_until=NOW + ahead).bounded(NOW)
    assert (known.closed_until - NOW, known.booked_until - NOW) == (closed_for, booked_for)


def test_a_rest_longer_than_anybody_waits_is_noted_and_nothing_is_booked() -> None:
    resting = Pace(5.0).close(NOW + LONGEST_WAIT_SECONDS + 0.5)
    assert resting.take(NOW) == (resting, LONGEST_WAIT_SECONDS + 0.5)
    waiting = Pace(5.0).close(NOW + LONGEST_WAIT_SECONDS)
    booked, wait = waiting.take(NOW)
    assert (wait, booked.booked_until) == (LONGEST_WAIT_SECONDS, NOW + LONGEST_WAIT_SECONDS + 0.2)


@pytest.mark.parametrize(
    ("pace", "booked_for", "next_waits"),
    [
        (Pace(5.0), 0.4, 0.2),
        (Pace(5.0, slowed_to=0.5, slowed_at=NOW), 0.8, 0.4),
        (Pace(5.0, booked_until=NOW + 3), 3.0, 2.8),
    ],
)
def test_of_a_process_that_ended_as_many_calls_as_may_follow_each_other_count_as_made(
    pace: Pace, booked_for: float, next_waits: float
) -> None:
    used = pace.used_up(NOW)
    assert used.booked_until - NOW == pytest.approx(booked_for)
    assert used.take(NOW)[1] == pytest.approx(next_waits)


def test_r71_a_rest_of_twelve_hours_and_the_corrections_of_a_clock_is_the_longest() -> None:
    assert (LONGEST_REST_SECONDS, LONGEST_WAIT_SECONDS) == (43_205.0, 60.0)
    assert Pace(5.0) == Pace(5.0, burst=2, booked_until=0.0, closed_until=0.0, slowed_to=1.0, slowed_at=0.0)
