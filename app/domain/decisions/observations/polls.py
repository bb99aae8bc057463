"""What a poll of a contact comes to: events, or something to remember, or nothing (R30, R32, R55)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.domain.decisions.changes.sent_state import vanished
from app.domain.decisions.decide import decide
from app.domain.decisions.observations.statuses import differs_only_in_time, found, is_another
from app.domain.decisions.plan import is_sent
from app.domain.delivery.verify import RemoteContact
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved, TagsObserved
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop
from app.domain.values import replace, value


@value()
class Polled:
    """`events` for the inbox, and the contact as to be remembered at once, if anything is."""

    events: tuple[StatusObserved | TagsObserved, ...] = ()
    contact: Contact | None = None


def polled(
    before: Contact,
    shop: Shop,
    shown: RemoteContact,
    at: datetime,
    patience: tuple[timedelta, timedelta],
    *,
    concerned: bool,
    with_tags: bool,
) -> Polled:
    """What a poll of a contact comes to. `patience`: how long a callback may take to say for which shop a change was meant,

    and to come at all. `concerned`: do statuses of the address concern this shop? `with_tags`: may its tags be judged?
    """
    email, contact = before.email, before
    events: list[StatusObserved | TagsObserved] = []
    seen = replace(contact.observed, created_at=shown.created_at or contact.observed.created_at)
    if is_another(contact, shown):
        gone = vanished(contact, at)
        return Polled(contact=replace(gone, observed=replace(gone.observed, created_at=shown.created_at)))
    contact = replace(contact, observed=seen) if seen != contact.observed else contact
    for observation in _status_observations(email, shown, at) if concerned else ():
        act, remembered = found(observation, contact, *patience)
        decision = decide(observation, shop, contact)
        if act is not None:
            # Reported as an act: until it is decided, another shop's event may seem to explain it.
            events.append(act)
        elif remembered.sent_state != contact.sent_state and is_sent(decision.plan) and not shop.shadow:
            events.append(observation)  # an opt-out that SALESmanago did not apply is sent again
        else:
            contact = remembered
    if contact.is_transferred and with_tags:
        tags = TagsObserved(at=at, email=email, tags=tuple(sorted(shown.tags.items())))
        decision = decide(tags, shop, contact)
        if is_sent(decision.plan) and not shop.shadow:
            events.append(tags)
        else:
            contact = decision.learned  # in shadow mode nothing is sent, and nothing counts as sent
    is_unreported = contact is not before and not differs_only_in_time(before, contact)
    return Polled(tuple(events), contact if is_unreported else None)


def _status_observations(email: str, shown: RemoteContact, at: datetime) -> Iterator[StatusObserved]:
    if shown.opted_out is not None:
        origin = Origin.INVALID_ADDRESS if shown.opted_out and shown.is_invalid else Origin.NOT_SHOWN
        yield StatusObserved(at=at, email=email, email_out=shown.opted_out, origin=origin)
    if shown.opted_out_phone is not None:
        yield StatusObserved(at=at, email=email, phone_out=shown.opted_out_phone, origin=Origin.NOT_SHOWN)
