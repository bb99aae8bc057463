"""Decide what the inbox holds: claim, decide, remember, queue, commit. All or nothing.

Events are decided in order of acceptance, except that acts which take permission away come into the next round, however long the
backlog: that lets an opt-out overtake every queue (R06). What is learned of a person is the same in any order; who has an address
is not (R72), so within a round these acts keep their place too.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from app.domain.errors import NotReady
from app.domain.event_kinds import is_listed
from app.domain.pipeline import EventState, InboxEvent
from app.domain.reasons import Reason
from app.services.directory import Directory
from app.services.people import Pseudonym
from app.services.planning_round import PlanningRound
from app.services.ports import Clock, Store

log = structlog.get_logger(__name__)

ROUND = 500
"""Events per transaction."""

TURN_SECONDS = 0.02
"""So long the round decides before it lets others of the process have their turn: a hundred ordinary events."""


class Planner:
    """`planned` is called after every commit that queued commands, `elsewhere` if some are not for SALESmanago's contacts."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        clock: Clock,
        pseudonym: Pseudonym,
        planned: Callable[[], None],
        elsewhere: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._pseudonym = pseudonym
        self._planned = planned
        self._elsewhere = elsewhere

    async def plan_due(self, limit: int = ROUND) -> int:
        """Decide the next events; answers how many. 0 = nothing waits, or another planner is at it."""
        try:
            return await self._plan_round(limit)
        except NotReady:
            raise
        except Exception:
            # A defect outside the rules themselves: find its event by planning one at a time, and park that one.
            log.exception("round_failed", events=limit)
            return await self._plan_round_of_one()

    async def _plan_round_of_one(self) -> int:
        try:
            return await self._plan_round(1)
        except NotReady:
            raise
        except Exception:
            log.exception("event_parked")
            async with self._store.work() as work:
                events, unreadable = await work.inbox.due(1)
                culprit = [*(event.seq for event in events), *unreadable]
                await work.inbox.mark(culprit, EventState.PARKED, Reason.RULE_FAILED, self._clock())
                await work.commit()
            return len(culprit)

    async def _plan_round(self, limit: int) -> int:
        async with self._store.work() as work:
            if not await work.inbox.lock_planning():
                return 0
            # Another process may have held events of a shop that it did not know was enabled again (R71).
            await work.inbox.release([shop.id for shop in self._directory.shops() if shop.enabled])
            events, unreadable = await work.inbox.due(limit)
            if not events and not unreadable:
                await work.commit()
                return 0
            await work.inbox.mark(unreadable, EventState.PARKED, Reason.RULE_FAILED, self._clock())
            planning = PlanningRound(work, self._directory, self._clock, self._pseudonym)
            await planning.load(events)
            events = _in_order_of_acceptance(events)
            planned = 0
            clock = asyncio.get_running_loop().time
            turn_began = clock()
            for event in events:
                await planning.plan(event)
                planned += 1
                if clock() - turn_began > TURN_SECONDS:
                    await asyncio.sleep(0)  # others have their turn
                    turn_began = clock()
                if planning.erased_somebody:
                    break  # what a new life of the person brings is decided, and sent, after the deletion
            await planning.save()
            await work.commit()
        if planning.erased_somebody:
            await self._store.empty_log()
        if unreadable:
            log.error("payload_unreadable", events=len(unreadable))
        if planning.decided.sends_any:
            self._planned()
        if planning.decided.sends_elsewhere:
            self._elsewhere()
        return planned + len(unreadable)


def _in_order_of_acceptance(events: Sequence[InboxEvent]) -> list[InboxEvent]:
    """A stop comes into the round before everything else; within it, it keeps its place, as does who has an address then (R72).

    Nothing of a round leaves before all of it is decided.
    """
    return sorted(events, key=lambda one: (is_listed(one.event), one.seq))
