"""A cart that changed after its report, at a stand-in of SALESmanago: the same event, or a definite no (2.11, 3.5)."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.clients.rate_limiter import RateLimiter
from app.clients.salesmanago.client import SalesmanagoClient
from app.clients.transport import Transport
from app.domain.commands import AddEvent, EventKind, Line, UpsertContact
from app.domain.delivery.answers import Answer
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unknown, Unreachable
from app.domain.delivery.verify import RemoteEvent
from app.domain.shops.shop import Account
from app.sandbox.salesmanago import Account as TheirAccount
from app.sandbox.salesmanago import create_app

JAN = "jan@example.com"
NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
ACCOUNT = Account(id="main", endpoint="http://salesmanago.test", client_id="wxyz12345abcde67", owner="owner@example.com")
UPDATE, ADD = "/api/v2/contact/updateContactExtEvent", "/api/v2/contact/addContactExtEvent"
CART = AddEvent(
    email=JAN,
    kind=EventKind.CART,
    at=NOW,
    external_id="",
    location="sklep_example",
    shop_host="sklep.example.com",
    lines=(
        Line(product_id="101", name="Buty, zimowe", quantity=Decimal(2)),
        Line(product_id="205", name="Żel", quantity=Decimal("1.50")),
    ),
    value=Decimal("199.99"),
    currency="PLN",
    link="https://sklep.example.com/basket/77",
)
LATER = replace(
    CART, at=NOW + timedelta(minutes=90), lines=(Line(product_id="300", name="Kubek", quantity=Decimal(1)),), value=None
)


@dataclass
class Sandbox:
    """The client, the stand-in it speaks to, and everything that went over the wire."""

    client: SalesmanagoClient
    http: httpx.AsyncClient
    asked: list[tuple[str, dict[str, Any]]]

    async def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.http.get("/sandbox/events")).json()["events"]
        return found

    async def fails(self, kind: str, **more: Any) -> None:
        assert (await self.http.post("/sandbox/faults", json={"kind": kind, **more})).is_success

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
async def there() -> AsyncIterator[Sandbox]:
    theirs = TheirAccount(ACCOUNT.client_id, "secret", (ACCOUNT.owner,))

    async def no_sleep(_seconds: float) -> None:
        return

    app = create_app([theirs], clock=lambda: round(NOW.timestamp() * 1000), sleep=no_sleep)
    asked: list[tuple[str, dict[str, Any]]] = []

    async def note(request: httpx.Request) -> None:
        if request.url.path.startswith("/api/"):
            asked.append((request.url.path, json.loads(request.content)))

    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url=ACCOUNT.endpoint,
        event_hooks={"request": [note]},
    )
    speaking = Sandbox(SalesmanagoClient(ACCOUNT, "secret", Transport(http, RateLimiter(10_000)), lambda: NOW), http, asked)
    assert isinstance((await speaking.client.upsert(UpsertContact(email=JAN))).outcome, Delivered)
    asked.clear()
    yield speaking
    await http.aclose()


def id_of(answer: Answer) -> str:
    assert isinstance(answer.outcome, Delivered)
    assert answer.outcome.upstream_id is not None
    return answer.outcome.upstream_id


async def reported(there: Sandbox) -> str:
    found = id_of(await there.client.add_event(CART))
    there.asked.clear()
    return found


async def test_a_newer_state_overwrites_the_event_and_keeps_its_id(there: Sandbox) -> None:
    first = await reported(there)
    answer = await there.client.update_event(replace(LATER, overwrites=first))
    assert id_of(answer) == first
    assert there.paths == [UPDATE]
    (event,) = await there.events()
    assert event["date"] == round(LATER.at.timestamp() * 1000)
    assert (event["products"], event["detail1"], event["detail3"]) == ("300", "Kubek", "1")
    assert event.get("value") is None  # an update is no merge: what is not said again is gone


async def test_the_body_of_an_update_says_all_fields_again_with_the_id_and_names_no_contact(there: Sandbox) -> None:
    first = await reported(there)
    await there.client.update_event(replace(CART, overwrites=first))
    ((path, body),) = there.asked
    assert path == UPDATE
    assert body.keys() == {"clientId", "apiKey", "requestTime", "sha", "owner", "contactEvent"}
    assert body["contactEvent"] == {
        "eventId": first,
        "date": 1795428000123,
        "contactExtEventType": "CART",
        "description": "https://sklep.example.com/basket/77",
        "products": "101,205",
        "location": "sklep_example",
        "value": 199.99,
        "detail1": "Buty zimowe,Żel",
        "detail3": "2/1.5",
        "detail9": "PLN",
        "shopDomain": "sklep.example.com",
    }
    assert JAN not in json.dumps(body)


async def test_a_first_report_names_its_contact_and_no_event(there: Sandbox) -> None:
    await there.client.add_event(CART)
    ((path, body),) = there.asked
    assert path == ADD
    assert body["email"] == JAN
    assert "eventId" not in body["contactEvent"]
    assert "forceOptIn" not in body


async def test_an_update_of_an_event_that_is_gone_is_refused_and_makes_none(there: Sandbox) -> None:
    await reported(there)
    answer = await there.client.update_event(replace(LATER, overwrites="00000000-0000-0000-0000-000000000000"))
    assert isinstance(answer.outcome, Refused)
    assert there.paths == [UPDATE]
    assert len(await there.events()) == 1


async def test_a_refused_update_leaves_the_event_as_it_was(there: Sandbox) -> None:
    first = await reported(there)
    await there.fails("refuse", path="updateContactExtEvent")
    assert isinstance((await there.client.update_event(replace(LATER, overwrites=first))).outcome, Refused)
    assert [event["products"] for event in await there.events()] == ["101,205"]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("server_error", Unknown),
        ("bad_gateway", Unknown),
        ("html_200", Unknown),
        ("empty_200", Unknown),
        ("truncated_json", Unknown),
        ("throttle", Throttled),
        ("unavailable", Unreachable),
        ("unauthenticated", Refused),
        ("inactive", Refused),
    ],
)
async def test_what_is_no_definite_no_is_shown_as_what_it_is(there: Sandbox, kind: str, outcome: type) -> None:
    """The update may have been applied, or nothing is taken now at all: a new event would be the second of one cart."""
    first = await reported(there)
    await there.fails(kind, path="updateContactExtEvent")
    answer = await there.client.update_event(replace(LATER, overwrites=first))
    assert isinstance(answer.outcome, outcome)
    assert there.paths == [UPDATE]
    assert len(await there.events()) == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_an_update_of_unknown_outcome_is_verified_and_harmless_to_repeat(there: Sandbox, applied: bool) -> None:
    first = await reported(there)
    await there.fails("bad_gateway", path="updateContactExtEvent", applied=applied)
    newer = replace(LATER, overwrites=first)
    assert isinstance((await there.client.update_event(newer)).outcome, Unknown)
    seen = (await there.client.look_up({JAN})).contacts[JAN].events
    shown = (LATER if applied else CART).at
    assert set(seen) == {RemoteEvent("CART", "", shown.replace(microsecond=shown.microsecond // 1000 * 1000))}
    assert id_of(await there.client.update_event(newer)) == first
    assert len(await there.events()) == 1


async def test_a_foreign_404_at_the_update_is_no_reason_for_the_account_to_rest(there: Sandbox) -> None:
    """An account whose update method is elsewhere gets its cart as a new event (U30)."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: httpx.Response(404, text="<html>")))
    client = SalesmanagoClient(ACCOUNT, "secret", Transport(http, RateLimiter(10_000)), lambda: NOW)
    assert (await client.update_event(replace(LATER, overwrites="one"))).outcome == Refused("HTTP 404")


async def test_an_update_never_reaches_an_event_of_another_account(there: Sandbox) -> None:
    first = await reported(there)
    foreign = replace(ACCOUNT, client_id="another")
    client = SalesmanagoClient(foreign, "secret", Transport(there.http, RateLimiter(10_000)), lambda: NOW)
    answer = await client.update_event(replace(LATER, overwrites=first))
    assert isinstance(answer.outcome, Refused)
    (event,) = await there.events()
    assert event["products"] == "101,205"
