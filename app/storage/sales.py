"""Orders and carts: what became of them so far."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, RowMapping, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.consent import BOXES_REMEMBERED, ConsentAnswer, ConsentAnswerCounts, counted
from app.domain.decisions.carts import Cart, StoredCart
from app.domain.person.sale import Sale
from app.domain.values import replace
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement, insert, insert_of, locked, one_of
from app.storage.engine.tables import carts, order_boxes, sales


class Sales:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_orders(self, shop_id: str, order_ids: Collection[str]) -> dict[str, Sale]:
        rows = await _OF_ORDERS.run(self._connection, order_ids, shop=shop_id)
        return {row.order_id: codec.decode(row.doc, Sale) for row in rows}

    async def save(self, known: Mapping[tuple[str, str], Sale]) -> None:
        """`known`: (shop, order) -> sale."""
        rows = [{"shop_id": shop, "order_id": order, "doc": codec.encode(sale)} for (shop, order), sale in known.items()]
        await execute_many(self._connection, _remember(self._connection.dialect.name), rows)

    async def forget(self, known: Collection[tuple[str, str]]) -> None:
        """Of these orders nothing is known any more."""
        for shop_id, order_id in known:
            await self._connection.execute(delete(sales).where(sales.c.shop_id == shop_id, sales.c.order_id == order_id))

    async def count_consent_answers(self, answers: Mapping[str, Sequence[ConsentAnswer]]) -> None:
        """`answers`: shop -> how its next orders answered the consent box, in order; the last ones are kept (R05)."""
        if not answers:
            return
        rows = [
            {"shop_id": shop, "recent": "".join(_LETTERS[box] for box in boxes[-BOXES_REMEMBERED:])}
            for shop, boxes in sorted(answers.items())  # one order of locks
        ]
        await execute_many(self._connection, _remember_answers(self._connection.dialect.name), rows)

    async def consent_answers(self) -> dict[str, ConsentAnswerCounts]:
        """How the last orders of every shop answered the consent box."""
        rows = await self._connection.execute(select(order_boxes))
        return {row.shop_id: counted(_BOXES[letter] for letter in row.recent) for row in rows}


_OF_ORDERS = ListStatement(lambda listed: select(sales).where(sales.c.shop_id == bindparam("shop"), listed(sales.c.order_id)))
_LETTERS = {ConsentAnswer.GIVEN: "g", ConsentAnswer.NOT_GIVEN: "n", ConsentAnswer.NOT_ASKED: "-"}
_BOXES = {letter: box for box, letter in _LETTERS.items()}


class Carts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, shop_id: str, cart_ids: Collection[str]) -> dict[str, StoredCart]:
        rows = await self._connection.execute(
            select(carts).where(carts.c.shop_id == shop_id, one_of(self._connection, carts.c.cart_id, cart_ids))
        )
        return {row["cart_id"]: _stored(row) for row in rows.mappings()}

    async def due(self, now: datetime, limit: int, closed_shops: Collection[str] = ()) -> list[StoredCart]:
        """Carts of open shops whose time has come, taken for this transaction."""
        ripe = select(carts).where(carts.c.due_at.is_not(None), carts.c.due_at <= now)
        if closed_shops:
            ripe = ripe.where(carts.c.shop_id.not_in(closed_shops))
        ripe = ripe.order_by(carts.c.due_at).limit(limit)
        return [_stored(row) for row in (await self._connection.execute(locked(self._connection, ripe))).mappings()]

    async def save(self, stored: Collection[StoredCart]) -> None:
        if not stored:
            return
        statement = insert(self._connection, carts)
        columns = ("contact_id", "event_seq", "doc", "due_at")
        statement = statement.on_conflict_do_update(
            index_elements=["shop_id", "cart_id"], set_={name: statement.excluded[name] for name in columns}
        )
        rows = [
            {
                "shop_id": one.shop_id,
                "cart_id": one.cart.id,
                "contact_id": one.contact_id,
                "event_seq": one.event_seq,
                "doc": codec.encode(one.cart),
                "due_at": (one.waits_until or one.cart.due_at) if one.open else None,
            }
            for one in stored
        ]
        await self._connection.execute(statement, rows)

    async def owners(self, contact_ids: Collection[int]) -> set[int]:
        """Those who have a cart, open or not."""
        theirs = select(carts.c.contact_id).where(one_of(self._connection, carts.c.contact_id, contact_ids)).distinct()
        return set((await self._connection.execute(theirs)).scalars()) if contact_ids else set()

    async def pass_on(self, contact_id: int, to: int) -> None:
        """The contact was merged into another, whose carts these are now. What was reported was the former contact's."""
        rows = await self._connection.execute(select(carts).where(carts.c.contact_id == contact_id))
        theirs = [_stored(row) for row in rows.mappings()]
        await self.save([replace(one, contact_id=to, cart=one.cart.unreported()) for one in theirs])

    async def forget_person(self, contact_id: int) -> list[int]:
        """Delete a person's carts; answers the numbers of the events that were still waiting for their time."""
        theirs = carts.c.contact_id == contact_id
        waiting = await self._connection.execute(select(carts.c.event_seq).where(theirs, carts.c.due_at.is_not(None)))
        seqs = list(waiting.scalars())
        await self._connection.execute(carts.delete().where(theirs))
        return seqs


@cache
def _remember(dialect: str) -> Insert:
    statement = insert_of(dialect, sales)
    return statement.on_conflict_do_update(index_elements=["shop_id", "order_id"], set_={"doc": statement.excluded.doc})


@cache
def _remember_answers(dialect: str) -> Insert:
    statement = insert_of(dialect, order_boxes)
    both = order_boxes.c.recent + statement.excluded.recent
    last = func.substr(both, -BOXES_REMEMBERED) if dialect == "sqlite" else func.right(both, BOXES_REMEMBERED)
    return statement.on_conflict_do_update(index_elements=["shop_id"], set_={"recent": last})


def _stored(row: RowMapping) -> StoredCart:
    cart = codec.decode(row["doc"], Cart)
    return StoredCart(row["shop_id"], row["contact_id"], row["event_seq"], cart, row["due_at"] is not None)
