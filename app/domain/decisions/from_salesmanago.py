"""What SALESmanago showed, said or did not take: what of it goes to the shop, and what is sent there again (R26, R53, R55)."""

from collections.abc import Sequence
from typing import assert_never

from app.domain.commands import Command, ConfirmOptIn, UpsertContact
from app.domain.consent import Status, is_opt_out
from app.domain.decisions.changes.salesmanago_changes import difference, opt_outs_due
from app.domain.decisions.changes.sent_state import digest_of_sent_state, mark_sent, reset_to_remote
from app.domain.decisions.changes.shop_changes import mark_sent_to_shop, mirror_command, shop_commands
from app.domain.decisions.compose import compose
from app.domain.decisions.guard import closes_the_door
from app.domain.decisions.observations.mirrored import put_back
from app.domain.decisions.observations.statuses import came_back, is_explained
from app.domain.decisions.plan import Decision, Send, Supersede, Withhold, unchanged
from app.domain.event_parts import Origin
from app.domain.events import (
    AboutThePerson,
    AtTheShop,
    DriftFound,
    Event,
    OptInClaimed,
    OptOutClaimed,
    Request,
    StatusObserved,
    StatusRejected,
    TagsObserved,
)
from app.domain.person.contact import Contact
from app.domain.person.sale import Sale
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop


def decide_claim(event: Event, contact: Contact, *, opt_in_waits: bool) -> Event:
    """The act that a callback about an opt-out reports, or the callback itself where it must be confirmed first. Other events stay.

    A callback carries no time, and the same one may come again. Of somebody who came back after a resignation, where
    that was sent to SALESmanago, its own record decides; of anybody else the opt-out counts at once (R55). So it does while the
    opt-in has not arrived (`opt_in_waits`): the record cannot tell the two resignations apart, and nobody is opted in after
    one (R06).
    """
    match event:
        case OptOutClaimed():
            if contact.erased or (came_back(contact) and not opt_in_waits):
                return event
            return StatusObserved(at=event.at, email=event.email, email_out=True, acted=True, origin=Origin.CLICK_OR_STAFF)
        case OptInClaimed() | StatusObserved() | StatusRejected() | TagsObserved() | DriftFound():
            return event
        case _ if isinstance(event, AboutThePerson | AtTheShop | Request):
            return event
        case _:
            assert_never(event)


def decide_shown(
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
    match event:
        case OptInClaimed():
            if known.email_news.status is Status.OPT_OUT and not _opt_out_was_sent(known):
                # The opt-out was never sent, so that SALESmanago shows none confirms nothing.
                return unchanged(Withhold(Reason.OPT_IN_NOT_CONFIRMED), known, sale)
            return unchanged(Send(ConfirmOptIn(email=event.email, at=event.at)), known, sale)
        case StatusRejected():
            if event.still_as is None and not is_explained(event, known):
                return unchanged(Withhold(Reason.OPTED_OUT_THERE if event.shown_out else Reason.REFUSED), known, sale)
        case StatusObserved() | TagsObserved():
            pass
        case _:
            assert_never(event)
    commands: list[Command] = list(shop_commands(known, event, shop))
    upsert = facts_due(event, shop, known, known_there=known_there)
    commands += [] if upsert is None else [upsert]
    if not commands:
        return unchanged(Supersede(Reason.NOTHING_NEW), known, sale)
    return Decision(Send(*commands), informed(known, commands), sale, known)


def repaired(event: DriftFound, shop: Shop, known: Contact, sale: Sale) -> Decision:
    """What was sent and is gone is sent again. A comparison adds nobody to SALESmanago."""
    there, up_to_date = reset_to_remote(known, event), event.sent_digest in ("", digest_of_sent_state(known))
    commands: list[Command] = []
    if known.is_transferred and up_to_date:
        there = put_back(there, event.put_back, event.at)
        mirrored = mirror_command(there, shop) if event.put_back else None
        commands = [*compose(event, shop, there, sale), *([] if mirrored is None else [mirrored])]
    if not commands:
        return unchanged(Supersede(Reason.NOTHING_NEW), known, sale)
    return Decision(Send(*commands), informed(there, commands), sale, known)


def _opt_out_was_sent(known: Contact) -> bool:
    """The person's opt-out was sent; or a later act was, by another shop of the account."""
    sent, said = known.sent_state.email_news, known.email_news.said
    return is_opt_out(sent) or (sent is not None and said is not None and sent.at > said.at)


def informed(known: Contact, commands: Sequence[Command]) -> Contact:
    """The contact, once these commands are queued."""
    return mark_sent_to_shop(mark_sent(known, commands), commands)


def facts_due(event: Event, shop: Shop, known: Contact, *, known_there: bool) -> UpsertContact | None:
    """The upsert for a person, whatever becomes of the event itself. Opt-outs alone if nothing else may be sent (R06a)."""
    if known.is_transferred and closes_the_door(shop, known) is None:
        return difference(known, shop, event.at)
    return opt_outs_due(known, shop, known_there=known_there)
