"""What is known of one person in one shop, and what each side holds of it.

The facts are registers that know since when they are true, so learning events in any order ends in the same facts and a
late event never overwrites newer state. `SentState` mirrors what the commands queued so far make true in SALESmanago, `ShopState`
what they make true in the shop. What is to be sent is always a difference: that is why a repeated event sends nothing
(R28), why a first transfer carries everything true by then (R07), and why a change never echoes back to where it came from.
`Observed` is what SALESmanago showed when it was read.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from app.domain import tags
from app.domain.consent import Channel, Status, TransferConsent, later
from app.domain.event_kinds.subjects import real_id
from app.domain.event_parts import Customer
from app.domain.events import Event
from app.domain.person.contact_parts import NO_ACTS, Acts, Rank, TimedFlag, TimedText
from app.domain.person.sides import Observed, SentState, ShopState
from app.domain.values import replace, value


@value(kw_only=True)
class Contact:
    email: str = ""
    """Empty while only a customer id is known."""
    email_since: datetime | None = None
    customer_id: str | None = None
    address_contested_at: datetime | None = None
    """Another account claims the address, or has the one this account claims: a person must decide (R72)."""
    rename_refused_at: datetime | None = None
    """SALESmanago refused to rename the contact: until somebody acts, it is served under the address it has there (R72)."""
    moved_at: datetime | None = None
    """When the person last took another address."""
    left: Mapping[str, Acts] = field(default_factory=dict)
    """What was said for addresses the person has left: should they come back, a resignation there stands (R72)."""
    profile: Mapping[str, TimedText] = field(default_factory=dict)
    registered: bool = False
    subscriber: bool = False
    """Subscribed to the newsletter while having no account (R21)."""
    wholesaler: TimedFlag | None = None
    transfer: TransferConsent = TransferConsent()
    email_news: Channel = Channel()
    phone_news: Channel = Channel()
    email_asked_at: datetime | None = None
    """When the person last subscribed to the e-mail newsletter without a proof that it was they (B6). That is no act."""
    panel_tags: Mapping[str, TimedFlag] = field(default_factory=dict)
    """Tag as staff wrote it -> is it on the customer."""
    panel_tags_complete_at: datetime | None = None
    earned_tags: tuple[str, ...] = ()
    """Section and source tags of what was transferred (R22, R23)."""
    last_purchase_at: datetime | None = None
    erased: bool = False
    erased_at: datetime | None = None
    """Nothing from that time or before is learned or sent, also in a later life of the person (M3)."""
    sent_state: SentState = SentState()
    shop_state: ShopState = ShopState()
    observed: Observed = Observed()
    seen_conflicts: Mapping[str, datetime] = field(default_factory=dict)
    """Conflict -> when somebody marked it as seen (R91)."""

    @property
    def is_transferred(self) -> bool:
        return self.sent_state.email is not None

    @property
    def unconfirmed_since(self) -> datetime | None:
        """Since when a subscription waits for the person's click; None if none does (B6). A resignation ends the wait."""
        asked = self.email_asked_at
        if asked is None or self.email_news.status is Status.OPT_IN:
            return None
        out = self.email_news.last_opt_out
        return None if out is not None and out >= asked else asked

    @property
    def was_asked_to_confirm(self) -> bool:
        """Was SALESmanago asked to mail the person about the subscription that waits?"""
        since, asked = self.unconfirmed_since, self.sent_state.email_asked_at
        return since is not None and asked is not None and asked >= since

    @property
    def known_there_as(self) -> str:
        """The address under which events reach the contact in SALESmanago."""
        return self.sent_state.email if self.rename_refused_at is not None and self.sent_state.email else self.email

    def may_be_known_there_as(self, email: str) -> bool:
        """Does SALESmanago perhaps know the person by this address: were we to send it, or did it show the person itself?"""
        return self.sent_state.email == email or (self._was_shown and self.email == email)

    @property
    def was_never_there(self) -> bool:
        """No shop sent anything about the person to SALESmanago, and SALESmanago never showed it."""
        return self.sent_state == SentState() and not self._was_shown

    @property
    def _was_shown(self) -> bool:
        return self.observed.email_news is not None or self.observed.phone_news is not None or self.observed.tags_at is not None

    def is_of_another_account(self, customer_id: str | None) -> bool:
        """Addresses are not unique among a panel's accounts: the second one must not alternate with the first."""
        return customer_id is not None and self.registered and self.customer_id not in (None, customer_id)

    # -- learning ------------------------------------------------------------------------------------------------

    def describe(self, customer: Customer, at: datetime, *, as_of: datetime | None = None) -> "Contact":
        """Learn what the shop says of the person; silence about a field changes nothing. `as_of`: see `TimedText`.

        Once there is a customer id, another does not replace it: see `of_account`.
        """
        return self._described(customer, at, {name: text for name, text in profile_of(customer).items() if text}, as_of)

    def describe_as_now(self, customer: Customer, at: datetime) -> "Contact":
        """As `describe`, from a message about what has changed: an empty value says that there is none any more (R10)."""
        return self._described(customer, at, {name: text for name, text in profile_of(customer).items() if text is not None})

    def _described(self, customer: Customer, at: datetime, said: Mapping[str, str], as_of: datetime | None = None) -> "Contact":
        named = said.get("customer_id")
        number = self.customer_id or named
        if number and named:
            said = {**said, "customer_id": number}
        known = self.with_profile(said, at, phone_assumed=customer.phone_assumed, as_of=as_of)
        since = as_of or at
        if customer.wholesaler is not None and (self.wholesaler is None or self.wholesaler.at <= since):
            known = replace(known, wholesaler=TimedFlag(customer.wholesaler, since))
        return known if number == known.customer_id else replace(known, customer_id=number)

    def of_account(self, number: str | None) -> "Contact":
        """An account's own word. The number of a guest's order gives way to that of the account."""
        guest = number is not None and not self.registered and self.customer_id != number
        return replace(self, registered=True, customer_id=number if guest else self.customer_id)

    def with_profile(
        self, said: Mapping[str, str], at: datetime, *, phone_assumed: bool = False, as_of: datetime | None = None
    ) -> "Contact":
        """An empty text clears. Names stay two facts, so that a new last name alone keeps the first; the address is one."""
        rank = TimedText("", at, as_of=as_of).rank
        if any(name in said for name in ADDRESS):
            said = {name: text for name, text in said.items() if name not in ADDRESS} | self._whole_address(said, rank)
        newer = {
            name: TimedText(text, at, cleared=not text, as_of=as_of, assumed=phone_assumed and name == "phone")
            for name, text in said.items()
            if self._is_news(name, rank)
        }
        return replace(self, profile={**self.profile, **newer}) if newer else self

    def _whole_address(self, said: Mapping[str, str], rank: Rank) -> dict[str, str]:
        """All parts, or none if a part is known from later: parts of two addresses are none."""
        return {name: said.get(name, "") for name in ADDRESS} if all(self._is_news(name, rank) for name in ADDRESS) else {}

    def _is_news(self, name: str, rank: Rank) -> bool:
        known = self.profile.get(name)
        dropped = known is not None and not known.value and not known.cleared
        return known is None or known.rank < rank or (known.rank == rank and not dropped)

    def moved_to(self, email: str, at: datetime) -> "Contact":
        """The address at a time; a late message of an older address changes nothing."""
        if self.email and self.email_since is not None and self.email_since > at:
            return self
        here = replace(self, email=email, email_since=at, address_contested_at=None)
        if self.email in ("", email):
            return here
        acts = self.left.get(email, NO_ACTS)
        return replace(
            here,
            moved_at=at,
            rename_refused_at=None,
            email_news=self.email_news.moved.with_here(acts.email_news),
            phone_news=self.phone_news.moved.with_here(acts.phone_news),
            left={address: said for address, said in self.acts_by_address.items() if address != email},
        )

    @property
    def acts_by_address(self) -> dict[str, Acts]:
        here = Acts(self.email_news.here, self.phone_news.here)
        return {**self.left, self.email: here} if self.email and here != NO_ACTS else dict(self.left)

    def said_for(self, address: str, acts: Acts) -> "Contact":
        """Learn what was said for an address that the person has left."""
        return self if acts == NO_ACTS else replace(self, left={**self.left, address: self.left.get(address, NO_ACTS).joined(acts)})

    def with_tags(self, added: tuple[str, ...], removed: tuple[str, ...], at: datetime) -> "Contact":
        """Learn an edit of panel tags. An edit from before the last full list says nothing new (R09: one of its moment does)."""
        if self.panel_tags_complete_at is not None and at < self.panel_tags_complete_at:
            return self
        known = words_of(self.panel_tags)
        edits = [(tag, TimedFlag(value=False, at=at)) for tag in removed] + [(tag, TimedFlag(value=True, at=at)) for tag in added]
        newer = {word: (tag, edit) for tag, edit in edits if (word := tags.word(tag)) not in known or known[word][1].at <= at}
        return self._with_words({**known, **newer})

    def with_all_tags(self, present: tuple[str, ...], at: datetime) -> "Contact":
        """Learn the full list of panel tags as it was at a time; edits newer than the list stand."""
        if self.panel_tags_complete_at is not None and at < self.panel_tags_complete_at:
            return self
        known = words_of(self.panel_tags)
        listed = {tags.word(tag): (tag, TimedFlag(value=True, at=at)) for tag in present}
        unlisted = {word: (tag, TimedFlag(value=False, at=at)) for word, (tag, _) in known.items() if word not in listed}
        newer = {word: (tag, flag) for word, (tag, flag) in known.items() if flag.at > at}
        return replace(self._with_words({**listed, **unlisted, **newer}), panel_tags_complete_at=at)

    def _with_words(self, words: "Mapping[str, tuple[str, TimedFlag]]") -> "Contact":
        """Panel tags, at most `MOST_TAGS` that are there: those that were there first. Of removed ones the newest are remembered,

        and those whose removal is still to be sent.
        """
        if len(words) > tags.MOST_TAGS:
            oldest_first = sorted(words.items(), key=lambda entry: entry[1][1].at)
            there = [entry for entry in oldest_first if entry[1][1].value][: tags.MOST_TAGS]
            gone = [entry for entry in oldest_first if not entry[1][1].value]
            unsent = [entry for entry in gone[: -tags.MOST_TAGS] if self._is_sent(entry[1][0])]
            words = dict((*unsent, *gone[-tags.MOST_TAGS :], *there))
        return replace(self, panel_tags=dict(words.values()))

    def has_no_place_for(self, added: tuple[str, ...]) -> bool:
        """Were some of these left out, because the person has so many already?"""
        if sum(flag.value for flag in self.panel_tags.values()) < tags.MOST_TAGS:
            return False
        known = words_of(self.panel_tags)
        return any(tags.word(tag) not in known for tag in added)

    def _is_sent(self, panel_tag: str) -> bool:
        name = tags.to_upstream(panel_tag)
        return name is not None and self.sent_state.tags.get(tags.canonical(name)) is True

    def earning(self, earned: tuple[str, ...]) -> "Contact":
        """Of more than `MOST_TAGS` the oldest are forgotten here; in SALESmanago they stay."""
        if set(earned).issubset(self.earned_tags):
            return self
        return replace(self, earned_tags=tags.distinct((*self.earned_tags, *earned))[-tags.MOST_TAGS :])

    def bought(self, at: datetime) -> "Contact":
        return replace(self, last_purchase_at=later(self.last_purchase_at, at))

    def without_profile(self) -> "Contact":
        """Before the consent we keep only what a later first transfer needs: flags, tags, newsletter acts."""
        if not any(fact.value for fact in self.profile.values()):
            return self
        # The times stay: what is older than something dropped must not come back as news.
        return replace(
            self,
            profile={name: TimedText("", fact.at, cleared=fact.cleared, as_of=fact.as_of) for name, fact in self.profile.items()},
        )


NOBODY = Contact()


ADDRESS = ("street", "postal_code", "city", "country")
"""One fact: an address that is given replaces the whole, and a part it does not name is empty (R10)."""


def words_of(panel_tags: Mapping[str, TimedFlag]) -> dict[str, tuple[str, TimedFlag]]:
    """Word -> the tag as it was spelled last, and whether it is there. Of what was stored per spelling the newest counts."""
    words: dict[str, tuple[str, TimedFlag]] = {}
    for tag, flag in panel_tags.items():
        word = tags.word(tag)
        known = words.get(word)
        if known is None or (known[1].at, known[1].value) <= (flag.at, flag.value):
            words[word] = (tag, flag)
    return words


def profile_of(customer: Customer) -> dict[str, str | None]:
    address = customer.address
    return {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "gender": customer.gender,
        "phone": customer.phone,
        "street": address.street,
        "postal_code": address.postal_code,
        "city": address.city,
        "country": address.country,
        "language": customer.language,
        "birth_date": customer.birth_date,
        "customer_id": real_id(customer.id),
    }


def without_placeholder(contact: Contact) -> Contact:
    """As stored by a version that took `0` for somebody's id."""
    said = contact.profile.get("customer_id")
    if real_id(contact.customer_id) == contact.customer_id and (
        said is None or not said.value or real_id(said.value) == said.value
    ):
        return contact
    profile = {name: fact for name, fact in contact.profile.items() if name != "customer_id" or real_id(fact.value)}
    return replace(contact, customer_id=real_id(contact.customer_id), profile=profile)


def is_forgotten(event: Event, contact: Contact) -> bool:
    return contact.erased_at is not None and event.at <= contact.erased_at
