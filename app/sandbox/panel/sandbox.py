"""Everything one running stand-in holds, in one place."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from app.sandbox.panel.faults import Faults
from app.sandbox.panel.keys import Key
from app.sandbox.panel.ledger import Ledger
from app.sandbox.panel.memory.model import Channel
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import local_time
from app.sandbox.panel.webhooks import Post, Webhooks
from app.sandbox.salesmanago.memory.model import JsonObject

SECOND_MS = 1000


@dataclass
class Sandbox:
    """The panel and its instruments, with the clock and the patience handed in."""

    build: Callable[[], Panel]
    keys: Sequence[Key]
    ledger: Ledger
    faults: Faults
    clock: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]
    calls_per_second: int | None = None
    in_flight: int = 0
    post: Post | None = None
    """How webhooks are sent; over HTTP if nothing else is given."""
    panel: Panel = field(init=False)
    webhooks: Webhooks = field(init=False)
    _recent: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.panel = self.build()
        self.webhooks = Webhooks(self.clock, lambda: self.panel.number, self.post)

    def local_now(self) -> str:
        return local_time(self.clock())

    def too_fast(self, now: int) -> bool:
        """Whether this call is one too many within a second. A refused call does not count."""
        if self.calls_per_second is None:
            return False
        while self._recent and self._recent[0] <= now - SECOND_MS:
            self._recent.popleft()
        if len(self._recent) >= self.calls_per_second:
            return True
        self._recent.append(now)
        return False

    def counts(self) -> JsonObject:
        customers = [one for one in self.panel.customers.values() if not one.unregistered]
        return {
            "customers": len(customers),
            "guests": len(self.panel.customers) - len(customers),
            "email_consents": sum(said.given for one in customers for said in one.consents[Channel.EMAIL].values()),
            "subscribers": len(self.panel.subscribers),
            "tags": len(self.panel.tags),
            "orders": len(self.panel.orders),
            "calls": len(self.ledger.entries),
            "in_flight": self.in_flight,
            "faults": len(self.faults.active),
        }

    def reset(self) -> None:
        """Back to the world as it was handed in, with no calls and no faults."""
        self.panel = self.build()
        self.ledger.clear()
        self.faults.clear()
        self._recent.clear()
