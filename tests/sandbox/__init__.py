"""Tests of the stand-ins, and the caller they share."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from app.sandbox.salesmanago import Account, create_app
from app.sandbox.salesmanago.wire import signature

CLIENT_ID, SECRET, OWNER = "wxyz12345abcde67", "secret-0123456789", "owner@example.com"
JAN, ANNA = "jan.kowalski@example.com", "anna@example.com"
Json = dict[str, Any]  # What a foreign service answers has any shape; the tests say which.


class Caller:
    """A client of one stand-in, with a clock that moves only when told to."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_767_225_600_000
        self.slept: list[float] = []
        accounts = [
            Account(CLIENT_ID, SECRET, (OWNER, "second@example.com")),
            Account("other-account", "x", ("o@example.com",)),
        ]
        sleep: Callable[[float], Awaitable[None]] = self._sleep
        self.app = create_app(accounts, clock=lambda: self.now, **{"sleep": sleep, **options})
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://salesmanago.test")

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def send(self, path: str, body: Json | None = None) -> httpx.Response:
        """One call as the contract describes it; the body can override any part of the signature."""
        auth = {
            "clientId": CLIENT_ID,
            "apiKey": "salt",
            "requestTime": self.now,
            "sha": signature("salt", CLIENT_ID, SECRET),
            "owner": OWNER,
        }
        return await self.http.post(f"/api/{path}", json={**auth, **(body or {})})

    async def call(self, path: str, body: Json | None = None) -> Json:
        """The answer to a call which is expected to be JSON under HTTP 200."""
        response = await self.send(path, body)
        assert response.status_code == httpx.codes.OK
        answer: Json = response.json()
        return answer

    async def upsert(self, email: str = JAN, /, **body: Any) -> Json:
        answer = await self.call("contact/upsert", {"contact": {"email": email}, **body})
        assert answer["success"] is True
        return answer

    async def basic(self, email: str = JAN) -> Json:
        answer: Json = (await self.call("contact/basic", {"email": [email]}))["contacts"][0]
        return answer

    async def full(self, email: str = JAN) -> Json:
        answer: Json = (await self.call("contact/list", {"email": [email]}))["contacts"][0]
        return answer

    async def scores(self, email: str = JAN) -> dict[str, int]:
        return {tag["tag"]: tag["score"] for tag in (await self.full(email))["contactTags"]}

    async def look(self, path: str) -> Json:
        answer: Json = (await self.http.get(f"/sandbox/{path}")).json()
        return answer

    async def post(self, path: str, body: Json | None = None) -> Json:
        response = await self.http.post(f"/sandbox/{path}", json=body or {})
        assert response.is_success, response.text
        answer: Json = response.json()
        return answer

    async def last(self) -> Json:
        """The newest entry of the ledger."""
        answer: Json = (await self.look("ledger"))["entries"][-1]
        return answer


def event(**fields: Any) -> Json:
    """A valid event, with what the test wants to say about it."""
    return {"date": 1_767_225_600_000, "contactExtEventType": "PURCHASE", "value": 199.99, **fields}
