"""Rows of the orders' gate, pushed by order… webhooks or scanned (contract 2.14, 3.1).

A row says how an order is now. Its events are the order as placed, each time its content is another, and that it was
cancelled or stands again. The consent box is in no row (R84): it comes from the shop's own webhook, or nobody asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.clients.idosell.answers import customer_of
from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Customer, Item
from app.domain.events import OrderCancelled, OrderPlaced
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.formats.amounts import amount, money, quantity
from app.sources.findings import Finding, Left, SourceEvent, Translation, Unusable, fingerprint
from app.sources.idosell.rows.reading import Row, moment, part, rows, shops_by_number, stamp, whole

ENVELOPES = ("Results", "results")
KEY = "orderSerialNumber"

Paths = tuple[tuple[str, ...], ...]
"""Menu sections of a product, each from the top of the menu down."""

_CANCELLED = frozenset({"canceled", "false", "joined"})
"""`false`: an order that never was one. `joined`: its goods are in another order, which has them."""

_FROM_OUTSIDE = frozenset(
    {"auction", "price_comparer", "search_engine", "cpa", "affiliate_program", "marketplace", "refferer_site", "referrer_site"}
)
"""Kinds of sources that stand for somebody else than the shop (R23)."""

_COSTS = ("orderProductsCost", "orderDeliveryCost", "orderPayformCost", "orderInsuranceCost")


class Known(NamedTuple):
    """What a row does not carry and the gateway knows: sections by shop number and product, boxes by order number."""

    sections: Mapping[tuple[int, int], Paths] = {}
    boxes: Mapping[str, ConsentAnswer] = {}


NOTHING_KNOWN = Known()


def order(row: Row, shops: Sequence[Shop], known: Known = NOTHING_KNOWN) -> Translation:
    """The events of a row, for the shop it was placed in."""
    number = number_of(row)
    shop = shops_by_number(shops).get(shop_number(row) or 0)
    if number is None or shop is None:
        return Translation(left=tuple(Left(one.id, f"order {number}", Unusable.OTHER_SHOP) for one in shops[:1]))
    made = _placed(row, number, shop, known)
    return Translation(left=(Left(shop.id, f"order {number}", made),)) if isinstance(made, Unusable) else _findings(row, made, shop)


def number_of(row: Row) -> str | None:
    serial = whole(row.get(KEY))
    return None if serial is None else str(serial)


def shop_number(row: Row) -> int | None:
    return whole(part(part(row, "orderDetails"), "orderSourceResults").get("shopId"))


def product_ids(row: Row) -> Iterable[int]:
    """Products of which the menu sections are wanted."""
    for line in rows(part(row, "orderDetails").get("productsResults")):
        number = whole(line.get("productId"))
        if number:
            yield number


def client_of(row: Row) -> int | None:
    """The account that ordered, whose tags are read next."""
    return whole(part(part(row, "clientResult"), "clientAccount").get("clientId")) or None


# -- the order as it is --------------------------------------------------------------------------------------------------


def _placed(row: Row, number: str, shop: Shop, known: Known) -> OrderPlaced | Unusable:
    details = part(row, "orderDetails")
    customer = _customer(row, shop)
    placed_at = moment(details, "orderAddDate", "purchaseDate", shop=shop)
    currency, value = _total(details)
    items = _items(details, shop, known)
    if customer is None:
        return Unusable.NO_ADDRESS
    if placed_at is None:
        return Unusable.NO_DATE
    if currency is None or value is None:
        return Unusable.NO_VALUE
    if not items:
        return Unusable.NO_GOODS
    return OrderPlaced(
        at=placed_at,
        as_of=max(placed_at, moment(details, "orderChangeDate", shop=shop) or placed_at),
        customer=customer,
        order_id=number,
        box=known.boxes.get(number, ConsentAnswer.NOT_ASKED),
        currency=currency,
        value=value,
        items=items,
        pickup_point=_pickup_point(part(row, "clientResult")),
        source=source_of(part(details, "orderSourceResults")),
    )


def _customer(row: Row, shop: Shop) -> Customer | None:
    """The person who placed the order, at the address of the invoice.

    A dropshipper's own customer (`endClientAccount`) is a stranger to this shop and stays one.
    """
    client = part(row, "clientResult")
    account, billing = part(client, "clientAccount"), part(client, "clientBillingAddress")
    phones = {name: billing.get(name) or account.get(name) for name in ("clientPhone1", "clientPhone2")}
    described = {"clientEmail": account.get("clientEmail"), "clientBillingAddress": {**billing, **phones}}
    return customer_of(described, whole(account.get("clientId")) or 0, shop)


def _total(details: Row) -> tuple[str | None, Decimal | None]:
    """Goods, delivery, payment and insurance, in the currency of the order."""
    costs = part(part(details, "payments"), "orderCurrency")
    currency = str(costs.get("currencyId") or "").strip().upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or amount(costs.get(_COSTS[0])) is None:
        return None, None
    total = sum((amount(costs.get(name)) or Decimal(0) for name in _COSTS), Decimal(0))
    return currency, money(max(total, Decimal(0)))


def _items(details: Row, shop: Shop, known: Known) -> tuple[Item, ...]:
    return tuple(
        Item(
            product_id=str(number),
            name=str(line.get("productName") or number).strip()[:1000],
            quantity=count,
            unit_price=money(max(amount(line.get("productOrderPrice")) or Decimal(0), Decimal(0))),
            menu_paths=known.sections.get((shop.number, number), ()),
        )
        for line in rows(details.get("productsResults"))
        if (number := whole(line.get("productId"))) and (count := quantity(amount(line.get("productQuantity"))))
    )


def _pickup_point(client: Row) -> str | None:
    """Name, street and city of the point where the parcel waits."""
    kind = part(client, "clientDeliveryAddress").get("clientDeliveryAddressType")
    point = part(client, "clientPickupPointAddress")
    if kind not in ("pickupPoint", "warehouse") or not point:
        return None
    named = (str(point.get(name) or "").strip() for name in ("name", "street", "city"))
    return ", ".join(filter(None, named))[:255] or None


def source_of(results: Row) -> str | None:
    """Who sent the customer: an auction site, a price comparison, a search engine …; None for what is the shop's own (R23)."""
    details = part(results, "orderSourceDetails")
    kinds = {str(one.get("orderSourceType") or "").strip().lower() for one in (results, details)}
    if not kinds & _FROM_OUTSIDE:
        return None
    said = str(results.get("auctionsServiceName") or details.get("orderSourceName") or "").strip().lower()
    return _brand(said)[:64] or None


_ENDINGS = (".com.pl", ".pl", ".com", ".eu", ".de", ".cz", ".sk", ".net")


def _brand(name: str) -> str:
    """`ceneo.pl` and `www.ceneo.pl` are ceneo."""
    name = name.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
    for ending in _ENDINGS:
        if name.endswith(ending) and " " not in name:
            return name.removesuffix(ending)
    return name


# -- what it tells -------------------------------------------------------------------------------------------------------


def _findings(row: Row, placed: OrderPlaced, shop: Shop) -> Translation:
    number, changed_at = placed.order_id, placed.as_of or placed.at
    key, content, account = f"order:{number}", _content(placed), client_of(row)
    if _is_cancelled(row):
        # Not newer than its cancellation: that would be reported as an order that stands again.
        original = _event_of(placed, placed.at)
        cancelled = OrderCancelled(at=changed_at, email=placed.customer.email, order_id=number)
        over = (SourceEvent(f"ido:order:{number}:cancelled:{stamp(changed_at)}", cancelled),)
        return Translation(
            (
                Finding(shop.id, key, content, changed_at, first=(original,), account=account),
                Finding(shop.id, f"{key}:stands", "no", changed_at, first=over, again=over),
            )
        )
    events = (_event_of(placed, changed_at),)
    return Translation(
        (
            Finding(shop.id, key, content, changed_at, first=events, again=events, account=account),
            Finding(shop.id, f"{key}:stands", "yes", changed_at, again=events),
        )
    )


def _event_of(placed: OrderPlaced, as_of: datetime) -> SourceEvent:
    return SourceEvent(f"ido:order:{placed.order_id}:{stamp(as_of)}:{_content(placed)}", replace(placed, as_of=as_of))


def _is_cancelled(row: Row) -> bool:
    status = part(row, "orderDetails").get("orderStatus")
    if isinstance(status, dict):  # some versions nest it
        status = status.get("orderStatus")
    return str(status or "").strip().lower() in _CANCELLED


def _content(placed: OrderPlaced) -> str:
    """A digest of what the order says, whenever it was said and whichever way.

    The sections of its goods change by themselves, and the account describes the customer.
    """
    goods = [(item.product_id, item.name, item.quantity, item.unit_price) for item in placed.items]
    said = (
        placed.at,
        placed.customer.email,
        placed.customer.id,
        placed.box,
        placed.currency,
        placed.value,
        goods,
        placed.pickup_point,
        placed.source,
    )
    return fingerprint(*said)
