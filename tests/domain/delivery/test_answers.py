"""What the end of an attempt says of what waits behind it."""

import pytest

from app.domain.commands import Command, SetSubscription
from app.domain.delivery.answers import Attempted, Tried, addressed_as_before
from app.domain.delivery.outbox import Claim, ContactQueue, WaitingCommand
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, RetryAt, Verdict
from app.domain.reasons import Reason
from app.domain.values import replace
from tests.support.builders import EMAIL, an_event, an_upsert, at

NOW = at("2026-11-23T12:00")
IN_SHOP = SetSubscription(email=EMAIL)
NEW, OLD = "new@example.com", "old@example.com"


def waiting(number: int, command: Command) -> WaitingCommand:
    return WaitingCommand(number, 1, command, maybe_sent=False)


def attempted(command: Command, verdict: Verdict) -> Attempted:
    claim = Claim(ContactQueue(1, "newsletter:shop1"), "shop1", 1, 0, None, (waiting(1, command),))
    return Attempted(claim, (Tried(claim.commands[0], Delivered(), verdict, None),), NOW, 0, None, NOW)


@pytest.mark.parametrize(
    ("command", "verdict", "states"),
    [
        (IN_SHOP, Done(), [(1, IN_SHOP)]),
        (IN_SHOP, Park(Reason.NO_ACCOUNT_IN_PANEL), [(1, IN_SHOP)]),
        (IN_SHOP, RetryAt(NOW, verify_first=False), []),
        (IN_SHOP, Drop(Reason.ERASED), []),
        (an_upsert(), Done(), []),
    ],
    ids=["written", "left to a person", "to be tried again", "dropped", "not for the shop"],
)
def test_the_shops_side_is_as_settled_commands_say(command: Command, verdict: Verdict, states: list[tuple[int, Command]]) -> None:
    assert attempted(command, verdict).shop_states() == states


def test_r72_what_waits_behind_a_refused_rename_goes_to_the_address_that_stays() -> None:
    upsert, event = an_upsert(email=NEW), replace(an_event(), email=NEW)
    left = addressed_as_before([waiting(1, upsert), waiting(2, event), waiting(3, an_upsert())], {NEW: OLD})
    assert left == {1: replace(upsert, email=OLD), 2: replace(event, email=OLD)}
