"""Parts that are made in one of two ways: as they are, or with spans where `GATEWAY_TRACES` asks for them (`traced.py`)."""

from collections.abc import Callable
from typing import Any

import httpx
from starlette.types import ASGIApp

from app.configuration.settings import Settings
from app.services.delivery.senders.sender import Sender
from app.services.intake import Intake
from app.services.planning.people import Pseudonym
from app.services.planning.planner import Planner
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory


class Parts:
    """As they are: what nobody asked for is not even imported."""

    def client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    def intake(self, store: Store, clock: Clock, accepted: Callable[[], None], pseudonym: Pseudonym) -> Intake:
        return Intake(store, clock, accepted, pseudonym)

    def planner(
        self, store: Store, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym, planned: Callable[[], None]
    ) -> Planner:
        return Planner(store, directory, clock, pseudonym, planned)

    def senders(self, senders: Callable[[str], Sender], _store: Store) -> Callable[[str], Sender]:
        return senders

    def door(self, app: ASGIApp) -> ASGIApp:
        return app

    def close(self) -> None:
        """Nothing is held."""


def parts_of(settings: Settings) -> Parts:
    """Raises `BadConfiguration` if traces are wanted without the extra."""
    if not settings.traces:
        return Parts()
    from app.bootstrap.traced import TracedParts
    from app.observability import tracing

    return TracedParts(tracing.Tracing(tracing.provider()))
