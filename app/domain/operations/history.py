"""What became of a shop's events, day by day of the shop's own time (R92)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.intake.inbox import EventState
from app.domain.values import value

DAYS = 14

HourlyCounts = Mapping[datetime, Mapping[str, int]]
"""Beginning of an hour -> state -> number of the events that were received in it."""


@value()
class Day:
    """Events received on a day, by what has become of them since."""

    day: date
    sent: int = 0
    not_sent: int = 0
    """Withheld, or not needed."""
    open: int = 0
    """On the way, held, or waiting for a person."""

    @property
    def accepted(self) -> int:
        return self.sent + self.not_sent + self.open


_NOT_SENT = (EventState.WITHHELD.value, EventState.SUPERSEDED.value)


def days_of(hours: HourlyCounts, time_zone: str, now: datetime) -> list[Day]:
    """The last `DAYS` days, today last, each of them also if nothing came. A zone whose hours are cut by half is a little off."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    found = {today - timedelta(days=back): [0, 0, 0] for back in reversed(range(DAYS))}
    for hour, states in hours.items():
        numbers = found.get(hour.astimezone(zone).date())
        if numbers is None:
            continue
        for state, number in states.items():
            numbers[0 if state == EventState.SENT.value else 1 if state in _NOT_SENT else 2] += number
    return [Day(day, *numbers) for day, numbers in found.items()]


def since(now: datetime) -> datetime:
    """From when on events count, in whatever zone the shop is."""
    return now - timedelta(days=DAYS + 1)
