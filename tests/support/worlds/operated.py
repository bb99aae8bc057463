"""A gateway with an operator before it: what is parked, and the replay of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from app.domain.commands import EventKind, UpsertContact
from app.domain.delivery.answers import Answer
from app.domain.delivery.outbox import to_newsletter
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, message_of
from app.domain.operations.replay import ParkedFilter
from app.services.operations.replay import Operations, Replay
from app.storage.engine.tables import contact_queues, inbox, outbox
from tests.support.world import (
    JAN,
    FakeUpstream,
    World,
    at,
    registers,
    subscribes,
)

EVERYTHING = ParkedFilter()


Respond = Callable[[str, list[Any]], Outcome]


class Talking(FakeUpstream):
    """What it said stands in the trace, as with the real one."""

    async def _call(self, method: str, items: list[Any]) -> Answer:
        answer = await super()._call(method, items)
        return replace(answer, call=replace(answer.call, detail=message_of(answer.outcome)))


@dataclass
class Operated:
    """A gateway with an operator before it."""

    world: World
    operations: Operations
    rung: list[None]

    @property
    def upstream(self) -> FakeUpstream:
        return self.world.upstream

    async def parks(self, *refused: str, kind: type = object, words: str = "no", hours: float = 1.0) -> None:
        """The neighbour refuses what names these addresses, until everything that waits is settled. Then it is well again."""
        self.upstream.respond = refusing(*refused, kind=kind, words=words)
        await self.world.run_for(hours=hours)
        self.upstream.respond = lambda method, items: Delivered()
        self.upstream.calls.clear()

    async def replays(self, wanted: ParkedFilter = EVERYTHING) -> Replay:
        """And what waits by then is delivered."""
        done = await self.operations.replay(wanted)
        await self.world.run()
        return done

    async def parked_ids(self) -> list[int]:
        async with self.world.store.work() as work:
            return [one.id for one in await work.parked.commands(EVERYTHING, 0, 10_000)]

    async def command_states(self) -> dict[str, list[str]]:
        """Event -> the states of its commands, in order."""
        async with self.world.database.transaction() as connection:
            joined = select(inbox.c.event_id, outbox.c.state).join(inbox, inbox.c.seq == outbox.c.event_seq).order_by(outbox.c.id)
            found: dict[str, list[str]] = {}
            for event_id, state in await connection.execute(joined):
                found.setdefault(event_id, []).append(state)
            return found

    async def waiting_queues(self) -> list[tuple[str, int]]:
        async with self.world.database.transaction() as connection:
            found = await connection.execute(select(contact_queues.c.destination, contact_queues.c.pending))
            return [(row.destination, row.pending) for row in found]


def refusing(*emails: str, kind: type = object, words: str = "no") -> Respond:
    def respond(method: str, items: list[Any]) -> Outcome:
        meant = any(isinstance(one, kind) and getattr(one, "email", None) in emails for one in items)
        return Refused(words) if meant else Delivered()

    return respond


def upserts(gate: Operated) -> list[UpsertContact]:
    return list(gate.upstream.sent(UpsertContact))


def purchases(gate: Operated) -> list[str]:
    return [event.external_id for event in gate.upstream.events if event.kind is EventKind.PURCHASE]


async def opt_out_parked_for_the_shop(gate: Operated) -> None:
    """SALESmanago tells of an opt-out that the shop's side refuses to take."""
    gate.world.side.respond = lambda command: Refused("locked")
    await gate.world.post(registers(), subscribes(by_email=True, minutes=1))
    await gate.world.run()
    from tests.support.builders import status_seen

    await gate.world.post(status_seen(at(60), email=JAN, email_out=True, acted=True))
    gate.world.clock.advance(hours=1)
    await gate.world.run()
    gate.world.side.respond = lambda command: Delivered()
    assert [one.destination for one in await gate.operations.parked(EVERYTHING)] == [to_newsletter("shop1")]
