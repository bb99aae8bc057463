"""What every event has on the wire."""

from abc import ABC, abstractmethod
from typing import ClassVar

from app.domain.events import (
    Event,
)
from app.domain.shops.shop import Shop
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import (
    Warnings,
)
from app.routers.events.field_types import (
    EventId,
    Instant,
)
from app.routers.events.wire_model import WireModel


class EventIn(WireModel, ABC):
    """The envelope. `event_id` may come as the header `Idempotency-Key` instead."""

    wire_type: ClassVar[str]
    no_content = ("event_id",)
    never_left_out = frozenset({"type", "event_id"})

    event_id: EventId | None = field("event_id", default=None)
    occurred_at: Instant = field("occurred_at")

    @abstractmethod
    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        """The event in our own words; what was left out of it is added to `warnings`."""
