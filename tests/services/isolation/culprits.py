"""People of whom one makes something fail, and what becomes of the others."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app.domain.delivery.answers import Answer
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, message_of
from tests.support.world import FakeUpstream, World

Refuse = Callable[..., Awaitable[None]]
PEOPLE = [f"c{number}@example.pl" for number in range(6)]
POISON = "poison"


class Talking(FakeUpstream):
    """What it said stands in the trace, as with the real one."""

    async def _call(self, method: str, items: list[Any]) -> Answer:
        answer = await super()._call(method, items)
        return replace(answer, call=replace(answer.call, detail=message_of(answer.outcome)))


def refusing_one(*culprits: str, words: str = POISON) -> Callable[[str, list[Any]], Outcome]:
    return lambda method, items: Refused(words) if any(one.email in culprits for one in items) else Delivered("id")


async def others(world: World) -> set[tuple[str, str | None]]:
    return {state for event, state in (await world.states()).items() if event != "e3"}
