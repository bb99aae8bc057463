"""No event happened after it was received (R08).

Shops' clocks are wrong, most often because local time is written as UTC. An act dated ahead would outlive every later opt-out,
withdrawal, erasure or correction, so a time ahead of its arrival counts as the moment of arrival.
"""

from datetime import UTC, datetime, timedelta

from app.domain.event_kinds.subjects import changed_account, placed_order
from app.domain.events import Event
from app.domain.intake.inbox import NewEvent
from app.domain.values import replace

CLOCKS_AGREE = timedelta(seconds=5)
"""Clocks of two healthy machines differ by less; such a difference is corrected and not worth a warning."""


OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
FURTHEST = timedelta(hours=24)
"""What lies before the one or further ahead than the other is no time, but an empty field or a broken clock."""


def is_time(at: datetime, received_at: datetime) -> bool:
    """Can something that was received at `received_at` have happened at `at`, wrong clocks allowed for?"""
    return OLDEST <= at <= received_at + FURTHEST


def arrived(event: NewEvent, received_at: datetime) -> NewEvent:
    """The event as it is stored: never dated after `received_at`. Its digest stays: a repetition is known by what was said."""
    happened = event.event
    order = placed_order(happened)
    reported_at = None if order is None else order.as_of
    ahead = max(happened.at, reported_at or happened.at) - received_at
    if ahead <= timedelta(0):
        return event
    if order is None or reported_at is None:
        happened = replace(_dated(happened, received_at), at=min(happened.at, received_at))
    else:  # or no later version would be newer (R18)
        happened = replace(order, at=min(order.at, received_at), as_of=min(reported_at, received_at))
    dated = replace(event, event=happened)
    return dated if ahead < CLOCKS_AGREE else replace(dated, warnings=(*event.warnings, _warning(ahead)))


def _dated(event: Event, received_at: datetime) -> Event:
    """Of an account that changed: its boxes were dated by the same clock (R06)."""
    changed = changed_account(event)
    if changed is None:
        return event
    boxes = {
        name: replace(box, since=min(box.since, received_at))
        for name in ("newsletter_email", "newsletter_sms")
        if (box := getattr(changed.customer, name)).since is not None
    }
    return replace(changed, customer=replace(changed.customer, **boxes))


def _warning(ahead: timedelta) -> str:
    return (
        f"the time of the event is {int(ahead.total_seconds())} s ahead of its arrival; it counts as the moment of arrival. "
        "Check the shop's clock, and that local time is sent with its offset (+01:00), not with Z"
    )
