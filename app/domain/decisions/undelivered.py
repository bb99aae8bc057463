"""Why an event brings nothing to send though SALESmanago has not got what it says: that is queued, or it is parked.

Facts count as sent from the moment they are queued, so the same facts again are no difference. "Sent already" is said only of
what has arrived.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from app.domain.commands import Command, EventKind, as_event, as_upsert, is_deletion
from app.domain.delivery.outbox import WaitingCommand
from app.domain.delivery.revocation import needs_consent
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
from app.domain.person.sale import NO_SALE, Sale
from app.domain.reasons import Reason
from app.domain.values import value


@value()
class Undelivered:
    """A command to SALESmanago that has not arrived, and the event it came from."""

    command: Command
    parked: bool
    event_seq: int
    event_id: str
    """Empty if it may not be repeated, for it names somebody."""


def may_be_undelivered(reason: Reason | None) -> bool:
    """Is it a reason which claims that SALESmanago has something already?"""
    return reason in (Reason.NOTHING_NEW, Reason.ORDER_ALREADY_SENT)


def why_nothing_is_sent(event: Event, reason: Reason, undelivered: Sequence[Undelivered]) -> tuple[Reason, str | None]:
    """The reason as it is true for what waits of the person, and the event it waits with."""
    behind = [one for one in undelivered if _carries(one.command, event)]
    parked = next((one for one in behind if one.parked), None)
    if parked is not None:
        return Reason.WAITS_FOR_PARKED, _wait_for(parked)
    if behind and reason is Reason.NOTHING_NEW:
        return Reason.ALREADY_QUEUED, _wait_for(behind[-1])
    return reason, None


def undoes_a_purchase(command: Command) -> bool:
    event = as_event(command)
    return event is not None and not needs_consent(event.kind)


def behind_parked_purchases(
    commands: Sequence[WaitingCommand], undelivered: Sequence[Undelivered], sales: Mapping[str, Sale]
) -> list[int]:
    """Ids of the cancellations and returns whose purchase is parked: they stay with it until a person sees to both (R17).

    `undelivered`: of the contact. `sales`: orders by their numbers. A newer version of the order may have arrived in its place.
    """
    parked = {
        event.external_id
        for one in undelivered
        if one.parked
        and (event := as_event(one.command)) is not None
        and event.kind is EventKind.PURCHASE
        and sales.get(event.external_id, NO_SALE).carried_by[-1:] in ((), (one.event_seq,))
    }
    return [
        one.id
        for one in commands
        if undoes_a_purchase(one.command) and (event := as_event(one.command)) is not None and event.external_id in parked
    ]


def _wait_for(one: Undelivered) -> str:
    return f"waits for event {one.event_id}" if one.event_id else "waits for an earlier event of the person"


def _carries(command: Command, event: Event) -> bool:
    """Is it a command that sends what the event says again?"""
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned():
            queued = as_event(command)
            return queued is not None and queued.external_id == event.order_id
        case ErasureRequested():
            return is_deletion(command)
        case (
            CustomerRegistered()
            | AccountChanged()
            | AccountListed()
            | Subscribed()
            | SubscriberListed()
            | Unsubscribed()
            | TagsEdited()
            | TransferConsentGranted()
            | TransferConsentWithdrawn()
        ):
            return as_upsert(command) is not None
        case CartChanged() | ProductViewed() | AccessRequested():
            return False  # each is an occurrence of its own
        case StatusObserved() | StatusRejected() | TagsObserved() | OptInClaimed() | OptOutClaimed() | DriftFound():
            return False  # what SALESmanago showed or said, it has
        case _:
            assert_never(event)
