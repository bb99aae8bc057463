"""What travels: JSON in and out, the signature, and whom a call names."""

import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import Account, JsonObject, RefusalError
from app.sandbox.salesmanago.memory.world import World

NOT_AUTHENTICATED = "User not authenticated"
INACTIVE = "Not authenticated"
_SECRETS = frozenset({"apiKey", "sha", "password"})
_ONE_ITEM = ("contact", "contactEvent", "email", "contactId", "eventId", "contactUpsertRequest", "addContactExtEventRequest")
_LISTS_OF_ITEMS = ("upsertDetails", "events", "contacts", "emails", "email", "contactId", "id")


def signature(api_key: str, client_id: str, api_secret: str) -> str:
    """SHA-1 of the three, one after the other; the time is not part of it."""
    # SHA-1 is what SALESmanago asks for; it protects nothing of ours.
    return hashlib.sha1(f"{api_key}{client_id}{api_secret}".encode(), usedforsecurity=False).hexdigest()


def parse(raw: bytes) -> JsonObject | None:
    """The object in a request body; nothing when it is not a JSON object."""
    try:
        body = json.loads(raw, parse_constant=_finite, parse_float=_finite)
        if b"\\ud" in raw.lower():
            # Half a surrogate pair can be read from JSON and then never be written again.
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is not a JSON number")
    return number


def authenticate(
    accounts: Mapping[str, Account], body: JsonObject, *, needs_owner: bool, tokens: Callable[[str], Iterable[str]] = lambda _: ()
) -> tuple[Account, str | None]:
    """The account which signed the call and the owner it names, or a refusal. `tokens`: what may sign beside the secret."""
    client_id, api_key, sha = (body.get(key) for key in ("clientId", "apiKey", "sha"))
    account = accounts.get(client_id) if isinstance(client_id, str) else None
    if account is None or not isinstance(api_key, str) or not api_key or not isinstance(sha, str):
        raise RefusalError(NOT_AUTHENTICATED)
    keys = (account.api_secret, *tokens(account.client_id))
    if not any(hmac.compare_digest(signature(api_key, account.client_id, key).encode(), sha.encode()) for key in keys):
        raise RefusalError(NOT_AUTHENTICATED)
    fields.integer(body, "requestTime")
    return account, _owner(account, body, needs_owner)


def _owner(account: Account, body: JsonObject, needed: bool) -> str | None:
    written = fields.text(body, "owner")
    if not written:
        if needed:
            raise RefusalError("Owner cannot be empty")
        return None
    owners = {fields.email_key(owner): owner for owner in account.owners}
    owner = owners.get(fields.email_key(written))
    if owner is None:
        raise RefusalError("Owner does not exist")
    return owner


def without_secrets(body: JsonObject) -> JsonObject:
    return {key: value for key, value in body.items() if key not in _SECRETS}


def count_items(body: JsonObject) -> int:
    """How many contacts or events a call is about."""
    lists = (body[key] for key in _LISTS_OF_ITEMS if isinstance(body.get(key), list))
    many = next((len(found) for found in lists if isinstance(found, list)), None)
    if many is not None:
        return many
    return int(any(body.get(key) for key in _ONE_ITEM))


def named_emails(body: JsonObject, world: World) -> list[str]:
    """Whom a call is about: every e-mail in it, also behind an id which we know."""
    found = dict.fromkeys(fields.email_key(email) for email in _emails(body, world))
    return [email for email in found if email]


def _emails(body: JsonObject, world: World) -> Iterator[str]:
    client_id = str(body.get("clientId"))
    for key in ("email", "emails", "newEmail"):
        yield from _strings(body.get(key))
    for contact_id in (*_strings(body.get("contactId")), *_strings(body.get("id"))):
        known = world.get(client_id, contact_id)
        if known is not None:
            yield known.email
    event_id = body.get("eventId")
    event = world.events.get(event_id) if isinstance(event_id, str) else None
    if event is not None and event.client_id == client_id:
        yield world.contacts[event.contact_id].email
    for key in ("contact", "contactEvent", "contactUpsertRequest", "addContactExtEventRequest"):
        inner = body.get(key)
        if isinstance(inner, dict):
            yield from _emails({**inner, "clientId": client_id}, world)
    for key in ("upsertDetails", "events"):
        items = body.get(key)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                yield from _emails({**item, "clientId": client_id}, world)
    addressees = body.get("contacts")
    for addressee in addressees if isinstance(addressees, list) else []:
        if isinstance(addressee, dict) and str(addressee.get("addresseeType")).upper() == "EMAIL":
            yield from _strings(addressee.get("value"))


def _strings(value: object) -> list[str]:
    candidates = value if isinstance(value, list) else [value]
    return [one for one in candidates if isinstance(one, str)]
