"""What is written about notices is what is sent."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from app.clients.alarm_webhook import AlarmWebhook
from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import Transport
from app.domain.commands import MirrorTags, ReportErasure, SetSubscription, ShopCommand
from app.domain.consent import Status, TimedStatus
from app.domain.operations.alarms import AlarmNotice
from app.domain.panel_tags import PanelTags
from app.domain.shops.shop import Panel, PanelKind
from app.routers.notices import Alarm, ErasedElsewhere, NewsletterChanged, TagsChanged
from app.server.application import openapi
from tests.support.builders import a_shop, at

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://shop.example.com/hooks/gateway"
OUT, IN = TimedStatus(Status.OPT_OUT, at("2026-11-23T10:00")), TimedStatus(Status.OPT_IN, at("2026-11-23T10:00"))
TAGS = PanelTags(points={"koszyk": 4}, sections=("obuwie",), gone=("menu1",), complete=True)


async def public(_host: str, _port: int) -> list[str]:
    return ["93.184.216.34"]


MODELS: dict[type, type[BaseModel]] = {
    SetSubscription: NewsletterChanged,
    MirrorTags: TagsChanged,
    ReportErasure: ErasedElsewhere,
}


async def sent(command: ShopCommand) -> httpx.Request:
    got: list[httpx.Request] = []
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: (got.append(request), httpx.Response(204))[1]))
    shop = a_shop(number=1, panel=Panel(kind=PanelKind.WEBHOOK, base_url=URL))
    target = ShopWebhook(shop, URL, SECRET, Transport(http, RateLimiter(1000)), lambda: datetime.now(UTC), public)
    match command:
        case SetSubscription():
            await target.set_subscription(command, 7)
        case MirrorTags():
            await target.mirror_tags(command, 7)
        case ReportErasure():
            await target.report_erasure(command, 7)
    (request,) = got
    return request


@pytest.mark.parametrize(
    "command",
    [
        SetSubscription(email="jan@example.com", email_news=OUT),
        SetSubscription(email="jan@example.com", phone_news=IN, phone="+48600100200", customer_id="12"),
        MirrorTags(email="jan@example.com", tags=TAGS),
        MirrorTags(email="jan@example.com", tags=PanelTags(), customer_id="12"),
        ReportErasure(email="jan@example.com", erased_by="shop1", at=at("2026-11-23T10:00")),
        ReportErasure(email="jan@example.com", erased_by="shop1", at=at("2026-11-23T10:00"), customer_id="12"),
    ],
)
async def test_a_notice_to_a_shop_is_what_the_contract_says(command: ShopCommand) -> None:
    request = await sent(command)
    said = json.loads(request.content)
    model = MODELS[type(command)]
    assert said.keys() == model.model_fields.keys()
    model.model_validate(said)
    described = openapi()["webhooks"][said["type"]]["post"]
    assert {one["name"] for one in described["parameters"]} <= request.headers.keys()


@pytest.mark.parametrize("over", [False, True])
async def test_an_alarm_is_what_the_contract_says(over: bool) -> None:
    got: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: (got.append(request), httpx.Response(204))[1])
    async with httpx.AsyncClient(transport=transport) as http:
        await AlarmWebhook(http, URL, SECRET)(AlarmNotice("shop1", "parked", over=over))
    (request,) = got
    said: dict[str, Any] = json.loads(request.content)
    assert said.keys() == Alarm.model_fields.keys()
    Alarm.model_validate(said)
    assert {one["name"] for one in openapi()["webhooks"]["alarm"]["post"]["parameters"]} <= request.headers.keys()
