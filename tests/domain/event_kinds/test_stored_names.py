"""Stored names: they stay what they were, whatever a class is called."""

from typing import get_args

from app.domain.commands import Command
from app.domain.event_kinds.stored_names import KINDS, NAMES, stored_name
from app.domain.events import Event
from tests.support.builders import status_seen

STORED = """
AccessRequested AccountChanged AccountListed CartChanged CustomerRegistered DriftFound ErasureRequested OptInReported OptOutReported
OrderCancelled OrderPlaced OrderReturned ProductViewed StatusNotTaken StatusSeen SubscriberListed Subscribed TagsEdited TagsSeen
TransferConsentGranted TransferConsentWithdrawn Unsubscribed
AddEvent ConfirmOptIn ConfirmOptOut DeleteContact ErasedCommand MirrorTags SetSubscription UpsertContact
"""


def test_every_name_that_was_ever_stored_is_still_read() -> None:
    assert set(STORED.split()) <= KINDS.keys()


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(KINDS) == len(NAMES) == len(get_args(Event)) + len(get_args(Command)) + 1


def test_a_renamed_kind_is_stored_under_its_first_name() -> None:
    assert stored_name(status_seen()) == "StatusSeen"
