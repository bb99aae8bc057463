"""Is a newsletter state of the platform the person's act, or what we wrote there ourselves? (R06, R55)

The panel dates what we write just as it dates what the person does. Such a date, taken for an act, would outlive an opt-out that
came between the act and our writing.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from app.domain.consent import Status, TimedStatus
from app.domain.events import Subscribed, Unsubscribed
from app.domain.intake.pushes import Remembered
from app.domain.person.contact import Contact

IN_FLIGHT = timedelta(hours=24)
"""So long an opt-in may wait to be written to the shop's side while that takes nothing."""
WRITING = timedelta(minutes=20)
"""Within so long after a status was written to the shop's side, what it shows may still be from before."""


class Echo(StrEnum):
    NONE = "none"
    OURS = "ours"
    """The shop's side shows what was written there, or what it showed before."""
    UNSETTLED = "unsettled"
    """Not known yet: a later reading will show it."""


def echo(event: Subscribed | Unsubscribed, contact: Contact | None, before: Remembered | None = None) -> Echo:
    """Of one channel; a source reports each apart. `before`: what the platform showed of it last."""
    if contact is None:
        return Echo.NONE
    match event:
        case Subscribed():
            wanted = Status.OPT_IN
        case Unsubscribed():
            wanted = Status.OPT_OUT
        case _:
            assert_never(event)
    state = contact.shop_state
    home: TimedStatus | None = state.email_news if event.by_email else state.phone_news
    written = state.email_opt_in_written if event.by_email else state.phone_opt_in_written
    if home is None:
        return Echo.NONE
    if home.status is wanted:
        another = _gives_another_number(event, contact) and not _may_be(written, event.at, before)
        return Echo.NONE if another else Echo.OURS
    if wanted is Status.OPT_IN and abs(event.at - home.at) <= WRITING and _may_be(written, event.at, before):
        return Echo.UNSETTLED
    return Echo.NONE  # a resignation is never held back (R06a)


def _may_be(written: datetime | None, at: datetime, before: Remembered | None) -> bool:
    """Can an opt-in that the platform dates so be the one we wrote? Not if it has shown that one already."""
    if written is None or at - written > IN_FLIGHT:
        return False
    return before is None or not before.state.startswith("in") or not written <= before.as_of < at


def _gives_another_number(event: Subscribed | Unsubscribed, contact: Contact) -> bool:
    match event:
        case Subscribed():
            known = contact.profile.get("phone")
            return event.by_sms and event.phone is not None and (known is None or known.value != event.phone)
        case Unsubscribed():
            return False
        case _:
            assert_never(event)
