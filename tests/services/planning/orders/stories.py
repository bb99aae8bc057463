"""An order, a cheaper version of it, and what is there of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.domain.commands import EventKind
from app.domain.delivery.outcomes import Unreachable
from app.domain.event_parts import Item
from app.domain.operations.retention import Retention
from app.services.operations.retention import Cleaner
from tests.support.world import (
    JAN,
    World,
    at,
    edits,
    orders,
)

ORDER = replace(orders(), as_of=at(0))
CHEAPER = edits(ORDER, 5, value=Decimal("99.00"), currency="EUR", items=(Item(product_id="102", name="Czapka"),))
DOWN = Unreachable("down")


def shown(world: World) -> list[tuple[str, str, EventKind, Decimal | None]]:
    return [(one.external_id, one.email, one.kind, one.value) for one in world.upstream.events]


def bought(value: str = "119.00", email: str = JAN) -> tuple[Any, ...]:
    return ("o1", email, EventKind.PURCHASE, Decimal(value))


async def cleaned(world: World) -> None:
    await Cleaner(world.store, Retention(), world.clock).clean()


async def people(world: World) -> list[str]:
    """Every address that stands in a column of its own, were it the present one or the one that was sent."""
    return sorted({line for line in (await world.dump())["contacts"].split("\n") if "@" in line and "{" not in line})
