"""Accepting: durable before it is said, grouped when busy, fair when something goes wrong."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.domain.errors import NotReady
from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.services.intake import GROUP, Intake
from app.storage.engine.database import Database
from app.storage.unit_of_work import Store, Work
from tests.conftest import Clock
from tests.support.world import subscribes


@dataclass
class WatchedStore:
    """The real store; counts commits, and can be closed or made to wait."""

    real: Store
    commits: int = 0
    groups: list[int] = field(default_factory=list)
    failing: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def work(self, *, first: bool = False) -> AsyncIterator[Work]:
        self.entered.set()
        await self.gate.wait()
        if self.failing is not None:
            raise self.failing
        async with self.real.work(first=first) as work:
            commit, add = work.commit, work.inbox.add

            async def counted() -> None:
                await commit()
                self.commits += 1

            async def measured(events, at):  # type: ignore[no-untyped-def]
                self.groups.append(len(events))
                return await add(events, at)

            work.commit, work.inbox.add = counted, measured  # type: ignore[method-assign]
            yield work


def event(event_id: str, digest: str = "d") -> NewEvent:
    return NewEvent("shop1", event_id, "subscription", subscribes(), digest)


@pytest.fixture
def watched(store: Store) -> WatchedStore:
    made = WatchedStore(store)
    made.gate.set()
    return made


@pytest.fixture
async def intake(watched: WatchedStore, clock: Clock) -> AsyncIterator[Intake]:
    def ticking():  # type: ignore[no-untyped-def]
        return clock.advance(microseconds=1)

    made = Intake(watched, ticking, lambda: None)
    yield made
    await made.close()


async def stored(store: Store) -> int:
    async with store.work() as work:
        return sum(sum(by_state.values()) for by_state in (await work.inbox.counts()).values())


async def test_fifty_parallel_posts_of_one_id_are_one_event_and_one_answer(intake: Intake, store: Store) -> None:
    answers = [answer for (answer,) in await asyncio.gather(*(intake.accept([event("e1")]) for _ in range(50)))]
    assert Counter(answer.duplicate for answer in answers) == {False: 1, True: 49}
    assert len({answer.received_at for answer in answers}) == 1
    assert await stored(store) == 1


async def test_fifty_repetitions_one_after_the_other_get_the_same_answer(intake: Intake, store: Store) -> None:
    answers = [(await intake.accept([event("e1")]))[0] for _ in range(50)]
    assert Counter(answer.duplicate for answer in answers) == {False: 1, True: 49}
    assert len({answer.received_at for answer in answers}) == 1


async def test_other_content_under_the_same_id_is_a_conflict_that_names_the_first(intake: Intake) -> None:
    await intake.accept([event("e1", "one")])
    first, second = await intake.accept([event("e1", "two"), event("e2")])
    assert first == Conflict("e1", "one")
    assert isinstance(second, Accepted)


async def test_what_arrives_together_is_committed_together_and_answered_each_with_its_own(
    intake: Intake, watched: WatchedStore
) -> None:
    watched.gate.clear()
    callers = [asyncio.create_task(intake.accept([event(f"e{n}"), event(f"f{n}")])) for n in range(100)]
    await watched.entered.wait()
    watched.gate.set()
    answers = await asyncio.gather(*callers)
    assert [[answer.event_id for answer in pair] for pair in answers] == [[f"e{n}", f"f{n}"] for n in range(100)]
    assert watched.commits <= 3
    assert sum(watched.groups) == 200


async def test_a_group_is_bounded(intake: Intake, watched: WatchedStore) -> None:
    watched.gate.clear()
    callers = [asyncio.create_task(intake.accept([event(f"e{n}")])) for n in range(GROUP * 2 + 1)]
    await watched.entered.wait()
    watched.gate.set()
    await asyncio.gather(*callers)
    assert max(watched.groups) == GROUP
    assert sum(watched.groups) == GROUP * 2 + 1


async def test_a_large_batch_lets_others_in_between_its_commits_and_is_answered_in_order(
    intake: Intake, watched: WatchedStore
) -> None:
    watched.gate.clear()
    batch = asyncio.create_task(intake.accept([event(f"b{n}") for n in range(GROUP * 3)]))
    await watched.entered.wait()
    lone = asyncio.create_task(intake.accept([event("e1")]))
    watched.gate.set()
    await lone
    assert not batch.done()
    assert [answer.event_id for answer in await batch] == [f"b{n}" for n in range(GROUP * 3)]
    assert watched.groups == [GROUP, GROUP + 1, GROUP]


async def test_an_answer_comes_before_a_caller_who_waits_for_the_store_has_it(
    intake: Intake, store: Store, database: Database
) -> None:
    """A round of planning that waits computes as soon as it has the store: the answer must not come after it (I9)."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL gives everybody a connection of its own")
    order: list[str] = []

    async def plans() -> None:
        async with store.work():
            order.append("round")

    async def posts() -> None:
        await intake.accept([event("e1")])
        order.append("answer")

    async with store.work():
        callers = [asyncio.create_task(posts()), asyncio.create_task(plans())]
        for _ in range(50):
            await asyncio.sleep(0)
    await asyncio.gather(*callers)
    assert order == ["answer", "round"]


async def test_a_lone_event_is_committed_alone_and_at_once(intake: Intake, watched: WatchedStore) -> None:
    await intake.accept([event("e1")])
    await intake.accept([event("e2")])
    assert watched.groups == [1, 1]


async def test_the_answer_comes_only_after_the_commit(intake: Intake, watched: WatchedStore, store: Store) -> None:
    watched.gate.clear()
    caller = asyncio.create_task(intake.accept([event("e1")]))
    await watched.entered.wait()
    await asyncio.sleep(0)
    assert not caller.done()
    watched.gate.set()
    await caller
    assert (watched.commits, await stored(store)) == (1, 1)


@pytest.mark.parametrize("failure", [lambda: NotReady(7), lambda: ZeroDivisionError("a defect")], ids=["not-ready", "defect"])
async def test_when_the_store_fails_every_waiting_caller_gets_the_error_and_the_writer_goes_on(
    intake: Intake, watched: WatchedStore, store: Store, failure: Callable[[], Exception]
) -> None:
    watched.failing = failure()
    answers = await asyncio.gather(*(intake.accept([event(f"e{n}")]) for n in range(10)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(watched.failing)] * 10
    assert await stored(store) == 0
    watched.failing = None
    ((answer,),) = await asyncio.gather(intake.accept([event("e1")]))
    assert answer == Accepted("e1", False, answer.received_at, ())
    assert await stored(store) == 1


async def test_nobody_waits_for_a_second_failure_of_the_store(intake: Intake, watched: WatchedStore) -> None:
    """Each failure takes as long as a lock is waited for: two of them would be more than a sender's patience."""
    watched.gate.clear()
    first = asyncio.create_task(intake.accept([event("first")]))
    await watched.entered.wait()
    meanwhile = [asyncio.create_task(intake.accept([event(f"later-{n}")])) for n in range(3)]
    await asyncio.sleep(0)
    watched.failing, watched.entered = NotReady(7), asyncio.Event()
    watched.gate.set()
    answers = await asyncio.gather(first, *meanwhile, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotReady] * 4
    assert not watched.entered.is_set(), "the store was asked once"
    watched.failing = None
    (answer,) = await intake.accept([event("later-0")])
    assert isinstance(answer, Accepted)
    assert not answer.duplicate


async def test_what_belongs_to_events_is_stored_with_them_or_neither_is(
    intake: Intake, watched: WatchedStore, store: Store
) -> None:
    async def fails(work: Work) -> None:
        raise ZeroDivisionError

    async def works(work: Work) -> None:
        assert watched.commits == 0

    with pytest.raises(ZeroDivisionError):
        await intake.accept_with([event("1")], fails)
    assert await stored(store) == 0
    await intake.accept_with([event("1")], works)
    assert (await stored(store), watched.commits) == (1, 1)


async def test_a_caller_that_hangs_up_does_not_break_the_others(intake: Intake, watched: WatchedStore, store: Store) -> None:
    watched.gate.clear()
    callers = [asyncio.create_task(intake.accept([event(f"e{n}")])) for n in range(5)]
    await watched.entered.wait()
    callers[0].cancel()
    callers[3].cancel()
    watched.gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["CancelledError", "list", "list", "CancelledError", "list"]
    assert [answers[n][0].event_id for n in (1, 2, 4)] == ["e1", "e2", "e4"]
    assert (await intake.accept([event("after")]))[0].event_id == "after"
    assert await stored(store) in (4, 5, 6)


async def test_a_caller_who_waits_when_the_intake_closes_is_not_left_waiting(intake: Intake, watched: WatchedStore) -> None:
    """`accept` promises an answer or `NotReady`."""
    watched.gate.clear()
    callers = [asyncio.create_task(intake.accept([event(f"e{n}")])) for n in range(3)]
    await watched.entered.wait()
    await intake.close()
    done, pending = await asyncio.wait(callers, timeout=0.5)
    for caller in pending:
        caller.cancel()
    assert not pending
    assert {type(caller.exception()) for caller in done} == {NotReady}


async def test_a_group_that_was_still_being_gathered_is_not_left_waiting_either(intake: Intake) -> None:
    caller = asyncio.create_task(intake.accept([event("e1")]))
    for _ in range(3):  # the caller asks, the writer takes it, and waits for more
        await asyncio.sleep(0)
    await intake.close()
    with pytest.raises(NotReady):
        await asyncio.wait_for(caller, 0.5)


async def test_a_loop_that_is_woken_is_woken_after_the_commit(watched: WatchedStore, clock: Clock) -> None:
    seen: list[int] = []
    intake = Intake(watched, clock, lambda: seen.append(watched.commits))
    await intake.accept([event("e1")])
    await intake.close()
    assert seen == [1]


async def test_r08_what_is_dated_ahead_is_stored_as_of_its_arrival_and_the_answer_says_so(store: Store, clock: Clock) -> None:
    intake = Intake(store, clock, lambda: None)
    ahead = NewEvent("shop1", "e1", "subscription", subscribes(minutes=120), "d")
    try:
        first, again = [await intake.accept([ahead]) for _ in range(2)]
    finally:
        await intake.close()
    assert isinstance(first[0], Accepted)
    assert "7200 s ahead" in first[0].warnings[0]
    assert again == [Accepted("e1", True, first[0].received_at, first[0].warnings)]
    async with store.work() as work:
        (stored,), _ = await work.inbox.due(1, 1 << 20)
    assert stored.event.at == first[0].received_at
