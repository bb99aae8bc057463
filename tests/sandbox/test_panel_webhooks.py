"""The panel's stand-in sends webhooks as the panel does, and misbehaves on demand (contract 3.1, behaviour of a fake, point 8)."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from app.sandbox.panel import Panel, Product, create_app
from app.sandbox.panel import Shop as PanelShop
from app.sandbox.panel.webhooks import SWITCHED_OFF_AFTER

Sent = tuple[str, dict[str, str], bytes]


class Stand:
    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.status = 202
        panel = Panel({1: PanelShop(1, "sklep.example")})
        panel.products = {334: Product(334, "Buty", 199.0)}
        self.app = create_app(panel, post=self.post)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://panel.test")

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.sent.append((url, headers, body))
        return self.status

    async def ask(self, path: str, **said: Any) -> Any:
        answer = await self.http.post(f"/sandbox/{path}", json=said)
        assert answer.status_code < 300, answer.text
        return answer.json()

    @property
    def events(self) -> list[str]:
        return [headers.get("x-iai-event-type") or json.loads(body)["event"] for _, headers, body in self.sent]


@pytest.fixture
async def stand() -> Stand:
    made = Stand()
    await made.ask("webhooks", url="http://gateway.test/hook", token="a-token", secret="a-secret")
    return made


async def test_registering_ordering_cancelling_and_returning_send_signed_webhooks_with_rows_of_the_gates(stand: Stand) -> None:
    await stand.ask("customers", login="anna", email="anna@example.com")
    order = await stand.ask("orders", login="anna", lines=[{"product": 334}])
    await stand.ask(f"orders/{order['orderSerialNumber']}/returns")
    await stand.ask(f"orders/{order['orderSerialNumber']}", status="canceled")
    assert stand.events == ["clientCreated", "orderCreated", "returnConfirmed", "orderCanceled"]
    for _, headers, body in stand.sent:
        assert headers["authorization"] == "Bearer a-token"
        assert headers["x-iai-signature"] == hmac.new(b"a-secret", body, hashlib.sha256).hexdigest()
        assert headers["x-iai-panel-id"] == "1234"
    assert len({headers["x-iai-event-uid"] for _, headers, _ in stand.sent}) == 4
    assert json.loads(stand.sent[0][2])["results"][0]["clientEmail"] == "anna@example.com"


async def test_an_order_shows_its_source_discount_end_customer_pickup_point_and_the_number_of_its_status(stand: Stand) -> None:
    await stand.ask("customers", login="hurt", email="hurt@example.com")
    await stand.ask("customers", login="ola", email="ola@example.com")
    said = {"auction": "allegro", "source_type": "auction", "discount_code": "LATO", "discount": 20, "pickup": True}
    row = await stand.ask("orders", login="hurt", end_login="ola", lines=[{"product": 334, "quantity": 2}], **said)
    details, client = row["orderDetails"], row["clientResult"]
    assert details["orderSourceResults"]["auctionsServiceName"] == "allegro"
    assert details["discountCode"]["discountCodeName"] == "LATO"
    assert details["payments"]["orderCurrency"]["orderProductsCost"] == 378.0
    assert client["endClientAccount"]["clientEmail"] == "ola@example.com"
    assert client["clientPickupPointAddress"]["city"] == "Warszawa"
    other = await stand.ask(f"orders/{row['orderSerialNumber']}", status="joined")
    assert details["orderStatusId"] != other["orderDetails"]["orderStatusId"]


async def test_baskets_newsletters_and_consent_boxes_go_by_programmable_webhooks_alone(stand: Stand) -> None:
    await stand.ask("webhooks", url="http://gateway.test/hook", token="other", programmable=True)
    await stand.ask("customers", login="anna", email="anna@example.com")
    await stand.ask("baskets", login="anna", lines=[{"product": 334, "quantity": 2}])
    await stand.ask("customers/anna/approvals", shop=1, channel="email", given=True)
    await stand.ask("orders", login="anna", lines=[{"product": 334}], consent="y")
    assert stand.events == ["clientCreated", "basket", "newsletter_email", "orderCreated", "order_consent"]
    assert json.loads(stand.sent[1][2])["token"] == "other"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [("send", 1), ("lose", 0), ("twice", 2), ("forge", 1)],
)
async def test_a_delivery_is_lost_doubled_or_forged_on_demand(stand: Stand, behaviour: str, expected: int) -> None:
    await stand.ask("webhooks/1", next=[behaviour])
    await stand.ask("customers", login="anna", email="anna@example.com")
    assert len(stand.sent) == expected
    if behaviour == "forge":
        assert stand.sent[0][1]["x-iai-signature"] == "0" * 64


async def test_a_held_delivery_comes_after_the_next_one(stand: Stand) -> None:
    await stand.ask("webhooks/1", next=["hold"])
    await stand.ask("customers", login="anna", email="anna@example.com")
    await stand.ask("edits/anna", last_name="Nowak")
    assert stand.events == ["clientUpdated", "clientCreated"]


async def test_a_webhook_that_keeps_failing_is_switched_off_until_somebody_switches_it_on(stand: Stand) -> None:
    stand.status = 500
    for number in range(SWITCHED_OFF_AFTER + 2):
        await stand.ask("customers", login=f"c{number}", email=f"c{number}@example.com")
    assert len(stand.sent) == SWITCHED_OFF_AFTER
    shown = (await stand.http.get("/sandbox/webhooks")).json()
    assert shown["webhooks"][0]["active"] is False
    assert "token" not in shown["webhooks"][0]
    stand.status = 202
    await stand.ask("webhooks/1", active=True)
    await stand.ask("customers", login="last", email="last@example.com")
    assert len(stand.sent) == SWITCHED_OFF_AFTER + 1
