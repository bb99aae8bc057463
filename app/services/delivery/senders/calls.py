"""What holds of every call of a round to SALESmanago: may it leave, and what came of it (I6, I7, I8)."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from app.domain.delivery.answers import Answer
from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import Outcome, Unreachable, message_of
from app.domain.errors import NotReady
from app.domain.values import replace
from app.services.delivery.contact_dispatch import ContactDispatch
from app.services.delivery.dispatch import stops_batch
from app.services.delivery.lease import Lease
from app.services.ports.salesmanago import Upstream

Part = TypeVar("Part")

READINGS, READ_AGAIN_SECONDS = 50, 0.04
"""How often permission is read before a call until nothing is undecided, and how long after one another: for two seconds."""

Interrupted = Callable[[Sequence[Claim]], Awaitable[Collection[int] | None]]
"""For which contacts an act was noted, since they were claimed, that takes something back (I6, R41). None: one is not decided yet.

May raise `NotReady`.
"""


class Calls:
    """One round of calls. Nothing more is tried once the destination accepts nothing (I7), or the lease is over (I8)."""

    def __init__(
        self,
        upstream: Upstream,
        now: datetime,
        lease: Lease,
        interrupted: Interrupted,
        outcomes: list[Outcome],
        *,
        is_behind: bool,
    ) -> None:
        """`is_behind`: events wait to be decided, more than one round takes."""
        self._upstream = upstream
        self._now = now
        self._lease = lease
        self._interrupted = interrupted
        self._outcomes = outcomes
        self._is_behind = is_behind
        self._refused = False

    @property
    def _halted(self) -> bool:
        return self._refused or not self._lease

    async def _allowed(self, batch: Sequence[tuple[ContactDispatch, Part]]) -> list[tuple[ContactDispatch, Part]]:
        """What of a batch may be sent, read just before the call: since the claim a read or a job may have taken long (I6)."""
        batch = [(dispatch, part) for dispatch, part in batch if dispatch.may_go]
        if self._halted or not batch:
            return []
        interrupted = await self._read_permission([dispatch.claim for dispatch, _ in batch])
        if interrupted is None or not self._lease:
            self._refused = True
            return []
        for dispatch, _ in batch:
            dispatch.interrupted = dispatch.claim.contact_id in interrupted
        return [(dispatch, part) for dispatch, part in batch if not dispatch.interrupted]

    async def _read_permission(self, claims: Sequence[Claim]) -> Collection[int] | None:
        """Contacts of whom something must be cancelled first. None: the account rests, or what is to be known is not known in time.

        A slot that expires during the reading is booked again. What is sent is never older than its reading.
        """
        undecided = False
        with contextlib.suppress(NotReady):
            for _ in range(READINGS):
                if undecided:
                    await asyncio.sleep(READ_AGAIN_SECONDS)
                elif not await self._upstream.ready():
                    return None
                began = time.monotonic()
                interrupted = await self._interrupted(claims)
                undecided = interrupted is None
                if not undecided and self._upstream.slot_is_valid(time.monotonic() - began):
                    return interrupted  # otherwise the slot expired meanwhile, and what was read is outdated
        return None

    def _noted(self, answer: Answer) -> Answer:
        self._outcomes.append(answer.outcome)
        self._refused = self._refused or stops_batch(answer.outcome)
        return answer


def not_sent(reading: Answer) -> Answer:
    """The attempt of a command that waits for a verification without result: it certainly was not sent."""
    return reading if stops_batch(reading.outcome) else replace(reading, outcome=Unreachable(message_of(reading.outcome)))
