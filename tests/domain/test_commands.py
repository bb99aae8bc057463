"""What commands say of themselves."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.commands import (
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    ErasedCommand,
    EventKind,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
    as_event,
    as_question,
    as_reported_opt_in,
    as_reported_opt_out,
    as_upsert,
    erased_form,
)
from app.domain.panel_tags import PanelTags
from tests.conftest import NOON
from tests.support.builders import EMAIL, an_event, an_upsert


def test_a_contact_is_known_by_the_new_address_once_the_command_was_sent() -> None:
    assert UpsertContact(email="a@example.pl", new_email="b@example.pl").address_after == "b@example.pl"
    assert UpsertContact(email="a@example.pl").address_after == "a@example.pl"


@pytest.mark.parametrize(
    ("kind", "seconds", "closes"),
    [(EventKind.CART, -1, False), (EventKind.CART, 0, True), (EventKind.CART, 1, True), (EventKind.VISIT, 1, False)],
)
def test_a_purchase_closes_a_cart_of_the_same_moment_or_before(kind: EventKind, seconds: int, closes: bool) -> None:
    assert an_event(kind, NOON).is_cart_until(NOON + timedelta(seconds=seconds)) is closes


def test_a_command_says_nothing_beyond_what_it_was_made_for() -> None:
    upsert = UpsertContact(email="a@example.pl")
    said = (upsert.repeats, upsert.introduces, upsert.quiet, upsert.old_email_opt_in, upsert.old_phone_opt_in)
    assert (*said, an_event().is_update) == (False,) * 6


def test_commands_that_differ_only_in_what_was_known_of_the_sender_are_equal() -> None:
    assert an_upsert() == an_upsert(
        old_email_opt_in=True,
        old_phone_opt_in=True,
        email_acted_at=NOON,
        phone_acted_at=NOON,
        repeats=True,
        introduces=True,
        quiet=True,
    )


def test_m1_of_a_settled_command_of_somebody_erased_only_its_kind_is_left() -> None:
    assert erased_form("DeleteContact", "hash") == DeleteContact(email="hash")
    assert erased_form("UpsertContact", "hash") == ErasedCommand(email="hash", was="UpsertContact")


EVERY_COMMAND: dict[str, Command] = {
    "upsert": an_upsert(),
    "event": an_event(),
    "deletion": DeleteContact(email=EMAIL),
    "opt-in": ConfirmOptIn(email=EMAIL, at=NOON),
    "opt-out": ConfirmOptOut(email=EMAIL, at=NOON),
    "subscription": SetSubscription(email=EMAIL),
    "tags": MirrorTags(email=EMAIL, tags=PanelTags()),
    "erasure": ReportErasure(email=EMAIL, erased_by="shop2", at=NOON),
}


@pytest.mark.parametrize(
    ("narrowed", "kinds"),
    [
        (as_upsert, {"upsert"}),
        (as_event, {"event"}),
        (as_question, {"opt-in", "opt-out"}),
        (as_reported_opt_in, {"opt-in"}),
        (as_reported_opt_out, {"opt-out"}),
    ],
)
def test_a_command_is_narrowed_to_itself_or_to_nothing(narrowed: Callable[[Command], Command | None], kinds: set[str]) -> None:
    for kind, command in EVERY_COMMAND.items():
        assert narrowed(command) is (command if kind in kinds else None)
