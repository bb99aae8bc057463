"""A command for people: what it asks for, and no personal value."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmationMail,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    ErasedCommand,
    EventKind,
    Line,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Status, TimedStatus
from app.domain.operations.trace import AttemptTrace, CommandTrace, first_and_last, summarised
from app.domain.panel_tags import PanelTags
from app.domain.reasons import Reason
from tests.conftest import NOON

EMAIL = "jan@example.pl"
VISIT = AddEvent(email=EMAIL, kind=EventKind.VISIT, at=NOON, external_id="7", location="l", shop_host="h")
PURCHASE = AddEvent(
    email=EMAIL,
    kind=EventKind.PURCHASE,
    at=NOON,
    external_id="5501",
    location="l",
    shop_host="h",
    lines=(Line(product_id="101", name="T-shirt", quantity=Decimal(1)),),
    value=Decimal("9.50"),
    currency="PLN",
)
SAYS_ALL = UpsertContact(
    email=EMAIL,
    new_email="jan.nowak@example.pl",
    profile={"first_name": "Jan", "city": "Gdynia"},
    add_tags=("vip",),
    remove_tags=("stary",),
    email_status=Status.OPT_OUT,
    phone_status=Status.OPT_IN,
    asks_opt_in=ConfirmationMail(),
)


@pytest.mark.parametrize(
    ("command", "kind", "summary"),
    [
        (UpsertContact(email=EMAIL), "upsert_contact", {}),
        (
            SAYS_ALL,
            "upsert_contact",
            {
                "renamed": True,
                "fields": ["city", "first_name"],
                "add_tags": ["vip"],
                "remove_tags": ["stary"],
                "email_status": Status.OPT_OUT,
                "phone_status": Status.OPT_IN,
                "asks_opt_in": True,
            },
        ),
        (VISIT, "add_event", {"kind": "VISIT", "external_id": "7"}),
        (
            PURCHASE,
            "add_event",
            {"kind": "PURCHASE", "external_id": "5501", "products": ["101"], "value": "9.50", "currency": "PLN"},
        ),
        (DeleteContact(email=EMAIL), "delete_contact", {}),
        (ConfirmOptIn(email=EMAIL, at=NOON), "confirm_opt_in", {}),
        (ConfirmOptOut(email=EMAIL, at=NOON), "confirm_opt_out", {}),
        (SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_OUT, NOON)), "set_subscription", {"email": "opt_out"}),
        (SetSubscription(email=EMAIL, phone_news=TimedStatus(Status.OPT_IN, NOON)), "set_subscription", {"sms": "opt_in"}),
        (ReportErasure(email=EMAIL, erased_by="shop2", at=NOON), "report_erasure", {"erased_by": "shop2"}),
        (
            MirrorTags(email=EMAIL, tags=PanelTags(points={"koszyk": 7}, sections=("obuwie",))),
            "mirror_tags",
            {"points": {"koszyk": 7}, "sections": ["obuwie"]},
        ),
        (MirrorTags(email=EMAIL, tags=PanelTags(gone=("stary",))), "mirror_tags", {"gone": ["stary"]}),
        (ErasedCommand(email="hash", was="SetSubscription"), "set_subscription", {"erased": True}),
    ],
)
def test_r90_a_command_is_summarised_by_what_it_asks_for_without_personal_values(
    command: Command | ErasedCommand, kind: str, summary: dict[str, Any]
) -> None:
    assert summarised(command) == (kind, summary)


@pytest.mark.parametrize(("reason", "is_only_shown"), [(Reason.SHADOW, True), (Reason.ERASED, False), (None, False)])
def test_a_command_is_only_shown_if_the_shop_was_in_shadow_mode(reason: Reason | None, is_only_shown: bool) -> None:
    trace = CommandTrace(
        id=1, command=VISIT, state="skipped", reason=reason, queued_at=NOON, settled_at=None, upstream_id=None, attempts=()
    )
    assert trace.is_only_shown is is_only_shown


@pytest.mark.parametrize(
    ("outcomes", "shown"),
    [
        ("", []),
        ("a", [1]),
        ("aa", [1, 2]),
        ("aaaa", [1, 4]),
        ("abab", [1, 2, 3, 4]),
        ("aaabbbbc", [1, 3, 4, 7, 8]),
        ("abbba", [1, 2, 4, 5]),
    ],
)
def test_of_tries_that_came_to_the_same_in_a_row_the_first_and_the_last_are_shown(outcomes: str, shown: list[int]) -> None:
    attempts = [AttemptTrace(number, NOON, outcome, "", None, number) for number, outcome in enumerate(outcomes, start=1)]
    assert [one.number for one in first_and_last(attempts)] == shown
