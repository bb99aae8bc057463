"""What the model of `life` knows of orders and withdrawals: else it would ask too little of the gateway."""

from pathlib import Path

import pytest

from app.domain.commands import EventKind
from app.domain.events import OrderPlaced, OrderReturned
from tests.conftest import PostgreSQL
from tests.services.model.life import PEOPLE, Life, Sides


def test_the_model_knows_that_a_purchase_goes_with_its_erased_buyer_when_another_person_returned_its_goods(
    migrated_file: Path, postgresql: PostgreSQL
) -> None:
    class Played(Life):
        sides = staticmethod(lambda: Sides(migrated_file, postgresql))

    life = Played()
    ada, bob, _ = PEOPLE
    for what in ("orders", "registers", "registers", "returns goods"):
        life._happens(what, bob)
    life._happens("orders", ada)
    assert {happened.order_id for _, happened in life.events[-2:] if isinstance(happened, OrderReturned | OrderPlaced)} == {"o2"}
    for _ in range(3):
        life.works(decided=True, second=False, how="well")
    sold = [event for event in life.opened.both[0].world.upstream.events if event.external_id == "o2"]
    assert {event.kind for event in sold} >= {EventKind.PURCHASE}
    life._happens("is erased", ada)
    life.teardown()


def test_the_model_knows_that_an_order_that_stands_again_is_newer_than_what_came_in_between(
    migrated_file: Path, postgresql: PostgreSQL
) -> None:
    class Played(Life):
        sides = staticmethod(lambda: Sides(migrated_file, postgresql))

    life = Played()
    for what in ("orders", "cancels", "looks at goods", "edits an order"):
        life._happens(what, PEOPLE[0])
    for _ in range(3):
        life.works(decided=True, second=False, how="well")
    events = life.opened.both[0].world.upstream.events
    assert [event.kind for event in events] == [EventKind.PURCHASE, EventKind.CANCELLATION, EventKind.VISIT]
    assert events[0].at > events[2].at
    life.teardown()


def test_the_model_notices_when_an_undecided_withdrawal_holds_nothing_back(
    migrated_file: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        return False

    class Played(Life):
        sides = staticmethod(lambda: Sides(migrated_file, postgresql))

    monkeypatch.setattr("app.storage.inbox.Inbox.has_urgent", never)
    life = Played()
    with life.stack:
        life._happens("orders", PEOPLE[0])
        life.plans()
        life._happens("withdraws", PEOPLE[0])
        life.works(decided=False, second=False, how="well")
        with pytest.raises(AssertionError, match="after the withdrawal"):
            life.every_promise_is_kept()
