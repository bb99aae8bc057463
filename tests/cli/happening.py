"""What happens to people in the store of a terminal: they register, and SALESmanago answers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap.gateway import open_gateway
from app.cli import common
from app.configuration.settings import Settings
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused
from app.domain.event_parts import Customer
from app.domain.events import CustomerRegistered
from app.domain.intake.inbox import NewEvent
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from tests.conftest import Clock
from tests.support.running.terminals import ONE_SHOP, SECOND_SHOP, Terminal
from tests.support.worlds.operated import Talking

SHOPS = ONE_SHOP + SECOND_SHOP


def an_operators_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(common.out, "width", 400)  # made once for the process, by whichever test came first
    return Terminal(folder, monkeypatch, SHOPS, TEST_SECRET="s", COLUMNS="400", NO_COLOR="1")


def happens(
    *emails: str, shop: str = "shop1", answer: Callable[[str, list[Any]], Outcome] = lambda method, items: Refused("no")
) -> list[str]:
    """These people register, and SALESmanago answers; nobody's: what waits is delivered. Answers who was asked for."""

    async def step() -> list[str]:
        async with open_gateway(Settings()) as gateway:
            upstream = Talking(Clock())
            upstream.respond = answer

            def sender(destination: str) -> Sender:
                directory, store = gateway.directory, gateway.delivery._store
                return SalesmanagoSender(upstream, "main", directory.open_shops("main"), directory.closed_shops(), store, Clock())

            gateway.delivery._sender = sender
            now = datetime.now(UTC)
            async with gateway.delivery._store.work() as work:
                events = [CustomerRegistered(at=now, customer=Customer(email=email)) for email in emails]
                named = [
                    NewEvent(shop, f"of-{email.partition('@')[0]}", "registration", event, "d")
                    for email, event in zip(emails, events, strict=True)
                ]
                await work.inbox.add(named, now)
                await work.commit()
            await gateway.planner.plan_due()
            while await gateway.delivery.deliver_due(to_account("main")):
                pass
            return [one.email for one in upstream.sent()]

    return asyncio.run(step())


def delivered() -> list[str]:
    return happens(answer=lambda method, items: Delivered())
