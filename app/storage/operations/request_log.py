"""The request log: a bounded number of each outcome of each shop, the newest ones."""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.operations.request_log import DoorRequest, RequestOutcome
from app.storage.engine import codec
from app.storage.engine.tables import door_requests

NO_SHOP = ""


class RequestLog:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, requests: Sequence[DoorRequest]) -> None:
        rows = [
            {
                "request_id": one.id,
                "shop_id": one.shop_id or NO_SHOP,
                "outcome": one.outcome.value,
                "at": one.at,
                "doc": codec.encode(one),
            }
            for one in requests
        ]
        await self._connection.execute(insert(door_requests), rows)

    async def keep(self, shop_id: str | None, outcome: RequestOutcome, number: int) -> None:
        """Of a shop's requests of an outcome the newest ones stay."""
        theirs = (door_requests.c.shop_id == (shop_id or NO_SHOP)) & (door_requests.c.outcome == outcome.value)
        first_gone = select(door_requests.c.id).where(theirs).order_by(door_requests.c.id.desc()).offset(number).limit(1)
        await self._connection.execute(delete(door_requests).where(theirs, door_requests.c.id <= first_gone.scalar_subquery()))

    async def recent(
        self, shop_id: str | None, outcomes: Sequence[RequestOutcome], after: int | None, limit: int
    ) -> list[tuple[int, DoorRequest]]:
        """With their numbers, oldest first: the newest ones, or those that follow a number. No `shop_id`: of all shops and of none.

        No `outcomes`: all of them.
        """
        found = select(door_requests.c.id, door_requests.c.doc)
        if shop_id is not None:
            found = found.where(door_requests.c.shop_id == shop_id)
        if outcomes:
            found = found.where(door_requests.c.outcome.in_([one.value for one in outcomes]))
        if after is not None:
            found = found.where(door_requests.c.id > after).order_by(door_requests.c.id).limit(limit)
        else:
            found = found.order_by(door_requests.c.id.desc()).limit(limit)
        rows = [(row.id, codec.decode(row.doc, DoorRequest)) for row in await self._connection.execute(found)]
        return sorted(rows, key=lambda row: row[0])

    async def newest_after(self, after: int, outcomes: Sequence[RequestOutcome]) -> list[tuple[str, int]]:
        """(shop, number of its newest request of these outcomes), of requests behind a number that are a shop's."""
        behind = (door_requests.c.id > after) & door_requests.c.outcome.in_([one.value for one in outcomes])
        grouped = select(door_requests.c.shop_id, func.max(door_requests.c.id)).where(behind)
        rows = await self._connection.execute(grouped.group_by(door_requests.c.shop_id))
        return [(row[0], row[1]) for row in rows if row[0] != NO_SHOP]

    async def find(self, request_id: str) -> DoorRequest | None:
        found = select(door_requests.c.doc).where(door_requests.c.request_id == request_id).limit(1)
        doc = (await self._connection.execute(found)).scalar_one_or_none()
        return None if doc is None else codec.decode(doc, DoorRequest)
