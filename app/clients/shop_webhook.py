"""Signed notices to a shop's own address, after Standard Webhooks: for changes where no panel can be written (R56)."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from app.clients.transport import Outgoing, Received, Reply, Transport
from app.clients.webhook_targets import Resolve, Target, checked, resolve
from app.domain.commands import MirrorTags, ReportErasure, SetSubscription
from app.domain.consent import TimedStatus
from app.domain.delivery.answers import Answer, Call, without_call
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Outcome, Refused, message_of, name_of
from app.domain.panel_tags import changes, names_of
from app.domain.reasons import Reason
from app.domain.runs.backfill import Listing
from app.domain.shops.shop import Shop

_NOT_WANTED = (400, 410, 413, 422)
"""The shop read the notice and will not take it; everything else may pass."""


class ShopWebhook:
    """One shop's address for notices. A notice keeps its `webhook-id` on every try, so the shop can tell a repetition."""

    def __init__(
        self,
        shop: Shop,
        url: str,
        secret: str,
        transport: Transport,
        clock: Callable[[], datetime],
        resolve: Resolve = resolve,
    ) -> None:
        self._shop = shop
        self._url = url
        self._signer = Webhook(secret)
        self._transport = transport
        self._clock = clock
        self._resolve = resolve

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer:
        """`newsletter.changed`: the channels that changed, each with the time of the person's act."""
        channels = {"email": command.email_news, "sms": command.phone_news}
        data = {
            "shop": self._shop.id,
            "email": command.email,
            "customer_id": command.customer_id,
            "phone": command.phone,
            "channels": {name: _said(said) for name, said in channels.items() if said is not None},
        }
        return await self._notify("newsletter.changed", data, number)

    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer:
        """`tags.changed`: all tags with their points, under the names they have in the panel, and those that are gone."""
        wanted = changes((), command.tags, self._shop.number)
        gone = [name for tag in command.tags.gone for name in names_of(tag, self._shop.number)]
        data = {
            "shop": self._shop.id,
            "email": command.email,
            "customer_id": command.customer_id,
            "tags": [{"name": name, "points": points} for name, points in wanted.add.items()],
            "removed": gone,
            "complete": command.tags.complete,
        }
        return await self._notify("tags.changed", data, number)

    async def report_erasure(self, command: ReportErasure, number: int) -> Answer:
        """`contact.erased_elsewhere`: the shop decides about its own data."""
        data = {
            "shop": self._shop.id,
            "email": command.email,
            "customer_id": command.customer_id,
            "erased_by": command.erased_by,
            "erased_at": command.at.isoformat(),
        }
        return await self._notify("contact.erased_elsewhere", data, number)

    async def is_overloaded(self) -> bool:
        """A webhook says so by its answers."""
        return False

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:  # noqa: ARG002 - the port's
        """Notices go out; nothing can be listed through them."""
        return _unlisted(self._clock())

    async def _notify(self, kind: str, data: Mapping[str, Any], number: int) -> Answer:
        at, clock = self._clock(), time.monotonic()
        said = {name: value for name, value in data.items() if value is not None}
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": said}, ensure_ascii=False)
        target = await checked(self._url, allow_private=self._shop.panel.allow_private_targets, resolve=self._resolve)
        outcome: Outcome
        if isinstance(target, Target):
            outcome = _judged(await self._transport.send(self._request(target, body, f"{self._shop.id}-{number}", at)))
        else:
            outcome = target
        took = round((time.monotonic() - clock) * 1000)
        return Answer(outcome, Call(kind, at, took, name_of(outcome), message_of(outcome), 1))

    def _request(self, target: Target, body: str, message_id: str, at: datetime) -> Outgoing:
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": "shop-gateway/0.1",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(message_id, at.astimezone(UTC), body),
        }
        return Outgoing("POST", target.url, headers, body.encode(), server_name=target.server_name)


class NotConnected:
    """A shop without any way to write its side: every change waits visibly for a person."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer:  # noqa: ARG002 - the port's
        return self._by_hand()

    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer:  # noqa: ARG002 - the port's
        return self._by_hand()

    async def report_erasure(self, command: ReportErasure, number: int) -> Answer:  # noqa: ARG002 - the port's
        return without_call(NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP), self._clock())

    async def is_overloaded(self) -> bool:
        """Nobody is there."""
        return False

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:  # noqa: ARG002 - the port's
        return _unlisted(self._clock())

    def _by_hand(self) -> Answer:
        return without_call(NeedsPerson(Reason.NOT_CONNECTED), self._clock())


def _unlisted(at: datetime) -> Listing:
    outcome = Refused("this kind of panel cannot list its accounts", account_wide=True)
    return Listing(without_call(outcome, at))


def _said(said: TimedStatus) -> dict[str, str]:
    return {"status": said.status.value, "acted_at": said.at.isoformat()}


def _judged(received: Received) -> Outcome:
    if not isinstance(received, Reply):
        return received
    if 200 <= received.status < 300:
        return Delivered()
    if received.status in _NOT_WANTED:
        return NeedsPerson(Reason.PANEL_REFUSED, f"HTTP {received.status}")
    return Refused(f"HTTP {received.status}", account_wide=True)
