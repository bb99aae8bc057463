"""A shop's life, step by step, on both databases at once: Hypothesis looks for the steps after which a promise is broken.

Events arrive, again and again; rounds of planning and of two workers come at any moment; calls fail, succeed without an
answer, or outlive the worker that made them. After every step both databases must tell the same, and at the end everything
must have ended. `MODEL_EXAMPLES=200 pytest tests/services/model` looks longer.
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from app.domain.commands import AddEvent, DeleteContact, EventKind, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.delivery.revocation import opt_outs_of
from app.domain.events import Event, OrderCancelled, OrderPlaced, OrderReturned
from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.domain.operations.retention import Retention
from app.services.delivery.loop import Delivery
from app.services.operations.retention import Cleaner
from app.storage.engine.database import Database
from tests.conftest import Clock, PostgreSQL
from tests.support.world import (
    Killed,
    World,
    cancels,
    edits,
    erases,
    grants,
    orders,
    registers,
    returns,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

PEOPLE = ["ada@example.pl", "bob@example.pl", "cyd@example.pl"]
WHO = [PEOPLE[0], PEOPLE[0], *PEOPLE]
"""Mostly the same one: what goes wrong takes several steps of one life."""
TAKE_AWAY = ["opts out", "withdraws", "is erased"]
ABOUT_ORDERS = ["orders", "edits an order", "returns goods", "cancels"]
ABOUT_THE_PERSON = ["opts in", "registers", "looks at goods", "grants", "is tagged", "is untagged"]
COMES_BACK = ("orders", "registers", "opts in", "grants")
"""Whoever was erased is somebody again."""
BADLY: dict[str, tuple[Outcome, str | None]] = {
    "throttled": (Throttled(3.0), None),
    "unreachable": (Unreachable("down"), None),
    "no answer": (Unknown("timeout"), None),
    "no answer to an upsert": (Unknown("timeout"), "upsert"),
    "no answer to upserts": (Unknown("timeout"), "upsert_many"),
    "no answer to an event": (Unknown("timeout"), "add_event"),
    "no answer to events": (Unknown("timeout"), "add_events"),
    "looks fail": (Unreachable("down"), "look_up"),
    "account refused": (Refused("no", account_wide=True), None),
}
"""How calls end, and which."""
HOW = ["well", "well", "well", "well", "killed", "asleep", "one is refused", *BADLY]
MAIN = to_account("main")
LEASE = 60.0
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "4"))
"""Of each half: the first one of both is the life in which hardly anything happens."""


@dataclass
class Truth:
    """What a person may expect, from the events that were accepted: each is newer than those before it."""

    news: Status | None = None
    resigned: bool = False
    """Opted out at some time, which an erasure does not forget."""
    withdrawn: bool = False
    erased: bool = False


@dataclass
class Side:
    """One database with its world, a second worker, and what left it that must not have."""

    world: World
    other: Delivery
    people: dict[str, Truth]
    violations: list[str] = field(default_factory=list)

    def judge(self, method: str, items: list[Any]) -> None:
        """Called for every call as it leaves (I6)."""
        if method in ("look_up", "statuses", "modified"):
            return
        for item in items:
            truth = self.people[item.address_after if isinstance(item, UpsertContact) else item.email]
            if isinstance(item, DeleteContact):
                continue
            if truth.erased or (truth.withdrawn and opt_outs_of(item) != item):  # a resignation always travels (R06a)
                self.violations.append(f"{method} after the withdrawal or erasure: {item}")
            if isinstance(item, UpsertContact) and item.email_status is Status.OPT_IN and truth.news is Status.OPT_OUT:
                self.violations.append(f"opted in after the opt-out: {item}")


class Life(RuleBasedStateMachine):
    """Every step is taken in both worlds; `Sides` opens them."""

    sides: Callable[[], "Sides"]
    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.opened = self.stack.enter_context(type(self).sides().open())
        self.people = {email: Truth() for email in PEOPLE}
        for side in self.opened.both:
            side.people = self.people
        self.minute = 0
        self.events: list[tuple[str, Event]] = []
        self.orders = 0
        self.newest: dict[str, OrderPlaced] = {}

    def each(self, step: Callable[[Side], Awaitable[Any]]) -> Any:
        """Take a step in both worlds, which must answer alike."""
        first, second = (self.opened.run(side, step(side)) for side in self.opened.both)
        assert first == second, f"SQLite: {first}\nPostgreSQL: {second}"
        return first

    def post(self, made: Callable[[float], Event]) -> str:
        self.minute += 1
        happened, event_id = made(self.minute), f"e{self.minute}"
        for side in self.opened.both:
            side.world.clock.advance(minutes=1)

        async def step(side: Side) -> list[str]:
            return await side.world.post(happened, event_id=event_id)

        self.each(step)
        self.events.append((event_id, happened))
        return event_id

    # -- what happens in the shop ------------------------------------------------------------------------------------------

    @initialize(target=posted, what=st.sampled_from(COMES_BACK), email=st.sampled_from(WHO))
    def begins(self, what: str, email: str) -> str:
        return self._happens(what, email)

    # Hypothesis leaves whole rules out of a life. One rule for all events would leave them all out of half of the lives.
    @rule(target=posted, what=st.sampled_from(ABOUT_ORDERS), email=st.sampled_from(WHO))
    def happens_to_an_order(self, what: str, email: str) -> str:
        return self._happens(what, email)

    @rule(target=posted, what=st.sampled_from(ABOUT_THE_PERSON), email=st.sampled_from(WHO))
    def happens_to_the_person(self, what: str, email: str) -> str:
        return self._happens(what, email)

    @rule(target=posted, what=st.sampled_from(TAKE_AWAY), email=st.sampled_from(WHO))
    def takes_permission_away(self, what: str, email: str) -> str:
        return self._happens(what, email)

    def _happens(self, what: str, email: str) -> str:
        truth = self.people[email]
        if what in COMES_BACK:
            truth.erased = False
        match what:
            case "orders":
                self.orders += 1
                number = self.orders
                return self.post(lambda minute: self._placed(orders(f"o{number}", email, minute)))
            case "edits an order":
                order = self.newest.get(email)
                self.orders += order is None
                number = self.orders
                truth.erased = truth.erased and order is not None
                return self.post(
                    lambda minute: self._placed(
                        edits(order, minute, value=Decimal(minute)) if order else orders(f"o{number}", email, minute)
                    )
                )
            case "returns goods" | "cancels":
                order_id = self.newest[email].order_id if email in self.newest and self.minute % 3 else f"o{self.orders + 1}"
                made = returns if what == "returns goods" else cancels
                more = {"goods": str(self.minute)} if made is returns else {}
                return self.post(lambda minute: made(order_id, email, minute, **more))
            case "registers":
                name = "Jan" if self.minute % 2 else "Żaneta"
                return self.post(lambda minute: registers(email, minute, first_name=name))
            case "is tagged":
                return self.post(lambda minute: tags(minute, email=email, added=("vip",)))
            case "is untagged":
                return self.post(lambda minute: tags(minute, email=email, removed=("vip",)))
            case "looks at goods":
                return self.post(lambda minute: views("101", email, minute))
            case "opts in":
                truth.news = Status.OPT_IN
                return self.post(lambda minute: subscribes(email, minute))
            case "opts out":
                truth.news, truth.resigned = Status.OPT_OUT, True
                return self.post(lambda minute: unsubscribes(email, minute))
            case "withdraws":
                truth.withdrawn = True
                return self.post(lambda minute: withdraws(email, minute))
            case "grants":
                truth.withdrawn = False
                return self.post(lambda minute: grants(email, minute))
            case "is erased":  # what took permission away stands
                truth.erased, truth.news = True, Status.OPT_OUT if truth.resigned else None
                return self.post(lambda minute: erases(email, minute))
            case _:
                raise AssertionError(what)

    def _placed(self, order: OrderPlaced) -> OrderPlaced:
        self.newest[order.customer.email] = order
        return order

    @rule(event_id=posted, times=st.integers(1, 3))
    def is_told_again(self, event_id: str, times: int) -> None:
        """The same event once more, and once with other content."""
        happened = dict(self.events)[event_id]

        async def step(side: Side) -> list[type]:
            again = [NewEvent("shop1", event_id, "event", happened, "d")] * times
            other = NewEvent("shop1", event_id, "event", happened, "other")
            async with side.world.store.work() as work:
                answers = await work.inbox.add([*again, other], side.world.clock())
                await work.commit()
            assert all(answer.duplicate for answer in answers if isinstance(answer, Accepted))
            return [type(answer) for answer in answers]

        assert self.each(step) == [Accepted] * times + [Conflict]

    # -- what the gateway does, and what happens to it -----------------------------------------------------------------------

    @rule(decided=st.booleans(), second=st.booleans(), how=st.sampled_from(HOW), applied=st.booleans(), email=st.sampled_from(WHO))
    def works(self, decided: bool, second: bool, how: str, applied: bool = True, email: str = PEOPLE[0]) -> None:
        """One round of a worker, after one of planning or without. `applied`: what failed had its effect all the same."""
        if decided:
            self.plans()
        match how:
            case "well":
                self.each(lambda side: self.worker(side, second).deliver_due(MAIN))
            case "one is refused":
                self.each(
                    lambda side: self.delivers(side, second, lambda _, items: Refused("bad") if _names(items, email) else None)
                )
            case "killed":
                self.each(lambda side: self.is_killed(side, second, done=applied))
            case "asleep":
                self.each(lambda side: self.outlives_its_lease(side, second))
            case _:
                outcome, method = BADLY[how]
                self.each(
                    lambda side: self.delivers(
                        side, second, lambda called, _: outcome if method in (None, called) else None, applied
                    )
                )

    def plans(self) -> None:
        self.each(lambda side: side.world.plan())

    async def delivers(
        self, side: Side, second: bool, badly: Callable[[str, list[Any]], Outcome | None], applied: bool = False
    ) -> int:
        upstream = side.world.upstream
        upstream.applied = applied
        upstream.respond = lambda called, items: badly(called, items) or Delivered()
        try:
            return await self.worker(side, second).deliver_due(MAIN)
        finally:
            upstream.respond = lambda called, items: Delivered()

    async def is_killed(self, side: Side, second: bool, *, done: bool) -> None:
        """Before the first call had its effect, or after it."""

        async def killed(method: str, items: list[Any]) -> None:
            raise Killed

        with self.while_calling(side, killed, done=done), suppress(Killed):
            await self.worker(side, second).deliver_due(MAIN)

    async def outlives_its_lease(self, side: Side, second: bool) -> None:
        """A worker falls asleep with the answer to its first call in its hand; the other takes over meanwhile (I8)."""
        upstream = side.world.upstream

        async def taken_over(method: str, items: list[Any]) -> None:
            upstream.before_return = None
            side.world.clock.advance(seconds=LEASE + 1)
            await self.worker(side, not second).deliver_due(MAIN)

        with self.while_calling(side, taken_over, done=True):
            await self.worker(side, second).deliver_due(MAIN)

    @rule(seconds=st.sampled_from([1, 29, 61, 600, 4000]), restarted=st.booleans())
    def time_passes(self, seconds: int, restarted: bool) -> None:
        for side in self.opened.both:
            side.world.clock.advance(seconds=seconds)
            if restarted:
                side.world.restart()

    @staticmethod
    def worker(side: Side, second: bool) -> Delivery:
        return side.other if second else side.world.delivery

    @staticmethod
    @contextmanager
    def while_calling(side: Side, happens: Callable[[str, list[Any]], Coroutine[Any, Any, None]], *, done: bool) -> Iterator[None]:
        upstream, judge = side.world.upstream, side.world.upstream.before_answer

        async def first_judged(method: str, items: list[Any]) -> None:
            await judge(method, items)
            await happens(method, items)

        if done:
            upstream.before_return = happens
        else:
            upstream.before_answer = first_judged
        try:
            yield
        finally:
            upstream.before_return, upstream.before_answer = None, judge

    # -- what must hold ----------------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.each(_states)
        self.each(_reasons)
        for side in self.opened.both:
            assert side.violations == []
            found = side.world.upstream.events
            purchases = Counter(event.external_id for event in found if event.kind is EventKind.PURCHASE)
            assert max(purchases.values(), default=1) == 1, "R18: one order is one purchase"
            times = Counter((event.email, event.kind, event.at, event.external_id) for event in found)
            assert {key: number for key, number in times.items() if number > 1} == {}, "I3"
            for email in PEOPLE:
                # What came before its order follows it, however late that is (R19). An order that stands again is dated as of
                # that, and keeps the place of the order (R18).
                theirs = [
                    one.at
                    for one in found
                    if one.email == email and one.kind not in (EventKind.RETURN, EventKind.CANCELLATION) and not self._again(one)
                ]
                assert all(one <= next_one for one, next_one in pairwise(theirs)), f"I5: {theirs}"

    def _again(self, event: AddEvent) -> bool:
        """Is it an order that stands again after its cancellation?"""
        placed = [one.at for _, one in self.events if isinstance(one, OrderPlaced) and one.order_id == event.external_id]
        return event.kind is EventKind.PURCHASE and event.at > min(placed)

    def teardown(self) -> None:
        try:
            self.each(self._ends)
            self.every_promise_is_kept()
        finally:
            self.stack.close()

    async def _ends(self, side: Side) -> object:
        """With a healthy SALESmanago everything ends, and what it holds is the truth."""
        world = side.world
        await world.run_for(hours=8, steps=16)
        world.clock.advance(hours=8 * 24)
        await Cleaner(world.store, Retention(), world.clock).clean()  # what waits for an order that never came ends
        world.accepted = len(await world.states())  # what SALESmanago refused of a status became an event of our own
        states = await world.at_rest()
        assert {event_id for event_id, _ in self.events} <= states.keys(), "I1"
        upstream = world.upstream
        arrived = Counter(one.external_id for one in upstream.events if one.kind is EventKind.PURCHASE)
        undone = Counter((one.external_id, one.kind, one.at) for one in upstream.events)
        erased = {email for email in PEOPLE if any(str(kind) == "ErasureRequested" for kind in self._kinds(email))}
        buyers = {happened.order_id: happened.customer.email for _, happened in self.events if isinstance(happened, OrderPlaced)}
        for event_id, happened in self.events:
            order_id, email = getattr(happened, "order_id", None), getattr(happened, "email", None) or happened.customer.email
            # What concerns an order is told of its buyer, with whom it goes.
            if order_id is not None and states[event_id][0] == "sent" and not erased & {email, buyers.get(order_id, email)}:
                assert arrived[order_id] == 1, f"{order_id} counts as sent"
                for kind, made in ((EventKind.RETURN, OrderReturned), (EventKind.CANCELLATION, OrderCancelled)):
                    assert not isinstance(happened, made) or undone[order_id, kind, happened.at] == 1, f"{event_id} counts as sent"
        for order in self.newest.values():
            told = [number for number, happened in self.events if happened == order]
            if order.customer.email not in erased and states[told[-1]][0] == "sent":
                assert [one.value for one in upstream.events if _is_purchase_of(one, order)] == [order.value], "the newest version"
        refused = {email for event_id, happened in self.events if states[event_id][0] == "parked" for email in [_email(happened)]}
        for email, truth in self.people.items():
            if email in upstream.contacts and email not in refused and not truth.withdrawn and not truth.erased:
                assert (email in upstream.opted_out) == (truth.news is Status.OPT_OUT), f"{email}: {truth.news}"
        return (
            await _states(side),
            sorted(map(repr, upstream.events)),
            {email: sorted(there) for email, there in upstream.contacts.items()},
        )

    def _kinds(self, email: str) -> list[str]:
        return [type(happened).__name__ for _, happened in self.events if _email(happened) == email]


async def _states(side: Side) -> list[tuple[str, str, str | None]]:
    """In the order of acceptance. Events the gateway itself noticed have names of chance."""
    found = (await side.world.states()).items()
    return [("noticed" if event_id.startswith("not-taken-") else event_id, *state) for event_id, state in found]


async def _reasons(side: Side) -> Counter[object]:
    """What is counted of reasons equals a count of the inbox (R92)."""
    counted, found = await side.world.reasons()
    assert counted == found
    return Counter((state, reason) for _, _, state, reason in counted.elements())


def _is_purchase_of(event: AddEvent, order: OrderPlaced) -> bool:
    return event.kind is EventKind.PURCHASE and event.external_id == order.order_id


def _names(items: list[Any], email: str) -> bool:
    return any(getattr(item, "email", "") == email for item in items)


def _email(happened: Event) -> str:
    email = getattr(happened, "email", None) or happened.customer.email  # type: ignore[union-attr]
    assert isinstance(email, str)
    return email


@dataclass
class Sides:
    """Opens an empty database of either kind, and a loop of its own to work on them."""

    migrated_file: Path
    postgresql: PostgreSQL
    both: list[Side] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator["Sides"]:
        with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
            shutil.copy(self.migrated_file, Path(folder) / "gateway.db")
            self._runner = runner
            urls = (f"sqlite+aiosqlite:///{folder}/gateway.db", self.postgresql.url(runner.run(self.postgresql.emptied())))
            databases = [Database(url) for url in urls]
            self.both = [runner.run(_side(database)) for database in databases]
            steady = SimpleNamespace(monotonic=lambda: self._clock().timestamp())
            try:
                with (
                    patch("app.services.delivery.lease.time", steady),
                    patch("app.services.delivery.loop.time", steady),
                    patch("app.services.delivery.claims.time", steady),
                ):
                    yield self
            finally:
                for database in databases:
                    runner.run(database.close())

    def run(self, side: Side, step: Awaitable[Any]) -> Any:
        """In one of the worlds, whose clock is the only one then."""

        async def taken() -> Any:
            return await step

        self._clock = side.world.clock
        return self._runner.run(taken())


async def _side(database: Database) -> Side:
    world = World(database, Clock())
    await world.configure()
    other = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0, lease=timedelta(seconds=LEASE))
    side = Side(world, other, {})

    async def judged(method: str, items: list[Any]) -> None:
        side.judge(method, items)

    world.upstream.before_answer = judged
    return side
