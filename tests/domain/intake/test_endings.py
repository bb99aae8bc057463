"""How an event ends by the outcomes of its commands."""

from typing import Any

import pytest

from app.domain.commands import Command, MirrorTags, SetSubscription
from app.domain.delivery.answers import Attempted, Tried
from app.domain.delivery.outbox import Claim, CommandState, ContactQueue, WaitingCommand
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, RetryAt, Verdict
from app.domain.events import Event
from app.domain.intake.endings import Dropped, Standing, after_delivery, after_drop, after_parked, endings, is_awaited
from app.domain.intake.inbox import EventState
from app.domain.panel_tags import PanelTags
from app.domain.reasons import Reason
from tests.support.builders import EMAIL, an_event, an_order, an_upsert, at, registered, status_seen, tags_seen

NOW = at("2026-11-23T12:00")


def attempted(*ends: tuple[int, Verdict], counted: bool = True) -> Attempted:
    commands = [
        WaitingCommand(number, seq, an_upsert(), maybe_sent=False, counted=counted) for number, (seq, _) in enumerate(ends, start=1)
    ]
    claim = Claim(CLAIMED, "shop1", 1, 0, None, tuple(commands))
    tried = tuple(Tried(command, Delivered(), verdict, None) for command, (_, verdict) in zip(commands, ends, strict=True))
    return Attempted(claim, tried, NOW, 0, None, NOW)


CLAIMED = ContactQueue(1, "account:main")
DROPPED = Drop(Reason.CART_BOUGHT)
REFUSED = Park(Reason.REFUSED)


@pytest.mark.parametrize(
    ("ends", "delivered", "dropped", "parked"),
    [
        ([(7, Done()), (7, Done()), (8, Done())], {7: 2, 8: 1}, [], {}),
        ([(7, DROPPED)], {}, [Dropped(7, EventState.SUPERSEDED, Reason.CART_BOUGHT)], {}),
        ([(7, REFUSED), (8, REFUSED), (9, Park(Reason.DEFECT))], {}, [], {Reason.REFUSED: {7, 8}, Reason.DEFECT: {9}}),
        ([(7, RetryAt(NOW, verify_first=True))], {}, [], {}),
        ([(7, Done()), (7, REFUSED)], {7: 1}, [], {Reason.REFUSED: {7}}),
    ],
    ids=["delivered", "dropped", "parked", "to be tried again", "a part of it"],
)
def test_an_event_ends_by_what_its_commands_came_to(
    ends: list[Any], delivered: dict[int, int], dropped: list[Dropped], parked: dict[Reason, set[int]]
) -> None:
    assert endings([attempted(*ends)]) == (delivered, dropped, parked)


def test_a_command_that_no_event_waits_for_ends_none() -> None:
    assert endings([attempted((7, Done()), (7, DROPPED), (7, REFUSED), counted=False)]) == ({}, [], {})


def test_claims_of_several_contacts_are_joined() -> None:
    assert endings([attempted((7, Done())), attempted((7, Done()), (8, REFUSED))]) == ({7: 2}, [], {Reason.REFUSED: {8}})


MIRROR = MirrorTags(email=EMAIL, tags=PanelTags(complete=True))


@pytest.mark.parametrize(
    ("event", "command", "is_so"),
    [
        (an_order(), an_event(), True),
        (an_order(), MIRROR, False),
        (registered(), an_upsert(), True),
        (an_order(), an_upsert(repeats=True), False),
        (tags_seen(), MIRROR, True),
        (status_seen(email_out=True), SetSubscription(email=EMAIL), True),
    ],
    ids=["purchase", "sections of its goods", "facts", "said once more", "tags for the panel", "status for the shop"],
)
def test_r11_an_event_waits_for_what_it_promises(event: Event, command: Command, is_so: bool) -> None:
    assert is_awaited(event, command) == is_so


# -- the rule -------------------------------------------------------------------------------------------------------------

PLANNED, SENT, WITHHELD, SUPERSEDED = EventState.PLANNED, EventState.SENT, EventState.WITHHELD, EventState.SUPERSEDED
PARKED = EventState.PARKED
NEEDLESS, NOT_PERMITTED, NO_VERSION = Reason.CART_BOUGHT, Reason.CONSENT_WITHDRAWN, Reason.ORDER_NOT_UPDATABLE
OWN = Reason.ORDER_NOT_CONSENTED


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        (Standing(PLANNED, None, 2), 1, Standing(PLANNED, None, 1)),
        (Standing(PLANNED, None, 2), 2, Standing(SENT, None, 0)),
        (Standing(PLANNED, OWN, 1), 1, Standing(WITHHELD, OWN, 0)),
        (Standing(PARKED, Reason.REFUSED, 1), 1, Standing(PARKED, Reason.REFUSED, 0)),
        (Standing(WITHHELD, Reason.ERASED, 1), 1, Standing(WITHHELD, Reason.ERASED, 0)),
    ],
    ids=["one of two", "both", "facts in what is withheld itself", "another one is parked", "it has ended"],
)
def test_an_event_is_sent_with_the_last_command_that_arrives(before: Standing, number: int, after: Standing) -> None:
    assert after_delivery(before, number) == after


@pytest.mark.parametrize(
    ("before", "reason", "was_sent", "after"),
    [
        (Standing(PLANNED, None, 2), NEEDLESS, False, Standing(PLANNED, None, 1)),
        (Standing(PLANNED, None, 1), NEEDLESS, False, Standing(SUPERSEDED, NEEDLESS, 0, has_payload=False)),
        (Standing(PLANNED, None, 1), NOT_PERMITTED, False, Standing(WITHHELD, NOT_PERMITTED, 0, has_payload=False)),
        (Standing(PLANNED, None, 1), NEEDLESS, True, Standing(SENT, None, 0)),
        (Standing(PLANNED, None, 1), NO_VERSION, True, Standing(WITHHELD, NO_VERSION, 0, has_payload=False)),
        (Standing(PLANNED, OWN, 1), NEEDLESS, False, Standing(SUPERSEDED, NEEDLESS, 0, has_payload=False)),
        (Standing(PARKED, Reason.REFUSED, 1), NEEDLESS, True, Standing(PARKED, Reason.REFUSED, 0)),
    ],
    ids=["one of two", "needless", "not permitted", "another was sent", "facts alone were sent", "its reason first", "parked"],
)
def test_an_event_ends_with_the_last_command_that_need_not_be_sent(
    before: Standing, reason: Reason, was_sent: bool, after: Standing
) -> None:
    assert after_drop(before, reason, was_sent=was_sent) == after


STUCK = Standing(PARKED, Reason.REFUSED, 3)


@pytest.mark.parametrize(
    ("commands", "reason", "after"),
    [
        ({CommandState.PARKED: 1, CommandState.WAITING: 1}, None, STUCK),
        ({CommandState.WAITING: 2, CommandState.SENT: 1}, NOT_PERMITTED, Standing(PLANNED, None, 2)),
        ({CommandState.SENT: 1}, None, Standing(SENT, None, 0)),
        ({}, None, Standing(SENT, None, 0)),
        ({CommandState.SENT: 1}, NEEDLESS, Standing(SENT, None, 0)),
        ({CommandState.SENT: 1}, NOT_PERMITTED, Standing(WITHHELD, NOT_PERMITTED, 3, has_payload=False)),
        ({CommandState.CANCELLED: 1}, NEEDLESS, Standing(SUPERSEDED, NEEDLESS, 3, has_payload=False)),
    ],
    ids=["another parked", "another waits", "sent", "by a person", "sent in part", "not permitted in part", "nothing was sent"],
)
def test_a_parked_event_goes_on_or_ends(commands: dict[CommandState, int], reason: Reason | None, after: Standing) -> None:
    assert after_parked(STUCK, commands, reason) == after


@pytest.mark.parametrize("state", [PLANNED, SENT, WITHHELD])
def test_an_event_that_is_not_parked_stays_as_it_is_when_a_parked_command_is_settled(state: EventState) -> None:
    assert after_parked(Standing(state, None, 1), {}, NEEDLESS) == Standing(state, None, 1)
