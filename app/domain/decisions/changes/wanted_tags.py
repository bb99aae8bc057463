"""Which tags a person should have in SALESmanago, and what to add and remove there (R20-R28)."""

from collections.abc import Collection

from app.domain import tags
from app.domain.consent import Status
from app.domain.person.contact import Contact, words_of
from app.domain.values import replace


def wanted_tags(contact: Contact) -> dict[str, str | None]:
    """Canonical tag -> its text if it should be there, None if it should not. Tags we have no opinion of are missing."""
    wanted: dict[str, str | None] = {tags.canonical(tag): tag for tag in contact.earned_tags}
    for tag, flag in words_of(contact.panel_tags).values():
        text = tags.to_upstream(tag)
        if text is not None:
            # Two panel tags of one canonical form: the tag stays as long as either is there (R27).
            name = tags.canonical(text)
            wanted[name] = wanted.get(name) or (text if flag.value else None)
    if contact.wholesaler is not None:
        wanted[tags.WHOLESALER] = tags.WHOLESALER if contact.wholesaler.value else None
    if contact.registered:
        wanted[tags.REGISTERED] = tags.REGISTERED
    if contact.subscriber and Status.OPT_IN in (contact.email_news.status, contact.phone_news.status):
        wanted[tags.NEWSLETTER] = tags.NEWSLETTER
    return wanted


def leave_to_siblings(contact: Contact, siblings: Collection[Contact]) -> Contact:
    """A tag that this shop wants no more and another shop of the account still does stands in SALESmanago, which has one for all.

    Here it counts as taken off. Whichever shop takes it off last removes it there.
    """
    if not siblings:
        return contact
    gone = [name for name, text in wanted_tags(contact).items() if text is None and contact.sent_state.tags.get(name) is not False]
    left = {name: False for name in gone if any(_holds(sibling, name) for sibling in siblings)}
    if not left:
        return contact
    return replace(contact, sent_state=replace(contact.sent_state, tags={**contact.sent_state.tags, **left}))


def _holds(sibling: Contact, name: str) -> bool:
    return (
        sibling.is_transferred and not sibling.erased and bool(sibling.sent_state.tags.get(name) and wanted_tags(sibling).get(name))
    )


def tag_difference(contact: Contact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    remembered = contact.sent_state.tags
    add, remove = [], []
    spelled: dict[str, str] | None = None
    for name, text in wanted_tags(contact).items():
        if text is not None and remembered.get(name) is not True:
            add.append(text)
        elif text is None and _worth_removing(name, contact):
            spelled = _spelled(contact) if spelled is None else spelled
            remove.append(spelled.get(name, name))
    return tuple(add), tuple(remove)


def _worth_removing(name: str, contact: Contact) -> bool:
    """Under our prefix a removed tag may stand there from before our time; without the prefix we touch only our own (R23)."""
    ours_to_touch = name.startswith(tags.TO_UPSTREAM) and contact.is_transferred
    return contact.sent_state.tags.get(name) is True or (ours_to_touch and contact.sent_state.tags.get(name) is None)


def _spelled(contact: Contact) -> dict[str, str]:
    """Canonical tag -> its text, for the tags that staff put on the person or took off."""
    texts = (tags.to_upstream(tag) for tag in reversed(tuple(contact.panel_tags)))
    return {tags.canonical(text): text for text in texts if text is not None}
