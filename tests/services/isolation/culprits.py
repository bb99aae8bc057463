"""People of whom one makes something fail, and what becomes of the others."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.delivery.outcomes import Delivered, Outcome, Refused
from tests.support.world import World

Refuse = Callable[..., Awaitable[None]]
PEOPLE = [f"c{number}@example.pl" for number in range(6)]
POISON = "poison"


def refusing_one(*culprits: str, words: str = POISON) -> Callable[[str, list[Any]], Outcome]:
    return lambda method, items: Refused(words) if any(one.email in culprits for one in items) else Delivered("id")


async def others(world: World) -> set[tuple[str, str | None]]:
    return {state for event, state in (await world.states()).items() if event != "e3"}
