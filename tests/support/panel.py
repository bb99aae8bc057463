"""A panel that answers by a script, and a client to call it."""

import asyncio
import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import httpx

from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import Transport
from app.domain.shops import shop as settings
from app.sandbox.panel import Key, Panel, Rules, Shop, create_app
from tests.support.builders import a_shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


KEY = "panel-key-4711"


JAN, ANNA = "jan@example.com", "anna@example.com"


SEARCH, READ, WRITE = "POST clients/crm/search", "GET clients/clients", "PUT clients/clients"


TAGS_READ, TAGS_ADD, TAGS_SET, TAGS_DELETE = "GET clients/tags", "POST clients/tags", "PUT clients/tags", "POST clients/tags/delete"


Json = dict[str, Any]  # What a foreign service answers has any shape; the tests say which.


async def _no_sleep(_seconds: float) -> None:
    """Faults of the stand-in that take time take none here."""


class Recorded(httpx.ASGITransport):
    """The way to the stand-in, remembering what went over it."""

    sent: list[httpx.Request]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return await super().handle_async_request(request)


class World:
    """A panel of three shops with nobody in it, its staff's tools, and our clients of its shops."""

    def __init__(self, *, keys: Collection[Key] = (Key(KEY),), **rules: Any) -> None:
        panel = Panel({one: Shop(one, f"sklep{one}.example") for one in (1, 2, 3)}, Rules(**rules))
        self.app = create_app(panel, keys=list(keys), sleep=_no_sleep)
        self.way = Recorded(self.app)
        self.way.sent = []
        self.lock = asyncio.Lock()
        self.tools = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://panel.test/sandbox/")

    def side(self, number: int = 1, *, key: str = KEY, notices: ShopWebhook | None = None, **options: Any) -> IdosellPanel:
        """One of the panel's shops, over a transport of its own, so that no test waits for the rest that another asked for."""
        transport = Transport(httpx.AsyncClient(transport=self.way), RateLimiter(1000, in_flight=1))
        return IdosellPanel(our_shop(number, **options), key, transport, lambda: NOW, self.lock, notices)

    async def customer(self, email: str = JAN, **attributes: Any) -> str:
        """An account, by default active in shop 1 only; answers its login."""
        made = await self.tools.post("customers", json={"email": email, **attributes})
        assert made.status_code == 201, made.text
        login: str = made.json()["login"]
        return login

    async def approvals(self, login: str = JAN) -> dict[str, set[int]]:
        """Per channel the shops in whose newsletter the customer is."""
        shown = (await self.tools.get(f"customers/{login}")).json()["approvals"]
        return {channel: {int(shop) for shop, given in rows.items() if given} for channel, rows in shown.items()}

    async def tags(self, login: str = JAN) -> dict[str, int]:
        shown: dict[str, int] = (await self.tools.get(f"customers/{login}")).json()["tags"]
        return shown

    async def staff_tags(self, add: dict[str, int], login: str = JAN) -> None:
        assert (await self.tools.post(f"customers/{login}/tags", json={"add": add})).is_success

    async def fault(self, kind: str, gate: str = "", **more: Any) -> None:
        method, _, path = gate.partition(" ")
        where = {"path": f"{method} /api/admin/v8/{path}"} if gate else {}
        assert (await self.tools.post("faults", json={"kind": kind, **where, **more})).is_success

    async def entries(self, *gates: str) -> list[Json]:
        """What the panel wrote down of its calls, only those of some gates if any are named."""
        found = (await self.tools.get("ledger")).json()["entries"]
        return [one for one in found if not gates or f"{one['method']} {one['gate']}" in gates]

    async def writes(self) -> list[Json]:
        return await self.entries(WRITE, TAGS_ADD, TAGS_SET, TAGS_DELETE, "POST clients/clients", "POST clients/tags/clear/delete")

    def spoil_data(self, code: int, login: str = JAN) -> None:
        """The account's old data are no longer valid, so every edit fails with this code."""
        self.app.state.sandbox.panel.by_login(login).stale_data_code = code


def our_shop(number: int = 1, **options: Any) -> settings.Shop:
    side = {"kind": settings.PanelKind.IDOSELL, "base_url": "https://panel.example.com", **options}
    return a_shop(id=f"shop{number}", number=number, panel=settings.Panel(**side))


class Script:
    """A panel that answers each gate from a list; the last answer of a gate stands for all that follow."""

    def __init__(self) -> None:
        self._answers: dict[str, list[tuple[int, Any]]] = {}
        self.sent: list[tuple[str, Any]] = []

    def on(self, gate: str, *answers: Any, status: int = 200) -> "Script":
        self._answers.setdefault(gate, []).extend((status, answer) for answer in answers)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        gate = f"{request.method} {request.url.path.removeprefix('/api/admin/v8/')}"
        self.sent.append((gate, json.loads(request.content) if request.content else dict(request.url.params)))
        waiting = self._answers[gate]
        status, answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return httpx.Response(status, content=content, headers={"Content-Type": "application/json"})

    def side(self, number: int = 1, key: str = KEY) -> IdosellPanel:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return IdosellPanel(our_shop(number), key, Transport(http, RateLimiter(1000, in_flight=1)), lambda: NOW)

    def calls(self, *gates: str) -> list[Any]:
        return [body for gate, body in self.sent if gate in gates]

    @property
    def writes(self) -> list[str]:
        return [gate for gate, _ in self.sent if gate not in (SEARCH, READ, TAGS_READ)]


EMPTY = {"errors": {"faultCode": 2, "faultString": "zwrócono pusty wynik"}}


REAL, ZERO = "2025-03-18 18:49:21", "0000-00-00 00:00:00"


def found(*rows: tuple[Any, str], page: Any = 0) -> Json:
    return {"resultsPage": page, "clientsResults": [{"clientId": number, "clientEmail": email} for number, email in rows]}


def shown(*, number: Any = 1024, email: Iterable[int] = (), sms: Iterable[int] = (), active: Iterable[int] = (1, 2)) -> Json:
    """A customer as the gate of customers shows it."""
    return {
        "clientId": number,
        "clientLogin": f"login{number}",
        "clientEmail": JAN,
        "clientActiveInShops": [{"shopId": one, "shopName": "x"} for one in active],
        "newsletterEmailApprovalsData": [
            {"shopId": one, "newsletterEmailApprovalDate": REAL if one in email else ZERO} for one in active
        ],
        "newsletterSmsApprovalsData": [
            {"shopId": one, "newsletterSmsApprovalDate": REAL if one in sms else ZERO} for one in active
        ],
    }
