"""The adaptive part of the pace: a complaint slows everybody down at once, and the old pace is regained slowly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery.rate_limit import CUT, ONE_COMPLAINT_SECONDS, REGAIN_SECONDS, SMALLEST_SHARE, Pace

RATE = 5.0
BURST = Pace(RATE).burst
NOW = 1_000_000.0

Step = tuple[float, bool]
"""Seconds since the step before, and whether the neighbour complains; otherwise somebody calls."""
steps = st.lists(st.tuples(st.sampled_from([0.0, 0.01, 0.2, 1.0, 4.9, 5.0, 5.1, 60.0, 700.0]), st.booleans()), max_size=60)


def departures_after_complaints(complaints: int, calls: int) -> list[float]:
    """When calls leave that all come at once, right after complaints far enough apart to count."""
    pace, now = Pace(RATE), NOW
    for _ in range(complaints):
        now += ONE_COMPLAINT_SECONDS
        pace = pace.throttled(now)
    left = []
    for _ in range(calls):
        pace, wait = pace.take(now)
        left.append(now + wait)
    return left


def test_without_a_complaint_the_whole_allowance_is_used() -> None:
    for now in (0.0, 3.0, NOW):
        assert Pace(RATE).share(now) == 1.0


def test_a_complaint_cuts_the_pace_by_thirty_percent_at_once() -> None:
    assert Pace(RATE).throttled(NOW).share(NOW) == pytest.approx(0.7)


def test_complaints_that_count_multiply_down_to_a_smallest_share_and_never_to_nothing() -> None:
    pace, now, shares = Pace(RATE), NOW, []
    for _ in range(20):
        pace, now = pace.throttled(now), now + ONE_COMPLAINT_SECONDS
        shares.append(pace.slowed_to)
    assert shares[0] > shares[1] > shares[2]
    assert min(shares) == shares[-1] == pytest.approx(SMALLEST_SHARE, abs=0.01)
    assert min(shares) >= SMALLEST_SHARE


@pytest.mark.parametrize("later", [0.0, 0.001, 2.5, 4.999])
def test_one_complaint_that_several_calls_note_counts_once(later: float) -> None:
    once = Pace(RATE).throttled(NOW)
    assert once.throttled(NOW + later) == once


def test_a_complaint_after_that_moment_counts_again_and_hearing_it_in_between_does_not_put_it_off() -> None:
    pace = Pace(RATE).throttled(NOW).throttled(NOW + 4.9).throttled(NOW + 5.0)
    assert pace.slowed_at == NOW + 5.0
    assert pace.slowed_to == pytest.approx((CUT + 5.0 / REGAIN_SECONDS) * CUT)


def test_the_very_first_complaint_counts_even_when_the_clock_has_just_begun() -> None:
    assert Pace(RATE).throttled(1.0).share(1.0) == pytest.approx(CUT)


def test_a_complaint_noted_by_a_clock_that_is_behind_neither_speeds_up_nor_fails() -> None:
    pace = Pace(RATE).throttled(NOW)
    assert pace.share(NOW - 60) == pytest.approx(CUT)
    assert pace.throttled(NOW - 60).share(NOW - 60) <= CUT


@pytest.mark.parametrize(("seconds", "share"), [(0.0, 0.7), (60.0, 0.8), (120.0, 0.9), (180.0, 1.0), (6000.0, 1.0)])
def test_what_was_lost_is_regained_slowly_and_not_beyond_the_allowance(seconds: float, share: float) -> None:
    assert Pace(RATE).throttled(NOW).share(NOW + seconds) == pytest.approx(share)


def test_from_almost_nothing_the_whole_rate_is_back_after_ten_minutes() -> None:
    pace = Pace(RATE, slowed_to=SMALLEST_SHARE, slowed_at=NOW)
    assert pace.share(NOW + REGAIN_SECONDS / 2) == pytest.approx(0.55)
    assert pace.share(NOW + REGAIN_SECONDS) == 1.0


@pytest.mark.parametrize("complaints", [1, 2, 5, 30])
def test_right_after_complaints_calls_leave_at_the_cut_pace(complaints: int) -> None:
    left = departures_after_complaints(complaints, 8)
    share = max(CUT**complaints, SMALLEST_SHARE)
    gaps = [later - earlier for earlier, later in zip(left[BURST:], left[BURST + 1 :], strict=False)]
    assert min(gaps) == pytest.approx(1 / (RATE * share), rel=0.2)


def test_calls_do_not_leave_sooner_for_having_been_complained_of() -> None:
    calm, scolded = Pace(RATE), Pace(RATE).throttled(NOW)
    for _ in range(10):
        calm, wait = calm.take(NOW)
        scolded, longer = scolded.take(NOW)
        assert longer >= wait


def test_a_rest_that_was_asked_for_and_a_cut_hold_together() -> None:
    pace, waits = Pace(RATE).throttled(NOW).close(NOW + 30), []
    for _ in range(4):
        pace, wait = pace.take(NOW)
        waits.append(wait)
    assert min(waits) == 30.0
    assert waits[3] - waits[2] == pytest.approx(1 / (RATE * CUT))


@given(steps)
def test_the_share_stays_within_its_bounds_and_rises_only_with_time(story: list[Step]) -> None:
    pace, now = Pace(RATE), NOW
    for gap, complains in story:
        before = pace.share(now)
        now += gap
        share = pace.share(now)
        assert before - 1e-9 <= share <= before + gap / REGAIN_SECONDS + 1e-9
        if complains:
            pace = pace.throttled(now)
            assert pace.share(now) <= share
        assert SMALLEST_SHARE <= pace.share(now) <= 1.0


@given(steps)
def test_between_complaints_no_window_holds_more_calls_than_the_share_allows(story: list[Step]) -> None:
    pace, now, left = Pace(RATE), NOW, list[tuple[float, float]]()
    bounds = [(NOW, pace)]
    for gap, complains in story:
        now += gap
        if complains:
            if (slower := pace.throttled(now)) != pace:
                pace = slower
                left.clear()
                bounds.append((now, pace))
            continue
        share = pace.share(now)
        pace, wait = pace.take(now)
        left.append((now + wait, share))
        for number, (start, _) in enumerate(left):
            end, highest = left[-1][0], max(share for _, share in left[number:])
            assert len(left) - number <= RATE * highest * (end - start) + BURST + 1e-6


@given(st.lists(st.sampled_from([0.0, 0.1, 1.0, 30.0]), max_size=40), st.integers(1, 30))
def test_in_any_minute_after_a_complaint_less_leaves_than_would_have_without_it(gaps: list[float], complaints: int) -> None:
    calm, scolded, now = Pace(RATE), Pace(RATE), NOW
    for number in range(complaints):
        scolded = scolded.throttled(now + number * ONE_COMPLAINT_SECONDS)
    now += complaints * ONE_COMPLAINT_SECONDS
    for gap in gaps:
        now += gap
        calm, wait = calm.take(now)
        scolded, longer = scolded.take(now)
        assert longer >= wait - 1e-9
