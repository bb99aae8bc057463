"""Discrepancies between the two sides for a person to check: lost tags, tags that become one, statuses that do not change."""

from datetime import datetime
from enum import StrEnum

from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop, TagConflicts
from app.domain.tags import collisions
from app.domain.values import value


class ConflictKind(StrEnum):
    TAG_LOST = "tag_lost"
    TAGS_COLLIDE = "tags_collide"
    STATUS_KEPT = "status_kept"
    ADDRESS_CONTESTED = "address_contested"
    RENAME_REFUSED = "rename_refused"
    UNCONFIRMED = "unconfirmed"
    """No disagreement: a subscription waits for the person's click (B6)."""


@value()
class Conflict:
    kind: ConflictKind
    about: tuple[str, ...]
    """Tags, or the channel; nothing where it is about the contact itself."""
    since: datetime | None
    words: str
    words_pl: str


_POLICY_WORDS = {
    TagConflicts.READD: ("it is added again", "tag jest dodawany ponownie"),
    TagConflicts.ACCEPT: ("the loss is accepted", "strata jest akceptowana"),
    TagConflicts.REPORT: ("nothing is done; decide by hand", "bramka nic nie robi; zdecyduj ręcznie"),
}


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
    found = []
    for tag, lost in contact.observed.lost.items():
        if lost.back:
            continue
        done, done_pl = _POLICY_WORDS[shop.tag_conflicts]
        if shop.tag_conflicts is TagConflicts.READD and lost.readded >= READD_LIMIT:
            done, done_pl = (
                "it was added again three times today and got lost each time",
                "dodano go dziś trzy razy i za każdym razem znikał",
            )
        words = f"SALESmanago lost a tag that the panel still has: {done}."
        words_pl = f"SALESmanago utraciło tag, który panel nadal ma: {done_pl}."
        found.append(Conflict(ConflictKind.TAG_LOST, (tag,), lost.since, words, words_pl))
    for group in collisions(tag for tag, flag in contact.panel_tags.items() if flag.value):
        words = "SALESmanago stores these panel tags as one and the same."
        found.append(Conflict(ConflictKind.TAGS_COLLIDE, group, None, words, "SALESmanago zapisuje te tagi jako jeden."))
    for channel, disputed in (("email", contact.observed.email_disputed), ("sms", contact.observed.phone_disputed)):
        if disputed:
            words = (
                "SALESmanago keeps showing another newsletter status than the newest act of the person. Look at the contact's card."
            )
            words_pl = "SALESmanago wciąż pokazuje inny status newslettera niż ostatnia decyzja osoby. Sprawdź kartę kontaktu."
            found.append(Conflict(ConflictKind.STATUS_KEPT, (channel,), None, words, words_pl))
    if contact.address_contested_at is not None:
        words = (
            "Two accounts of the shop claim one e-mail address, and SALESmanago has one contact per address: they were kept apart."
            " Give each account an address of its own."
        )
        words_pl = (
            "Dwa konta w sklepie podają ten sam adres e-mail, a w SALESmanago jeden adres to jeden kontakt: kont nie połączono."
            " Nadaj każdemu z nich własny adres."
        )
        found.append(Conflict(ConflictKind.ADDRESS_CONTESTED, (), contact.address_contested_at, words, words_pl))
    if contact.rename_refused_at is not None:
        words = (
            "SALESmanago refused to change the contact's address, most often because it has another contact of that address."
            " Until that is cleared up there, and the item replayed, the person is served under the former address."
        )
        words_pl = (
            "SALESmanago odmówiło zmiany adresu kontaktu, najczęściej dlatego, że ma już inny kontakt z tym adresem."
            " Dopóki nie wyjaśnisz tego w SALESmanago i nie ponowisz pozycji, osoba jest obsługiwana pod poprzednim adresem."
        )
        found.append(Conflict(ConflictKind.RENAME_REFUSED, (), contact.rename_refused_at, words, words_pl))
    if contact.unconfirmed_since is not None:
        words, words_pl = UNCONFIRMED[contact.was_asked_to_confirm]
        found.append(Conflict(ConflictKind.UNCONFIRMED, ("email",), contact.unconfirmed_since, words, words_pl))
    return tuple(found)


def is_disputed(contact: Contact) -> bool:
    """Is there any conflict about the person?"""
    tags_collide = bool(collisions(tag for tag, flag in contact.panel_tags.items() if flag.value))
    lost = any(not one.back for one in contact.observed.lost.values())
    disputed = contact.observed.email_disputed or contact.observed.phone_disputed
    addresses = contact.address_contested_at is not None or contact.rename_refused_at is not None
    return lost or tags_collide or disputed or addresses
