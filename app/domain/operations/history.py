"""What became of a shop's events, and why they were not sent, day by day of the shop's own time (R92)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.intake.inbox import EventState
from app.domain.reasons import Reason
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


@value()
class ReasonCount:
    """How many events that a shop sent in an hour are withheld, or parked, for a reason."""

    shop_id: str
    hour: datetime
    """When it began."""
    state: EventState
    reason: Reason
    number: int


@value()
class NotSent:
    """How many of a shop's events of the last days are withheld, or parked, for a reason."""

    state: EventState
    reason: Reason
    days: tuple[int, ...]
    """By the day they came in: `DAYS` of them, today last."""

    @property
    def total(self) -> int:
        return sum(self.days)

    @property
    def last_week(self) -> int:
        return sum(self.days[-7:])


def hour_of(at: datetime) -> datetime:
    """When the hour began, as UTC counts hours."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def count_changes(before: Mapping[int, ReasonCount | None], after: Mapping[int, ReasonCount]) -> list[ReasonCount]:
    """What is to be added to the counts, or with a negative number taken from them, in one order.

    `before`, `after`: event -> what it counts as, once. Who does not stand in `after` counts no more.
    """
    changed = Counter[tuple[datetime, str, EventState, Reason]]()
    for seq, old in before.items():
        new = after.get(seq)
        if old is not None:
            changed[old.hour, old.shop_id, old.state, old.reason] -= 1
        if new is not None:
            changed[new.hour, new.shop_id, new.state, new.reason] += 1
    return [
        ReasonCount(shop_id, hour, state, reason, number)
        for (hour, shop_id, state, reason), number in sorted(changed.items())
        if number
    ]


def reasons_of(counts: Iterable[ReasonCount], time_zone: str, now: datetime) -> list[NotSent]:
    """The reasons of the last `DAYS` days of one shop: parked first, then by how many events there are."""
    zone = ZoneInfo(time_zone)
    first = now.astimezone(zone).date() - timedelta(days=DAYS - 1)
    found: dict[tuple[EventState, Reason], list[int]] = {}
    for one in counts:
        day = (one.hour.astimezone(zone).date() - first).days
        if 0 <= day < DAYS:
            found.setdefault((one.state, one.reason), [0] * DAYS)[day] += one.number
    made = [NotSent(state, reason, tuple(days)) for (state, reason), days in found.items()]
    return sorted(made, key=lambda one: (one.state is not EventState.PARKED, -one.total, one.reason))
