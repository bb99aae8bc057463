"""How fast a first transfer flies: the shop's own day and night, also on the nights when the clock is moved."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.runs.backfill_schedule import finish_time, is_day
from app.domain.shops.shop import BackfillSettings, Hours

WARSAW = "Europe/Warsaw"
HOUR = timedelta(hours=1)
A_MOMENT = timedelta(milliseconds=1)


def a_plan(day: int = 600, night: int = 6000, opens: str = "07:00", closes: str = "22:00") -> BackfillSettings:
    return BackfillSettings(day=Hours(contacts_per_hour=day, start=opens, end=closes), night=Hours(contacts_per_hour=night))


def local(text: str, fold: int = 0, zone: str = WARSAW) -> datetime:
    """`local("2026-11-23 07:00")`: what the clock on the shop's wall shows. `fold=1`: the second of two such hours in autumn."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


OWL = a_plan(600, 6000, "22:00", "06:00")
"""A shop whose busy hours are at night: its "day" crosses midnight."""

# -- the pace ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins", "contacts", "lands"),
    [
        pytest.param("2026-11-23 12:00", 600, "2026-11-23 13:00", id="an hour of day"),
        pytest.param("2026-11-23 12:00", 100, "2026-11-23 12:10", id="a page by day"),
        pytest.param("2026-11-23 23:00", 6000, "2026-11-24 00:00", id="an hour of night"),
        pytest.param("2026-11-23 23:00", 100, "2026-11-23 23:01", id="a page by night"),
        pytest.param("2026-11-23 21:30", 300, "2026-11-23 22:00", id="exactly to the evening"),
        pytest.param("2026-11-23 21:30", 300 + 3000, "2026-11-23 22:30", id="from day into night"),
        pytest.param("2026-11-24 06:30", 3000 + 300, "2026-11-24 07:30", id="from night into day"),
        pytest.param("2026-11-23 22:00", 9 * 6000, "2026-11-24 07:00", id="a whole night, midnight included"),
        pytest.param("2026-11-23 07:00", 15 * 600, "2026-11-23 22:00", id="a whole day"),
        pytest.param("2026-11-23 07:00", 10 * (15 * 600 + 9 * 6000), "2026-12-03 07:00", id="ten days and nights"),
        pytest.param("2026-11-23 07:00", 600, "2026-11-23 08:00", id="the first minute of the day is day"),
        pytest.param("2026-11-23 22:00", 6000, "2026-11-23 23:00", id="the first minute of the night is night"),
    ],
)
def test_a_backfill_ends_as_the_rates_of_day_and_night_say(begins: str, contacts: int, lands: str) -> None:
    assert finish_time(local(begins), contacts, a_plan(), WARSAW) == local(lands)


@pytest.mark.parametrize(
    ("begins", "contacts", "lands"),
    [
        # Spring: the night of the change has eight hours instead of nine.
        pytest.param("2026-03-28 22:00", 8 * 6000, "2026-03-29 07:00", id="spring 2026, the short night"),
        pytest.param("2026-03-28 22:00", 8 * 6000 + 600, "2026-03-29 08:00", id="spring 2026, into the morning"),
        pytest.param("2026-03-29 01:30", 6000, "2026-03-29 03:30", id="spring 2026, over the hour that is not"),
        pytest.param("2027-03-27 22:00", 8 * 6000, "2027-03-28 07:00", id="spring 2027, the short night"),
        # Autumn: ten.
        pytest.param("2026-10-24 22:00", 10 * 6000, "2026-10-25 07:00", id="autumn 2026, the long night"),
        pytest.param("2026-10-24 22:00", 9 * 6000, "2026-10-25 06:00", id="autumn 2026, nine of its ten hours"),
        pytest.param("2026-10-25 01:30", 2 * 6000, "2026-10-25 02:30+01:00", id="autumn 2026, over the hour that comes twice"),
        pytest.param("2027-10-30 22:00", 10 * 6000, "2027-10-31 07:00", id="autumn 2027, the long night"),
        pytest.param("2027-10-30 22:00", 10 * 6000 + 600, "2027-10-31 08:00", id="autumn 2027, into the morning"),
    ],
)
def test_the_night_of_a_clock_change_is_as_long_as_it_is(begins: str, contacts: int, lands: str) -> None:
    expected = datetime.fromisoformat(lands) if "+" in lands else local(lands)
    assert finish_time(local(begins), contacts, a_plan(), WARSAW) == expected


@pytest.mark.parametrize("changed", ["2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31"])
def test_on_the_day_of_a_clock_change_the_day_still_begins_and_ends_by_the_clock_on_the_wall(changed: str) -> None:
    plan = a_plan()
    for clock, is_busy in (("06:59", False), ("07:00", True), ("21:59", True), ("22:00", False)):
        assert is_day(local(f"{changed} {clock}"), plan, WARSAW) is is_busy, clock


def test_a_day_that_crosses_midnight_holds_on_both_sides_of_it() -> None:
    clocks = {"21:59": False, "22:00": True, "23:59": True, "00:00": True, "05:59": True, "06:00": False, "12:00": False}
    assert {clock: is_day(local(f"2026-11-23 {clock}"), OWL, WARSAW) for clock in clocks} == clocks


@pytest.mark.parametrize(
    ("begins", "contacts", "lands"),
    [
        pytest.param("2026-11-23 23:30", 600, "2026-11-24 00:30", id="over midnight at one rate"),
        pytest.param("2026-11-23 21:30", 3000 + 300, "2026-11-23 22:30", id="into its busy hours"),
        pytest.param("2026-11-24 05:30", 300 + 3000, "2026-11-24 06:30", id="out of its busy hours"),
        pytest.param("2026-11-23 22:00", 8 * 600, "2026-11-24 06:00", id="all of them"),
        pytest.param("2026-03-28 22:00", 7 * 600, "2026-03-29 06:00", id="all of them in spring, an hour fewer"),
        pytest.param("2026-10-24 22:00", 9 * 600, "2026-10-25 06:00", id="all of them in autumn, an hour more"),
    ],
)
def test_a_day_that_crosses_midnight_is_one_stretch(begins: str, contacts: int, lands: str) -> None:
    assert finish_time(local(begins), contacts, OWL, WARSAW) == local(lands)


@pytest.mark.parametrize("changed", ["2026-03-29", "2026-10-25"])
def test_a_short_night_in_the_hour_of_a_clock_change_does_not_last_until_the_next_one(changed: str) -> None:
    """On the spring night neither its beginning nor its end is on the clock, and they must not change places."""
    sleepless = a_plan(600, 6000, opens="03:00", closes="02:30")
    assert is_day(local(f"{changed} 12:00"), sleepless, WARSAW)


def test_day_and_night_are_those_of_the_shops_own_zone() -> None:
    nine_in_new_york = local("2026-11-23 21:00", zone="America/New_York")  # 03:00 in Warsaw
    assert finish_time(nine_in_new_york, 600, a_plan(), "America/New_York") == nine_in_new_york + HOUR
    assert finish_time(nine_in_new_york, 6000, a_plan(), WARSAW) == nine_in_new_york + HOUR


def test_a_start_in_any_zone_is_the_same_start() -> None:
    begins = local("2026-11-23 21:30")
    assert finish_time(begins.astimezone(ZoneInfo("Asia/Tokyo")), 3300, a_plan(), WARSAW) == finish_time(
        begins, 3300, a_plan(), WARSAW
    )


def test_a_plan_that_says_no_hours_has_its_day_from_seven_to_ten_in_the_evening() -> None:
    plan = BackfillSettings(day=Hours(contacts_per_hour=600), night=Hours(contacts_per_hour=6000))
    clocks = {"06:59": False, "07:00": True, "21:59": True, "22:00": False}
    assert {clock: is_day(local(f"2026-11-23 {clock}"), plan, WARSAW) for clock in clocks} == clocks


def test_a_backfill_without_end_is_counted_for_ten_years_and_no_longer() -> None:
    begins = local("2026-11-23 12:00")
    lands = finish_time(begins, 10**9, a_plan(1, 1), WARSAW)
    assert timedelta(days=3650) <= lands - begins <= timedelta(days=3651)
    opens = local("2026-11-23 07:00")
    assert finish_time(opens, 10**9, a_plan(1, 1), WARSAW) - opens == timedelta(days=3650), "where a part of the day ends then"


# -- what holds for every plan -------------------------------------------------------------------------------------------

CLOCKS = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))
RATES = st.integers(50, 1_000_000)
ZONES = st.sampled_from([WARSAW, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
STARTS = st.one_of(
    st.integers(0, 730 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    # On and around the four nights on which the clock is moved in 2026 and 2027.
    st.builds(
        lambda change, seconds: datetime.fromisoformat(change).replace(tzinfo=UTC) + timedelta(seconds=seconds),
        st.sampled_from(["2026-03-29T01:00", "2026-10-25T01:00", "2027-03-28T01:00", "2027-10-31T01:00"]),
        st.integers(-90_000, 90_000),
    ),
)


@st.composite
def plans(draw: st.DrawFn) -> BackfillSettings:
    opens = draw(CLOCKS)
    closes = draw(CLOCKS.filter(lambda clock: clock != opens))
    return a_plan(draw(RATES), draw(RATES), opens, closes)


SOME = st.integers(0, 20_000)


@given(STARTS, SOME, SOME, plans(), ZONES)
def test_more_contacts_never_land_earlier(start: datetime, some: int, more: int, plan: BackfillSettings, zone: str) -> None:
    assert start <= finish_time(start, some, plan, zone) <= finish_time(start, some + more, plan, zone)


@given(STARTS, SOME, SOME, plans(), ZONES)
def test_two_backfills_one_after_the_other_end_when_one_backfill_does(
    start: datetime, first: int, second: int, plan: BackfillSettings, zone: str
) -> None:
    stopped_over = finish_time(finish_time(start, first, plan, zone), second, plan, zone)
    assert abs(stopped_over - finish_time(start, first + second, plan, zone)) <= A_MOMENT


@given(STARTS, plans(), ZONES)
def test_nobody_to_send_takes_no_time(start: datetime, plan: BackfillSettings, zone: str) -> None:
    assert finish_time(start, 0, plan, zone) == start


@given(STARTS, st.integers(1, 20_000), plans(), ZONES)
def test_a_backfill_takes_at_least_what_the_faster_rate_needs_and_at_most_what_the_slower_one_does(
    start: datetime, contacts: int, plan: BackfillSettings, zone: str
) -> None:
    slow, fast = sorted((plan.day.contacts_per_hour, plan.night.contacts_per_hour))
    took = finish_time(start, contacts, plan, zone) - start
    assert contacts * HOUR / fast - A_MOMENT <= took <= contacts * HOUR / slow + A_MOMENT


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), plans())
def test_noon_is_day_exactly_if_the_clock_on_the_wall_stands_in_the_window(day: date, plan: BackfillSettings) -> None:
    """No clock change comes near noon, so the wall clock alone decides, whatever happened that night."""
    opens, closes = plan.day.start or "", plan.day.end or ""
    inside = opens <= "12:00" < closes if opens < closes else not closes <= "12:00" < opens
    assert is_day(local(f"{day.isoformat()} 12:00"), plan, WARSAW) is inside
