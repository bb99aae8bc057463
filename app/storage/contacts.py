"""People, as each shop knows them, and the addresses they had before."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, func, select, text, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.decisions.discrepancies import has_seen_conflicts, is_disputed
from app.domain.person.contact import Contact
from app.domain.person.stored import Alias, StoredContact
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement, each_value, insert, one_of
from app.storage.engine.tables import contact_aliases, contacts, inbox

_DISPUTED = text("contacts.conflict IS NOT NULL")
"""As the partial index has it."""

DIFFERS = "differs"
SEEN = "seen"
UNCONFIRMED = "unconfirmed"
"""Marks of a contact, as the column `conflict` holds them."""

_TO_CHECK = (contacts.c.conflict < UNCONFIRMED, contacts.c.conflict > UNCONFIRMED)  # `!=` finds nothing by an index
"""Of a contact that a person should check, or has seen."""

_SENT = text("contacts.sent_as IS NOT NULL")
"""As the partial index has it."""

_SHOPS = each_value(contacts.c.shop_id)

_COLUMNS = (contacts.c.id, contacts.c.shop_id, contacts.c.doc, contacts.c.erased_hash, contacts.c.merged_into)
"""What a `StoredContact` is made of. The others are for finding people."""


class Contacts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def known_as(
        self, shop_id: str, emails: Collection[str], customer_ids: Collection[str], erased: Collection[str]
    ) -> list[StoredContact]:
        """Everyone of a shop whom an address, a customer id or the hash of an erased address may mean, the longest known first."""
        found: dict[int, StoredContact] = {}
        # Three questions, each along its own index. As one, with OR, SQLite reads all contacts of the shop.
        for column, names in ((contacts.c.email, emails), (contacts.c.customer_id, customer_ids), (contacts.c.erased_hash, erased)):
            if names:
                rows = await _OF_SHOP[column.name].run(self._connection, names, shop=shop_id)
                found |= {row.id: _stored(row) for row in rows.all()}
        return [found[contact_id] for contact_id in sorted(found)]

    async def in_shops(self, shop_ids: Collection[str], emails: Collection[str]) -> list[StoredContact]:
        """Those who have one of the addresses in one of the shops."""
        return [_stored(row) for row in (await _OF_SHOPS.run(self._connection, emails, shops=list(shop_ids))).all()]

    async def of_several_shops(self, shop_ids: Collection[str], emails: Collection[str]) -> set[tuple[int, str]]:
        """(contact, address) for each of these addresses that more than one of the shops knows: SALESmanago has one contact."""
        if len(shop_ids) < 2:
            return set()
        rows = (await _HOLDERS.run(self._connection, emails, shops=list(shop_ids))).all()
        holders = Counter(email for _, email in rows)
        return {(number, email) for number, email in rows if holders[email] > 1}

    async def page_of_shop(self, shop_id: str, after: int, limit: int) -> list[StoredContact]:
        """The next people of a shop in order of their ids; who has no address any more is left out."""
        theirs = (contacts.c.shop_id == shop_id) & (contacts.c.id > after) & contacts.c.email.is_not(None)
        rows = await self._connection.execute(select(*_COLUMNS).where(theirs).order_by(contacts.c.id).limit(limit))
        return [_stored(row) for row in rows]

    async def shops(self) -> list[str]:
        """Shops of which anybody is known: one step for each along the index, however many people."""
        names = select(_SHOPS.c.name).where(_SHOPS.c.name.is_not(None))
        return list((await self._connection.execute(names)).scalars())

    async def page_of_sent(self, shop_ids: Collection[str], after: int, limit: int) -> list[StoredContact]:
        """The next people of these shops whom SALESmanago knows from us, in order of their ids (R03)."""
        rows: list[Sequence[Any]] = []
        for shop_id in sorted(shop_ids):  # each along its index: of all shops at once, the database would sort whole shops
            theirs = (contacts.c.shop_id == shop_id) & (contacts.c.id > after) & contacts.c.email.is_not(None) & _SENT
            rows += await self._connection.execute(select(*_COLUMNS).where(theirs).order_by(contacts.c.id).limit(limit))
        return sorted(map(_stored, rows), key=lambda one: one.id)[:limit]

    async def shops_knowing(self, shop_ids: Collection[str], email: str) -> dict[str, bool]:
        """Shops that know an address, now, formerly, or by an event not decided yet -> do we send the person from there?"""
        rows = await self._connection.execute(
            select(contacts.c.shop_id, contacts.c.doc).where(contacts.c.shop_id.in_(shop_ids), contacts.c.email == email)
        )
        known = {row.shop_id: codec.decode(row.doc, Contact).is_transferred for row in rows}
        former = select(contact_aliases.c.shop_id).where(contact_aliases.c.shop_id.in_(shop_ids), contact_aliases.c.email == email)
        undecided = select(inbox.c.shop_id).where(
            inbox.c.shop_id.in_(shop_ids), inbox.c.subject == email, inbox.c.state.in_(("received", "held"))
        )
        for shop_id in (await self._connection.execute(former.union(undecided))).scalars():
            known.setdefault(shop_id, False)
        return known

    async def disputed(self, shop_id: str, limit: int) -> list[StoredContact]:
        """Contacts with a discrepancy that a person should check, or has seen, by their mark, in order of their ids."""
        found: list[StoredContact] = []
        for marked in _TO_CHECK:
            found += await self._marked(shop_id, marked, limit - len(found)) if len(found) < limit else []
        return found

    async def disputed_as(self, shop_id: str, email: str) -> list[StoredContact]:
        """As `disputed`, those whom an address means, here or in SALESmanago."""
        named = (contacts.c.email == email) | (contacts.c.sent_as == email)
        return [one for marked in _TO_CHECK for one in await self._marked(shop_id, marked & named)]

    async def unconfirmed(self, shop_id: str, limit: int) -> list[StoredContact]:
        """Contacts about whom nothing is wrong, but whose subscription waits for their click (B6)."""
        return await self._marked(shop_id, contacts.c.conflict == UNCONFIRMED, limit)

    async def _marked(self, shop_id: str, marked: ColumnElement[bool], limit: int | None = None) -> list[StoredContact]:
        theirs = select(*_COLUMNS).where(contacts.c.shop_id == shop_id, _DISPUTED, marked)
        return [
            _stored(row) for row in await self._connection.execute(theirs.order_by(contacts.c.conflict, contacts.c.id).limit(limit))
        ]

    async def by_ids(self, ids: Collection[int]) -> list[StoredContact]:
        if not ids:
            return []
        return [_stored(row) for row in (await _BY_IDS.run(self._connection, ids)).all()]

    async def aliases(self, shop_id: str, emails: Collection[str]) -> list[Alias]:
        return await self.left_addresses([shop_id], emails)

    async def left_addresses(self, shop_ids: Collection[str], emails: Collection[str]) -> list[Alias]:
        """As `aliases`, of several shops."""
        rows = await _ALIASES.run(self._connection, emails, shops=list(shop_ids))
        return [Alias(row.shop_id, row.email, row.contact_id, row.until, row.sent) for row in rows]

    async def aliases_of(self, contact_ids: Collection[int]) -> list[Alias]:
        """Former addresses of contacts."""
        theirs = one_of(self._connection, contact_aliases.c.contact_id, contact_ids)
        return [Alias(**row) for row in (await self._connection.execute(select(contact_aliases).where(theirs))).mappings()]

    async def add(self, people: Sequence[tuple[str, Contact, str | None]], at: datetime) -> list[int]:
        """Insert contacts (shop, contact, hash if erased); answers their ids in the same order."""
        if not people:
            return []
        rows = [
            {
                "shop_id": shop_id,
                "email": None if erased_hash else (contact.email or None),
                "erased_hash": erased_hash,
                "customer_id": contact.customer_id,
                "doc": codec.encode(contact),
                "conflict": _marker(contact),
                "sent_as": contact.sent_state.email,
                "updated_at": at,
            }
            for shop_id, contact, erased_hash in people
        ]
        if self._connection.dialect.name == "sqlite":  # one writer: it knows the next numbers, and need not ask row by row
            last = (await self._connection.execute(_LAST_NUMBER)).scalar_one_or_none() or 0
            ids = list(range(last + 1, last + 1 + len(rows)))
            await execute_many(self._connection, _ADD, [{"id": number, **row} for number, row in zip(ids, rows, strict=True)])
            return ids
        made = await self._connection.execute(_ADD.returning(contacts.c.id, sort_by_parameter_order=True), rows)
        return list(made.scalars())

    async def save(self, people: Sequence[StoredContact], at: datetime) -> None:
        """Write contacts back. An erased one keeps no address, only its hash."""
        if not people:
            return
        # Addresses and hashes may pass from one row to another in a batch: free them first, so no unique key sees both.
        await _FREE.run(self._connection, [one.id for one in people])
        await execute_many(
            self._connection,
            _SAVE,
            [
                {
                    "b_id": one.id,
                    "b_email": None if one.erased_hash else (one.contact.email or None),
                    "b_erased_hash": one.erased_hash,
                    "b_customer_id": one.contact.customer_id,
                    "b_doc": codec.encode(one.contact),
                    "b_conflict": _marker(one.contact),
                    "b_sent_as": one.contact.sent_state.email,
                    "b_at": at,
                }
                for one in people
            ],
        )

    async def remember_address(self, alias: Alias) -> None:
        statement = insert(self._connection, contact_aliases)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["shop_id", "email", "contact_id"],
                set_={"until": statement.excluded.until, "sent": contact_aliases.c.sent | statement.excluded.sent},
            ),
            [vars(alias)],
        )

    async def forget_addresses(self, contact_id: int) -> None:
        await self._connection.execute(contact_aliases.delete().where(contact_aliases.c.contact_id == contact_id))

    async def merge(self, contact_id: int, into: int, conflict: str | None) -> None:
        """Another contact takes over, also those that were merged before: no heir is a contact that was merged itself.

        `conflict`: what a person must see to, such as a contact that is left in SALESmanago.
        """
        earlier = update(contacts).where(contacts.c.merged_into == contact_id).values(merged_into=into)
        await self._connection.execute(earlier)
        change = update(contacts).where(contacts.c.id == contact_id).values(merged_into=into, conflict=conflict)
        await self._connection.execute(change)

    async def mark_left_as_seen(self, contact_id: int) -> None:
        """Somebody saw to the contact that was left in SALESmanago when another took it over."""
        is_left = contacts.c.merged_into.is_not(None) & contacts.c.conflict.is_not(None)
        await self._connection.execute(update(contacts).where(contacts.c.id == contact_id, is_left).values(conflict=SEEN))

    async def merged_into(self, contact_id: int) -> list[StoredContact]:
        """The contacts that were merged into this one, also by way of others."""
        found: dict[int, StoredContact] = {}
        into = [contact_id]
        while into:
            rows = await self._connection.execute(select(*_COLUMNS).where(contacts.c.merged_into.in_(into)))
            fresh = [one for row in rows if (one := _stored(row)).id not in found and one.id != contact_id]
            found |= {one.id: one for one in fresh}
            into = [one.id for one in fresh]
        return list(found.values())

    async def conflicts(self) -> dict[str, tuple[int, int]]:
        """Shop -> how many were renamed onto an address that had a contact of its own, and how many differ from SALESmanago.

        What somebody has seen does not count.
        """
        counted = await self._marks()
        return {
            shop_id: (
                sum(number for mark, number in marks.items() if mark not in (DIFFERS, SEEN, UNCONFIRMED)),
                marks.get(DIFFERS, 0),
            )
            for shop_id, marks in counted.items()
        }

    async def unconfirmed_counts(self) -> dict[str, int]:
        """Shop -> contacts about whom nothing is wrong, but whose subscription waits for their click."""
        return {shop_id: marks[UNCONFIRMED] for shop_id, marks in (await self._marks()).items() if UNCONFIRMED in marks}

    async def _marks(self) -> dict[str, dict[str, int]]:
        """Shop -> mark -> number, out of the partial index alone."""
        columns = (contacts.c.shop_id, contacts.c.conflict)
        counted = select(*columns, func.count().label("number")).where(_DISPUTED).group_by(*columns)
        found: dict[str, dict[str, int]] = {}
        for row in await self._connection.execute(counted):
            found.setdefault(row.shop_id, {})[row.conflict] = row.number
        return found


def _of_shop(column: ColumnElement[Any]) -> ListStatement:
    return ListStatement(lambda listed: select(*_COLUMNS).where(contacts.c.shop_id == bindparam("shop"), listed(column)))


_THESE_SHOPS: BindParameter[Any] = bindparam("shops", expanding=True)
_OF_SHOP = {column.name: _of_shop(column) for column in (contacts.c.email, contacts.c.customer_id, contacts.c.erased_hash)}
_OF_SHOPS = ListStatement(lambda listed: select(*_COLUMNS).where(contacts.c.shop_id.in_(_THESE_SHOPS), listed(contacts.c.email)))
_HOLDERS = ListStatement(
    lambda listed: select(contacts.c.id, contacts.c.email).where(contacts.c.shop_id.in_(_THESE_SHOPS), listed(contacts.c.email))
)
_BY_IDS = ListStatement(lambda listed: select(*_COLUMNS).where(listed(contacts.c.id)))
_ALIASES = ListStatement(
    lambda listed: select(contact_aliases).where(contact_aliases.c.shop_id.in_(_THESE_SHOPS), listed(contact_aliases.c.email))
)
_FREE = ListStatement(lambda listed: update(contacts).where(listed(contacts.c.id)).values(email=None, erased_hash=None))
_ADD = plain_insert(contacts)
_LAST_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = 'contacts'")
_SAVE = (
    update(contacts)
    .where(contacts.c.id == bindparam("b_id"))
    .values(
        email=bindparam("b_email"),
        erased_hash=bindparam("b_erased_hash"),
        customer_id=bindparam("b_customer_id"),
        doc=bindparam("b_doc"),
        conflict=case((contacts.c.merged_into.is_not(None), contacts.c.conflict), else_=bindparam("b_conflict")),
        sent_as=bindparam("b_sent_as"),
        updated_at=bindparam("b_at", type_=contacts.c.updated_at.type),
    )
)


def _marker(contact: Contact) -> str | None:
    """Of a merged contact it is the words of the merge."""
    if is_disputed(contact):
        return DIFFERS
    if has_seen_conflicts(contact):
        return SEEN
    return UNCONFIRMED if contact.unconfirmed_since is not None else None


def _stored(row: Sequence[Any]) -> StoredContact:
    contact_id, shop_id, doc, erased_hash, merged_into = row
    return StoredContact(contact_id, shop_id, codec.decode(doc, Contact), erased_hash, merged_into)
