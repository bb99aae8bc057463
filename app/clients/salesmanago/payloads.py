"""What we send to SALESmanago, in its field names (contract sections 2, 3 and 4). Its answers are read in `answers.py`."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.commands import AddEvent, Agreement, EventKind, Line, UpsertContact
from app.domain.consent import Status
from app.domain.decisions.changes.mapping import PROPERTY
from app.domain.salesmanago_limits import DESCRIPTION_CHARS, DETAIL_BYTES, PRODUCTS_BYTES
from app.domain.shops.shop import Account
from app.domain.text import whole_signs, within_bytes

JsonObject = dict[str, Any]  # a border: their JSON


# Section 1.2: "apiKey" is any string of our choice; it only salts the signature.
_API_KEY = "shop-gateway"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def signature(api_key: str, client_id: str, api_secret: str) -> str:
    """SHA-1 over the plain concatenation, lower-case hex (section 1.2)."""
    return hashlib.sha1(f"{api_key}{client_id}{api_secret}".encode(), usedforsecurity=False).hexdigest()


def envelope(account: Account, api_secret: str, now: datetime) -> JsonObject:
    """What every body begins with."""
    seconds = int(now.timestamp())
    return {
        "clientId": account.client_id,
        "apiKey": _API_KEY,
        "requestTime": seconds if account.request_time_in_seconds else milliseconds(now),
        "sha": signature(_API_KEY, account.client_id, api_secret),
        "owner": account.owner,
    }


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds, cut, not rounded (section 3.4)."""
    return (at - _EPOCH) // _MILLISECOND


# -- contacts ------------------------------------------------------------------------------------------------------------


def upsert(command: UpsertContact) -> JsonObject:
    """The contact part of an upsert, the same in the single and in the batch call (sections 2.1, 2.2).

    What is left out stays as it is. An empty text overwrites: a command that says one means to clear the field (R10).
    """
    profile = command.profile
    contact = {"email": command.email, **_said(profile, {"phone": "phone", "company": "company"})}
    if "first_name" in profile or "last_name" in profile:
        contact["name"] = " ".join(_present(profile, "first_name", "last_name"))
    if profile.get("customer_id"):
        contact["externalId"] = profile["customer_id"]
    if address := _said(profile, _ADDRESS):
        contact["address"] = address
    body = _without_empty(
        {
            "newEmail": command.new_email,
            "tags": list(command.add_tags),
            "removeTags": list(command.remove_tags),
            "lang": profile.get("language", "").upper(),
            "birthday": profile.get("birth_date"),
            "properties": _without_empty({"gender": profile.get("gender"), **_properties(profile)}),
            "consentDetails": [_agreement(one) for one in command.agreements],
        }
    )
    # Tags are sent as differences and never to raise a score (R28, R33).
    return {"contact": contact, **body, "tagScoring": False, **_force_flags(command)}


_ADDRESS = {"street": "streetAddress", "postal_code": "zipCode", "city": "city", "country": "country"}


def _properties(profile: Mapping[str, str]) -> JsonObject:
    """Of the shop's own making (C8); values are cut as the official plugin cuts them."""
    return {name.removeprefix(PROPERTY): _cut(text) for name, text in profile.items() if name.startswith(PROPERTY)}


def _said(profile: Mapping[str, str], names: Mapping[str, str]) -> JsonObject:
    return {theirs: profile[ours] for ours, theirs in names.items() if ours in profile}


def _agreement(agreement: Agreement) -> JsonObject:
    """Section 2.12: the true time, or SALESmanago would say "now"."""
    return {
        "consentName": agreement.name,
        "consentAccept": agreement.accepted,
        "agreementDate": milliseconds(agreement.at),
        "optOut": not agreement.accepted,
    }


def _force_flags(command: UpsertContact) -> JsonObject:
    """Complementary pairs, each only when that channel has something to say (section 5.2)."""
    flags: JsonObject = {}
    if command.email_status is not None:
        opted_in = command.email_status is Status.OPT_IN
        flags |= {"forceOptIn": opted_in, "forceOptOut": not opted_in}
    if command.phone_status is not None:
        opted_in = command.phone_status is Status.OPT_IN
        flags |= {"forcePhoneOptIn": opted_in, "forcePhoneOptOut": not opted_in}
    return flags


def single_upsert(command: UpsertContact) -> JsonObject:
    """A question says nothing of the status: `forceOptIn` beside it might opt the person in at once (section 5.3)."""
    body, mail = {"async": False, **upsert(command)}, command.asks_opt_in
    if mail is None:
        return {**body, "useApiDoubleOptIn": False}
    named = {"doubleOptInEmailId": mail.email_id, "doubleOptInLanguage": mail.language}
    return {**body, "useApiDoubleOptIn": True, **{name: text for name, text in named.items() if text}}


def batch_upsert(commands: Iterable[UpsertContact]) -> JsonObject:
    """`useApiDoubleOptIn` defaults to true there, so it is always said; all are quiet or none is (section 2.2)."""
    upserts = list(commands)
    return {
        "useApiDoubleOptIn": False,
        "fireEvents": not all(command.quiet for command in upserts),
        "upsertDetails": [upsert(command) for command in upserts],
    }


# -- external events -----------------------------------------------------------------------------------------------------


def event(command: AddEvent) -> JsonObject:
    """An external event, after the conventions of the official plugin (section 3.5), within the limits of section 3.3."""
    purchase_like = command.kind not in (EventKind.CART, EventKind.VISIT)
    ids, names, quantities = _goods(command.lines)
    details = {
        "detail1": names,
        "detail3": quantities,
        "detail8": _cut(command.language),
        "detail9": _cut(command.currency),
        "detail10": _cut(command.pickup_point) if purchase_like else None,
        **{name: _cut(text) for name, text in command.details},
    }
    return _without_empty(
        {
            "date": milliseconds(command.at),
            "contactExtEventType": command.kind.value,
            "description": whole_signs(command.link or "", DESCRIPTION_CHARS),
            "products": ids,
            "location": command.location,
            "value": None if command.value is None else float(round(command.value, 2)),
            **(details if command.kind is not EventKind.VISIT else {}),
            "externalId": _cut(command.external_id),
            "shopDomain": _cut(command.shop_host),
        }
    )


def batch_events(commands: Iterable[AddEvent]) -> JsonObject:
    return {"events": [{"email": command.email, "contactEvent": event(command)} for command in commands]}


def _goods(lines: Sequence[Line]) -> tuple[str, str, str]:
    """Ids, names and quantities: three lists of the same length in the same order (sections 3.3, 3.5).

    As many goods as fit with their whole ids and quantities; of the names, each is cut as little as the others allow.
    """
    ids = [line.product_id for line in lines[:PRODUCTS_BYTES]]
    quantities = [_number(line.quantity) for line in lines[:PRODUCTS_BYTES]]
    most = min(_fitting(ids, PRODUCTS_BYTES), _fitting(quantities, DETAIL_BYTES))
    names = _within([" ".join(line.name.replace(",", " ").split()) for line in lines[:most]], DETAIL_BYTES)
    return ",".join(ids[:most]), ",".join(names) if any(names) else "", "/".join(quantities[:most])


def _fitting(items: Sequence[str], limit: int) -> int:
    """How many of the items fit whole, with a sign between each two of them."""
    used = -1
    for count, item in enumerate(items):
        used += len(item.encode()) + 1
        if used > limit:
            return count
    return len(items)


def _within(names: Sequence[str], limit: int) -> list[str]:
    """The names, cut so that all fit with a comma between each two: no name is cut that is no longer than the others' share."""
    left = limit - max(len(names) - 1, 0)
    cut = list(names)
    by_length = sorted(range(len(names)), key=lambda place: len(names[place].encode()))
    for done, place in enumerate(by_length):
        cut[place] = within_bytes(names[place], left // (len(names) - done)).rstrip()
        left -= len(cut[place].encode())
    return cut


def _cut(text: str | None) -> str:
    return within_bytes(text or "", DETAIL_BYTES)


def _number(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _present(profile: Mapping[str, str], *names: str) -> list[str]:
    return [text for name in names if (text := profile.get(name))]


def _without_empty(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
