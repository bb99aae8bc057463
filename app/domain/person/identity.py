"""Who an event is about (R11, R72): decided from who has, and had, the addresses it names, and whose account it names.

An address means the person who has it now; an account is a customer id. Where the two contradict each other, nobody is made
one person with somebody else: the event is contested, and staff must decide.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar, assert_never

from app.domain.event_kinds.subjects import customer_id_of, email_of, previous_email_of
from app.domain.event_kinds.traits import kind_of
from app.domain.events import (
    AccessRequested,
    AccountChanged,
    AccountListed,
    CartChanged,
    CustomerRegistered,
    DriftFound,
    ErasureRequested,
    Event,
    OptInClaimed,
    OptOutClaimed,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    StatusObserved,
    StatusRejected,
    Subscribed,
    SubscriberListed,
    TagsEdited,
    TagsObserved,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.person.contact import Contact, is_forgotten
from app.domain.values import replace


class Known(Protocol):
    """A person who is known already."""

    @property
    def contact(self) -> Contact: ...

    @property
    def erased_hash(self) -> str | None: ...


P = TypeVar("P", bound=Known)


class Address(NamedTuple, Generic[P]):
    """Who has an address (perhaps somebody erased, by its hash), and who had it until when."""

    present: P | None = None
    former: Sequence[tuple[datetime, P]] = ()

    def holder(self, at: datetime, *, taking: bool = False) -> P | None:
        """Who had it at that time: a message from before a rename finds the renamed person, never a twin.

        `taking`: the message gives the address to somebody, who is not the one that left it in the same moment.
        """
        left_later = [(until, person) for until, person in self.former if at < until or (at == until and not taking)]
        return min(left_later, key=_until)[1] if left_later else self.present

    @property
    def last(self) -> P | None:
        """Who has it, or had it last."""
        return self.present or (max(self.former, key=_until)[1] if self.former else None)

    def was_of(self, person: P | None) -> bool:
        return any(one is person for _, one in self.former)


def _until(tenure: tuple[datetime, object]) -> datetime:
    return tenure[0]


class Clues(NamedTuple, Generic[P]):
    """What is known of the names in an event: its address, the address it calls the previous one, its account."""

    address: Address[P] = Address()
    previous: Address[P] = Address()
    account: P | None = None


# -- the answer ----------------------------------------------------------------------------------------------------------


class How(StrEnum):
    SAME = "same"
    NAMED = "named"
    """Known by customer id alone until now, the person gets the address."""
    JOINED = "joined"
    """`other`, known by customer id alone, turns out to be the person."""
    RENAMED = "renamed"
    """`other`, if there is one, had the address and was erased."""
    MERGED = "merged"
    """`other` takes the address of the person, who is the same human being as far as anybody can tell."""
    ABSORBED = "absorbed"
    """As MERGED, but the holder of the address was never sent to SALESmanago: the contact there is renamed and stays the person."""
    ERASED_SINCE = "erased_since"
    """Erased by the address the person takes, after the person took it: the erasure was decided first, as it overtakes."""
    CONTESTED = "contested"
    """Two accounts claim one address: nothing changes hands."""


class NewPerson(NamedTuple):
    """Nobody we know. `had`: the address the shop says they had until now."""

    had: str | None = None


class Meant(NamedTuple, Generic[P]):
    """The person an event is about. `had`: an address they had, of which we did not know: until then, or by default until now."""

    how: How
    person: P
    other: P | None = None
    had: str | None = None
    until: datetime | None = None


# -- the decision --------------------------------------------------------------------------------------------------------


def who(event: Event, clues: Clues[P]) -> Meant[P] | NewPerson:
    """The one person an event is about."""
    match event:
        case (
            OrderPlaced()
            | CustomerRegistered()
            | Subscribed()
            | SubscriberListed()
            | TransferConsentGranted()
            | TagsEdited()
            | DriftFound()
        ):
            return _acting(event, clues)
        case AccountChanged() | AccountListed():
            return _moved(event, clues)
        case StatusObserved() | StatusRejected() | OptInClaimed() | OptOutClaimed() | TagsObserved():
            # SALESmanago may still know a person by the address before a rename that is on its way there.
            return _same_or_new(clues.address.last)
        case Unsubscribed() | TransferConsentWithdrawn() | ErasureRequested() | AccessRequested():
            # A stop under an address nobody has any more is the word of its last holder.
            return _same_or_new(clues.address.holder(event.at) or clues.address.last)
        case OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            # An old order, a session that goes on: they name the address of then and introduce nobody.
            return _same_or_new(clues.address.holder(event.at) or clues.address.last)
        case _:
            assert_never(event)


def _same_or_new(person: P | None) -> Meant[P] | NewPerson:
    return NewPerson() if person is None else Meant(How.SAME, person)


def _acting(event: Event, clues: Clues[P]) -> Meant[P] | NewPerson:
    """Who acts under an address that somebody left is somebody else, unless the account says otherwise."""
    email, account = email_of(event), clues.account
    person = _holder(clues.address, event, taking=kind_of(event).takes_the_address)
    if person is None:
        if account is None:
            return NewPerson()
        if clues.address.was_of(account):
            return Meant(How.SAME, account)
        if _registered_before_it_moved(event, account):
            return Meant(How.SAME, account, had=email, until=account.contact.email_since)
        return Meant(How.NAMED, account) if email is None or not account.contact.email else NewPerson()
    if person.contact.is_of_another_account(customer_id_of(event)):
        return Meant(How.SAME, account) if account is not None and kind_of(event).edits_tags else Meant(How.CONTESTED, person)
    if account is not None and account is not person and not account.contact.email and account.erased_hash is None:
        return Meant(How.JOINED, person, account)
    return Meant(How.SAME, person)


def _registered_before_it_moved(event: Event, account: Known) -> bool:
    """A registration that comes after a newer change of the same account says where that was before: it makes no twin (R11)."""
    contact = account.contact
    since = contact.email_since if contact.email and contact.registered and account.erased_hash is None else None
    return kind_of(event).takes_the_address and since is not None and event.at < since


def _moved(event: AccountChanged | AccountListed, clues: Clues[P]) -> Meant[P] | NewPerson:
    """An account change may say who it was before; if it does not, the customer id may (R11)."""
    number, at = customer_id_of(event), event.at
    former, current = _mover(event, clues), _holder(clues.address, event, taking=True)
    had = _unknown_previous(event, clues)
    erased = current if former is not None and current is not None and current.erased_hash is not None else None
    if former is not None and former.erased_hash is None and erased is not None and is_forgotten(event, erased.contact):
        return Meant(How.ERASED_SINCE, former, erased)
    if erased is not None:
        current = None  # the erased person had this address; its holder now is somebody else
    if former is not None and former.erased_hash is not None:
        return Meant(How.SAME, former)  # who was erased is not named again by a change of data
    if former is None:
        if current is None:
            return NewPerson(had)
        return Meant(How.CONTESTED, current) if current.contact.is_of_another_account(number) else Meant(How.SAME, current, had=had)
    if former is current:
        return Meant(How.SAME, former, had=had)
    if current is not None and _are_two_accounts(number or former.contact.customer_id, current.contact.customer_id):
        return Meant(How.CONTESTED, former)
    if not former.contact.email:
        return Meant(How.NAMED, former) if current is None else Meant(How.JOINED, current, former)
    late = former.contact.email_since is not None and former.contact.email_since > at
    if late or former.contact.email == event.customer.email:
        return Meant(How.SAME, former, had=had)
    if current is None:
        return Meant(How.RENAMED, former, erased, had)
    if current.contact.was_never_there:
        return Meant(How.ABSORBED, former, current, had)
    return Meant(How.MERGED, current, former, had)


def _unknown_previous(event: AccountChanged | AccountListed, clues: Clues[P]) -> str | None:
    previous = previous_email_of(event)
    return None if clues.previous.last is not None or previous == event.customer.email else previous


def _mover(event: AccountChanged | AccountListed, clues: Clues[P]) -> P | None:
    """Whose address changes: the account's own contact, or else the holder of the address it had, unless of another account."""
    account = clues.account
    if account is not None and account.contact.registered:
        return account
    person = clues.previous.holder(event.at)
    if person is not None and not _are_two_accounts(customer_id_of(event), person.contact.customer_id):
        return person
    return account


def _holder(address: Address[P], event: Event, *, taking: bool) -> P | None:
    """Who had the address then; but who left it is not the one whom the event names by another account."""
    person = address.holder(event.at, taking=taking)
    if person is None:
        return None
    return address.present if _are_two_accounts(customer_id_of(event), person.contact.customer_id) else person


def _are_two_accounts(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def erasure_before_move(event: Event, mover: Contact, erased: Contact | None) -> ErasureRequested:
    """An erasure under the address a person moves to, decided before the move, was the person's (R72).

    `erased`: who was erased under that address.
    """
    erased_at = erased.erased_at if erased is not None else None
    return ErasureRequested(at=erased_at or event.at, email=mover.email or email_of(event) or "")


def onto_address_of(erased: P, mover: Contact, email: str, at: datetime) -> Contact:
    """An erased person left nothing but stops, and these stand for the address (R72)."""
    there, left = mover.moved_to(email, at), erased.contact
    email_out, phone_out, withdrawn = left.email_news.last_opt_out, left.phone_news.last_opt_out, left.transfer.withdrawn
    if email_out is not None:
        there = replace(there, email_news=there.email_news.opt_out(email_out))
    if phone_out is not None:
        there = replace(there, phone_news=there.phone_news.opt_out(phone_out))
    if withdrawn is not None:
        there = replace(there, transfer=there.transfer.withdraw(max(withdrawn, there.transfer.granted_last or withdrawn)))
    return there


def with_stops_of(address: Address[P], newcomer: Contact) -> Contact:
    """An opt-out for an address that nobody had any more went to its last holder; if a person appears who took the address

    before that, it may have been theirs. So it counts for both.
    """
    for until, person in address.former:
        email, phone = person.contact.email_news.last_opt_out, person.contact.phone_news.last_opt_out
        withdrawn = person.contact.transfer.withdrawn
        if email is not None and email > until:
            newcomer = replace(newcomer, email_news=newcomer.email_news.opt_out(email))
        if phone is not None and phone > until:
            newcomer = replace(newcomer, phone_news=newcomer.phone_news.opt_out(phone))
        if withdrawn is not None and withdrawn > until:
            newcomer = replace(newcomer, transfer=newcomer.transfer.withdraw(withdrawn))
    return newcomer
