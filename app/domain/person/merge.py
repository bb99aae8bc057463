"""Two contacts turn out to be one person: what of each stands (R06, R72)."""

from collections.abc import Mapping
from datetime import datetime

from app.domain import tags
from app.domain.consent import Channel, TransferConsent, later, newer_status
from app.domain.person.contact import ADDRESS, Contact, words_of
from app.domain.person.contact_parts import NO_ACTS, Acts, Rank, TimedFlag, TimedText, joined_channel
from app.domain.values import replace


def absorb(target: Contact, other: Contact, at: datetime | None = None) -> Contact:
    """One person turned out to stand in our memory twice: `target` keeps its identity and learns all that `other` knew.

    Consents and channels join, so an opt-out of either is an opt-out of both (R06); of another address also if an opt-in of
    `other` is newer (R72). The sent state stays the target's: what was sent of the other address says nothing about this one.
    `at`: when `other` took the address of `target`.
    """
    moved = bool(target.email and other.email) and target.email != other.email
    if moved and target.email in other.left:  # `other` comes back to it
        acts = other.left[target.email]
        target = replace(
            target,
            email_news=joined_channel(target.email_news, acts.email_news),
            phone_news=joined_channel(target.phone_news, acts.phone_news),
        )
    return replace(
        target,
        customer_id=target.customer_id or other.customer_id,
        profile=_joined_profile(target.profile, other.profile),
        registered=target.registered or other.registered,
        subscriber=target.subscriber or other.subscriber,
        wholesaler=max(filter(None, (target.wholesaler, other.wholesaler)), key=lambda flag: flag.at, default=None),
        transfer=(TransferConsent.taking_over if moved else _joined_consent)(target.transfer, other.transfer),
        email_news=(Channel.taking_over if moved else joined_channel)(target.email_news, other.email_news),
        phone_news=(Channel.taking_over if moved else joined_channel)(target.phone_news, other.phone_news),
        moved_at=later(target.moved_at, at if moved else other.moved_at),
        email_asked_at=later(target.email_asked_at, other.email_asked_at),
        left=_joined_acts(target, other),
        panel_tags=_joined_tags(target, other),
        panel_tags_complete_at=later(target.panel_tags_complete_at, other.panel_tags_complete_at),
        earned_tags=tags.distinct((*target.earned_tags, *other.earned_tags))[-tags.MOST_TAGS :],
        last_purchase_at=later(target.last_purchase_at, other.last_purchase_at),
        erased_at=later(target.erased_at, other.erased_at),
        shop_state=replace(
            target.shop_state,
            email_news=newer_status(other.shop_state.email_news, target.shop_state.email_news),
            phone_news=newer_status(other.shop_state.phone_news, target.shop_state.phone_news),
            email_opt_in_written=later(other.shop_state.email_opt_in_written, target.shop_state.email_opt_in_written),
            phone_opt_in_written=later(other.shop_state.phone_opt_in_written, target.shop_state.phone_opt_in_written),
        ),
    )


def taken_in(mover: Contact, there: Contact, at: datetime) -> Contact:
    """As `absorb`, where the holder of the address was never sent to SALESmanago: the mover's sent state stays."""
    return replace(absorb(there, mover, at), sent_state=mover.sent_state, observed=mover.observed)


def _joined_profile(target: Mapping[str, TimedText], other: Mapping[str, TimedText]) -> dict[str, TimedText]:
    """The newer word on every field, and the newer address as a whole."""
    profile = dict(other)
    for name, fact in target.items():
        if name not in profile or profile[name].rank <= fact.rank:
            profile[name] = fact
    ours, theirs = _address_of(target), _address_of(other)
    newer = ours if not theirs or (ours and _newest(ours) >= _newest(theirs)) else theirs
    return {name: fact for name, fact in profile.items() if name not in ADDRESS} | newer


def _address_of(profile: Mapping[str, TimedText]) -> dict[str, TimedText]:
    return {name: profile[name] for name in ADDRESS if name in profile}


def _newest(facts: Mapping[str, TimedText]) -> Rank:
    return max(fact.rank for fact in facts.values())


def _joined_tags(target: Contact, other: Contact) -> dict[str, TimedFlag]:
    """The newer word on every tag; what one of them knows from before the other's full list is settled by that list."""
    joined: dict[str, TimedFlag] = {}
    of_target, of_other = words_of(target.panel_tags), words_of(other.panel_tags)
    for word in {**of_target, **of_other}:
        said = [known[word] for known in (of_other, of_target) if word in known]
        lists = [one.panel_tags_complete_at for one, known in ((target, of_target), (other, of_other)) if word not in known]
        text, newest = max(said, key=lambda entry: entry[1].at)
        unlisted_at = lists[0] if lists else None
        outdated = unlisted_at is not None and newest.at <= unlisted_at
        joined[text] = TimedFlag(value=False, at=unlisted_at) if outdated and unlisted_at is not None else newest
    return joined


def _joined_acts(target: Contact, other: Contact) -> dict[str, Acts]:
    joined = dict(target.left)
    for address, acts in other.acts_by_address.items():
        if address != target.email:
            joined[address] = joined.get(address, NO_ACTS).joined(acts)
    return joined


def _joined_consent(one: TransferConsent, other: TransferConsent) -> TransferConsent:
    firsts = [at for at in (one.granted_first, other.granted_first) if at is not None]
    return TransferConsent(
        granted_first=min(firsts, default=None),
        granted_last=later(one.granted_last, other.granted_last),
        withdrawn=later(one.withdrawn, other.withdrawn),
    )
