"""People who move, come back and resign."""

from typing import Any

from app.domain.event_parts import Customer
from app.domain.person.contact import Contact
from tests.support.world import World, at, renames

A, B, C, D = "a@example.pl", "b@example.pl", "c@example.pl", "d@example.pl"


async def known(world: World, *emails: str) -> dict[str, Contact]:
    async with world.store.work() as work:
        found = await work.contacts.known_as("shop1", emails or (A, B, C, D), [], [])
    return {one.contact.email: one.contact for one in found}


async def ledger(world: World, email: str) -> list[tuple[str, str, Any]]:
    """What was written down of whoever had the address when they acted."""
    async with world.store.work() as work:
        chains = await work.consents.of_subject("shop1", world.pseudonym("shop1", email))
    return [(one.matter.value, one.kind.value, one.acted_at) for chain in chains.values() for one in chain]


async def conflicts(world: World) -> list[str]:
    async with world.store.work() as work:
        return [one.contact.email for one in await work.contacts.disputed("shop1", 10)]


def changes(email: str, minutes: float, number: str | None = None, **said: Any) -> Any:
    return type(renames(A, B))(at=at(minutes), customer=Customer(email=email, id=number, **said))
