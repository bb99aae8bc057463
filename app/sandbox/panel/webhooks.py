"""Webhooks as the panel sends them (contract 3.1, 3.2): signed, with the rows of the gates; and how they misbehave on demand.

A hook that keeps failing is switched off without a notice.
"""

import hashlib
import hmac
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import count

import httpx

from app.sandbox.authorities import authorities
from app.sandbox.panel.reading import local_time
from app.sandbox.salesmanago.memory.model import JsonObject

SWITCHED_OFF_AFTER = 5
"""Failures in a row. The panel's own number is not known (contract 5, point 28)."""

Post = Callable[[str, dict[str, str], bytes], Awaitable[int]]
"""Address, headers, body → status; 0 = nobody answered."""


class Behaviour(StrEnum):
    """What becomes of one delivery."""

    SEND = "send"
    LOSE = "lose"
    TWICE = "twice"
    FORGE = "forge"
    """With a wrong signature."""
    HOLD = "hold"
    """Sent only after the next one: disorder."""


@dataclass
class Hook:
    """`events` empty: all. Without a secret nothing is signed. `programmable`: a "Webhooki", with a body of the merchant's own."""

    id: int
    url: str
    token: str = field(repr=False)
    secret: str = field(repr=False, default="")
    events: tuple[str, ...] = ()
    programmable: bool = False
    active: bool = True
    failures: int = 0
    following: list[Behaviour] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    hook: int
    event: str
    uid: str
    behaviour: Behaviour
    status: int


class Webhooks:
    def __init__(self, clock: Callable[[], int], panel_number: Callable[[], int], post: Post | None = None) -> None:
        self._clock = clock
        self._panel_number = panel_number
        self._post = post or _over_http
        self._numbers = count(1)
        self._uids = count(1)
        self._held: list[tuple[Hook, str, dict[str, str], bytes]] = []
        self.hooks: dict[int, Hook] = {}
        self.history: deque[Delivery] = deque(maxlen=1_000)

    def add(self, url: str, token: str, secret: str, events: tuple[str, ...], *, programmable: bool = False) -> Hook:
        hook = Hook(next(self._numbers), url, token, secret, events, programmable)
        self.hooks[hook.id] = hook
        return hook

    async def happened(self, event: str, payload: JsonObject) -> None:
        """Tell every structured hook that wants the event."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        for hook in self._wanting(event, programmable=False):
            uid = f"uid-{next(self._uids)}"
            await self._deliver(hook, event, uid, self._headers(hook, event, uid, body), body)

    async def said(self, event: str, fields: JsonObject) -> None:
        """Tell every programmable hook, as JSON with its token among the fields."""
        for hook in self._wanting(event, programmable=True):
            body = json.dumps({"token": hook.token, "event": event, **fields}, ensure_ascii=False).encode()
            await self._deliver(hook, event, f"uid-{next(self._uids)}", {"content-type": "application/json"}, body)

    def _wanting(self, event: str, *, programmable: bool) -> list[Hook]:
        return [
            one
            for one in self.hooks.values()
            if one.active and one.programmable is programmable and (not one.events or event in one.events)
        ]

    def _headers(self, hook: Hook, event: str, uid: str, body: bytes) -> dict[str, str]:
        now = local_time(self._clock())
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {hook.token}",
            "x-iai-api-version": "8",
            "x-iai-event-type": event,
            "x-iai-object-type": next(kind for kind in ("client", "order", "return", "product") if event.startswith(kind)),
            "x-iai-event-uid": uid,
            "x-iai-event-time": now,
            "x-iai-webhook-time": now,
            "x-iai-panel-id": str(self._panel_number()),
        }
        if hook.secret:
            headers["x-iai-signature"] = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        return headers

    async def _deliver(self, hook: Hook, event: str, uid: str, headers: dict[str, str], body: bytes) -> None:
        behaviour = hook.following.pop(0) if hook.following else Behaviour.SEND
        match behaviour:
            case Behaviour.LOSE:
                self.history.append(Delivery(hook.id, event, uid, behaviour, 0))
                return
            case Behaviour.HOLD:
                self._held.append((hook, uid, headers, body))
                return
            case Behaviour.FORGE:
                headers = {**headers, "x-iai-signature": "0" * 64, "authorization": "Bearer forged"}
            case Behaviour.TWICE:
                await self._post(hook.url, headers, body)
            case Behaviour.SEND:
                pass
        await self._sent(hook, event, uid, headers, body, behaviour)
        held, self._held = self._held, []
        for late, late_uid, late_headers, late_body in held:
            await self._sent(late, late_headers.get("x-iai-event-type", event), late_uid, late_headers, late_body, Behaviour.HOLD)

    async def _sent(self, hook: Hook, event: str, uid: str, headers: dict[str, str], body: bytes, behaviour: Behaviour) -> None:
        status = await self._post(hook.url, headers, body)
        self.history.append(Delivery(hook.id, event, uid, behaviour, status))
        hook.failures = 0 if 200 <= status < 300 else hook.failures + 1
        hook.active = hook.failures < SWITCHED_OFF_AFTER

    def shown(self) -> JsonObject:
        """Everything but tokens and secrets."""
        hooks = [
            {name: said for name, said in asdict(one).items() if name not in ("token", "secret")} for one in self.hooks.values()
        ]
        return {"webhooks": hooks, "deliveries": [asdict(one) for one in self.history]}


async def _over_http(url: str, headers: dict[str, str], body: bytes) -> int:
    try:
        async with httpx.AsyncClient(timeout=10, trust_env=False, verify=authorities(trust_env=False)) as http:
            return (await http.post(url, headers=headers, content=body)).status_code
    except (httpx.HTTPError, OSError):
        return 0
