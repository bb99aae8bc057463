"""An embedded database has one process. What the one before held when it was killed, nobody holds."""

from app.services.ports.storage import Work

LOCK_OF_A_PANEL = "turn:panel:"
"""Begins the names of the locks of those who write to panels."""


async def take_over(work: Work) -> None:
    """Otherwise what was under way would wait until the one before must have ended: a minute, as a lease is long."""
    await work.leases.release_all()
    await work.destinations.end_probes()
    await work.registry.release_locks(LOCK_OF_A_PANEL)
