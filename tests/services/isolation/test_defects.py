"""R73: whoever our own code cannot judge or send is parked alone."""

from typing import Any

import pytest

from app.domain.delivery.answers import Answer
from app.domain.delivery.outbox import Claim
from app.services.delivery.contact_dispatch import ContactDispatch
from tests.services.isolation.culprits import PEOPLE, others
from tests.support.world import World, registers


async def test_r73_who_cannot_be_judged_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = ContactDispatch.judged

    def failing(dispatch: ContactDispatch, *rest: Any, **named: Any) -> Any:
        if dispatch.claim.contact_id == 3:
            raise ZeroDivisionError
        return judged(dispatch, *rest, **named)

    monkeypatch.setattr(ContactDispatch, "judged", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()


@pytest.mark.parametrize("calls_before", [0, 1])
async def test_r73_who_makes_the_sending_itself_fail_is_parked_and_the_others_of_the_claim_are_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, calls_before: int
) -> None:
    """Also if the defect shows only after some calls were made."""
    culprit, made = PEOPLE[2], list[str]()
    call = world.upstream._call

    async def failing(method: str, items: list[Any]) -> Answer:
        answer = await call(method, items) if calls_before else None
        if any(getattr(one, "email", one) == culprit for one in items):
            raise ZeroDivisionError
        made.append(method)
        return answer or await call(method, items)

    monkeypatch.setattr(world.upstream, "_call", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run_for(hours=3)
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.post(*(registers(f"d{number}@example.pl") for number in range(6)))
    await world.run_for(hours=1)
    assert "upsert_many" in made[-3:], "whoever comes next travels together again"
    await world.at_rest()


async def test_r73_a_defect_that_passes_parks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [ZeroDivisionError()]
    call = world.upstream._call

    async def failing(method: str, items: list[Any]) -> Answer:
        if failures:
            raise failures.pop()
        return await call(method, items)

    monkeypatch.setattr(world.upstream, "_call", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run_for(hours=1)
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r73_a_claim_of_which_no_dispatch_can_be_made_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ContactDispatch.of

    def failing(claim: Claim) -> ContactDispatch:
        if claim.contact_id == 3:
            raise ZeroDivisionError
        return made(claim)

    monkeypatch.setattr(ContactDispatch, "of", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()
