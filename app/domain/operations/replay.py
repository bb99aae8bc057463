"""What is left to be said of a parked command when somebody says: try it again (R71).

Time has passed since it was parked. An upsert is therefore not repeated but derived anew from what is true today, so a
replay can bring back no old name, no tag that was taken off since, and no permission that was withdrawn.
"""

from collections.abc import Sequence
from datetime import datetime

from app.domain.commands import Command, UpsertContact, as_event, as_upsert, is_deletion
from app.domain.consent import Status, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import difference, repeat_opt_out
from app.domain.decisions.changes.sent_state import mark_sent, mark_unsent
from app.domain.decisions.recheck import stop_of, stopped
from app.domain.delivery.revocation import opt_outs_of
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace, value


@value()
class ParkedFilter:
    """Which parked items are meant; what is None does not matter."""

    shop_id: str | None = None
    reason: Reason | None = None
    words: str | None = None
    """The text of the answer, exactly as a group shows it."""
    event_id: str | None = None


@value()
class ParkedGroup:
    """Parked items of one cause."""

    shop_id: str
    destination: str | None
    """None: the rules failed, nothing was ever to be sent."""
    reason: Reason
    words: str
    number: int
    oldest: datetime
    newest: datetime
    samples: Sequence[str]
    """Ids of some of the events."""


@value()
class ParkedCommand:
    id: int
    destination: str
    shop_id: str
    contact_id: int
    event_seq: int
    event_id: str
    counted: bool
    command: Command
    reason: Reason


@value()
class Again:
    """What becomes of one parked command: `command` is sent, or `reason` says why nothing is left of it."""

    command: Command | None
    contact: Contact
    reason: Reason | None = None


def again(
    command: Command,
    contact: Contact,
    shop: Shop,
    now: datetime,
    heir: Contact | None = None,
    *,
    replaced: bool = False,
) -> Again:
    """As it may be sent today, and the contact as it is believed to be known there afterwards.

    `heir`: the contact that took over, if another did; then that contact is sent, and must allow it. `replaced`:
    a newer word of the shop on the same order took its place.
    """
    if is_deletion(command):
        lives_again = not contact.erased and contact.sent_state.email == command.email
        return Again(None, contact, Reason.REPLACED) if lives_again else Again(command, contact)
    asked = heir or contact
    if contact.erased or asked.erased:
        return Again(None, contact, Reason.ERASED)
    if replaced:
        return Again(None, contact, Reason.ORDER_REPLACED)
    upsert = as_upsert(command)
    if upsert is not None:
        return Again(None, contact, Reason.REPLACED) if heir is not None else _upsert(upsert, contact, shop, now)
    stop = stopped([command], shop, asked)
    if stop is not None:
        return Again(None, contact, stop.reason)
    event = as_event(command)
    if event is None:
        return Again(command, contact)  # the shop's side, or SALESmanago's record, is compared with what is known by then
    if asked.last_purchase_at is not None and event.is_cart_until(asked.last_purchase_at):
        return Again(None, contact, Reason.CART_BOUGHT)
    address = asked.sent_state.email or asked.email
    return Again(replace(event, email=address), contact) if address else Again(None, contact, Reason.REPLACED)


def _upsert(command: UpsertContact, contact: Contact, shop: Shop, now: datetime) -> Again:
    """The command derived anew; its opt-outs alone if nothing else may be sent (R06a)."""
    if command.repeats:  # the opt-out of whichever shop, sent once more: it is no difference, and still due
        again = repeat_opt_out(contact, ())
        return Again(again, contact, None if again else Reason.REPLACED)
    doubted = mark_unsent(replace(contact, rename_refused_at=None), [command])  # a person asked: a rename is tried again
    # An opt-out that any shop sent since was no part of this command.
    news = replace(
        doubted.sent_state,
        email_news=_since(contact.sent_state.email_news, command.email_status) or doubted.sent_state.email_news,
        phone_news=_since(contact.sent_state.phone_news, command.phone_status) or doubted.sent_state.phone_news,
    )
    doubted = replace(doubted, sent_state=news)
    fresh = difference(doubted, shop, now)
    stop = stop_of([command], shop, contact)
    closed = stop.reason if stop is not None and stop.act.everything else None
    if fresh is not None and closed is not None:
        fresh = opt_outs_of(fresh) if doubted.is_transferred else None
    if fresh is None:
        return Again(None, contact, closed or Reason.REPLACED)
    fresh = replace(fresh, quiet=command.quiet)
    return Again(fresh, mark_sent(doubted, [fresh]))


def _since(last_sent: TimedStatus | None, meant: Status | None) -> TimedStatus | None:
    return last_sent if last_sent is not None and last_sent.status is Status.OPT_OUT and meant is Status.OPT_IN else None
