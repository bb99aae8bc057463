"""People of whom something waits to be sent."""

from collections.abc import Awaitable, Callable

from app.domain.delivery.outbox import to_account
from tests.support.world import World


async def leased(world: World) -> None:
    """Claim what waits and die before recording."""
    assert await world.delivery.claims.claim(to_account("main"))


def during(world: World, method: str, step: Callable[[], Awaitable[None]]) -> None:
    """What happens once, while a call of that method is on its way."""

    async def once(called: str, _items: list) -> None:
        if called == method:
            world.upstream.before_return = None
            await step()

    world.upstream.before_return = once
