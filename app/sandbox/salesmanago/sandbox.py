"""Everything one running stand-in holds, in one place."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.sandbox.salesmanago.callbacks import Callbacks
from app.sandbox.salesmanago.faults import Faults
from app.sandbox.salesmanago.ledger import Ledger
from app.sandbox.salesmanago.memory.model import Account, Channel, Contact, Job, JsonObject
from app.sandbox.salesmanago.memory.world import World


@dataclass
class Sandbox:
    """The world and its instruments, with the clock and the patience handed in."""

    accounts: Mapping[str, Account]
    world: World
    ledger: Ledger
    faults: Faults
    callbacks: Callbacks
    clock: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]
    strict: bool = True
    """Refuse what no document allows, though the real service takes it."""
    in_flight: int = 0

    def now(self) -> int:
        """The time, with everything done that was due by then."""
        now = self.clock()
        self.world.settle(now)
        return now

    def find(self, email: str, client_id: str | None = None) -> Contact | None:
        """The contact with this e-mail, in the named account or in the first that has one."""
        wanted = self.accounts if client_id is None else (client_id,)
        found = (self.world.find(one, email) for one in wanted)
        return next((contact for contact in found if contact is not None), None)

    def counts(self) -> JsonObject:
        living = [one for one in self.world.contacts.values() if not one.deleted]
        return {
            "contacts": len(living),
            "opted_in": sum(not one.opted_out(Channel.EMAIL) for one in living),
            "events": len(self.world.events),
            "jobs_running": self.running_jobs(),
            "calls": len(self.ledger.entries),
            "in_flight": self.in_flight,
            "faults": len(self.faults.active),
            "callbacks": len(self.callbacks.deliveries),
        }

    def running_jobs(self) -> int:
        return sum(job.result is None for job in self.world.jobs.values())

    def job_with_key(self, key: str) -> Job | None:
        return next((job for job in self.world.jobs.values() if job.file_key == key), None)

    def reset(self) -> None:
        """Forget what happened. Accounts and callback templates stay: they are how the account is set up."""
        self.world.reset()
        self.ledger.clear()
        self.faults.clear()
        self.callbacks.deliveries.clear()


def epoch_ms() -> int:
    return time.time_ns() // 1_000_000
