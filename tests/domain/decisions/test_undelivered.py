"""What is true of an event that brings nothing to send while something of the person has not arrived."""

from typing import Any

import pytest

from app.domain.commands import AddEvent, Command, DeleteContact
from app.domain.decisions.undelivered import Undelivered, may_be_undelivered, why_nothing_is_sent
from app.domain.events import AccountListed, DriftFound, Event, OptInClaimed, OptOutClaimed, StatusRejected, SubscriberListed
from app.domain.reasons import Reason
from tests.support.builders import (
    EMAIL,
    NOON,
    a_customer,
    access_requested,
    account_changed,
    an_event,
    an_order,
    an_upsert,
    at,
    cancelled,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    registered,
    returned,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    unsubscribed,
    viewed,
)

UPSERT, DELETION, THE_ORDER, ANOTHER_ORDER = (
    an_upsert(),
    DeleteContact(email=EMAIL),
    an_event(external_id="5501"),
    an_event(external_id="5502"),
)
EVERY: tuple[Command, ...] = (UPSERT, DELETION, THE_ORDER, ANOTHER_ORDER)
PERSON = [
    registered(),
    account_changed(),
    AccountListed(at=at(NOON), customer=a_customer()),
    subscribed(),
    SubscriberListed(at=at(NOON), email=EMAIL),
    unsubscribed(),
    tags_edited(added=["vip"]),
    consent_granted(),
    consent_withdrawn(),
]
ORDERS = [an_order(), cancelled(), returned()]
NOTHING_WAITS_FOR = [
    cart_changed(),
    viewed(),
    access_requested(),
    status_seen(),
    tags_seen(),
    StatusRejected(at=at(NOON), email=EMAIL),
    OptInClaimed(at=at(NOON), email=EMAIL),
    OptOutClaimed(at=at(NOON), email=EMAIL),
    DriftFound(at=at(NOON), email=EMAIL),
]


def waiting(command: Command, *, parked: bool = False, event_id: str = "order-1") -> Undelivered:
    return Undelivered(command, parked, event_seq=1, event_id=event_id)


@pytest.mark.parametrize(
    ("event", "carrier"),
    [
        *((event, UPSERT) for event in PERSON),
        *((event, THE_ORDER) for event in ORDERS),
        (erasure_requested(), DELETION),
        *((event, None) for event in NOTHING_WAITS_FOR),
    ],
    ids=lambda given: type(given).__name__,
)
def test_an_event_waits_for_the_command_that_tells_the_same(event: Event, carrier: AddEvent | None) -> None:
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
