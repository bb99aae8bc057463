"""An order, and the two signed calls a plugin makes for it: `contact/upsert`, then `contact/addContactExtEvent`."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import httpx

JsonObject = dict[str, Any]

# The sample account of `gateway sandbox`: it opens nothing but the stand-in.
_CLIENT_ID = "demo-client-id"
_API_SECRET = "demo-api-secret"
_OWNER = "owner@example.com"
_API_KEY = "rival"
_SHA = hashlib.sha1(f"{_API_KEY}{_CLIENT_ID}{_API_SECRET}".encode(), usedforsecurity=False).hexdigest()

HEADERS = {"Accept": "application/json", "User-Agent": "rival/1"}
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Ids:
    """Orders of one run: every other order is by a person who has ordered before."""

    run: str
    events: int

    def order(self, number: int) -> JsonObject:
        """The same size and fields as the order of the gateway's own benchmark."""
        person = number % max(1, self.events // 2)
        return {
            "event_id": f"{self.run}-{number}",
            "occurred_at": 1_795_000_000_000 + number,
            "customer": {"email": f"person{person}-{self.run}@example.com", "name": "Jan Kowalski", "phone": "600100200"},
            "order": {"id": f"{self.run}-{number}", "currency": "PLN", "value": 199.99, "items": [("101", "Buty do biegania", 1)]},
        }


def upsert(order: JsonObject) -> tuple[str, JsonObject]:
    """The first call: who it is."""
    customer = order["customer"]
    contact = {"email": customer["email"], "name": customer["name"], "phone": customer["phone"]}
    flags = {"async": False, "tagScoring": False, "useApiDoubleOptIn": False, "forceOptIn": True, "forceOptOut": False}
    return "/api/contact/upsert", {**_envelope(), "contact": contact, "tags": ["ORDERED"], **flags}


def add_event(order: JsonObject) -> tuple[str, JsonObject]:
    """The second call: what they bought."""
    bought = order["order"]
    event = {
        "date": order["occurred_at"],
        "contactExtEventType": "PURCHASE",
        "products": ",".join(item[0] for item in bought["items"]),
        "location": "sklep_example",
        "value": bought["value"],
        "detail1": ",".join(item[1] for item in bought["items"]),
        "detail3": "/".join(str(item[2]) for item in bought["items"]),
        "detail9": bought["currency"],
        "externalId": bought["id"],
        "shopDomain": "sklep.example.com",
    }
    return "/api/v2/contact/addContactExtEvent", {**_envelope(), "email": order["customer"]["email"], "contactEvent": event}


def _envelope() -> JsonObject:
    return {"clientId": _CLIENT_ID, "apiKey": _API_KEY, "requestTime": time.time_ns() // 1_000_000, "sha": _SHA, "owner": _OWNER}


# -- over one kept-alive pool, the way each rival's own concurrency wants it ------------------------------------------------


def async_client(endpoint: str, connections: int) -> httpx.AsyncClient:
    """A pool that keeps every connection, so that no call waits for a handshake."""
    return httpx.AsyncClient(base_url=endpoint, headers=HEADERS, timeout=TIMEOUT_SECONDS, limits=_limits(connections))


def client(endpoint: str, connections: int) -> httpx.Client:
    """The same for threads and for greenlets."""
    return httpx.Client(base_url=endpoint, headers=HEADERS, timeout=TIMEOUT_SECONDS, limits=_limits(connections))


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


async def post_async(http: httpx.AsyncClient, call: tuple[str, JsonObject]) -> None:
    """One call that must succeed."""
    path, body = call
    _believe(await http.post(path, json=body))


def post(http: httpx.Client, call: tuple[str, JsonObject]) -> None:
    """One call that must succeed."""
    path, body = call
    _believe(http.post(path, json=body))


def _believe(answer: httpx.Response) -> None:
    """Only the body says whether it worked: a refusal comes as HTTP 200 too."""
    if answer.status_code != httpx.codes.OK or answer.json().get("success") is not True:
        raise RuntimeError(f"HTTP {answer.status_code} {answer.text[:200]}")
