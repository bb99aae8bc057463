"""The decision: one event, one shop, one contact in; a plan and what to remember out.

    learn       facts the event reports, whether or not anything may be sent
    refusal_reason  the reason that keeps it in the shop, if there is one
    compose     the commands that follow, as differences: to SALESmanago and to the shop

Everything here is pure. The requirement a line comes from stands beside it.
"""

from collections.abc import Sequence
from typing import assert_never

from app.domain import tags
from app.domain.commands import Command, ConfirmOptIn, ConfirmOptOut, DeleteContact, UpsertContact
from app.domain.consent import Status, is_opt_out, later
from app.domain.decisions.changes.salesmanago_changes import difference, opt_outs_due
from app.domain.decisions.changes.sent_state import digest_of_sent_state, mark_sent, reset_to_remote
from app.domain.decisions.changes.shop_changes import mark_sent_to_shop, shop_commands, shop_knows
from app.domain.decisions.compose import compose
from app.domain.decisions.guard import closes_the_door, refusal_reason
from app.domain.decisions.learn import learn, reactivated, remember_revocation
from app.domain.decisions.observations.statuses import came_back, is_explained
from app.domain.decisions.observations.tags import bought_again
from app.domain.decisions.plan import Decision, Defer, Plan, Send, Supersede, Withhold, unsent
from app.domain.event_kinds.subjects import customer_id_of
from app.domain.event_parts import NewsletterBox, Origin
from app.domain.events import (
    AboutThePerson,
    AccessRequested,
    AccountChanged,
    AccountListed,
    AtTheShop,
    CartChanged,
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
    TagsEdited,
    TagsObserved,
    Unsubscribed,
)
from app.domain.person.contact import Contact, is_forgotten
from app.domain.person.sale import NO_SALE, Holder, Sale, as_placed, remembered
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace


def _decision(plan: Plan, contact: Contact, sale: Sale) -> Decision:
    return Decision(plan, contact, sale, contact)


def decide_claim(event: OptOutClaimed, contact: Contact, *, opt_in_waits: bool) -> OptOutClaimed | StatusObserved:
    """The act that a callback about an opt-out reports, or the callback itself where it must be confirmed first.

    A callback carries no time, and the same one may come again. Of somebody who came back after a resignation, where
    that was sent to SALESmanago, its own record decides; of anybody else the opt-out counts at once (R55). So it does while the
    opt-in has not arrived (`opt_in_waits`): the record cannot tell the two resignations apart, and nobody is opted in after
    one (R06).
    """
    if contact.erased or (came_back(contact) and not opt_in_waits):
        return event
    return StatusObserved(at=event.at, email=event.email, email_out=True, acted=True, origin=Origin.CLICK_OR_STAFF)


def decide(
    event: Event,
    shop: Shop,
    contact: Contact,
    sale: Sale = NO_SALE,
    holder: Holder = Holder.SAME,
    *,
    known_there: bool = False,
) -> Decision:
    """Turn an event into a plan; `contact` and `sale` of the answer replace the ones given.

    `holder`: at which contact the order stands, if it was sent. `known_there`: SALESmanago knows the person from another shop of
    the account.
    """
    if isinstance(event, OrderPlaced):
        event = as_placed(event, sale)
    decision = _decide(event, shop, contact, sale, holder, known_there=known_there)
    return _in_shadow(decision, event, shop, sale, known_there=known_there) if shop.shadow else decision


def _decide(event: Event, shop: Shop, contact: Contact, sale: Sale, holder: Holder, *, known_there: bool) -> Decision:
    if isinstance(event, OrderCancelled | OrderReturned) and not sale.purchase_sent:
        # It concerns the buyer, and nobody ordered yet, or the order stayed in the shop (R17, R19).
        return _decision(unsent(Reason.PURCHASE_NOT_SENT) if sale.is_known else Defer(Reason.WAITS_FOR_ORDER), contact, sale)
    if isinstance(event, ErasureRequested):
        return _erase(event, shop, contact, sale)
    if isinstance(event, AccessRequested):
        return _decision(Supersede(Reason.REPORT_READY), contact, sale)
    contact = reactivated(event, contact)
    if contact.erased or is_forgotten(event, contact):
        return _decision(
            Withhold(Reason.ERASED), remember_revocation(event, shop, contact), remembered(event, sale, reason=Reason.ERASED)
        )
    if contact.is_of_another_account(customer_id_of(event)):
        return _contested(event, shop, contact, sale, known_there=known_there)
    known = learn(event, shop, contact)
    match event:
        case OptOutClaimed():
            return _decision(Send(ConfirmOptOut(email=event.email, at=event.at)), known, sale)
        case StatusObserved() | StatusRejected() | TagsObserved() | OptInClaimed():
            return _homeward(event, shop, known, sale, known_there=known_there)
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed() | DriftFound():
            pass
        case _ if isinstance(event, AboutThePerson):
            pass
        case _:
            assert_never(event)
    known = shop_knows(contact, known)
    reason = refusal_reason(event, shop, known, sale, holder)
    if reason is not None:
        return _stays(reason, event, shop, known, sale, known_there=known_there)
    return _sent(event, shop, known, sale)


def _sent(event: AboutThePerson | AtTheShop | DriftFound, shop: Shop, known: Contact, sale: Sale) -> Decision:
    """Nothing forbids it: the commands that follow of it, if any do."""
    match event:
        case OrderPlaced():
            earned = _earned(event, shop)
            known = bought_again(known.earning(earned), earned)
        case DriftFound():
            return _repaired(event, shop, known, sale)
        case CartChanged():
            return _decision(Defer(Reason.CART_WAITS), known, sale)
        case OrderCancelled() | OrderReturned() | ProductViewed():
            pass
        case _ if isinstance(event, AboutThePerson):
            pass
        case _:
            assert_never(event)
    commands = compose(event, shop, known, sale)
    if not commands:
        return _decision(unsent(_why_nothing(event)), known, sale)
    return Decision(Send(*commands), _informed(known, commands), remembered(event, sale, sent=True), known)


def contested(event: Event, shop: Shop, contact: Contact, sale: Sale, *, known_there: bool = False) -> Decision:
    """As `decide`, where two accounts claim the address (R72)."""
    decision = _contested(event, shop, contact, sale, known_there=known_there)
    return _in_shadow(decision, event, shop, sale, known_there=known_there) if shop.shadow else decision


def _contested(event: Event, shop: Shop, contact: Contact, sale: Sale, *, known_there: bool) -> Decision:
    """Two accounts claim one address: nobody takes over anything, and a person must decide (R72).

    What else an account's own event says of it is learned, under the address it had; newsletter boxes were of the other address.
    """
    if isinstance(event, AccountListed):
        return _decision(Withhold(Reason.SHARED_ADDRESS), contact, sale)
    seen = replace(contact, address_contested_at=later(contact.address_contested_at, event.at))
    if not isinstance(event, AccountChanged) or contact.is_of_another_account(customer_id_of(event)) or not contact.email:
        return _decision(Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT), seen, sale)
    facts = replace(event.customer, email=contact.email, newsletter_email=NewsletterBox(), newsletter_sms=NewsletterBox())
    known = replace(seen.describe(facts, event.at), registered=True)
    reason = refusal_reason(event, shop, known, sale)
    return _stays(reason or Reason.ADDRESS_OF_ANOTHER_ACCOUNT, event, shop, known, sale, known_there=known_there)


def _why_nothing(event: Event) -> Reason:
    """A tag that may not be sent was not sent, so the plan must not say that everything has been sent (R29)."""
    if isinstance(event, TagsEdited):
        stay = [tags.to_upstream(tag) is None for tag in event.all_tags or (*event.added, *event.removed)]
        # A full set shows the tags that came from SALESmanago every time.
        if any(stay) or not stay if event.all_tags is None else stay and all(stay):
            return Reason.TAGS_MAY_NOT_TRAVEL
    return Reason.NOTHING_NEW


def _homeward(
    event: StatusObserved | StatusRejected | TagsObserved | OptInClaimed,
    shop: Shop,
    known: Contact,
    sale: Sale,
    *,
    known_there: bool,
) -> Decision:
    """What SALESmanago showed is sent to the shop whatever the transfer policy says: it leaves SALESmanago, not the shop.

    What SALESmanago lost or did not accept is sent again, if the person may be sent.
    """
    if isinstance(event, OptInClaimed):
        if known.email_news.status is Status.OPT_OUT and not _opt_out_was_sent(known):
            # The opt-out was never sent, so that SALESmanago shows none confirms nothing.
            return _decision(Withhold(Reason.OPT_IN_NOT_CONFIRMED), known, sale)
        return _decision(Send(ConfirmOptIn(email=event.email, at=event.at)), known, sale)
    if isinstance(event, StatusRejected) and event.still_as is None and not is_explained(event, known):
        return _decision(Withhold(Reason.OPTED_OUT_THERE if event.shown_out else Reason.REFUSED), known, sale)
    commands: list[Command] = list(shop_commands(known, event, shop))
    upsert = _facts(event, shop, known, known_there=known_there)
    commands += [] if upsert is None else [upsert]
    if not commands:
        return _decision(Supersede(Reason.NOTHING_NEW), known, sale)
    return Decision(Send(*commands), _informed(known, commands), sale, known)


def _repaired(event: DriftFound, shop: Shop, known: Contact, sale: Sale) -> Decision:
    """What was sent and is gone is sent again. A comparison adds nobody to SALESmanago."""
    there, up_to_date = reset_to_remote(known, event), event.sent_digest in ("", digest_of_sent_state(known))
    commands = compose(event, shop, there, sale) if known.is_transferred and up_to_date else ()
    if not commands:
        return _decision(Supersede(Reason.NOTHING_NEW), known, sale)
    return Decision(Send(*commands), _informed(there, commands), sale, known)


def _opt_out_was_sent(known: Contact) -> bool:
    """The person's opt-out was sent; or a later act was, by another shop of the account."""
    sent, said = known.sent_state.email_news, known.email_news.said
    return is_opt_out(sent) or (sent is not None and said is not None and sent.at > said.at)


def _informed(known: Contact, commands: Sequence[Command]) -> Contact:
    return mark_sent_to_shop(mark_sent(known, commands), commands)


def _stays(reason: Reason, event: Event, shop: Shop, known: Contact, sale: Sale, *, known_there: bool) -> Decision:
    """The event is withheld. Facts in it about a person who was transferred already are still sent; a resignation always is."""
    sale, left = remembered(event, sale, reason=reason), _minimised(known, shop)
    upsert = _facts(event, shop, known, known_there=known_there)
    if upsert is None:
        return _decision(unsent(reason), left, sale)
    withholding = None if _resigns(event, shop) and reason in _CLOSES_THE_DOOR else reason
    return Decision(Send(upsert, withholding=withholding), mark_sent(left, [upsert]), sale, left)


def _facts(event: Event, shop: Shop, known: Contact, *, known_there: bool) -> UpsertContact | None:
    """The upsert for a person, whatever becomes of the event itself. Opt-outs alone if nothing else may be sent (R06a)."""
    if known.is_transferred and closes_the_door(shop, known) is None:
        return difference(known, shop, event.at)
    return opt_outs_due(known, shop, known_there=known_there)


def _resigns(event: Event, shop: Shop) -> bool:
    return isinstance(event, Unsubscribed) and (event.confirmed or shop.propagate_unconfirmed_removals)


def _in_shadow(decision: Decision, event: Event, shop: Shop, sale: Sale, *, known_there: bool) -> Decision:
    """Nothing is sent and nothing counts as sent, except what takes permission away: resignations and erasures (R06a)."""
    if isinstance(event, ErasureRequested | OptOutClaimed) or not isinstance(decision.plan, Send):
        return decision
    learned, sale = decision.learned, remembered(event, sale, reason=Reason.SHADOW)
    upsert = opt_outs_due(learned, shop, known_there=known_there)
    if upsert is None:
        return _decision(Withhold(Reason.SHADOW, decision.plan.commands), learned, sale)
    withholding = None if _resigns(event, shop) else Reason.SHADOW
    return Decision(Send(upsert, withholding=withholding), mark_sent(learned, [upsert]), sale, learned)


def _erase(event: ErasureRequested, shop: Shop, contact: Contact, sale: Sale) -> Decision:
    """Delete under every address SALESmanago may know the person by; keep only the time, so that older data stays out (M1, M3).

    Whom it cannot know from us, and who may not be sent, is not named there either: an erasure is no transfer (R03).
    """
    if contact.erased_at is not None and event.at <= contact.erased_at:
        return _decision(Supersede(Reason.NOTHING_NEW), contact, sale)
    present = contact.email or event.email
    named = contact.may_be_known_there_as(present) or (contact.transfer.permits(shop.policy) and not shop.blocks(present))
    addresses = dict.fromkeys(filter(None, (present if named else None, contact.sent_state.email)))
    forgotten = Contact(
        email=contact.email or event.email,
        erased=True,
        erased_at=event.at,
        transfer=contact.transfer.forgotten(event.at),
        email_news=contact.email_news.forgotten(event.at),
        phone_news=contact.phone_news.forgotten(event.at),
    )
    return _decision(Send(*(DeleteContact(email=address) for address in addresses)), forgotten, sale)


# -- refused -----------------------------------------------------------------------------------------------------------


_CLOSES_THE_DOOR = (Reason.ADDRESS_UNKNOWN, Reason.BLOCKED_ADDRESS, Reason.CONSENT_WITHDRAWN, Reason.NO_CONSENT)
"""Reasons that hold for the person, not only for what happened."""


def _minimised(contact: Contact, shop: Shop) -> Contact:
    return contact if contact.transfer.permits(shop.policy) else contact.without_profile()


# -- compose -------------------------------------------------------------------------------------------------------------


def _earned(order: OrderPlaced, shop: Shop) -> tuple[str, ...]:
    """Section tags of the goods (R22) and where the customer came from (R23)."""
    sections = tags.section_tags(path for item in order.items for path in item.menu_paths)
    source = tags.source_tag(order.source or "", shop.host)
    return sections if source is None else (*sections, source)
