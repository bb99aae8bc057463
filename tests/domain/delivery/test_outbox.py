"""Where each command goes."""

import pytest

from app.domain.commands import (
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
)
from app.domain.delivery.outbox import BACKGROUND_PER_CLAIM, ContactQueue, NewCommand, WaitingCommand, destination_of, upserts_among
from app.domain.panel_tags import PanelTags
from tests.support.builders import EMAIL, NOON, a_shop, an_event, an_upsert, at


@pytest.mark.parametrize(
    ("command", "destination"),
    [
        (an_upsert(), "account:main"),
        (an_event(), "account:main"),
        (DeleteContact(email=EMAIL), "account:main"),
        (ConfirmOptIn(email=EMAIL, at=at(NOON)), "reading:main"),
        (ConfirmOptOut(email=EMAIL, at=at(NOON)), "reading:main"),
        (SetSubscription(email=EMAIL), "newsletter:shop1"),
        (ReportErasure(email=EMAIL, erased_by="shop2", at=at(NOON)), "newsletter:shop1"),
        (MirrorTags(email=EMAIL, tags=PanelTags()), "tags:shop1"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_command_goes_to_the_account_or_to_the_shop_it_is_for(command: Command, destination: str) -> None:
    assert destination_of(command, a_shop()) == destination
    queued = NewCommand(destination, "shop1", contact_id=7, event_seq=1, command=command)
    assert queued.contact_queue == ContactQueue(7, destination)
    assert (queued.counted, queued.background) == (True, False)


def test_a_command_that_waits_was_not_tried_and_the_event_waits_for_it() -> None:
    waiting = WaitingCommand(1, 1, an_upsert(), maybe_sent=False)
    assert (waiting.attempts, waiting.counted, BACKGROUND_PER_CLAIM) == (0, True, 100)


def test_of_what_waits_the_upserts_are_found_in_their_order() -> None:
    first, second = an_upsert(profile={"first_name": "Jan"}), an_upsert(profile={"first_name": "Ewa"})
    waiting = [WaitingCommand(number, 1, one, False) for number, one in enumerate((first, an_event(), second))]
    assert upserts_among(waiting) == [first, second]
    assert upserts_among([]) == []
