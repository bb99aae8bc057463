"""What waits is counted by what it waits for, and says since when and what to do (R91)."""

import pytest

from app.domain.intake.inbox import EventState
from app.domain.operations.open_items.items import OpenEvents, OpenItem, items_of_events
from app.domain.operations.open_items.words import OPEN, OpenKind
from app.domain.reasons import Reason
from tests.support.builders import at


def events(state: EventState = EventState.PLANNED, reason: Reason | None = None, **more: object) -> OpenEvents:
    said = {"is_cart": False, "has_commands": False, "number": 1, "since": at("2026-11-23T12:00"), **more}
    return OpenEvents(state=state, reason=reason, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("some", "kind"),
    [
        (events(EventState.RECEIVED), OpenKind.DECISION),
        (events(EventState.RECEIVED, is_cart=True), OpenKind.DECISION),
        (events(EventState.HELD), OpenKind.HELD),
        (events(has_commands=True), OpenKind.DELIVERY),
        (events(), OpenKind.DELIVERY),
        (events(reason=Reason.ALREADY_QUEUED), OpenKind.DELIVERY),
        (events(is_cart=True), OpenKind.CART),
        (events(is_cart=True, has_commands=True), OpenKind.DELIVERY),
        (events(reason=Reason.WAITS_FOR_ORDER), OpenKind.ORDER),
    ],
)
def test_r91_an_event_that_has_not_ended_waits_for_one_thing(some: OpenEvents, kind: OpenKind) -> None:
    assert [one.kind for one in items_of_events("shop1", [some])] == [kind]


@pytest.mark.parametrize("state", [EventState.SENT, EventState.WITHHELD, EventState.SUPERSEDED, EventState.PARKED])
def test_an_event_that_ended_waits_for_nothing(state: EventState) -> None:
    with pytest.raises(ValueError, match="does not wait"):
        items_of_events("shop1", [events(state)])


def test_r91_events_that_wait_for_the_same_are_one_item_since_the_oldest_of_them() -> None:
    old, new = at("2026-11-22T08:00"), at("2026-11-23T12:00")
    found = items_of_events(
        "shop1",
        [
            events(has_commands=True, number=2, since=new),
            events(reason=Reason.ALREADY_QUEUED, number=3, since=old, is_at_least=True),
            events(EventState.RECEIVED, number=4),
        ],
    )
    assert found == [
        OpenItem(kind=OpenKind.DECISION, about="shop1", number=4, since=new),
        OpenItem(kind=OpenKind.DELIVERY, about="shop1", number=5, since=old, is_at_least=True),
    ]


def test_nothing_open_is_no_item() -> None:
    assert items_of_events("shop1", []) == []


@pytest.mark.parametrize("kind", OpenKind)
def test_r91_every_kind_says_what_it_is_and_what_to_do_in_both_languages(kind: OpenKind) -> None:
    item = OpenItem(kind=kind, about="shop1", number=1)
    words = item.explanation
    assert words == OPEN[kind]
    assert all((words.why, words.why_pl, words.what_to_do, words.what_to_do_pl))
    assert words.why != words.why_pl
