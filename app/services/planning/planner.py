"""Decide what the inbox holds: claim, decide, remember, queue, commit. All or nothing.

Events are decided in order of acceptance, except that acts which take permission away come into the next round, however long the
backlog: that lets an opt-out overtake every queue (R06). What is learned of a person is the same in any order; who has an address
is not (R72), so within a round these acts keep their place too.

A round holds the store: on SQLite nobody is answered 202 meanwhile. So it ends early when somebody waits, and the next one is as
large as the costs of the last one allow.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import structlog

from app.domain.errors import NotReady
from app.domain.event_kinds.traits import is_bulk, revokes_permission
from app.domain.intake.inbox import EventState, InboxEvent
from app.domain.intake.lanes import Apart, Spread, Whole, way_of
from app.domain.reasons import Reason
from app.domain.values import replace
from app.services.planning.own_lanes import OwnLanes
from app.services.planning.people import Pseudonym
from app.services.planning.planning_round import PlanningRound
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory
from app.services.stopwatch import Stopwatch

log = structlog.get_logger(__name__)

ROUND = 500
"""Events per transaction, at most."""

FIRST_ROUND = 64
"""Events of a round before which nothing is known of what they cost."""

ROUND_BYTES = 512 * 1024
"""Of the events that one round reads: some five hundred orders of ordinary size."""


@dataclass(frozen=True)
class RoundLimits:
    """Of one round, in seconds of the processor's time, as far as its events can be left to the next one."""

    awaited: float = 0.03
    """It works so long when a caller waits for the store."""
    seconds: float = 0.25
    """It works so long in any case."""
    uncut: float = 0.06
    """Its events may take so long to be read and written back: both block the event loop."""


TIME_SLICE_SECONDS = 0.02
"""So long the round decides before it yields to the event loop: a hundred ordinary events."""


_SPREAD = Spread()


class Planner:
    """`planned` is called after every commit that queued commands."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        clock: Clock,
        pseudonym: Pseudonym,
        planned: Callable[[], None],
        *,
        limits: RoundLimits = RoundLimits(),
        spread: Spread = _SPREAD,
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._pseudonym = pseudonym
        self._planned = planned
        self._limits = limits
        self._spread = spread
        self._limit = FIRST_ROUND
        self.is_behind = False
        """Did more wait than the last round took?"""

    async def plan_due(self, limit: int | None = None) -> int:
        """Decide the next events; answers how many. 0 = nothing waits, or others are at it."""
        try:
            return await self._plan_round(limit or self._limit)
        except NotReady:
            raise
        except Exception:
            # A defect outside the rules themselves: find its event by planning one at a time, and park that one.
            log.exception("round_failed", events=limit)
            return await self._plan_round_of_one()

    async def _plan_round_of_one(self) -> int:
        try:
            return await self._plan_round(1, alone=True)
        except NotReady:
            raise
        except Exception:
            log.exception("event_parked")
            async with self._store.work() as work:
                events, unreadable = await work.inbox.due(1, ROUND_BYTES)
                culprit = [*(event.seq for event in events), *unreadable]
                await work.inbox.mark(culprit, EventState.PARKED, Reason.RULE_FAILED, self._clock())
                await work.commit()
            return len(culprit)

    async def _plan_round(self, limit: int, *, alone: bool = False) -> int:
        """`alone`: whatever could be divided, the first events are decided while everybody else waits."""
        async with self._store.work() as work:
            taken = await self._take(work, limit, alone=alone)
            if taken is None:
                return 0
            events, unreadable, lanes = taken.events, taken.unreadable, taken.lanes
            if not events and not unreadable:
                self.is_behind = False
                await work.commit()
                return 0
            await work.inbox.mark(unreadable, EventState.PARKED, Reason.RULE_FAILED, self._clock())
            planning = self._round(work)
            watch = Stopwatch()
            await watch.measured(planning.load(events, lanes))
            loading = watch.seconds
            if loading > TIME_SLICE_SECONDS:
                await asyncio.sleep(0)
            in_order, is_over = _in_order_of_acceptance(events), partial(self._is_over, work)
            planned, left = await watch.measured(_plan(planning, in_order, lanes, watch, is_over, work))
            self.is_behind = len(events) >= limit or planned + left < len(events)
            deciding = watch.seconds - loading
            await watch.measured(planning.save())
            saving = watch.seconds - loading - deciding
            if planned:
                storing = loading / len(events) + saving / planned if taken.holds_store else 0.0
                cost = EventCost(deciding=deciding / planned, storing=storing)
                self._limit = round_size(planned, cost, self._limits)
            await work.commit()
        if planning.erased_somebody:
            await self._store.remove_leftovers()
        if unreadable:
            log.error("payload_unreadable", events=len(unreadable))
        if lanes is not None:
            log.info("round_divided", lanes=sorted(lanes.numbers), decided=planned, left=left)
        if planning.decided.sends_any:
            self._planned()
        decided = planned + len(unreadable)
        if left and not decided:
            return await self._plan_round(limit, alone=True)
        return decided

    def _round(self, work: Work) -> PlanningRound:
        return PlanningRound(work, self._directory, self._clock, self._pseudonym)

    async def _take(self, work: Work, limit: int, *, alone: bool) -> "_Taken | None":
        """The events of a round, and the lanes it keeps to; None while others are at it."""
        ahead = await work.inbox.ahead(self._spread.window)
        way: Whole | Apart = Whole() if ahead is None else Whole(is_needed=True) if alone else way_of(ahead, self._spread)
        match way:
            case Whole(is_needed=True):
                await work.inbox.lock_contacts()
            case Whole():
                if not await work.inbox.try_lock_contacts():
                    return None
            case Apart():
                # Who finds nobody else at work needs no lanes. The others wait, so that the next round finds them and is divided.
                if self._spread.whole_if_alone and await work.inbox.try_lock_contacts():
                    way = Whole()
                else:
                    await work.inbox.share_contacts()
            case _:
                assert_never(way)
        # Another process may have held events of a shop that it did not know was enabled again (R71).
        await work.inbox.release([one for one in await work.inbox.shops_held() if self._is_open(one)])
        match way:
            case Whole():
                events, unreadable = await work.inbox.due(min(limit, way.limit or limit), ROUND_BYTES)
                return _Taken(events, unreadable, None, holds_store=ahead is None)
            case Apart():
                lanes = await work.inbox.try_lock_lanes(way.lanes, self._spread.lanes_at_once)
                if not lanes:
                    return None
                events, unreadable = await work.inbox.due(limit, ROUND_BYTES, replace(way, lanes=lanes))
                return _Taken(events, unreadable, OwnLanes(lanes, work), holds_store=False)
            case _:
                assert_never(way)

    def _is_open(self, shop_id: str) -> bool:
        shop = self._directory.shop(shop_id)
        return shop is not None and shop.enabled

    def _is_over(self, work: Work, seconds: float) -> bool:
        return seconds > self._limits.seconds or (seconds > self._limits.awaited and work.is_awaited)


@dataclass(frozen=True)
class _Taken:
    """What a round is about."""

    events: list[InboxEvent]
    unreadable: list[int]
    """Numbers of events."""
    lanes: OwnLanes | None
    """None: the round may decide about anybody."""
    holds_store: bool
    """Nobody else gets at the store, nor on with anything, while it reads and writes. Elsewhere each statement lets others in."""


async def _plan(
    planning: PlanningRound,
    events: Sequence[InboxEvent],
    lanes: OwnLanes | None,
    watch: Stopwatch,
    is_over: Callable[[float], bool],
    work: Work,
) -> tuple[int, int]:
    """Decide the events of a round, in order; answers how many, and how many are for somebody who decides alone.

    What takes permission away is decided in the round it came into, however long that takes: nothing that was decided before it
    may leave first. What is left of the others comes into the next round.
    """
    last_stop = max((place for place, event in enumerate(events, 1) if revokes_permission(event.event)), default=0)
    planned = place = 0
    for place, event in enumerate(events, 1):
        if lanes is None or lanes.may_decide(event, planning.concerned(event)):
            await planning.plan(event)
            planned += 1
        if planning.erased_somebody:
            break  # what a new life of the person brings is decided, and sent, after the deletion
        seconds = watch.seconds
        if place >= last_stop and is_over(seconds):
            break
        # Who waits for the store is helped by its release, not by iterations of the loop.
        if watch.of_this_step(seconds) > TIME_SLICE_SECONDS and not work.is_awaited:
            await asyncio.sleep(0)
    return planned, place - planned


@dataclass(frozen=True)
class EventCost:
    """Of one event in a round, in seconds of the processor's time."""

    deciding: float
    storing: float
    """To read it with its people, and to write back what was decided."""


def round_size(planned: int, cost: EventCost, limits: RoundLimits) -> int:
    """How many events the next round takes, if each costs what those of the last one did. It grows by doubling."""
    decided = int(limits.seconds / cost.deciding) if cost.deciding > 0 else ROUND
    stored = int(limits.uncut / cost.storing) if cost.storing > 0 else ROUND
    return max(1, min(decided, stored, 2 * max(planned, FIRST_ROUND), ROUND))


def _in_order_of_acceptance(events: Sequence[InboxEvent]) -> list[InboxEvent]:
    """A stop comes into the round before everything else; within it, it keeps its place, as does who has an address then (R72).

    Nothing of a round leaves before all of it is decided.
    """
    return sorted(events, key=lambda one: (is_bulk(one.event), one.seq))
