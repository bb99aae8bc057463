"""A gateway of which every call is recorded, and read for whom it names (R03)."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from app.domain.commands import AddEvent, DeleteContact, UpsertContact
from app.domain.consent import Policy
from app.domain.runs.reconciliation import ReconciliationMode
from app.services.from_salesmanago.polling import Poller
from app.services.runs.reconciliations import Reconciliations
from tests.support.world import (
    World,
    a_shop,
)

AT_ONCE = timedelta(0)


class Recorded:
    """A gateway of which every call is kept, and every way on which it may ask SALESmanago of its own accord."""

    def __init__(self, world: World) -> None:
        self.world = world
        account = lambda account_id: world.upstream  # noqa: E731 - as the composition root has it
        self.pull = Poller(world.store, world.directory, account, world.clock, lambda: None, AT_ONCE)
        side = lambda shop_id: world.sides[shop_id]  # noqa: E731
        self.comparisons = Reconciliations(
            world.store, world.directory, account, side, self.pull, world.dry_run, world.clock, lambda: None
        )

    async def asks_of_its_own_accord(self) -> None:
        """Looks, sweeps and comparisons, and what follows from them."""
        await self.pull.pull_changed("main", AT_ONCE)
        for shop in self.world.directory.shops():
            await self.pull.sweep("main", AT_ONCE)
            run = await self.comparisons.start(shop.id, ReconciliationMode.REPAIR)
            while not (await self.comparisons.one(shop.id, run.id)).is_over:
                await self.comparisons.step_due()
                self.world.clock.advance(seconds=1)
        await self.world.run()

    @property
    def named(self) -> list[tuple[str, str]]:
        """(method, address) in the order of the calls."""
        return [(method, email) for method, items in self.world.upstream.calls for email in addresses(items)]

    def times_named(self, *emails: str) -> int:
        return sum(email in emails for _, email in self.named)


def addresses(items: Iterable[object]) -> list[str]:
    found: list[str] = []
    for item in items:
        match item:
            case UpsertContact():
                found += [item.email, item.address_after]
            case AddEvent() | DeleteContact():
                found.append(item.email)
            case str():
                found.append(item)
            case int():
                pass  # a page of the list of changes
            case _:
                raise AssertionError(f"does {item} name somebody?")
    return found


@pytest.fixture
async def careful(world: World) -> Recorded:
    world.upstream.pages = [()]
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    return Recorded(world)
