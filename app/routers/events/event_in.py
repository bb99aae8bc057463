"""What every event has on the wire."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from app.domain.events import Event
from app.domain.shops.shop import Shop
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import Warnings
from app.routers.events.fields.field_types import Instant
from app.routers.events.fields.identifiers import EventId
from app.routers.events.wire_model import WireModel


def type_field(name: str) -> Any:
    """The kind of an event: always the same word, which only a batch needs."""
    return Field(
        default=name, examples=[name], description="The kind of event. Required in a batch; at its own address it may be left out."
    )


class EventIn(WireModel, ABC):
    """The envelope. `event_id` may come as the header `Idempotency-Key` instead."""

    wire_type: ClassVar[str]
    no_content = ("event_id",)
    never_left_out = frozenset({"type", "event_id"})

    event_id: EventId | None = field(
        "event_id",
        "Your name for this event: 1 to 128 visible ASCII characters, unique in your shop. Sent again it has one effect; with "
        "other content it is answered 409. Required here or as the header `Idempotency-Key`. Put no e-mail address into it.",
        default=None,
    )
    occurred_at: Instant = field(
        "occurred_at",
        "When it happened in the shop, RFC 3339 **with offset**; `+0100` and ` UTC` are read too. Between 2000 and 24 hours from "
        "now; a time ahead of its arrival counts as the moment of arrival. The later of two events counts, whatever order they "
        "come in.",
    )

    @abstractmethod
    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        """The event in our own words; what was left out of it is added to `warnings`."""
