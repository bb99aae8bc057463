"""What several files of the requirements' rows share: the usual shops, an order with consent, and stand-ins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from app.configuration.entries import ShopsFile
from app.domain.consent import ConsentAnswerCounts
from app.domain.event_parts import NewsletterBox
from app.services.health.health import Health
from tests.support.builders import (
    a_careful_shop,
    a_customer,
    a_shop,
    an_order,
    at,
)

OPEN = a_shop()

CAREFUL = a_careful_shop()

TICKED = a_customer(newsletter_email=NewsletterBox(ticked=True))

CONSENTED = an_order("2026-11-23T08:00", order_id="first", consent=True)


def always(value: Any) -> Any:
    async def answer(*_: object) -> Any:
        return value

    return answer


def shops_file(*locations: str) -> ShopsFile:
    names = ("one", "two")
    return ShopsFile.model_validate(
        {
            "accounts": {
                "main": {
                    "endpoint": "https://app3.salesmanago.com",
                    "client_id": "wxyz12345abcde67",
                    "api_secret": "env:PATH",  # any variable that is certainly set
                    "owner": "owner@example.com",
                }
            },
            "shops": {
                name: {
                    "account": "main",
                    "host": f"{name}.example.com",
                    "location": location,
                    "number": number,
                    "policy": "order_consent",
                    "integration_started_at": at("2026-11-23T00:00"),
                }
                for number, (name, location) in enumerate(zip(names, locations, strict=False), start=1)
            },
        }
    )


def health_of(waiting: timedelta | None, boxes: ConsentAnswerCounts | None = None) -> Health:
    """The real use case over a store of a few lines: one careful shop whose oldest event waits that long."""
    now = at("2026-11-23T12:00")

    work = SimpleNamespace(
        inbox=SimpleNamespace(
            oldest_waiting=always({} if waiting is None else {"shop1": now - waiting}), counts_after=always(({}, None))
        ),
        reason_counts=SimpleNamespace(since=always([])),
        sales=SimpleNamespace(consent_answers=always({} if boxes is None else {"shop1": boxes})),
        contacts=SimpleNamespace(conflicts=always({})),
        outbox=SimpleNamespace(oldest_queued=always({}), waiting_contacts=always({})),
        destinations=SimpleNamespace(all=always({})),
        backfills=SimpleNamespace(newest=always([])),
        manual_tasks=SimpleNamespace(counts=always({})),
    )

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        yield work

    store: Any = SimpleNamespace(work=unit, reading=unit)
    directory: Any = SimpleNamespace(shops=lambda: [CAREFUL])
    return Health(store, directory, lambda: now, always(True), alarm_after_seconds=600)
