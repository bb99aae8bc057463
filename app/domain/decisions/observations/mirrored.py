"""What the panel shows of SALESmanago's tags: which staff took off, and what is done about it (R30).

SALESmanago owns these tags, so one that staff take off is put back, once. Taken off again it stays off, and is a conflict for a
person to see to: a tool that deletes it, or a panel that loses it, is not written to for ever. `mirror_conflicts` of the shop says
otherwise. A tag that SALESmanago shows no more is no conflict.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import assert_never

from app.domain import tags
from app.domain.decisions.changes.shop_changes import panel_tags
from app.domain.events import TagsEdited
from app.domain.panel_tags import stands
from app.domain.person.contact import Contact
from app.domain.person.sides import ShopState, TakenOff
from app.domain.shops.shop import Shop, TagConflicts
from app.domain.values import replace

PUT_BACK_REMEMBERED = timedelta(days=30)
"""Taken off again sooner after it was put back, a tag stays off."""


def missing(event: TagsEdited, contact: Contact, shop: Shop) -> tuple[str, ...]:
    """Tags, in canonical form, that were queued for the panel and do not stand there as the event says; without known ones.

    `contact`: as it was before the event. Whether they ever arrived there the caller must see to.
    """
    shown = _shown(event, contact)
    if shown is None:
        return ()
    known = contact.shop_state.taken_off
    return tuple(
        name
        for tag in _written(contact.shop_state)
        if not _is_left_off(known.get(name := tags.canonical(tag))) and shown.lacks(tag, shop)
    )


def returned(event: TagsEdited, contact: Contact, shop: Shop) -> tuple[str, ...]:
    """Tags, in canonical form, that were left off and stand in the panel again."""
    known = contact.shop_state.taken_off
    if not any(map(_is_left_off, known.values())):
        return ()
    shown = _shown(event, contact)
    if shown is None:
        return ()
    written = ((tag, tags.canonical(tag)) for tag in _written(contact.shop_state))
    return tuple(
        name
        for tag, name in written
        if (one := known.get(name)) is not None and one.left_off and event.at > one.since and shown.has(tag, shop)
    )


def is_news_of_mirrored(event: TagsEdited, contact: Contact, shop: Shop) -> bool:
    """Does a reading of the panel say something of SALESmanago's tags that is not known?"""
    return bool(missing(event, contact, shop) or returned(event, contact, shop))


def saw_mirrored(event: TagsEdited, contact: Contact, shop: Shop) -> Contact:
    """Learn what staff took off (`event.taken_off`) or put on again. `contact`: without what else the event says."""
    back = returned(event, contact, shop)
    if not (back or event.taken_off):
        return contact
    known = {name: one for name, one in contact.shop_state.taken_off.items() if name not in back}
    off = {name: _judged(known.get(name), shop.mirror_conflicts, event.at) for name in event.taken_off}
    is_written = bool(back) or not all(map(_is_left_off, off.values()))
    return _with_taken_off(contact, {**known, **off}, is_written=is_written)


def put_back(contact: Contact, names: Iterable[str], at: datetime) -> Contact:
    """Write these tags again, whatever became of them before: a person asked for it."""
    known = contact.shop_state.taken_off
    again = {name: TakenOff(known[name].since, put_back_at=at) for name in names if name in known}
    return _with_taken_off(contact, {**known, **again}, is_written=True) if again else contact


def without_settled(contact: Contact) -> Contact:
    """Forget what staff took off of tags that SALESmanago shows no more."""
    known = contact.shop_state.taken_off
    if not known:
        return contact
    wanted = panel_tags(contact)
    names = {tags.canonical(tag) for tag in (*wanted.points, *wanted.sections)}
    left = {name: one for name, one in known.items() if name in names}
    return replace(contact, shop_state=replace(contact.shop_state, taken_off=left)) if left != known else contact


def disputed(contact: Contact) -> dict[str, TakenOff]:
    """The tags that are off in the panel, and that somebody should see to."""
    return {name: one for name, one in contact.shop_state.taken_off.items() if one.left_off and not one.accepted}


def _judged(known: TakenOff | None, policy: TagConflicts, at: datetime) -> TakenOff:
    """What becomes of a tag that staff took off, perhaps not for the first time."""
    match policy:
        case TagConflicts.READD:
            put_back_at = known.put_back_at if known is not None else None
            if put_back_at is None or at - put_back_at >= PUT_BACK_REMEMBERED:
                return TakenOff(at, put_back_at=at)
            return TakenOff(at, put_back_at=put_back_at, left_off=True)
        case TagConflicts.ACCEPT:
            return TakenOff(at, left_off=True, accepted=True)
        case TagConflicts.REPORT:
            return TakenOff(at, left_off=True)
        case _:
            assert_never(policy)


def _with_taken_off(contact: Contact, taken_off: dict[str, TakenOff], *, is_written: bool) -> Contact:
    """`is_written`: the tags no longer count as written, so the mirror writes them. Otherwise nothing is to be written."""
    after = replace(contact, shop_state=replace(contact.shop_state, taken_off=taken_off))
    written = after.shop_state.tags
    tags_after = None if is_written or written is None else replace(written, left_off=panel_tags(after).left_off)
    return replace(after, shop_state=replace(after.shop_state, tags=tags_after))


def _written(state: ShopState) -> tuple[str, ...]:
    """The tags that were queued for the panel last."""
    return () if state.tags is None else tuple(dict.fromkeys((*state.tags.points, *state.tags.sections)))


def _is_left_off(one: TakenOff | None) -> bool:
    return one is not None and one.left_off


class _Shown:
    """What an event says of SALESmanago's tags in the panel: their names there, all of them or those that changed."""

    def __init__(self, there: Collection[str], gone: Collection[str] | None) -> None:
        self._there = there
        self._gone = gone
        """None: whatever is not there."""

    def has(self, tag: str, shop: Shop) -> bool:
        return stands(tag, self._there, shop.number)

    def lacks(self, tag: str, shop: Shop) -> bool:
        return not self.has(tag, shop) and (self._gone is None or stands(tag, self._gone, shop.number))


def _shown(event: TagsEdited, contact: Contact) -> _Shown | None:
    """None: it says nothing of them.

    A shop may leave them out of its full sets. A set that names none counts only if an earlier one named some.
    """
    if event.mirrored is not None:
        return _Shown(_of_salesmanago(event.mirrored), None)
    if event.all_tags is not None:
        names = _of_salesmanago(event.all_tags)
        return _Shown(names, None) if names or _of_salesmanago(contact.panel_tags) else None
    return _Shown(_of_salesmanago(event.added), _of_salesmanago(event.removed))


def _of_salesmanago(names: Iterable[str]) -> set[str]:
    return {form for name in names if (form := tags.canonical(name)).startswith(tags.TO_PANEL)}
