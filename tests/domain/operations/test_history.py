"""Events by day, as the shop's clock counts days (R92)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.intake.inbox import EventState
from app.domain.operations.history import DAYS, Day, days_of, since

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_r92_every_day_is_there_and_every_state_counts_once() -> None:
    hours = {NOW.replace(hour=9): {state.value: 1 for state in EventState}}
    days = days_of(hours, "Europe/Warsaw", NOW)
    assert [one.day for one in days] == [date(2026, 11, 23) - timedelta(days=back) for back in reversed(range(DAYS))]
    assert days[-1] == Day(date(2026, 11, 23), sent=1, not_sent=2, open=4)
    assert sum(one.accepted for one in days) == len(EventState)


def test_r92_an_hour_before_midnight_in_utc_is_the_next_day_in_warsaw() -> None:
    hours = {datetime(2026, 11, 22, 23, 0, tzinfo=UTC): {"sent": 5}, datetime(2026, 11, 22, 22, 0, tzinfo=UTC): {"sent": 2}}
    days = days_of(hours, "Europe/Warsaw", NOW)
    assert [one.sent for one in days[-2:]] == [2, 5]
    assert [one.sent for one in days_of(hours, "UTC", NOW)[-2:]] == [7, 0]


def test_what_is_older_counts_nowhere() -> None:
    assert sum(one.accepted for one in days_of({NOW - timedelta(days=40): {"sent": 9}}, "UTC", NOW)) == 0


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
def test_no_hour_of_the_first_day_is_older_than_what_is_counted_in_any_zone(zone: str) -> None:
    first = datetime.combine(days_of({}, zone, NOW)[0].day, datetime.min.time(), ZoneInfo(zone))
    assert NOW - timedelta(days=DAYS + 1) == since(NOW) <= first


def test_r92_two_weeks_are_shown_and_a_day_begins_with_nothing() -> None:
    assert (DAYS, Day(date(2026, 11, 23))) == (14, Day(date(2026, 11, 23), 0, 0, 0))
