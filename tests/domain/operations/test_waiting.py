"""Nothing waits without a reason and, where the time decides, a next try (R90, R91)."""

from datetime import timedelta

import pytest

from app.domain.commands import DeleteContact, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.intake.inbox import EventState
from app.domain.operations.trace import AttemptTrace, CommandTrace, EventTrace
from app.domain.operations.waiting import SOON, WAITS, Wait, waiting_of
from app.domain.reasons import EXPLANATIONS, Explanation, Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from tests.support.builders import a_shop, an_event, at

NOW = at("2026-11-23T12:00")
LATER = NOW + timedelta(minutes=4)
DOWN = DestinationState(
    Breaker(failures=3, rest_until=NOW + timedelta(seconds=40), since=NOW, cause="unreachable", rests=timedelta(minutes=1))
)
REFUSED = DestinationState(replace(DOWN.breaker, cause="refused: User not authenticated"))
TRIED = AttemptTrace(1, NOW, "throttled", "429", "/api/contact/upsert", 12)
PUT_OFF = replace(TRIED, number=2, outcome="waits", detail="data of this person are still on their way to SALESmanago")
COMMAND = CommandTrace(
    id=1,
    command=an_event(),
    state="waiting",
    reason=None,
    queued_at=NOW,
    settled_at=None,
    upstream_id=None,
    attempts=(),
    destination="account:main",
    due_at=NOW,
)


OPT_OUT = UpsertContact(email="jan@example.pl", email_status=Status.OPT_OUT)
"""It travels in shadow mode as well (decision 0018)."""


def an_event_trace(state: EventState, *commands: CommandTrace, reason: Reason | None = None) -> EventTrace:
    return EventTrace(
        event_id="e",
        shop_id="shop1",
        type="order",
        state=state,
        reason=reason,
        detail=None,
        occurred_at=NOW,
        received_at=NOW,
        decided_at=None,
        settled_at=None,
        warnings=(),
        commands=commands,
    )


@pytest.mark.parametrize(
    ("command", "shop", "neighbour", "code", "next_try"),
    [
        (COMMAND, a_shop(), None, Wait.QUEUED, None),
        (replace(COMMAND, leased_until=LATER), a_shop(), None, Wait.SENT_NOW, None),
        (replace(COMMAND, leased_until=NOW), a_shop(), None, Wait.QUEUED, None),
        (replace(COMMAND, due_at=LATER, attempts=(TRIED,)), a_shop(), None, Wait.TRIED_AGAIN, LATER),
        (COMMAND, a_shop(), DOWN, Wait.DESTINATION_DOWN, NOW + timedelta(seconds=40)),
        (replace(COMMAND, due_at=LATER, attempts=(TRIED,)), a_shop(), DOWN, Wait.DESTINATION_DOWN, LATER),
        (COMMAND, a_shop(), REFUSED, Wait.ACCOUNT_REFUSED, NOW + timedelta(seconds=40)),
        (replace(COMMAND, due_at=None), a_shop(), None, Wait.QUEUED, None),
        (replace(COMMAND, due_at=NOW + SOON), a_shop(), None, Wait.QUEUED, None),
        (replace(COMMAND, due_at=LATER), a_shop(), None, Wait.BEHIND_EARLIER, LATER),
        (replace(COMMAND, due_at=LATER, attempts=(TRIED, PUT_OFF)), a_shop(), None, Wait.BEHIND_EARLIER, LATER),
        (replace(COMMAND, attempts=(TRIED, PUT_OFF)), a_shop(), None, Wait.QUEUED, None),
        (replace(COMMAND, attempts=(TRIED,)), a_shop(), None, Wait.TRIED_AGAIN, NOW),
        (COMMAND, a_shop(), DestinationState(Breaker()), Wait.QUEUED, None),
        (COMMAND, a_shop(), DestinationState(Breaker(failures=1)), Wait.DESTINATION_DOWN, NOW),
        (COMMAND, a_shop(), DestinationState(Breaker(failures=1, rest_until=NOW)), Wait.DESTINATION_DOWN, NOW),
        (COMMAND, a_shop(), DestinationState(Breaker(failures=1, rest_until=NOW - timedelta(1))), Wait.DESTINATION_DOWN, NOW),
        (COMMAND, a_shop(enabled=False), DOWN, Reason.SHOP_DISABLED, None),
        (COMMAND, a_shop(shadow=True), None, Reason.SHADOW, None),
        (replace(COMMAND, command=OPT_OUT), a_shop(shadow=True), None, Wait.QUEUED, None),
        (replace(COMMAND, command=OPT_OUT), a_shop(shadow=True), DOWN, Wait.DESTINATION_DOWN, NOW + timedelta(seconds=40)),
        (replace(COMMAND, command=DeleteContact(email="jan@example.pl")), a_shop(shadow=True), None, Wait.QUEUED, None),
        (COMMAND, None, None, Reason.SHOP_DISABLED, None),
    ],
)
def test_r90_a_planned_event_says_why_its_command_waits_and_when_it_is_tried_next(
    command: CommandTrace, shop: Shop | None, neighbour: DestinationState | None, code: str, next_try: object
) -> None:
    neighbours = {} if neighbour is None else {"account:main": neighbour}
    found = waiting_of(an_event_trace(EventState.PLANNED, command), shop, neighbours, NOW)
    assert found is not None
    assert (found.code, found.next_try_at) == (code, next_try)


def test_the_last_answer_stands_with_what_is_tried_again() -> None:
    found = waiting_of(an_event_trace(EventState.PLANNED, replace(COMMAND, due_at=LATER, attempts=(TRIED,))), a_shop(), {}, NOW)
    assert found is not None
    assert found.cause == "throttled: 429"


@pytest.mark.parametrize("state", EventState)
def test_r91_an_event_waits_with_a_reason_exactly_while_no_end_and_no_person_is_reached(state: EventState) -> None:
    found = waiting_of(an_event_trace(state, COMMAND, reason=Reason.CART_WAITS), a_shop(), {}, NOW)
    ended = state in (EventState.SENT, EventState.WITHHELD, EventState.SUPERSEDED, EventState.PARKED)
    assert (found is None) == ended


def test_j5_in_a_copy_of_a_database_what_waits_says_so_and_not_that_it_is_about_to_leave() -> None:
    for command in (COMMAND, replace(COMMAND, due_at=LATER, attempts=(TRIED,)), replace(COMMAND, leased_until=LATER)):
        found = waiting_of(an_event_trace(EventState.PLANNED, command), a_shop(), {"account:main": DOWN}, NOW, sends=False)
        assert found is not None
        assert (found.code, found.next_try_at) == (Wait.PERHAPS_A_COPY, None)


def test_an_event_that_waits_for_its_order_says_so() -> None:
    found = waiting_of(an_event_trace(EventState.PLANNED, reason=Reason.WAITS_FOR_ORDER), a_shop(), {}, NOW)
    assert found is not None
    assert found.code == Reason.WAITS_FOR_ORDER


@pytest.mark.parametrize("explanation", [*WAITS.values(), *EXPLANATIONS.values()])
def test_r90_every_explanation_is_complete_in_both_languages(explanation: Explanation) -> None:
    assert all(vars(explanation).values())
    assert explanation.why != explanation.why_pl


@pytest.mark.parametrize(
    "calque",
    ["Strona sklepu", "taga", "odjęty", "za każdym znikał", "zostaje w sklepie", "trybie cienia", "reguły zawiodły", "brama "],
)
def test_polish_sentences_are_free_of_what_staff_would_not_say(calque: str) -> None:
    texts = [text for one in (*WAITS.values(), *EXPLANATIONS.values()) for text in (one.why_pl, one.what_to_do_pl)]
    assert [text for text in texts if calque in text] == []


def test_what_is_due_within_two_seconds_is_due_now() -> None:
    assert timedelta(seconds=2) == SOON


def test_an_event_waits_for_the_first_of_its_commands_that_has_not_ended() -> None:
    sent = replace(COMMAND, state="sent", leased_until=LATER)
    found = waiting_of(an_event_trace(EventState.PLANNED, sent, replace(COMMAND, due_at=LATER), COMMAND), a_shop(), {}, NOW)
    assert found is not None
    assert (found.code, found.next_try_at, found.cause) == (Wait.BEHIND_EARLIER, LATER, "")
    for event, code in (
        (an_event_trace(EventState.PLANNED, sent), Reason.ALREADY_QUEUED),
        (an_event_trace(EventState.HELD, COMMAND), Reason.SHOP_DISABLED),
        (an_event_trace(EventState.RECEIVED), Wait.DECIDED_NEXT),
    ):
        waits = waiting_of(event, a_shop(), {}, NOW)
        assert waits is not None
        assert waits.code == code


def test_of_several_tries_the_last_answer_is_shown_with_its_words_if_there_are_some() -> None:
    silent = replace(TRIED, number=2, outcome="unknown", detail="")
    found = waiting_of(an_event_trace(EventState.PLANNED, replace(COMMAND, attempts=(TRIED, silent))), a_shop(), {}, NOW)
    assert found is not None
    assert found.cause == "unknown"
