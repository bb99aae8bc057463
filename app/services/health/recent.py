"""The last answer to a question that costs something."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 1.0
"""A caller waits so long for newer numbers; then the former ones are the answer."""


class Recent(Generic[T]):
    """The last answer to a question that costs something; asked again once at a time, and only after a while."""

    def __init__(self, ask: Callable[[], Awaitable[T]], *, idle: float, at_least: float) -> None:
        """`idle`: how many times as long as the answer took nobody asks again; `at_least`: seconds."""
        self._ask = ask
        self._idle = idle
        self._at_least = at_least
        self._good_until = 0.0
        self._answers: list[T] = []
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> T:
        if not self._answers or time.monotonic() >= self._good_until:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._renew(), context=Context())  # for all who ask meanwhile
            patience = _PATIENCE_SECONDS if self._answers else None
            await asyncio.wait([self._asking], timeout=patience)
            if self._asking.done():
                self._asking.result()  # a defect is seen by the caller
        return self._answers[-1]

    async def _renew(self) -> None:
        began = time.monotonic()
        self._answers = [await self._ask()]
        took = time.monotonic() - began
        self._good_until = began + took + max(self._at_least, self._idle * took)
