"""When a job is looked at: seldom too early, which costs a call, and never much too late, which holds up a batch."""

import pytest

from app.clients.salesmanago.jobs import LONGEST_SECONDS, SHORTEST_SECONDS, JobTimes


def watched(seconds: float, times: JobTimes) -> tuple[int, float]:
    """A job that takes so long: how many looks it cost, and after how many seconds it was found ended."""
    after = 0.0
    for looks, wait in enumerate(times.waits(), start=1):
        after += wait
        if after >= seconds:
            times.ended(after, looks)
            return looks, after
    raise AssertionError("the looks came to an end")


def test_jobs_that_take_two_seconds_cost_a_poll_or_two_once_that_is_known() -> None:
    times = JobTimes()
    looks = [watched(2.0, times)[0] for _ in range(22)]
    assert looks[0] > 3
    assert sum(looks[2:]) <= 2 * 20


def test_jobs_that_end_at_once_are_soon_looked_at_at_once() -> None:
    times = JobTimes()
    assert [watched(0.0, times)[0] for _ in range(10)] == [1] * 10
    assert watched(0.0, times) == (1, SHORTEST_SECONDS)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0, 4.9, 60.0])
def test_no_job_is_waited_for_half_as_long_again_as_it_takes(seconds: float) -> None:
    times = JobTimes()
    for _ in range(30):
        found = watched(seconds, times)[1]
    assert seconds <= found <= max(seconds * 1.5, SHORTEST_SECONDS)


def test_after_slow_jobs_a_quick_one_is_not_waited_for_longer_than_the_longest_pause() -> None:
    times = JobTimes()
    for _ in range(5):
        watched(300.0, times)
    assert watched(0.1, times) == (1, LONGEST_SECONDS)
    for _ in range(10):
        watched(0.1, times)
    assert watched(0.1, times)[1] < 0.3
