"""One random history of storage calls gets the same answers from both dialects."""

import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.delivery.outbox import Claim, ContactQueue
from app.domain.delivery.outcomes import Park, RetryAt
from app.domain.delivery.revocation import Revocation
from app.domain.intake.inbox import EventState, Settlement
from app.domain.person.contact import NOBODY
from app.domain.person.stored import Alias
from app.domain.reasons import Reason
from app.storage.engine.database import Database
from app.storage.engine.tables import contact_queues, contacts, inbox, outbox
from app.storage.unit_of_work import Store
from tests.conftest import PostgreSQL
from tests.support.stored import (
    ACCOUNT,
    LEASE,
    SHOP,
    a_command,
    after,
    attempted,
    new_event,
    subscribed,
    tried,
    unsubscribed,
    upsert,
)

STATES = [EventState.PLANNED, EventState.WITHHELD, EventState.PARKED, EventState.HELD, EventState.SUPERSEDED]


ONE_DIALECT_ALONE = ("lease_token", "seq", "lane", "link")
"""Drawn at random, or needed where several workers decide."""


class History:
    """Plays a seeded history; `log` holds every answer without what is random by design (lease tokens)."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.chance, self.log, self.step = store, random.Random(seed), [], 0
        self.claims: list[Claim] = []
        self.seqs: dict[str, int] = {}

    async def play(self, steps: int) -> None:
        moves = [
            self.add,
            self.settle,
            self.settled,
            self.queue,
            self.queue,
            self.claim,
            self.claim,
            self.record,
            self.record,
            self.revoke,
            self.people,
        ]
        for self.step in range(steps):
            await self.chance.choice(moves)()

    @property
    def now(self):  # type: ignore[no-untyped-def]
        return after(seconds=self.step * 7)

    async def add(self) -> None:
        events = []
        for _ in range(self.chance.randint(1, 4)):
            number = self.chance.randint(0, 30)
            kind = unsubscribed if number % 5 == 0 else subscribed
            events.append(
                new_event(f"e{number}", kind(f"c{number % 6}@ż.pl"), digest=str(self.chance.randint(0, 1)), held=number % 7 == 0)
            )
        async with self.store.work() as work:
            self.log.append(await work.inbox.add(events, self.now))
            await work.commit()

    async def settle(self) -> None:
        async with self.store.work() as work:
            due, _unreadable = await work.inbox.due(self.chance.randint(1, 5), self.chance.randint(0, 2000))
            # PostgreSQL leaves gaps in `seq` where a repetition was not stored; the order is what counts.
            self.log.append(([(event.event_id, event.event) for event in due], await work.inbox.has_urgent([SHOP])))
            self.seqs |= {event.event_id: event.seq for event in due}
            made = [Settlement(e.seq, self.chance.choice(STATES), Reason.NO_CONSENT, 1, self.chance.randint(0, 2)) for e in due]
            await work.inbox.settle(made, self.now)
            await work.commit()

    async def settled(self) -> None:
        async with self.store.work() as work:
            known = sorted(self.seqs)
            counts = {self.seqs[self.chance.choice(known)]: 1} if known else {}
            await work.inbox.commands_settled(counts, self.now)
            held = self.chance.choice([True, False])
            await (work.inbox.hold(SHOP) if held else work.inbox.release([SHOP]))
            self.log.append((await work.inbox.counts(), await work.inbox.oldest_waiting()))
            if self.chance.random() < 0.9:  # now and then all of it is undone
                await work.commit()

    async def queue(self) -> None:
        contact = self.chance.randint(1, 6)
        made = [a_command(contact, upsert(f"{self.step}-{n}"), seq=self.step) for n in range(self.chance.randint(1, 3))]
        async with self.store.work() as work:
            await work.outbox.queue(made, self.now)
            await work.commit()

    async def claim(self) -> None:
        async with self.store.work() as work:
            claims = await work.leases.claim(
                ACCOUNT, ["closed"], self.chance.randint(1, 3), self.now, LEASE / self.chance.randint(1, 4)
            )
            self.log.append([replace(claim, lease_token=0) for claim in claims])
            self.log.append([await work.leases.is_held(ContactQueue(one, ACCOUNT), self.now) for one in range(1, 7)])
            await work.commit()
        self.claims += claims

    async def record(self) -> None:
        if not self.claims:
            return
        claim = self.claims.pop(self.chance.randrange(len(self.claims)))
        ends = [
            tried(one, self.chance.choice([None, Park(Reason.REFUSED), RetryAt(self.now, self.chance.random() < 0.5)]))
            for one in claim.commands
            if self.chance.random() < 0.8
        ]
        async with self.store.work() as work:
            end = attempted(claim, *ends, due_at=self.now, progressed=self.chance.random() < 0.5, at=self.now)
            self.log.append(await work.results.record([end], ACCOUNT, self.now))
            await work.commit()

    async def revoke(self) -> None:
        contact = self.chance.randint(1, 6)
        async with self.store.work() as work:
            waiting = (await work.outbox.waiting(ACCOUNT, [contact])).get(contact, [])
            self.log.append(waiting)
            if await work.leases.is_held(ContactQueue(contact, ACCOUNT), self.now):
                await work.outbox.defer_revocation(ContactQueue(contact, ACCOUNT), Revocation(email_opt_in=True), Reason.ERASED)
            else:
                changed = {one.id: upsert("weaker") for one in waiting[:1]}
                await work.outbox.rewrite(ContactQueue(contact, ACCOUNT), changed, [one.id for one in waiting[1:2]], self.now)
                await work.outbox.scrub(contact, "hash")
            await work.commit()

    async def people(self) -> None:
        email = f"p{self.chance.randint(0, 9)}@ż.pl"
        async with self.store.work() as work:
            found = await work.contacts.known_as(SHOP, [email], [], [email])
            self.log.append(found)
            if not found:
                self.log.append(
                    await work.contacts.add([(SHOP, replace(NOBODY, email=email), None), ("other", NOBODY, None)], self.now)
                )
            elif self.chance.random() < 0.5:
                await work.contacts.save(
                    [replace(found[0], contact=replace(found[0].contact, registered=True), erased_hash=email)], self.now
                )
            else:
                await work.contacts.save([replace(found[0], erased_hash=None)], self.now)
                await work.contacts.remember_address(Alias(SHOP, email, found[0].id, self.now))
            self.log.append(await work.contacts.aliases(SHOP, [email]))
            await work.commit()

    async def everything(self, database: Database) -> list[object]:
        rows: list[object] = []
        async with database.transaction() as connection:
            for table in (inbox, outbox, contact_queues, contacts):
                columns = [column for column in table.c if column.name not in ONE_DIALECT_ALONE]
                rows.append([tuple(row) for row in await connection.execute(select(*columns).order_by(*table.primary_key))])
        return rows


@pytest.fixture
async def pair(tmp_path: Path, migrated_file: Path, postgresql: PostgreSQL) -> AsyncIterator[list[Database]]:
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    name = await postgresql.emptied()
    both = [Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"), Database(postgresql.url(name))]
    yield both
    for one in both:
        await one.close()


@pytest.mark.parametrize("seed", range(5))
async def test_both_dialects_answer_a_random_history_alike(pair: list[Database], seed: int) -> None:
    ends = []
    for database in pair:
        history = History(Store(database), seed)
        await history.play(120)
        ends.append((history.log, await history.everything(database)))
    assert len(ends[0][1][1]) > 20
    for one, other in zip(ends[0][0], ends[1][0], strict=True):
        assert one == other
    assert ends[0][1] == ends[1][1]
