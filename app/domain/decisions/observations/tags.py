"""What the tags that SALESmanago shows teach, and what it lost of ours (R26, R30, R31)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.domain import tags
from app.domain.decisions.changes.wanted_tags import wanted_tags
from app.domain.events import TagsObserved
from app.domain.person.contact import Contact
from app.domain.person.sides import Lost, ObservedTag
from app.domain.shops.shop import Shop, TagConflicts
from app.domain.values import replace

GONE_REMEMBERED = 100
"""Tags that went, per person: enough to take them off in the panel, and a bound for memory."""

READD_LIMIT = 3
READD_WINDOW = timedelta(days=1)
"""A tag that something in SALESmanago removes repeatedly is added three times a day, then only reported."""


def saw_tags(event: TagsObserved, contact: Contact, shop: Shop) -> Contact:
    """The full list of a contact's tags in SALESmanago. An older list teaches nothing."""
    if contact.observed.tags_at is not None and event.at < contact.observed.tags_at:
        return contact
    present = {tags.canonical(text) for text, _ in event.tags}
    shown = _shown(event, present, contact, shop)
    gone = {name: replace(tag, here=False) for name, tag in contact.observed.tags.items() if name not in shown}
    for section in contact.earned_tags:
        # Sent and not there: somebody removed it before any poll observed it.
        name = tags.canonical(section)
        if (
            contact.sent_state.tags.get(name)
            and not tags.is_shown(name, present)
            and tags.to_panel(section, shop.number) is not None
        ):
            gone.setdefault(name, ObservedTag(tags.outgoing_text(section).lower(), 1, here=False))
    gone = dict(list(gone.items())[-GONE_REMEMBERED:])
    seen = replace(contact.observed, tags={**gone, **shown}, tags_at=event.at)
    return _with_lost(replace(contact, observed=seen), present, shop, event.at)


def _shown(event: TagsObserved, present: set[str], contact: Contact, shop: Shop) -> dict[str, ObservedTag]:
    """The tags that may travel to the panel. A section whose letters SALESmanago changed goes to the shop as the shop wrote it."""
    without_letters: dict[str, list[str]] = {}
    for section in contact.earned_tags:
        name = tags.canonical(section)
        if contact.sent_state.tags.get(name) and name not in present:
            without_letters.setdefault(tags.as_stored(name), []).append(section)
    shown: dict[str, ObservedTag] = {}
    for text, points in event.tags:
        name = tags.canonical(text)
        if sections := without_letters.get(name):
            shown.update((tags.canonical(one), ObservedTag(tags.outgoing_text(one).lower(), points)) for one in sections)
        elif tags.to_panel(text, shop.number) is not None:
            shown[name] = ObservedTag(tags.outgoing_text(text).lower(), points)
    return shown if len(shown) <= tags.MOST_TAGS else dict(sorted(shown.items())[: tags.MOST_TAGS])


def bought_again(contact: Contact, earned: Iterable[str]) -> Contact:
    """A section tag that SALESmanago lost is sent again when a new order earns it (R22, R31)."""
    names = {tags.canonical(tag) for tag in earned}
    lost = {name for name in names if name in contact.observed.tags and not contact.observed.tags[name].here}
    if not lost:
        return contact
    sent = {name: here for name, here in contact.sent_state.tags.items() if name not in lost}
    seen = {name: tag for name, tag in contact.observed.tags.items() if name not in lost}
    return replace(contact, sent_state=replace(contact.sent_state, tags=sent), observed=replace(contact.observed, tags=seen))


def _with_lost(contact: Contact, present: set[str], shop: Shop, at: datetime) -> Contact:
    """Compare the tags that were sent with those that SALESmanago has (R26).

    Under `readd` a lost tag no longer counts as sent, so the difference adds it again. Under `accept` and `report`
    SALESmanago's loss stands. Every loss is remembered as a conflict until it is over.
    """
    lost: dict[str, Lost] = {}
    again: set[str] = set()
    for name in _lost_names(contact, present):
        known = contact.observed.lost.get(name) or Lost(at)
        readd = shop.tag_conflicts is TagConflicts.READD
        known = Lost(at) if readd and at - known.since >= READD_WINDOW else replace(known, back=False)
        if readd and known.readded < READD_LIMIT:
            known = replace(known, readded=known.readded + 1)
            again.add(name)
        lost[name] = known
    wanted = wanted_tags(contact)
    lately = {
        name: replace(one, back=True)
        for name, one in contact.observed.lost.items()
        if name not in lost and one.readded and at - one.since < READD_WINDOW and wanted.get(name)
    }
    sent = {name: here for name, here in contact.sent_state.tags.items() if name not in again}
    return replace(
        contact, observed=replace(contact.observed, lost={**lately, **lost}), sent_state=replace(contact.sent_state, tags=sent)
    )


def _lost_names(contact: Contact, present: set[str]) -> Iterable[str]:
    wanted = wanted_tags(contact)
    for name, added in contact.sent_state.tags.items():
        if added and not tags.is_shown(name, present) and name.startswith(tags.TO_UPSTREAM) and wanted.get(name):
            yield name
