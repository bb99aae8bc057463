"""Looks at SALESmanago, minute by minute from ten o'clock."""

from datetime import datetime, timedelta

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.events import Event, StatusObserved
from app.domain.person.contact import Contact
from tests.support.builders import Story, a_shop, at, status_seen, subscribed, unsubscribed

OPEN = a_shop()
TEN = at("2026-11-23T10:00")
IN, OUT = Status.OPT_IN, Status.OPT_OUT
CHANNELS = ["email", "phone"]


def minute(number: float) -> datetime:
    return TEN + timedelta(minutes=number)


def look(number: float, status: Status, channel: str = "email", *, acted: bool = False) -> StatusObserved:
    return status_seen(minute(number), acted=acted, **{f"{channel}_out": status is OUT})


def word(number: float, status: Status, channel: str = "email") -> Event:
    """The person's own act in the shop."""
    act = subscribed if status is IN else unsubscribed
    return act(minute(number), by_email=channel == "email", by_sms=channel == "phone")


def news(contact: Contact, channel: str = "email") -> Channel:
    return contact.email_news if channel == "email" else contact.phone_news


def sent(story: Story, channel: str = "email") -> list[Status]:
    """What SALESmanago was told of a channel, one after another."""
    upserts = [one for one in story.commands if isinstance(one, UpsertContact)]
    said = [one.email_status if channel == "email" else one.phone_status for one in upserts]
    return [status for status in said if status is not None]


def brought_home(story: Story, channel: str = "email") -> list[TimedStatus]:
    changes = [one for one in story.commands if isinstance(one, SetSubscription)]
    said = [one.email_news if channel == "email" else one.phone_news for one in changes]
    return [one for one in said if one is not None]
