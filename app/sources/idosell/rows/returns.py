"""Rows of the returns' gate, pushed by return… webhooks or scanned (contract 3.1).

A return becomes an event once the shop accepted it.

A row names the order and nobody: whose order it is, the order says.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.domain.event_parts import Item
from app.domain.events import OrderReturned
from app.domain.shops.shop import Shop
from app.formats.amounts import amount, money, quantity
from app.formats.contact_values import email_address
from app.sources.findings import NOTHING, Finding, Left, SourceEvent, Translation, Unusable, fingerprint
from app.sources.idosell.rows.orders import shop_number
from app.sources.idosell.rows.reading import Row, moment, part, rows, shops_by_number, whole

ENVELOPES = ("returns", "results", "Results")
KEY = "order_sn"

ACCEPTED = 2
"""Of the panel's states of a return: the goods are back. Shops name states of their own, each below one of the panel's."""


def is_accepted(row: Row) -> bool:
    return ACCEPTED in (whole(row.get("parentStatusNumeric")), whole(row.get("status_numeric")))


def order_number(row: Row) -> str | None:
    serial = whole(row.get(KEY))
    return None if serial is None else str(serial)


def returned(row: Row, shops: Sequence[Shop], orders: Mapping[str, Row]) -> Translation:
    """The events of an accepted return. `orders`: the rows of the orders by number."""
    number, order = whole(row.get("id")), order_number(row)
    if not is_accepted(row) or order is None or number is None:
        return NOTHING
    sold = orders.get(order)
    if sold is None:
        return Translation(left=tuple(Left(shop.id, f"return {number}", Unusable.NO_ORDER) for shop in shops[:1]))
    shop = shops_by_number(shops).get(shop_number(sold) or 0)
    if shop is None:
        return Translation(left=tuple(Left(one.id, f"return {number}", Unusable.OTHER_SHOP) for one in shops[:1]))
    email = _email(sold)
    at = moment(row, "date_end", "date_last_edit", "date_add", shop=shop)
    if email is None or at is None:
        reason = Unusable.NO_ADDRESS if email is None else Unusable.NO_DATE
        return Translation(left=(Left(shop.id, f"return {number}", reason),))
    items = _items(row, sold)
    currency = str(row.get("currency") or "").strip().upper()
    event = OrderReturned(
        at=at,
        email=email,
        order_id=order,
        return_id=str(number),
        items=items,
        value=money(sum((item.unit_price * item.quantity for item in items), Decimal(0))) if items else None,
        currency=currency if re.fullmatch("[A-Z]{3}", currency) else None,
    )
    events = (SourceEvent(f"ido:return:{number}", event),)
    return Translation((Finding(shop.id, f"return:{number}", fingerprint(order), at, first=events),))


def _email(order: Row) -> str | None:
    try:
        return email_address(str(part(part(order, "clientResult"), "clientAccount").get("clientEmail") or ""))
    except ValueError:
        return None


def _items(row: Row, order: Row) -> tuple[Item, ...]:
    names = {
        whole(line.get("productId")): str(line.get("productName") or "").strip()
        for line in rows(part(order, "orderDetails").get("productsResults"))
    }
    return tuple(
        Item(
            product_id=str(number),
            name=(names.get(number) or str(number))[:1000],
            quantity=count,
            unit_price=money(abs(amount(line.get("price")) or Decimal(0))),
        )
        for line in rows(row.get("products"))
        if (number := whole(line.get("id"))) and (count := quantity(abs(amount(line.get("quantity")) or Decimal(0))))
    )
