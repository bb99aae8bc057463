"""Is a newsletter state of the platform the person's act, or what we wrote there ourselves? (R06, R55)

The panel dates what we write just as it dates what the person does. Such a date, taken for an act, would outlive an opt-out that
came between the act and our writing.
"""

from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from app.domain.consent import Status, TimedStatus
from app.domain.events import Subscribed, Unsubscribed
from app.domain.person.contact import Contact

WRITING = timedelta(minutes=20)
"""Within so long after a status was written to the shop's side, what it shows may still be from before."""


class Echo(StrEnum):
    NONE = "none"
    OURS = "ours"
    """The shop's side shows what was written there, or what it showed before."""
    UNSETTLED = "unsettled"
    """Not known yet: a later reading will show it."""


def echo(event: Subscribed | Unsubscribed, contact: Contact | None) -> Echo:
    """Of one channel; a source reports each apart."""
    if contact is None:
        return Echo.NONE
    match event:
        case Subscribed():
            wanted = Status.OPT_IN
        case Unsubscribed():
            wanted = Status.OPT_OUT
        case _:
            assert_never(event)
    home: TimedStatus | None = contact.shop_state.email_news if event.by_email else contact.shop_state.phone_news
    if home is None:
        return Echo.NONE
    if home.status is wanted:
        return Echo.OURS
    if wanted is Status.OPT_IN and abs(event.at - home.at) <= WRITING:
        return Echo.UNSETTLED
    return Echo.NONE  # a resignation is never held back (R06a)
