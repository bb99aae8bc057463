"""What is true of an event that brings nothing to send while something of the person has not arrived."""

from typing import Any, get_args

import pytest

from app.domain.commands import Command, DeleteContact, EventKind
from app.domain.decisions.undelivered import Undelivered, behind_parked_purchases, may_be_undelivered, why_nothing_is_sent
from app.domain.delivery.outbox import WaitingCommand
from app.domain.events import AboutThePerson
from app.domain.person.sale import Sale
from app.domain.reasons import Reason
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import EMAIL, an_event, an_upsert, registered

UPSERT, DELETION, THE_ORDER, ANOTHER_ORDER = (
    an_upsert(),
    DeleteContact(email=EMAIL),
    an_event(external_id="5501"),
    an_event(external_id="5502"),
)
EVERY: tuple[Command, ...] = (UPSERT, DELETION, THE_ORDER, ANOTHER_ORDER)
CARRIERS: dict[str, Command] = {
    **dict.fromkeys((kind.__name__ for kind in get_args(AboutThePerson)), UPSERT),
    **dict.fromkeys(("OrderPlaced", "OrderCancelled", "OrderReturned"), THE_ORDER),
    "ErasureRequested": DELETION,
}
"""Nothing waits for any other kind."""


def waiting(command: Command, *, parked: bool = False, event_id: str = "order-1") -> Undelivered:
    return Undelivered(command, parked, event_seq=1, event_id=event_id)


@pytest.mark.parametrize("kind", EVERY_EVENT)
def test_an_event_waits_for_the_command_that_says_the_same(kind: str) -> None:
    event, carrier = EVERY_EVENT[kind], CARRIERS.get(kind)
    for command in EVERY:
        reason, behind = why_nothing_is_sent(event, Reason.NOTHING_NEW, [waiting(command)])
        assert (reason, behind) == (
            (Reason.ALREADY_QUEUED, "waits for event order-1") if command is carrier else (Reason.NOTHING_NEW, None)
        )


@pytest.mark.parametrize(
    ("reason", "undelivered", "told"),
    [
        (Reason.NOTHING_NEW, [], (Reason.NOTHING_NEW, None)),
        (Reason.NOTHING_NEW, [waiting(UPSERT, event_id="a"), waiting(UPSERT, event_id="b")], (Reason.ALREADY_QUEUED, "event b")),
        (Reason.NOTHING_NEW, [waiting(UPSERT, event_id="")], (Reason.ALREADY_QUEUED, "an earlier event of the person")),
        (Reason.ORDER_ALREADY_SENT, [waiting(UPSERT)], (Reason.ORDER_ALREADY_SENT, None)),
        (
            Reason.NOTHING_NEW,
            [waiting(UPSERT, parked=True, event_id="a"), waiting(UPSERT, event_id="b")],
            (Reason.WAITS_FOR_PARKED, "event a"),
        ),
        (Reason.ORDER_ALREADY_SENT, [waiting(UPSERT, parked=True)], (Reason.WAITS_FOR_PARKED, "event order-1")),
        (Reason.NOTHING_NEW, [waiting(DELETION, parked=True)], (Reason.NOTHING_NEW, None)),
    ],
)
def test_a_parked_command_is_named_before_one_that_is_queued(reason: Reason, undelivered: list[Undelivered], told: Any) -> None:
    said, behind = why_nothing_is_sent(registered(), reason, undelivered)
    assert (said, behind and behind.removeprefix("waits for ")) == told


def test_only_reasons_that_claim_something_was_sent_are_looked_into() -> None:
    assert {reason for reason in Reason if may_be_undelivered(reason)} == {Reason.NOTHING_NEW, Reason.ORDER_ALREADY_SENT}
    assert not may_be_undelivered(None)


PURCHASE = an_event(external_id="5501")
CANCELLATION, RETURN = (an_event(kind, external_id="5501") for kind in (EventKind.CANCELLATION, EventKind.RETURN))
OF_ANOTHER = an_event(EventKind.CANCELLATION, external_id="5502")


@pytest.mark.parametrize(
    ("parked", "sale", "held"),
    [
        (PURCHASE, Sale(carried_by=(1,)), [2, 3]),
        (PURCHASE, Sale(carried_by=(7, 1)), [2, 3]),
        (PURCHASE, None, [2, 3]),
        (PURCHASE, Sale(carried_by=(1, 7)), []),  # a newer version brought it there
        (CANCELLATION, Sale(carried_by=(1,)), []),
        (UPSERT, Sale(carried_by=(1,)), []),
        (an_event(EventKind.CART, external_id="5501"), None, []),  # a basket that has the number of an order
    ],
)
def test_r17_what_undoes_a_parked_purchase_stays_with_it(parked: Command, sale: Sale | None, held: list[int]) -> None:
    commands = [WaitingCommand(n, 1, one, False) for n, one in enumerate((PURCHASE, CANCELLATION, RETURN, OF_ANOTHER, UPSERT), 1)]
    sales = {} if sale is None else {"5501": sale}
    assert behind_parked_purchases(commands, [waiting(parked, parked=True)], sales) == held
    assert behind_parked_purchases(commands, [waiting(parked)], sales) == []
