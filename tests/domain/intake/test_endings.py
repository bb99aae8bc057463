"""How an event ends by the outcomes of its commands."""

from typing import Any

import pytest

from app.domain.delivery.answers import Attempted, Tried
from app.domain.delivery.outbox import Claim, ContactQueue, WaitingCommand
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, RetryAt, Verdict
from app.domain.intake.endings import Dropped, endings
from app.domain.intake.inbox import EventState
from app.domain.reasons import Reason
from tests.support.builders import an_upsert, at

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
