"""What the delivery loop needs of what sends claims to a destination."""

from collections.abc import Collection, Sequence
from typing import Protocol

from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import Outcome
from app.services.delivery.dispatch import Dispatch
from app.services.delivery.lease import Lease


class Sender(Protocol):
    """Makes dispatches of the claims of one destination and sends them."""

    contacts_per_claim: int
    closed_shops: Collection[str]
    """Disabled shops: what waits for them stays."""
    blocked_by_revocations_of: Collection[str]
    """Shops whose undecided acts that take permission away hold everything back (I6)."""

    lock: str | None
    """Name of the lock of a panel that only one process may call at a time."""

    async def ready(self) -> bool:
        """Reserve a slot of the rate limit. What is claimed after that leaves at once, so nothing newer is overtaken (I6).

        False: the breaker is open, and nothing is to be claimed.
        """
        ...

    def release_slot(self) -> None:
        """Release the reserved slot of the rate limit, if any."""
        ...

    def dispatch(self, claim: Claim) -> Dispatch: ...
    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]) -> None:
        """`outcomes`: grows by the outcomes that count for the circuit breaker. Once the lease is over, no further call is made."""
        ...


class Unpaced:
    """For those who read, or compare, at the moment of the call: they keep no place for it."""

    async def ready(self) -> bool:
        return True

    def release_slot(self) -> None:
        """No place was kept."""
