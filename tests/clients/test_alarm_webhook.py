"""Alarms to an address: signed, and never a reason to fail (L5)."""

import json

import httpx
import pytest
from standardwebhooks import Webhook

from app.clients.alarm_webhook import AlarmWebhook
from app.domain.operations.alarms import AlarmNotice

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOTICE = AlarmNotice("shop1", "parked", over=False)


async def test_a_notice_says_what_whom_and_how_in_both_languages_and_its_signature_holds() -> None:
    got: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: (got.append(request), httpx.Response(204))[1])
    async with httpx.AsyncClient(transport=transport) as http:
        assert await AlarmWebhook(http, "https://alarms.example/x", SECRET)(NOTICE)
    (request,) = got
    said = json.loads(request.content)
    assert (said["type"], said["data"]["concerns"], said["data"]["what"]) == ("alarm.raised", "shop1", "parked")
    assert said["data"]["words"] != said["data"]["words_pl"]
    Webhook(SECRET).verify(request.content, dict(request.headers))


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(302), httpx.ConnectError("no"), httpx.ReadTimeout("no")])
async def test_what_was_not_taken_is_said_so_and_raises_nothing(answer: httpx.Response | Exception) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        assert not await AlarmWebhook(http, "https://alarms.example/x", "")(NOTICE)
