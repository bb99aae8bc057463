"""What happens to a cart, and a SALESmanago that remembers its events by id."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from app.domain.commands import AddEvent, EventKind
from app.domain.delivery.answers import Answer
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unreachable
from app.domain.event_parts import Item
from app.domain.events import CartChanged, Event
from tests.support.world import JAN, FakeUpstream, World, at

NEW, THIRD = "new@example.pl", "third@example.pl"
DOWN, GONE = Unreachable("down"), Refused("no such event")


# -- a SALESmanago that remembers its events by id -------------------------------------------------------------------------


@dataclass
class Remembering(FakeUpstream):
    """Gives every event an id and overwrites by it, wherever the event is; an id it does not know is refused."""

    held: dict[str, AddEvent] = field(default_factory=dict)
    forgets: bool = False

    async def add_event(self, event: AddEvent) -> Answer:
        answer = await self._call("add_event", [event])
        return replace(answer, outcome=Delivered(list(self.held)[-1])) if answer.outcome == Delivered() else answer

    async def update_event(self, event: AddEvent) -> Answer:
        respond = self.respond
        if event.overwrites not in self.held or self.forgets:
            self.respond = lambda method, items: GONE
        answer = await self._call("update_event", [event])
        self.respond = respond
        return replace(answer, outcome=Delivered(event.overwrites)) if answer.outcome == Delivered() else answer

    def _do(self, item: object) -> None:
        if isinstance(item, AddEvent) and item.overwrites is not None:
            # No contact selector: the event stays with whoever it was of (contract 2.11).
            now = replace(item, email=self.held[item.overwrites].email)
            self.events = [now if one is self.held[item.overwrites] else one for one in self.events]
            self.held[item.overwrites] = now
            return
        super()._do(item)
        if isinstance(item, AddEvent):
            self.held[f"event-{len(self.held) + 1}"] = item


def fails_for(method: str, outcome: Outcome) -> Callable[[str, list], Outcome]:
    return lambda called, items: outcome if called == method else Delivered()


def carts_sent(world: World) -> list[AddEvent]:
    """Every attempt to report a cart."""
    return [event for event in world.upstream.sent(AddEvent) if event.kind is EventKind.CART]


def carts_there(world: World) -> list[tuple[str, tuple[str, ...]]]:
    """(whose, goods) of every CART that SALESmanago holds."""
    found = [event for event in world.upstream.events if event.kind is EventKind.CART]
    return [(event.email, tuple(line.product_id for line in event.lines)) for event in found]


async def at_minute(world: World, minutes: float = 0, *events: Event, shop: str = "shop1") -> None:
    """Time passes; then something happens in the shop, is told and decided."""
    world.clock.now = max(world.clock.now, at(minutes))
    await world.post(*events, shop=shop)
    await world.plan()


async def fire(world: World, minutes: float) -> None:
    """The sweep as the worker makes it: what the inbox holds is decided first. Then everything is delivered."""
    world.clock.now = max(world.clock.now, at(minutes))
    await world.plan()
    await world.carts.report_quiet()
    await world.run()


async def restarted(world: World) -> World:
    """Another process on the same database and the same SALESmanago."""
    again = World(world.database, world.clock)
    again.ring, again.upstream, again.accepted = world.ring, world.upstream, world.accepted
    await again.directory.apply(*await configuration(world))
    return again


async def configuration(world: World):  # type: ignore[no-untyped-def]
    async with world.store.work() as work:
        return await work.registry.accounts(), await work.registry.shops()


def filled(minutes: float, *goods: str, email: str | None = JAN, cart_id: str = "c1", **more: object) -> CartChanged:
    """`101x2` is two of 101."""
    items = []
    for one in goods:
        product, _, quantity = one.partition("x")
        items.append(Item(product_id=product, name=f"n{product}", quantity=Decimal(quantity or 1)))
    made = CartChanged(at=at(minutes), email=email, cart_id=cart_id, currency="PLN", value=Decimal("9.00"), items=tuple(items))
    return replace(made, **more)  # type: ignore[arg-type]


# -- when ----------------------------------------------------------------------------------------------------------------

MICROSECOND, SECOND = timedelta(microseconds=1), timedelta(seconds=1)
