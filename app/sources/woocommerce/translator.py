"""What webhooks of orders and customers say. Pure: categories are those on the lines, or else those that were looked up."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Item, NewsletterBox
from app.domain.events import AccountChanged, CustomerRegistered, OrderCancelled, OrderPlaced, OrderReturned
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.formats.amounts import amount, money, quantity
from app.sources.findings import OVER, STAMP, Finding, Left, NotUnderstood, SourceEvent, Translation, Unusable, fingerprint
from app.sources.woocommerce.categories import Paths
from app.sources.woocommerce.reading import Row, box, cleared, customer, listed, moment, part, text

NO_CATEGORIES: Mapping[str, Paths] = {}
_NOT_IN_A_LIST = re.compile(r"[\s,]+")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_STANDS = frozenset({"processing", "completed", "on-hold", "refunded"})
_OVER = frozenset({"cancelled", "trash"})
"""Every other state (pending, failed, a draft) is no order yet."""


def products_of(row: Row) -> set[str]:
    """Whose categories the order does not say."""
    lines = (line for line in listed(row, "line_items") if not listed(line, "categories"))
    return {product for line in lines if (product := text(line, "product_id")) is not None and product != "0"}


def order(row: Row, shop: Shop, received_at: datetime, categories: Mapping[str, Paths] = NO_CATEGORIES) -> Translation:
    number, status = text(row, "id"), text(row, "status") or ""
    if number is None:
        raise NotUnderstood("the body has no `id` of an order")
    made = _placed(row, number, shop, received_at, categories)
    if isinstance(made, Unusable):
        return Translation(left=(Left(shop.id, f"order {number}", made),))
    if status in _OVER:
        return Translation((_ended(made, shop),))
    if status not in _STANDS:
        return Translation()
    said = (
        made.at,
        made.customer.email,
        made.box,
        made.currency,
        made.value,
        [(one.product_id, one.quantity) for one in made.items],
    )
    state, as_of = fingerprint(*said), made.as_of or made.at
    events = (SourceEvent(f"woo:order:{number}:{as_of:%Y%m%dT%H%M%S}:{state}", made),)
    found = [
        Finding(shop.id, f"order:{number}", state, as_of, events, events),
        Finding(shop.id, f"order:{number}:stands", "yes", as_of, again=events, overtaken=_end(made)),
        *_returns(row, made, shop),
    ]
    return Translation(tuple(found))


def _placed(row: Row, number: str, shop: Shop, received_at: datetime, categories: Mapping[str, Paths]) -> OrderPlaced | Unusable:
    billing = part(row, "billing")
    buyer = customer(billing.get("email"), row.get("customer_id"), billing, {}, shop)
    placed_at, value, currency = moment(row, "date_created", received_at), amount(row.get("total")), text(row, "currency")
    if buyer is None:
        return Unusable.NO_ADDRESS
    if placed_at is None:
        return Unusable.NO_DATE
    if value is None or currency is None or not _CURRENCY.fullmatch(currency):
        return Unusable.NO_VALUE
    items = tuple(_items(row, categories))
    if not items:
        return Unusable.NO_GOODS
    ticked = box(row, shop.source.consent_field)
    news = box(row, shop.source.newsletter_field)
    return OrderPlaced(
        at=placed_at,
        as_of=max(placed_at, moment(row, "date_modified", received_at) or placed_at),
        customer=replace(buyer, newsletter_email=NewsletterBox(ticked=news is True)),
        order_id=number,
        box=ConsentAnswer.NOT_ASKED if ticked is None else ConsentAnswer.GIVEN if ticked else ConsentAnswer.NOT_GIVEN,
        currency=currency.upper(),
        value=money(max(value, Decimal(0))),
        items=items,
    )


def _items(row: Row, categories: Mapping[str, Paths]) -> Iterator[Item]:
    for line in listed(row, "line_items"):
        product, count = text(line, "product_id"), quantity(amount(line.get("quantity")))
        if product is None or count is None:
            continue
        paths = tuple((name,) for one in listed(line, "categories") if (name := text(one, "name"))) or categories.get(product, ())
        price = money(max(amount(line.get("price")) or Decimal(0), Decimal(0)))
        yield Item(
            product_id=_NOT_IN_A_LIST.sub("_", product)[:64],
            name=text(line, "name") or product,
            quantity=count,
            unit_price=price,
            menu_paths=paths,
        )


def _ended(made: OrderPlaced, shop: Shop) -> Finding:
    end = _end(made)
    events = (replace(end, event_id=f"{end.event_id}:{end.event.at:{STAMP}}"),)
    # An order that was never paid was never reported: there is nothing to take back.
    return Finding(shop.id, f"order:{made.order_id}:stands", OVER, end.event.at, again=events)


def _end(made: OrderPlaced) -> SourceEvent:
    event = OrderCancelled(at=made.as_of or made.at, email=made.customer.email, order_id=made.order_id)
    return SourceEvent(f"woo:order:{made.order_id}:cancelled", event)


def _returns(row: Row, made: OrderPlaced, shop: Shop) -> Iterator[Finding]:
    """Refunds, each under its own number; which goods came back WooCommerce does not say."""
    for one in listed(row, "refunds"):
        number, value = text(one, "id"), amount(one.get("total"))
        if number is not None and value is not None:
            at = made.as_of or made.at
            event = OrderReturned(
                at=at,
                email=made.customer.email,
                order_id=made.order_id,
                return_id=number,
                value=money(abs(value)),
                currency=made.currency,
            )
            yield Finding(shop.id, f"return:{number}", made.order_id, at, first=(SourceEvent(f"woo:return:{number}", event),))


def account(row: Row, shop: Shop, received_at: datetime) -> Translation:
    number = text(row, "id")
    if number is None:
        raise NotUnderstood("the body has no `id` of a customer")
    known = customer(row.get("email"), number, part(row, "billing"), row, shop)
    made_at = moment(row, "date_created", received_at)
    changed_at = moment(row, "date_modified", received_at) or made_at
    if known is None or changed_at is None:
        reason = Unusable.NO_ADDRESS if known is None else Unusable.NO_DATE
        return Translation(left=(Left(shop.id, f"client {number}", reason),))
    state = fingerprint(known)
    change = SourceEvent(
        f"woo:client:{number}:{changed_at:{STAMP}}:{state}", AccountChanged(at=changed_at, customer=cleared(known, row))
    )
    first = change
    if made_at is not None and made_at >= shop.integration_started_at:
        first = SourceEvent(f"woo:client:{number}:registered", CustomerRegistered(at=made_at, customer=known))
    return Translation((Finding(shop.id, f"client:{number}", state, changed_at, (first,), (change,)),))


def deleted_account(row: Row, shop: Shop) -> Translation:
    """Who deletes an account asks for no erasure: orders and consents stay. It is shown, for a person to decide."""
    number = text(row, "id")
    if number is None:
        raise NotUnderstood("the body has no `id` of a customer")
    return Translation(left=(Left(shop.id, f"client {number}", Unusable.ACCOUNT_DELETED),))


def deleted_order(row: Row, shop: Shop) -> Translation:
    """Only its number is said, and whether the order stood when it was deleted is not."""
    number = text(row, "id")
    if number is None:
        raise NotUnderstood("the body has no `id` of an order")
    return Translation(left=(Left(shop.id, f"order {number}", Unusable.ORDER_DELETED),))
