"""The pace of a first transfer: fewer contacts by day, more by night, on the shop's own clock (R60).

How long a number of contacts takes and when the rest will have gone are one question, so there is one function: the next
step waits until `finish_time` of the step's contacts, and the ETA is `finish_time` of all that are left.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from app.domain.shops.shop import BackfillSettings, Hours

_FAR = timedelta(days=3650)


def finish_time(start: datetime, contacts: int, plan: BackfillSettings, time_zone: str) -> datetime:
    """When so many contacts, begun at `start`, have gone out at the planned rates. Ten years at most."""
    at, left, zone = start.astimezone(UTC), float(contacts), ZoneInfo(time_zone)
    while at - start < _FAR:
        hours, until = _part_of_day(at, plan, zone)
        room = (until - at).total_seconds() * hours.contacts_per_hour / 3600
        if left <= room:
            return at + timedelta(seconds=left * 3600 / hours.contacts_per_hour)
        left -= room
        at = until
    return at


def is_day(at: datetime, plan: BackfillSettings, time_zone: str) -> bool:
    return _part_of_day(at.astimezone(UTC), plan, ZoneInfo(time_zone))[0] is plan.day


def _part_of_day(at: datetime, plan: BackfillSettings, zone: ZoneInfo) -> tuple[Hours, datetime]:
    """The rates that hold at a time, and when they end. The clock's jumps in spring and autumn are the zone's business."""
    opens, closes = time.fromisoformat(plan.day.start or "07:00"), time.fromisoformat(plan.day.end or "22:00")
    today = at.astimezone(zone).date()
    days = (today - timedelta(days=1), today, today + timedelta(days=1))
    on_the_clock = sorted((datetime.combine(day, boundary), boundary is opens) for day in days for boundary in (opens, closes))
    # A boundary in the hour that is skipped in spring comes later than the clock says, but never after the next one.
    instants = accumulate((boundary.replace(tzinfo=zone).astimezone(UTC) for boundary, _ in on_the_clock), max)
    boundaries = [(instant, begins_day) for instant, (_, begins_day) in zip(instants, on_the_clock, strict=True)]
    day_now = [begins_day for boundary, begins_day in boundaries if boundary <= at][-1]
    until = next(boundary for boundary, _ in boundaries if boundary > at)
    return (plan.day if day_now else plan.night), until
