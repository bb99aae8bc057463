"""What a contact is made of: values that know since when they are true, and acts for one address."""

from datetime import datetime

from app.domain.consent import Channel, later
from app.domain.values import value

Rank = tuple[datetime, bool, datetime]


@value()
class TimedText:
    """A value and since when it is true. An empty value is one that was dropped, and says nothing (see `without_profile`)."""

    value: str
    at: datetime
    cleared: bool = False
    """The value is empty because the shop said that there is none any more: that is sent (R10)."""
    assumed: bool = False
    """A phone that was read as one of the shop's country because its message named none."""
    as_of: datetime | None = None
    """Of what an order says of its buyer: when it said so. `at` is when it was placed."""

    @property
    def rank(self) -> Rank:
        """The higher one is true. An order may show the buyer of the day it was placed, however late it is repeated: the newest
        order counts, in its newest version, and at the same second the person's own record before any order."""
        return self.at, self.as_of is None, self.as_of or self.at


@value()
class TimedFlag:
    value: bool
    at: datetime


@value()
class Acts:
    """What the person said for one address alone."""

    email_news: Channel = Channel()
    phone_news: Channel = Channel()

    def joined(self, other: "Acts") -> "Acts":
        return Acts(joined_channel(self.email_news, other.email_news), joined_channel(self.phone_news, other.phone_news))


NO_ACTS = Acts()


def joined_channel(one: Channel, other: Channel) -> Channel:
    return Channel(
        later(one.opted_in, other.opted_in),
        later(one.opted_out, other.opted_out),
        later(one.brought_in, other.brought_in),
        later(one.brought_out, other.brought_out),
    )
