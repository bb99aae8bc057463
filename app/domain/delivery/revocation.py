"""An act that takes permission away, and what it leaves of a command that has not arrived."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    EventKind,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
    as_upsert,
)
from app.domain.consent import Status, later
from app.domain.values import replace, value


@value()
class Revocation:
    """An act that took permission away: what of the queue must not leave any more."""

    everything: bool = False
    """To SALESmanago, but for opt-outs: a resignation always travels (R06a)."""
    email_opt_in: bool = False
    phone_opt_in: bool = False
    email_until: datetime | None = None
    phone_until: datetime | None = None
    """Opt-ins by an act of that time or before; None: whenever it was. A newer act, perhaps of another shop, stays (R06)."""
    at_shop: bool = False
    """Also what is queued for the shop."""
    opt_outs: bool = False
    """Also opt-outs: the person is erased, and the erasure stands in their place."""
    carts_until: datetime | None = None
    """Carts of that time and before were bought (R41)."""
    happened_before: datetime | None = None
    """Orders, carts and views from before that time: the consent does not cover them (R07)."""
    cart_id: str | None = None
    """This cart has changed: its report would show yesterday's content."""
    kept_back: tuple[str, ...] = ()
    """Fields of a person or an order that the shop does not let travel any more (M5), and properties made of them."""

    def __or__(self, other: "Revocation") -> "Revocation":
        return Revocation(
            self.everything or other.everything,
            self.email_opt_in or other.email_opt_in,
            self.phone_opt_in or other.phone_opt_in,
            later(self.email_until, other.email_until),
            later(self.phone_until, other.phone_until),
            self.at_shop or other.at_shop,
            self.opt_outs or other.opt_outs,
            later(self.carts_until, other.carts_until),
            later(self.happened_before, other.happened_before),
            self.cart_id or other.cart_id,
            tuple(dict.fromkeys((*self.kept_back, *other.kept_back))),
        )


def without_revoked(command: Command, act: Revocation, *, perhaps_arrived: bool = False) -> Command | None:
    """The command as it may still be sent, or None."""
    match command:
        case UpsertContact():
            return _upsert_without_revoked(command, act, perhaps_arrived=perhaps_arrived)
        case AddEvent():
            return None if act.everything or _is_outdated(command, act) else _event_without_fields(command, act.kept_back)
        case DeleteContact():
            return command
        case ConfirmOptIn() | ConfirmOptOut():
            return None if act.opt_outs else command  # it asks about a person whom SALESmanago named itself
        case SetSubscription():
            return command if not act.at_shop else None if act.opt_outs else _opt_outs_for_the_shop(command)
        case MirrorTags() | ReportErasure():
            return None if act.at_shop else command
        case _:
            assert_never(command)


def _upsert_without_revoked(command: UpsertContact, act: Revocation, *, perhaps_arrived: bool) -> UpsertContact | None:
    """An opt-in that may have arrived already becomes the opt-out (I6)."""
    if act.everything:
        is_known = perhaps_arrived or not command.introduces
        return opt_outs_of(command) if is_known and not act.opt_outs else None
    if act.kept_back:
        profile = {name: text for name, text in command.profile.items() if name not in act.kept_back}
        command = replace(command, profile=profile)
    no_email = act.email_opt_in and command.email_status is Status.OPT_IN and _is_by(command.email_acted_at, act.email_until)
    no_phone = act.phone_opt_in and command.phone_status is Status.OPT_IN and _is_by(command.phone_acted_at, act.phone_until)
    left = drop_opt_ins(command, email=no_email, phone=no_phone)
    if act.email_opt_in and left.asks_opt_in is not None:  # who resigned is not asked any more
        left = replace(left, asks_opt_in=None)
    if not perhaps_arrived:
        return left
    return replace(
        left,
        email_status=Status.OPT_OUT if no_email else left.email_status,
        phone_status=Status.OPT_OUT if no_phone else left.phone_status,
        email_acted_at=None if no_email else left.email_acted_at,  # the act was another's, and it may still arrive
        phone_acted_at=None if no_phone else left.phone_acted_at,
    )


def _event_without_fields(event: AddEvent, kept_back: Sequence[str]) -> AddEvent:
    """A detail of the shop's own that holds the text of such a field goes with it."""
    if not kept_back:
        return event
    texts = {"pickup_point": event.pickup_point, "language": event.language}
    hidden = {name: text for name, text in texts.items() if name in kept_back and text is not None}
    return replace(
        event,
        pickup_point=None if "pickup_point" in hidden else event.pickup_point,
        language=None if "language" in hidden else event.language,
        details=tuple(one for one in event.details if one[1] not in hidden.values()),
    )


def _is_by(acted_at: datetime | None, until: datetime | None) -> bool:
    return acted_at is None or until is None or acted_at <= until


def opt_outs_of(command: Command) -> UpsertContact | None:
    """The opt-outs of a command and nothing else of it; None if it has none (R06a)."""
    upsert = as_upsert(command)
    if upsert is None or Status.OPT_OUT not in (upsert.email_status, upsert.phone_status):
        return None
    return UpsertContact(
        email=upsert.email,
        email_status=upsert.email_status if upsert.email_status is Status.OPT_OUT else None,
        phone_status=upsert.phone_status if upsert.phone_status is Status.OPT_OUT else None,
        agreements=tuple(one for one in upsert.agreements if not one.accepted),
        repeats=upsert.repeats,
    )


def _opt_outs_for_the_shop(command: SetSubscription) -> SetSubscription | None:
    email = command.email_news if command.email_news is not None and command.email_news.status is Status.OPT_OUT else None
    phone = command.phone_news if command.phone_news is not None and command.phone_news.status is Status.OPT_OUT else None
    return None if email is None and phone is None else replace(command, email_news=email, phone_news=phone)


def unsent_part(command: Command, left: Command | None, act: Revocation, *, perhaps_arrived: bool) -> Command | None:
    """The part of a command that is not sent after all, `left` being what still is; None if nothing is lost.

    A contact that perhaps arrived there counts as known: a later opt-out must reach them.
    """
    upsert = as_upsert(command)
    if left is None:
        return replace(upsert, introduces=False) if upsert is not None and perhaps_arrived else command
    kept = as_upsert(left)
    if act.kept_back and upsert is not None and kept is not None:
        lost = {name: text for name, text in upsert.profile.items() if name not in kept.profile}
        return UpsertContact(email=upsert.email, profile=lost) if lost else None
    if not act.everything or upsert is None or kept is None:
        return None  # a revoked opt-in is followed by the opt-out, which is what counts as sent
    return replace(
        upsert,
        email_status=None if kept.email_status is not None else upsert.email_status,
        phone_status=None if kept.phone_status is not None else upsert.phone_status,
        introduces=False,
    )


def _is_outdated(event: AddEvent, act: Revocation) -> bool:
    bought = act.carts_until is not None and event.is_cart_until(act.carts_until)
    too_old = act.happened_before is not None and needs_consent(event.kind) and event.at < act.happened_before
    return bought or too_old or (act.cart_id is not None and event.cart_id == act.cart_id)


def needs_consent(kind: EventKind) -> bool:
    """Is it sent only if it happened under the consent to the transfer (R07)? What undoes a purchase follows that purchase."""
    match kind:
        case EventKind.PURCHASE | EventKind.CART | EventKind.VISIT:
            return True
        case EventKind.CANCELLATION | EventKind.RETURN:
            return False
        case _:
            assert_never(kind)


def drop_opt_ins(upsert: UpsertContact, *, email: bool, phone: bool) -> UpsertContact:
    """Without the named opt-ins, and without the agreements that go with them."""
    if not (email or phone):
        return upsert
    kept = tuple(one for one in upsert.agreements if not (one.accepted and (phone if one.by_sms else email)))
    return replace(
        upsert,
        email_status=None if email else upsert.email_status,
        phone_status=None if phone else upsert.phone_status,
        agreements=kept,
    )
