"""Events over which the rules failed, and what is parked of a disabled shop."""

from typing import Any

import pytest

from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from app.services.operations.replay import Replay
from app.services.planning import planning_round
from tests.support.world import (
    EWA,
    JAN,
    a_shop,
    erases,
    orders,
    registers,
)
from tests.support.worlds.operated import EVERYTHING, Operated, purchases


async def rule_fails(gate: Operated, monkeypatch: pytest.MonkeyPatch, *emails: str) -> None:
    """A defect of ours over some events, mended afterwards."""
    with monkeypatch.context() as broken:
        plain = getattr(planning_round, "decide")  # noqa: B009 - the module does not export it

        def decide(event: Any, *rest: Any, **known: Any) -> Any:
            if getattr(getattr(event, "customer", event), "email", None) in emails:
                raise ZeroDivisionError
            return plain(event, *rest, **known)

        broken.setattr(planning_round, "decide", decide)
        await gate.world.run()


# -- rules that failed ---------------------------------------------------------------------------------------------------


async def test_events_over_which_the_rules_failed_are_a_group_of_their_own_and_are_decided_again(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(orders("o1"), registers(EWA))
    await rule_fails(gate, monkeypatch, JAN)
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")
    (group,) = await gate.operations.parked(EVERYTHING)
    assert (group.destination, group.reason, group.words, group.number) == (None, Reason.RULE_FAILED, "ZeroDivisionError", 1)
    assert list(group.samples) == ["e1"]
    before = await gate.world.dump()
    assert (await gate.operations.preview(EVERYTHING)).decided_again == 1
    assert await gate.world.dump() == before
    done = await gate.replays(ParkedFilter(words="ZeroDivisionError", reason=Reason.RULE_FAILED, shop_id="shop1"))
    assert (done.decided_again, done.again) == (1, 0)
    assert purchases(gate) == ["o1"]
    assert await gate.world.at_rest() == {"e1": ("sent", None), "e2": ("sent", None)}
    assert await gate.replays() == Replay()


async def test_filters_choose_among_events_over_which_the_rules_failed(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers(JAN), registers(EWA))
    await rule_fails(gate, monkeypatch, JAN, EWA)
    assert (await gate.replays(ParkedFilter(reason=Reason.REFUSED))).decided_again == 0
    assert (await gate.replays(ParkedFilter(shop_id="shop2"))).decided_again == 0
    assert (await gate.replays(ParkedFilter(words="KeyError"))).decided_again == 0
    assert (await gate.replays(ParkedFilter(event_id="e2"))).decided_again == 1
    assert list(gate.upstream.contacts) == [EWA]
    assert (await gate.replays()).decided_again == 1
    await gate.world.at_rest()


async def test_an_event_whose_rules_still_fail_is_parked_again(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await gate.operations.replay(EVERYTHING)
    await rule_fails(gate, monkeypatch, JAN)
    assert await gate.world.at_rest() == {"e1": ("parked", "rule_failed")}


async def test_an_event_that_failed_and_whose_person_was_erased_since_brings_nobody_back(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await rule_fails(gate, monkeypatch, JAN)
    await gate.world.post(erases(minutes=20))
    await gate.world.run()
    await gate.replays()
    assert gate.upstream.contacts == {}
    assert purchases(gate) == []
    await gate.world.at_rest()


async def closed(gate: Operated, *, enabled: bool = False) -> None:
    await gate.world.configure(
        a_shop("shop1", enabled=enabled), a_shop("shop2", number=2, host="hurt.example", location="hurt_example")
    )


# -- disabled shops ------------------------------------------------------------------------------------------------------


async def test_what_is_parked_of_a_disabled_shop_stays_parked_and_is_counted(gate: Operated) -> None:
    await gate.world.post(registers(JAN))
    await gate.world.post(registers(EWA), shop="shop2")
    await gate.parks(JAN, EWA)
    await closed(gate)
    done = await gate.replays()
    assert (done.again, done.held) == (1, 1)
    assert list(gate.upstream.contacts) == [EWA]
    assert (await gate.world.states())["e1"] == ("parked", "refused")
    assert (await gate.operations.replay(ParkedFilter(shop_id="shop1"))).held == 1
    await closed(gate, enabled=True)
    assert (await gate.replays()).again == 1
    assert sorted(gate.upstream.contacts) == [EWA, JAN]


async def test_naming_a_disabled_shop_decides_none_of_its_events_again(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await closed(gate)
    assert (await gate.replays(ParkedFilter(shop_id="shop1"))).decided_again == 0
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")


async def test_replaying_everything_leaves_failed_events_of_a_disabled_shop_parked(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await closed(gate)
    assert (await gate.operations.preview(EVERYTHING)).decided_again == 0
    assert (await gate.replays()).decided_again == 0
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")
