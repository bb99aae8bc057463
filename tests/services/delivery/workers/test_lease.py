"""How long a lease is: as configured, and longer while the process is late."""

from datetime import timedelta

import pytest

from app.services.delivery.lease import MOST_LONGER, LeaseLength

CONFIGURED = timedelta(seconds=10)


@pytest.mark.parametrize(("late", "seconds"), [(0, 10), (3, 10), (5, 15), (15, 45), (1_000, 60)])
def test_a_process_that_is_late_to_renew_leases_for_three_times_as_long_within_bounds(late: float, seconds: float) -> None:
    length = LeaseLength(CONFIGURED)
    length.renewed(late)
    assert length.now == timedelta(seconds=seconds)


def test_it_comes_back_once_renewals_are_in_time_and_not_below_what_is_configured() -> None:
    length = LeaseLength(CONFIGURED)
    length.renewed(10)
    seen = []
    for _ in range(12):
        length.renewed(0.1)
        seen.append(length.now)
    assert seen == sorted(seen, reverse=True)
    assert (seen[0], seen[-1]) == (timedelta(seconds=27), CONFIGURED)
    assert length.longest == CONFIGURED + MOST_LONGER
