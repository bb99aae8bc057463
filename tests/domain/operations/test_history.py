"""Events by day, as the shop's clock counts days (R92)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.intake.inbox import EventState
from app.domain.operations.history import (
    DAYS,
    Day,
    NotSent,
    ReasonCount,
    count_changes,
    days_of,
    hour_of,
    reasons_of,
    since,
)
from app.domain.reasons import Reason

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


# -- reasons -------------------------------------------------------------------------------------------------------------


def one(
    reason: Reason = Reason.NO_CONSENT, number: int = 1, *, back: int = 0, state: EventState = EventState.WITHHELD
) -> ReasonCount:
    return ReasonCount("shop1", NOW - timedelta(hours=back), state, reason, number)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({1: None}, {}, []),
        ({1: None}, {1: one()}, [one()]),
        ({1: one()}, {1: one()}, []),
        ({1: one()}, {}, [one(number=-1)]),
        ({1: None, 2: None}, {1: one(), 2: one()}, [one(number=2)]),
        ({1: one(), 2: None}, {2: one()}, []),
        ({1: one()}, {1: one(Reason.ERASED)}, [one(Reason.ERASED), one(number=-1)]),
        (
            {1: one(Reason.GAVE_UP, state=EventState.PARKED)},
            {1: one(Reason.GAVE_UP)},
            [one(Reason.GAVE_UP, -1, state=EventState.PARKED), one(Reason.GAVE_UP)],
        ),
        ({1: None, 2: None}, {1: one(), 2: one(back=1)}, [one(back=1), one()]),
    ],
)
def test_r92_counts_change_by_what_differs_in_one_order(
    before: dict[int, ReasonCount | None], after: dict[int, ReasonCount], expected: list[ReasonCount]
) -> None:
    assert count_changes(before, after) == expected


def test_r92_reasons_are_counted_by_the_shops_days_what_is_parked_first_then_the_most_frequent() -> None:
    counts = [
        one(number=2),
        one(number=1, back=24 * 7),
        one(number=5, back=24 * 20),
        one(Reason.ERASED, 9, back=24),
        one(Reason.REFUSED, 1, state=EventState.PARKED),
    ]
    found = reasons_of(counts, "Europe/Warsaw", NOW)
    assert [(each.reason, each.last_week, each.total) for each in found] == [
        (Reason.REFUSED, 1, 1),
        (Reason.ERASED, 9, 9),
        (Reason.NO_CONSENT, 2, 3),
    ]
    assert found[0] == NotSent(EventState.PARKED, Reason.REFUSED, (*[0] * 13, 1))
    assert found[2].days == (*[0] * 6, 1, *[0] * 6, 2)


def test_r92_reasons_count_from_the_first_of_the_days_to_today_and_not_before_or_after() -> None:
    day = timedelta(days=1)
    counts = [ReasonCount("shop1", NOW + back * day, EventState.WITHHELD, Reason.NO_CONSENT, 1) for back in (-DAYS, 1 - DAYS, 0, 1)]
    (found,) = reasons_of(counts, "UTC", NOW)
    assert found.days == (1, *[0] * (DAYS - 2), 1)


@pytest.mark.parametrize(("zone", "days"), [("UTC", (1, 0)), ("Europe/Warsaw", (0, 1))])
def test_r92_a_reason_counts_on_the_day_of_the_shops_zone(zone: str, days: tuple[int, int]) -> None:
    late = ReasonCount("shop1", datetime(2026, 11, 22, 23, 0, tzinfo=UTC), EventState.WITHHELD, Reason.NO_CONSENT, 1)
    assert reasons_of([late], zone, NOW)[0].days[-2:] == days


def test_an_hour_begins_as_utc_counts_hours_in_whatever_zone_the_time_is() -> None:
    at = datetime(2026, 11, 23, 10, 59, 59, 999_999, ZoneInfo("Asia/Kolkata"))
    assert hour_of(at) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
