"""Discrepancies between the two sides for a person to check: lost tags, tags that become one, statuses that do not change.

Each says what to do. Some end by themselves once that is done; every one may be marked as seen, and then stays on the list as seen,
until the same thing happens anew. Marking sends nothing and changes no fact.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from app.domain.decisions.observations import mirrored
from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.person.contact import Contact
from app.domain.person.stored import StoredContact
from app.domain.shops.shop import Shop, TagConflicts
from app.domain.tags import collisions
from app.domain.values import replace, value


class ConflictKind(StrEnum):
    """What the two sides disagree about."""

    TAG_LOST = "tag_lost"
    TAG_TAKEN_OFF = "tag_taken_off"
    TAGS_COLLIDE = "tags_collide"
    STATUS_KEPT = "status_kept"
    ADDRESS_CONTESTED = "address_contested"
    RENAME_REFUSED = "rename_refused"
    LEFT_BEHIND = "left_behind"
    """The person moved onto an address that had a contact of its own: the former one still stands in SALESmanago."""
    UNCONFIRMED = "unconfirmed"
    """No disagreement: a subscription waits for the person's click (B6)."""


@value()
class Disagreement:
    kind: ConflictKind
    about: tuple[str, ...] = ()
    """Tags, or the channel; nothing where it is about the contact itself."""
    since: datetime | None = None

    @property
    def key(self) -> str:
        return _key(self.kind, self.about)


@value(kw_only=True)
class Conflict:
    kind: ConflictKind
    about: tuple[str, ...]
    since: datetime | None
    words: str
    words_pl: str
    what_to_do: str
    what_to_do_pl: str
    seen_at: datetime | None = None
    """When somebody marked it as seen; None if it is still to be looked at."""

    @property
    def key(self) -> str:
        return _key(self.kind, self.about)


def _key(kind: ConflictKind, about: tuple[str, ...]) -> str:
    """Under which a contact remembers that somebody saw it."""
    return " ".join((kind, *sorted(about)))


_POLICY_WORDS = {
    TagConflicts.READD: ("it is added again", "tag jest dodawany ponownie"),
    TagConflicts.ACCEPT: ("the loss is accepted", "strata jest akceptowana"),
    TagConflicts.REPORT: ("nothing is done; decide by hand", "bramka nic nie robi; zdecyduj ręcznie"),
}
_TUG_OF_WAR = (
    "it was added again three times today and got lost each time",
    "dodano go dziś trzy razy i za każdym razem znikał",
)


_TAKEN_OFF = {
    True: (
        "A tag of SALESmanago was taken off in the panel again after it had been put back, and stays off now.",
        "Tag z SALESmanago znów usunięto w panelu, mimo że został przywrócony. Bramka nie doda go już sama.",
    ),
    False: (
        "A tag of SALESmanago was taken off in the panel, and stays off.",
        "Tag z SALESmanago usunięto w panelu i bramka go nie przywraca.",
    ),
}
"""Was it put back before?"""


UNCONFIRMED = {
    True: (
        "A subscription to the e-mail newsletter waits for the person's click in SALESmanago's mail. Until then it does not count.",
        "Zapis do newslettera e-mail czeka na kliknięcie w wiadomości z SALESmanago. Do tego czasu osoba nie jest zapisana.",
    ),
    False: (
        "A subscription to the e-mail newsletter is not confirmed, and the person was not asked yet.",
        "Zapis do newslettera e-mail nie jest potwierdzony, a prośba o potwierdzenie nie została jeszcze wysłana.",
    ),
}
"""Was SALESmanago asked to send the confirmation e-mail?"""


def conflicts(contact: Contact, shop: Shop) -> tuple[Conflict, ...]:
    """Everything about a person that a person should see (R26, R27; contract U13)."""
    found = [*_of_contact(contact)]
    if contact.unconfirmed_since is not None:
        found.append(Disagreement(ConflictKind.UNCONFIRMED, ("email",), contact.unconfirmed_since))
    return tuple(_in_words(one, contact, shop) for one in found)


def conflicts_of(person: StoredContact, shop: Shop) -> tuple[Conflict, ...]:
    """The same of somebody who is listed; of a contact that another took over, that it still stands in SALESmanago."""
    if person.merged_into is None:
        return conflicts(person.contact, shop)
    return tuple(_in_words(one, person.contact, shop) for one in _disagreements(person))


def _in_words(one: Disagreement, contact: Contact, shop: Shop) -> Conflict:
    (words, words_pl), (advice, advice_pl) = _what_it_is(one, contact, shop), what_to_do(one.kind)
    return Conflict(
        kind=one.kind,
        about=one.about,
        since=one.since,
        words=words,
        words_pl=words_pl,
        what_to_do=advice,
        what_to_do_pl=advice_pl,
        seen_at=_seen_at(one, contact),
    )


def _disagreements(person: StoredContact) -> Iterator[Disagreement]:
    """A contact that another took over is only listed while it stands in SALESmanago."""
    if person.merged_into is None:
        yield from _of_contact(person.contact)
    else:
        there = person.contact.sent_state.email or person.contact.email
        yield Disagreement(ConflictKind.LEFT_BEHIND, (there,) if there else ())


def _of_contact(contact: Contact) -> Iterator[Disagreement]:
    observed = contact.observed
    for tag, lost in observed.lost.items():
        if not lost.back:
            yield Disagreement(ConflictKind.TAG_LOST, (tag,), lost.since)
    for tag, off in mirrored.disputed(contact).items():
        yield Disagreement(ConflictKind.TAG_TAKEN_OFF, (tag,), off.since)
    for group in collisions(tag for tag, flag in contact.panel_tags.items() if flag.value):
        yield Disagreement(ConflictKind.TAGS_COLLIDE, group, max(contact.panel_tags[tag].at for tag in group))
    if observed.email_disputed:
        yield Disagreement(ConflictKind.STATUS_KEPT, ("email",), observed.email_news.since if observed.email_news else None)
    if observed.phone_disputed:
        yield Disagreement(ConflictKind.STATUS_KEPT, ("sms",), observed.phone_news.since if observed.phone_news else None)
    if contact.address_contested_at is not None:
        yield Disagreement(ConflictKind.ADDRESS_CONTESTED, since=contact.address_contested_at)
    if contact.rename_refused_at is not None:
        yield Disagreement(ConflictKind.RENAME_REFUSED, since=contact.rename_refused_at)


def _seen_at(one: Disagreement, contact: Contact) -> datetime | None:
    """None if it happened anew since it was seen."""
    at = contact.seen_conflicts.get(one.key)
    return None if at is None or (one.since is not None and one.since > at) else at


def is_disputed(contact: Contact) -> bool:
    """Is there any conflict about the person that nobody marked as seen?"""
    return any(_seen_at(one, contact) is None for one in _of_contact(contact))


def has_seen_conflicts(contact: Contact) -> bool:
    """Is there one that somebody saw, and that still stands?"""
    return bool(contact.seen_conflicts) and any(_seen_at(one, contact) is not None for one in _of_contact(contact))


def marked_as_seen(person: StoredContact, kind: ConflictKind | None, now: datetime) -> tuple[Contact, tuple[ConflictKind, ...]]:
    """The contact that remembers what was seen, and what that is; nothing of the wanted kind to be seen = the same contact.

    A conflict dated ahead of our clock is seen all the same. What has ended is forgotten.
    """
    contact, standing = person.contact, list(_disagreements(person))
    news = [one for one in standing if kind in (None, one.kind) and _seen_at(one, contact) is None]
    if not news:
        return contact, ()
    kept = {one.key: at for one in standing if (at := _seen_at(one, contact)) is not None}
    seen = {one.key: max(now, one.since or now) for one in news}
    return replace(contact, seen_conflicts=kept | seen), tuple(dict.fromkeys(one.kind for one in news))


def _what_it_is(one: Disagreement, contact: Contact, shop: Shop) -> tuple[str, str]:
    match one.kind:
        case ConflictKind.TAG_LOST:
            lost = contact.observed.lost[one.about[0]]
            is_tug_of_war = shop.tag_conflicts is TagConflicts.READD and lost.readded >= READD_LIMIT
            done, done_pl = _TUG_OF_WAR if is_tug_of_war else _POLICY_WORDS[shop.tag_conflicts]
            return (
                f"SALESmanago lost a tag that the panel still has: {done}.",
                f"SALESmanago utraciło tag, który panel nadal ma: {done_pl}.",
            )
        case ConflictKind.TAG_TAKEN_OFF:
            return _TAKEN_OFF[contact.shop_state.taken_off[one.about[0]].put_back_at is not None]
        case ConflictKind.TAGS_COLLIDE:
            return "SALESmanago stores these panel tags as one and the same.", "SALESmanago zapisuje te tagi jako jeden."
        case ConflictKind.STATUS_KEPT:
            return (
                "SALESmanago keeps showing another newsletter status than the newest act of the person.",
                "SALESmanago wciąż pokazuje inny status newslettera niż ostatnia decyzja osoby.",
            )
        case ConflictKind.ADDRESS_CONTESTED:
            return (
                "Two accounts of the shop claim one e-mail address, and SALESmanago has one contact per address: they were kept "
                "apart.",
                "Dwa konta w sklepie podają ten sam adres e-mail, a w SALESmanago jeden adres to jeden kontakt. "
                "Kont nie połączono.",
            )
        case ConflictKind.RENAME_REFUSED:
            return (
                "SALESmanago refused to change the contact's address, most often because it has another contact of that address. "
                "The person is served under the former address.",
                "SALESmanago odmówiło zmiany adresu kontaktu, najczęściej dlatego, że ma już inny kontakt z tym adresem. "
                "Osoba jest obsługiwana pod poprzednim adresem.",
            )
        case ConflictKind.LEFT_BEHIND:
            return (
                "The person took another address that had a contact of its own in SALESmanago. The contact of the former address "
                "still stands there.",
                "Osoba zmieniła adres na taki, który miał już własny kontakt w SALESmanago. "
                "Kontakt z dawnym adresem nadal tam jest.",
            )
        case ConflictKind.UNCONFIRMED:
            return UNCONFIRMED[contact.was_asked_to_confirm]
    assert_never(one.kind)


def what_to_do(kind: ConflictKind) -> tuple[str, str]:
    """A sentence for the merchant's staff, in both languages."""
    match kind:
        case ConflictKind.TAG_LOST:
            return (
                "See in SALESmanago which automation or person removes the tag. If nobody needs it, take it off in the panel. "
                "Whether it is added again says `tag_conflicts` of the shop.",
                "Sprawdź w SALESmanago, która automatyzacja lub osoba usuwa ten tag. Jeśli jest zbędny, usuń go w panelu. "
                "O tym, czy bramka dodaje go ponownie, decyduje `tag_conflicts` sklepu.",
            )
        case ConflictKind.TAG_TAKEN_OFF:
            return (
                "Remove it in SALESmanago if it is wrong, or add it again in the panel if it is right. "
                "Once either is known here, the conflict ends by itself.",
                "Usuń go w SALESmanago, jeśli jest zbędny, albo dodaj go z powrotem w panelu, jeśli ma tam być. "
                "Gdy bramka to zobaczy, konflikt zniknie sam.",
            )
        case ConflictKind.TAGS_COLLIDE:
            return (
                "Rename one of them in the panel so that they differ in more than case and accents, or keep only one.",
                "Zmień w panelu nazwę jednego z nich tak, żeby różniły się nie tylko wielkością liter i polskimi znakami, "
                "albo zostaw tylko jeden.",
            )
        case ConflictKind.STATUS_KEPT:
            return (
                "Look at the contact's card in SALESmanago and set the status there as the person last decided. "
                "Once SALESmanago shows it, the conflict ends by itself.",
                "Sprawdź kartę kontaktu w SALESmanago i ustaw tam status zgodny z ostatnią decyzją osoby. "
                "Gdy SALESmanago go pokaże, konflikt zniknie sam.",
            )
        case ConflictKind.ADDRESS_CONTESTED:
            return (
                "In the panel, give each account an address of its own. Once the change has come, the conflict ends by itself.",
                "Nadaj w panelu każdemu z kont własny adres. Gdy ta zmiana dotrze do bramki, konflikt zniknie sam.",
            )
        case ConflictKind.RENAME_REFUSED:
            return (
                "Clear up in SALESmanago which of the two contacts stays, then try the parked item again "
                "(`gateway parked` shows it).",
                "Wyjaśnij w SALESmanago, który z dwóch kontaktów ma zostać, a potem ponów utkniętą pozycję "
                "(pokazuje ją `gateway parked --pl`).",
            )
        case ConflictKind.LEFT_BEHIND:
            return (
                "Look at that contact in SALESmanago, delete it if it is not needed, then mark this as seen.",
                "Sprawdź ten kontakt w SALESmanago, usuń go, jeśli jest zbędny, a potem oznacz to jako sprawdzone.",
            )
        case ConflictKind.UNCONFIRMED:
            return "Nothing: only the person can click.", "Nic: kliknąć może tylko ta osoba."
    assert_never(kind)
