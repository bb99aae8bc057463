"""The panel's programmable "Webhooki" (contract 3.2): bodies that the merchant pastes from our manual, as form or JSON.

What the panel fills in varies, so names and spellings are read tolerantly; what is needed is named when it is missing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from app.clients.foreign import foreign_json
from app.clients.idosell.answers import TIME_FORMAT, instant
from app.domain.consent import ConsentAnswer
from app.domain.event_kinds.subjects import real_id
from app.domain.event_parts import Evidence, Item
from app.domain.events import CartChanged, Subscribed, Unsubscribed
from app.domain.intake.arrival import is_time
from app.domain.intake.pushes import guest
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.formats.amounts import amount, money, quantity
from app.formats.contact_values import e164, email_address, is_national
from app.formats.words import mended
from app.sources.findings import Finding, NotUnderstood, SourceEvent, Translation, fingerprint
from app.sources.idosell.pushed.parsed import Parsed
from app.sources.idosell.rows.newsletter import state_in
from app.sources.idosell.rows.reading import Row, rows, shops_by_number, stamp, whole

MOST_FIELDS = 2_000
MOST_ITEMS = 500

_DEEP = re.compile(r"(\w+)\[(\w{1,32})\](?:\[(\w{1,32})\])?")
_YES = frozenset({"y", "yes", "1", "true", "t", "tak", "on", "subscribed", "given"})
_NO = frozenset({"n", "no", "0", "false", "f", "nie", "off", "unsubscribed", "not_given"})
NO_TIME = "`occurred_at` is no time between 2000 and 24 hours from now, so the push counts as of when it came"
_TIME = ("occurred_at", "time")
_UNFILLED = re.compile(r"\{\{|\{%|<iai:|\[iai:|\$\{")
"""A variable of a template that the panel did not replace."""


def fields_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a form or of a JSON object. Raises `NotUnderstood`."""
    kind = content_type.partition(";")[0].strip().lower()
    text = body.lstrip(b"\xef\xbb\xbf \r\n\t")
    if kind == "application/json" or text.startswith(b"{"):
        read = foreign_json(body)
        if not isinstance(read, dict):
            raise NotUnderstood("the body is no JSON object")
        return {str(name).strip().lower(): value for name, value in read.items()}
    return _form(body)


def _form(body: bytes) -> dict[str, Any]:
    """`a=1&items[0][id]=7`: names with brackets become lists of objects."""
    try:
        pairs = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise NotUnderstood(f"a form of more than {MOST_FIELDS} fields") from None
    found: dict[str, Any] = {}
    for name, said in pairs:
        value, deep = mended(said), _DEEP.fullmatch(name.strip())
        if deep is None:
            found[name.strip().lower()] = value
        elif deep[3] is not None:
            _held(_held(found, deep[1].lower()), deep[2])[deep[3].lower()] = value
        else:
            _held(found, deep[1].lower())[deep[2]] = value
    if isinstance(listed := found.get("items"), str):
        found["items"] = foreign_json(listed.encode())  # a list that was written as JSON into one field
    return found


def _held(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """What a field with brackets holds. A plain value of the same name gives way: a body with both means neither."""
    held = fields.get(name)
    if not isinstance(held, dict):
        held = fields[name] = {}
    return held


def parsed(fields: Mapping[str, Any], shops: Sequence[Shop], received_at: datetime) -> Parsed:
    """What a body says. Raises `NotUnderstood` with what is missing and what belongs there."""
    kind = _text(fields, "event", "type").lower().replace("-", "_")
    read = _KINDS.get(kind)
    if read is None:
        raise NotUnderstood(f"`event` must be one of {', '.join(sorted(_KINDS))}")
    shop = _shop_of(fields, shops)
    found = read(fields, shop, received_at)
    if not is_dated(fields, received_at) and _text(fields, *_TIME):
        found = replace(found, translation=replace(found.translation, notes=(NO_TIME,)))
    return found


def _basket(fields: Row, shop: Shop, received_at: datetime) -> Parsed:
    """The whole basket as it is now (R40); an empty one was emptied."""
    email, client = _email(fields, needed=False), real_id(_text(fields, "client_id", "client"))
    cart = _text(fields, "basket_id", "basket", "cart_id") or (f"client-{client}" if client else email or "")
    if not cart:
        raise NotUnderstood("`basket_id`, `client_id` or `email` must say whose basket it is")
    at = _when(fields, shop, received_at)
    items = _items(fields)
    value = amount(fields.get("value"))
    currency = _text(fields, "currency").upper()
    event = CartChanged(
        at=at,
        email=email,
        cart_id=guest(cart) if "@" in cart else cart,
        currency=currency if re.fullmatch("[A-Z]{3}", currency) else None,
        value=money(value) if value is not None and value >= 0 else None,
        items=items,
        recovery_url=url if (url := _text(fields, "recovery_url", "url")).startswith(("https://", "http://")) else None,
    )
    state = fingerprint(event.items, event.cart_id if "@" in cart else event.email, event.currency, event.value, event.recovery_url)
    name = event.cart_id if "@" in cart else fingerprint(event.cart_id)
    events = (SourceEvent(f"ido:basket:{name}:{stamp(at)}:{state}", event),)
    return Parsed(Translation((Finding(shop.id, f"basket:{event.cart_id}", state, at, events, events),)))


def _items(fields: Row) -> tuple[Item, ...]:
    found = []
    for line in rows(fields.get("items"))[:MOST_ITEMS]:
        product = _text(line, "id", "product_id", "product")
        count = quantity(amount(line.get("quantity", 1)))
        if product and count is not None:
            price = max(amount(line.get("price", line.get("unit_price"))) or Decimal(0), Decimal(0))
            name = _text(line, "name") or product
            product_id = re.sub(r"[\s,]+", "_", product)[:64]  # SALESmanago's list of products takes neither
            found.append(Item(product_id=product_id, name=name, quantity=count, unit_price=money(price)))
    if not found and rows(fields.get("items")):
        raise NotUnderstood("each of `items` needs `id` and a `quantity` above 0")
    return tuple(found)


def _newsletter(fields: Row, shop: Shop, received_at: datetime, *, by_sms: bool) -> Parsed:
    agrees = _yes_no(fields, "state", "approval")
    if agrees is None:
        raise NotUnderstood("`state` must be y or n")
    email = _email(fields, needed=True)
    assert email is not None
    at, client = _when(fields, shop, received_at, later=not agrees), real_id(_text(fields, "client_id", "client"))
    dated = is_dated(fields, received_at)
    phone = _text(fields, "phone")
    evidence = Evidence(reason="a webhook of the panel", ip=_text(fields, "ip") or None)
    who = client or guest(email)
    key = f"news:{'sms' if by_sms else 'email'}:{who}"
    if not agrees:
        confirmed = _yes_no(fields, "confirmed") is True
        resigned = Unsubscribed(at=at, email=email, by_email=not by_sms, by_sms=by_sms, confirmed=confirmed, evidence=evidence)
        return Parsed(Translation(_resigned(resigned, key, shop, is_dated=dated)))
    subscribed = Subscribed(
        at=at,
        email=email,
        by_email=not by_sms,
        by_sms=by_sms,
        has_account=client is not None,
        phone=e164(phone, shop.country) if phone else None,
        phone_assumed=bool(phone) and is_national(phone),
        evidence=evidence,
    )
    events = (SourceEvent(f"ido:{key}:in:{stamp(at)}", subscribed),)
    return Parsed(Translation((Finding(shop.id, key, state_in(subscribed.phone), at, events, events, is_act=dated),)))


def _resigned(event: Unsubscribed, key: str, shop: Shop, *, is_dated: bool) -> tuple[Finding, ...]:
    """What the person confirmed is news also where it is in the panel's list already, which cannot say that (R51, R84)."""
    at = event.at
    if not event.confirmed:
        events = (SourceEvent(f"ido:{key}:out:{stamp(at)}", event),)
        return (Finding(shop.id, key, "out", at, events, events, is_act=is_dated),)
    events = (SourceEvent(f"ido:{key}:out:confirmed:{stamp(at)}", event),)
    return (
        Finding(shop.id, key, "out", at, events, events),
        Finding(shop.id, f"{key}:confirmed", stamp(at), at, events, events),
    )


def _account(fields: Row, _shop: Shop, _received_at: datetime) -> Parsed:
    """A hint: the account itself is read in the panel."""
    number = whole(fields.get("client_id")) or whole(fields.get("client"))
    if not number:
        raise NotUnderstood("`client_id` must be the number of the account")
    return Parsed(clients=frozenset({number}))


def _order_consent(fields: Row, shop: Shop, received_at: datetime) -> Parsed:
    """The box of an order (R04): what no other way shows. The order itself is read in the panel."""
    number = whole(fields.get("order")) or whole(fields.get("order_sn")) or whole(fields.get("order_id"))
    if not number:
        raise NotUnderstood("`order` must be the serial number of the order")
    said = _text(fields, "consent")
    ticked = _yes_no(fields, "consent")
    if said and ticked is None:
        raise NotUnderstood("`consent` must be y, n, or empty where the box was not shown")
    box = ConsentAnswer.NOT_ASKED if ticked is None else ConsentAnswer.GIVEN if ticked else ConsentAnswer.NOT_GIVEN
    finding = Finding(shop.id, box_key(str(number)), box.value, _when(fields, shop, received_at))
    return Parsed(Translation((finding,)), orders=frozenset({str(number)}))


def box_key(order: str) -> str:
    """Under which the answer to an order's box is remembered."""
    return f"order:{order}:box"


def _newsletter_email(fields: Row, shop: Shop, received_at: datetime) -> Parsed:
    return _newsletter(fields, shop, received_at, by_sms=False)


def _newsletter_sms(fields: Row, shop: Shop, received_at: datetime) -> Parsed:
    return _newsletter(fields, shop, received_at, by_sms=True)


_KINDS: dict[str, Callable[[Row, Shop, datetime], Parsed]] = {
    "basket": _basket,
    "newsletter_email": _newsletter_email,
    "newsletter_sms": _newsletter_sms,
    "account": _account,
    "order_consent": _order_consent,
}

# -- fields --------------------------------------------------------------------------------------------------------------


def _text(fields: Row, *names: str) -> str:
    """The first of these that says something. A variable that was not filled in says nothing."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value).strip()
            if text and not _UNFILLED.search(text):
                return text[:1000]
    return ""


def _yes_no(fields: Row, *names: str) -> bool | None:
    for name in names:
        said = fields.get(name)
        word = str(said).strip().lower() if isinstance(said, str | int) else ""
        if word in _YES or word in _NO:
            return word in _YES
    return None


def _shop_of(fields: Row, shops: Sequence[Shop]) -> Shop:
    """By its number; where the panel has but one shop here, none is needed."""
    number = whole(fields.get("shop")) or whole(fields.get("shop_id"))
    if number is None and len(shops) == 1:
        return shops[0]
    found = shops_by_number(shops).get(number or 0)
    if found is None:
        known = ", ".join(str(shop.number) for shop in shops)
        raise NotUnderstood(f"`shop` must be the number of a shop that is connected: {known}")
    return found


def _email(fields: Row, *, needed: bool) -> str | None:
    said = _text(fields, "email")
    try:
        return email_address(said)
    except ValueError:
        if needed:
            raise NotUnderstood("`email` must be the person's e-mail address") from None
        return None


def _when(fields: Row, shop: Shop, received_at: datetime, *, later: bool = False) -> datetime:
    """RFC 3339, or the panel's local time; without one, or with one that is no time, when the push came. `later`: see `instant`."""
    at = _said_time(fields)
    if at is None or not is_dated(fields, received_at):
        return received_at
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    first, second = (instant(at.strftime(TIME_FORMAT), shop, later=one) or received_at for one in (False, True))
    return second if later and second <= received_at else first


def is_dated(fields: Row, received_at: datetime) -> bool:
    """Does it say when it happened? Then the same body again is a repetition."""
    at = _said_time(fields)
    return at is not None and is_time(at if at.tzinfo is not None else at.replace(tzinfo=UTC), received_at)


def _said_time(fields: Row) -> datetime | None:
    """As it is written, with or without an offset."""
    try:
        return datetime.fromisoformat(_text(fields, *_TIME))
    except ValueError:
        return None
