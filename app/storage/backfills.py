"""First transfers: how far each one is, and a line per account its panel listed, by number alone."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.runs.backfill import Backfill, BackfillMode, ListedAccountRecord
from app.domain.runs.backfill_tally import QUEUED, Ended, Tally, tallied
from app.domain.values import replace
from app.storage.engine import codec
from app.storage.engine.dialect import insert
from app.storage.engine.tables import backfill_accounts, backfills, inbox

LONGEST_PAUSE = timedelta(days=5)
"""A page lists a hundred accounts, and at least one an hour is sent."""


class Backfills:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, run: Backfill) -> int:
        """Answers the number it got."""
        made = await self._connection.execute(plain_insert(backfills).returning(backfills.c.id), [_row(run)])
        number: int = made.scalar_one()
        return number

    async def find(self, backfill_id: int) -> Backfill | None:
        found = await self._read(select(backfills).where(backfills.c.id == backfill_id))
        return found[0] if found else None

    async def find_and_hold(self, backfill_id: int) -> Backfill | None:
        """As `find`; nobody else moves it until the transaction ends."""
        this = select(backfills).where(backfills.c.id == backfill_id)
        found = await self._read(this.with_for_update())  # SQLite, with its one writer, leaves it out
        return found[0] if found else None

    async def of_shop(self, shop_id: str, limit: int) -> list[Backfill]:
        """Newest first."""
        theirs = select(backfills).where(backfills.c.shop_id == shop_id)
        return await self._read(theirs.order_by(backfills.c.id.desc()).limit(limit))

    async def newest(self) -> list[Backfill]:
        """Of each shop that ever had one."""
        last = select(func.max(backfills.c.id)).group_by(backfills.c.shop_id)
        return await self._read(select(backfills).where(backfills.c.id.in_(last)))

    async def due(self, now: datetime) -> list[Backfill]:
        """Whose next step's time has come, or lies further ahead than a step is ever put off (`domain.clocks`)."""
        due = (backfills.c.due_at <= now) | (backfills.c.due_at > now + LONGEST_PAUSE)
        return await self._read(select(backfills).where(backfills.c.moving, due).order_by(backfills.c.due_at))

    async def ever_ran(self, shop_id: str) -> bool:
        """Was there ever a transfer that was not merely a dry run?"""
        real = select(backfills.c.id).where(backfills.c.shop_id == shop_id, backfills.c.mode == BackfillMode.RUN.value).limit(1)
        return (await self._connection.execute(real)).first() is not None

    async def save(self, run: Backfill, before: Backfill) -> bool:
        """Write the next state if the one it follows from still stands; False, and nothing written, otherwise."""
        unchanged = (backfills.c.id == run.id) & (backfills.c.version == before.version)
        after = _row(replace(run, version=before.version + 1))
        changed = await self._connection.execute(update(backfills).where(unchanged).values(after))
        return changed.rowcount == 1

    async def note(self, backfill_id: int, accounts: Sequence[ListedAccountRecord]) -> set[int]:
        """Write down accounts that are new to this backfill; answers which ones were."""
        if not accounts:
            return set()
        statement = insert(self._connection, backfill_accounts)
        statement = statement.on_conflict_do_nothing(index_elements=["backfill_id", "account_id"])
        rows = [{"backfill_id": backfill_id, **vars(one)} for one in accounts]
        added = await self._connection.execute(statement.returning(backfill_accounts.c.account_id), rows)
        return set(added.scalars())

    async def noted(self, backfill_id: int, account_ids: Collection[int]) -> dict[int, ListedAccountRecord]:
        theirs = (backfill_accounts.c.backfill_id == backfill_id) & backfill_accounts.c.account_id.in_(account_ids)
        rows = await self._connection.execute(select(backfill_accounts).where(theirs))
        return {row.account_id: ListedAccountRecord(row.account_id, row.note, row.content, row.event_id) for row in rows}

    async def note_again(self, backfill_id: int, account_id: int, content: str, event_id: str) -> None:
        """The account changed after it was noted, and became another event."""
        this = (backfill_accounts.c.backfill_id == backfill_id) & (backfill_accounts.c.account_id == account_id)
        await self._connection.execute(
            update(backfill_accounts).where(this).values(note=QUEUED, content=content, again_id=event_id)
        )

    async def forget_accounts(self, backfill_id: int) -> None:
        await self._connection.execute(backfill_accounts.delete().where(backfill_accounts.c.backfill_id == backfill_id))

    async def tally(self, run: Backfill) -> Tally:
        """What became of the accounts so far."""
        account, first, again = backfill_accounts, inbox.alias("first"), inbox.alias("again")
        columns = (account.c.note, first.c.state, first.c.reason, again.c.state, again.c.reason)
        rows = await self._connection.execute(
            select(*columns, func.count())
            .select_from(account)
            .outerjoin(first, (first.c.shop_id == run.shop_id) & (first.c.event_id == account.c.event_id))
            .outerjoin(again, (again.c.shop_id == run.shop_id) & (again.c.event_id == account.c.again_id))
            .where(account.c.backfill_id == run.id)
            .group_by(*columns)
        )
        return tallied((row[0], _ended(row[1], row[2]), _ended(row[3], row[4]), row[5]) for row in rows)

    async def _read(self, wanted: Any) -> list[Backfill]:
        return [
            replace(codec.decode(row.doc, Backfill), id=row.id, version=row.version)
            for row in await self._connection.execute(wanted)
        ]


def _ended(state: str | None, reason: str | None) -> Ended:
    return None if state is None else (state, reason or "")


def _row(run: Backfill) -> dict[str, object]:
    return {
        "shop_id": run.shop_id,
        "mode": run.mode.value,
        "moving": run.is_moving,
        "over": run.is_over,
        "due_at": run.due_at,
        "version": run.version,
        "doc": _doc(run),
    }


def _doc(run: Backfill) -> bytes:
    return codec.encode(replace(run, id=0, version=0))
