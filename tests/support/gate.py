"""A gate that holds one worker at a point of its work until the test lets it pass."""

import asyncio
from typing import Any

from tests.support.world import World


class Gate:
    """Holds every call back until it is told to let go."""

    def __init__(self, world: World) -> None:
        self.entered = asyncio.Semaphore(0)
        self.go = asyncio.Event()
        self.at_once = self.most = 0
        world.upstream.before_answer = self._hold

    async def _hold(self, method: str, items: list[Any]) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.entered.release()
        await self.go.wait()
        self.at_once -= 1
