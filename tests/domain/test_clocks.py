"""M5: whatever a clock that was ahead has set, work resumes within the longest time it could rightly have been put off."""

from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.clocks import NOTICED, bounded_rest, went_back
from app.domain.delivery.circuit_breaker import CLOSED, Circuit
from app.domain.delivery.outcomes import LONGEST_DELAY, Throttled, Unreachable
from app.domain.delivery.rate_limit import LONGEST_WAIT_SECONDS, Pace
from tests.support.builders import at

NOW = at("2026-11-23T12:00")
jumps = st.timedeltas(timedelta(seconds=20), timedelta(days=4000))
rests = st.timedeltas(timedelta(0), LONGEST_DELAY)


@given(ahead=jumps | st.just(timedelta(0)), rest=rests, longest=rests)
def test_m5_a_rest_is_never_longer_than_it_could_have_been_set_to(ahead: timedelta, rest: timedelta, longest: timedelta) -> None:
    until = bounded_rest(NOW + ahead + min(rest, longest), NOW, longest)
    assert until - NOW <= longest + NOTICED
    assert ahead or until == NOW + min(rest, longest), "a right clock's rest stands as it is"


@given(ahead=jumps, asked=st.none() | st.floats(0, 1e6), failures=st.integers(1, 12), jitter=st.floats(0, 1))
def test_m5_a_breaker_set_by_a_clock_ahead_probes_within_its_rest(
    ahead: timedelta, asked: float | None, failures: int, jitter: float
) -> None:
    breaker = CLOSED
    for _ in range(failures):
        breaker = breaker.failed([Unreachable("down") if asked is None else Throttled(asked)], NOW + ahead, jitter)
    assert breaker.state(NOW + ahead + breaker.rests) is Circuit.HALF_OPEN
    assert breaker.state(NOW) is Circuit.HALF_OPEN, "whoever comes first probes, and what that brings is dated rightly"
    probing = breaker.probing(NOW + ahead + timedelta(seconds=60), timedelta(seconds=60))
    assert probing.state(NOW + ahead) is Circuit.OPEN
    assert probing.state(NOW) is Circuit.HALF_OPEN


@given(rest=st.floats(0, 43_200), later=st.floats(0, 43_200))
def test_a_rest_that_a_right_clock_set_is_kept_to_its_end(rest: float, later: float) -> None:
    breaker = CLOSED.failed([Throttled(rest)], NOW, 0.0)
    resting = breaker.state(NOW + timedelta(seconds=later)) is Circuit.OPEN
    assert resting is (timedelta(seconds=later) < timedelta(seconds=rest))


@given(
    ahead=st.floats(20, 1e8),
    rate=st.floats(0.1, 20),
    calls=st.integers(1, 8),
    complaints=st.integers(0, 3),
    closed=st.floats(0, 43_200),
)
def test_m5_a_bucket_booked_by_a_clock_ahead_gives_calls_again(
    ahead: float, rate: float, calls: int, complaints: int, closed: float
) -> None:
    now = 1_700_000_000.0
    pace = Pace(rate, burst=2)
    for _ in range(calls):
        pace, _ = pace.take(now + ahead)
    for number in range(complaints):
        pace = pace.throttled(now + ahead + 10 * number).close(now + ahead + closed)
    assume(ahead > 43_205 or not complaints)  # a shorter rest may have been asked for, and is kept
    after, wait = pace.take(now)
    assert wait <= LONGEST_WAIT_SECONDS + 10 / (rate * 0.05)
    assert after.slowed_at <= now
    assert after.share(now + 600) == 1.0


@given(elapsed=st.timedeltas(timedelta(0), timedelta(days=1)), error=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_m5_a_clock_that_was_set_back_is_noticed_by_how_far(elapsed: timedelta, error: timedelta) -> None:
    back = went_back(NOW, NOW + elapsed + error, elapsed)
    assert back == (-error if -error > NOTICED else timedelta(0))


def test_corrections_of_up_to_five_seconds_are_a_clocks_daily_business() -> None:
    assert timedelta(seconds=5) == NOTICED


MICROSECOND = timedelta(microseconds=1)


def test_m5_a_rest_that_ends_as_late_as_clocks_explain_stands_and_a_later_one_is_over() -> None:
    longest = timedelta(minutes=3)
    latest = NOW + longest + NOTICED
    assert bounded_rest(latest, NOW, longest) == latest
    assert bounded_rest(latest + MICROSECOND, NOW, longest) == NOW


def test_a_clock_that_went_back_by_a_daily_correction_did_not_go_back() -> None:
    elapsed = timedelta(seconds=60)
    assert went_back(NOW, NOW + elapsed - NOTICED, elapsed) == timedelta(0)
    assert went_back(NOW, NOW + elapsed - NOTICED - MICROSECOND, elapsed) == NOTICED + MICROSECOND
