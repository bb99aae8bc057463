"""Deciding: a rule that fails, the consent box of the last orders, and what is asked of the store."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.domain.commands import UpsertContact
from app.domain.consent import BOXES_REMEMBERED, ConsentAnswer, ConsentAnswerCounts, Policy, Status, box_seems_hidden
from app.domain.errors import NotReady
from app.domain.person.consent_ledger import Line
from app.services.planning import follow_ups, planning_round
from app.storage.consent_ledger import ConsentLedger
from app.storage.unit_of_work import Work
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    orders,
    registers,
    subscribes,
    unsubscribes,
    views,
    withdraws,
)


async def test_a_withheld_order_and_a_consenting_one_tell_the_rule_apart(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(
        registers(first_name="Jan"),
        orders("o1", minutes=1, box=ConsentAnswer.NOT_GIVEN),
        orders("o2", minutes=2, box=ConsentAnswer.GIVEN),
    )
    await world.run()
    assert await world.at_rest() == {
        "e1": ("withheld", "no_consent"),
        "e2": ("withheld", "order_not_consented"),
        "e3": ("sent", None),
    }
    assert [event.external_id for event in world.upstream.events] == ["o2"]


async def test_an_event_is_not_parked_because_the_store_failed_while_it_was_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An opt-out that waited for a person instead would be no opt-out at all (I6)."""
    real, cuts = follow_ups.revoke, iter([True])

    async def cut_once(work: Work, *more: Any) -> Any:
        if next(cuts, False):
            if not world.database.is_sqlite:
                await work._connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error"))
        return await real(work, *more)

    monkeypatch.setattr(follow_ups, "revoke", cut_once)
    await world.post(subscribes(JAN))
    await world.plan()
    await world.post(unsubscribes(JAN, 1))
    with pytest.raises(NotReady):
        await world.plan()
    await world.run()
    assert next(cuts, None) is None
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == [Status.OPT_OUT]


async def test_an_event_on_which_our_rules_fail_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = planning_round.decide

    def decide(event, *more, **known):  # type: ignore[no-untyped-def]
        if getattr(event, "order_id", None) == "poison":
            raise ZeroDivisionError
        return real(event, *more, **known)

    monkeypatch.setattr(planning_round, "decide", decide)
    await world.post(orders("o1"), orders("poison"), orders("o2"), orders("o3", EWA))
    await world.run()
    states = await world.at_rest()
    assert states == {"e1": ("sent", None), "e2": ("parked", "rule_failed"), "e3": ("sent", None), "e4": ("sent", None)}
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2", "o3"]
    trace = await world.trace("e2")
    assert trace.detail == "ZeroDivisionError"
    assert "poison" in (await world.dump())["inbox"]  # kept whole, to be replayed


async def boxes(world: World) -> ConsentAnswerCounts:
    async with world.store.work() as work:
        return (await work.sales.consent_answers())["shop1"]


async def test_r05_of_the_last_orders_the_consent_box_is_remembered(world: World) -> None:
    await world.post(
        orders("o1"),
        orders("o2", box=ConsentAnswer.GIVEN),
        orders("o3", box=ConsentAnswer.GIVEN),
        orders("o4", EWA, box=ConsentAnswer.NOT_GIVEN),
    )
    await world.run()
    assert await boxes(world) == ConsentAnswerCounts(given=2, not_given=1, not_asked=1)
    await world.at_rest()


async def test_r05_an_order_without_box_of_somebody_who_consented_earlier_says_nothing_of_the_box(world: World) -> None:
    await world.post(orders("o1", box=ConsentAnswer.GIVEN), orders("o2"))
    await world.run()
    await world.post(withdraws(JAN, 1), orders("o3", minutes=2))
    await world.run()
    assert await boxes(world) == ConsentAnswerCounts(given=1, not_asked=1)


@pytest.mark.parametrize(
    ("not_asked", "hidden"), [(BOXES_REMEMBERED - 1, False), (BOXES_REMEMBERED, True), (BOXES_REMEMBERED + 250, True)]
)
async def test_r05_a_box_that_is_hidden_after_years_of_answers_is_noticed(world: World, not_asked: int, hidden: bool) -> None:
    await world.post(*(orders(f"a{number}", f"a{number}@example.pl", box=ConsentAnswer.GIVEN) for number in range(60)))
    await world.plan()
    await world.post(*(orders(f"b{number}", f"b{number}@example.pl") for number in range(not_asked)))
    await world.plan()
    assert box_seems_hidden(Policy.ORDER_CONSENT, await boxes(world)) is hidden


async def test_the_ledger_is_asked_only_about_those_who_acted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.post(registers(JAN), subscribes(JAN, minutes=1), registers(EWA), subscribes(EWA, minutes=1))
    await world.run()
    asked: list[set[int]] = []
    lines = ConsentLedger.lines

    async def remembered(ledger: ConsentLedger, contact_ids: set[int]) -> Sequence[Line]:
        asked.append(set(contact_ids))
        return await lines(ledger, contact_ids)

    monkeypatch.setattr(ConsentLedger, "lines", remembered)
    await world.post(views(email=JAN), unsubscribes(EWA, minutes=2), subscribes("new@example.pl"))
    await world.run()
    assert asked == [{2}]
