"""Which contacts to poll in SALESmanago, and when (R30, R32, R55). What a poll comes to is decided in `observer.py`.

Two ways lead to the same poll. The *window* asks who changed lately and overlaps the one before, so nobody between two windows is
missed but whom SALESmanago refuses to show. The *sweep* walks slowly through everybody who was sent, for what does not count as a
change in SALESmanago (contract U10).
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from app.domain.clocks import NOTICED
from app.domain.delivery.outcomes import Delivered
from app.domain.salesmanago_limits import CONTACTS_PER_READ
from app.domain.shops.shop import Account
from app.services.from_salesmanago.observer import Notify, Observer, Upstreams
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

OVERLAP = timedelta(minutes=5)
MOST_PAGES = 1000
"""Of one window: a million people."""
AFTER_A_JUMP = timedelta(days=1)
"""How far back to poll after the clock was ahead: what was missed lies before it was corrected."""
INSTANT = timedelta(milliseconds=1)
"""The smallest difference between two times of SALESmanago."""
LONGEST_WINDOW = timedelta(hours=1)
"""After an outage the time since is polled in steps, each stored."""


class Poller:
    """`notify_planner` is called when a poll produced events."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        upstream: Upstreams,
        clock: Clock,
        notify_planner: Notify,
        grace: timedelta,
    ) -> None:
        self._store = store
        self._directory = directory
        self._upstream = upstream
        self._clock = clock
        self._name = secrets.token_hex(4)
        self._polled_last: dict[str, frozenset[str]] = {}
        """Account -> contacts that were read in the last window. Forgetting it costs a second read."""
        self._read_to: dict[str, datetime] = {}
        """Account -> a time by SALESmanago's clock, before which no contact of the last window was read."""
        self._observer = Observer(store, directory, upstream, clock, notify_planner, grace)

    async def accounts(self) -> set[str]:
        """Accounts whose shops have contacts; there is nobody to poll in the others."""
        async with self._store.work() as work:
            shops = [self._directory.shop(shop_id) for shop_id in await work.contacts.shops()]
        return {shop.account for shop in shops if shop is not None}

    async def pull_changed(self, account_id: str, pause: timedelta) -> int:
        """Poll the contacts that changed since the last window; answers how many events that produced. One worker at a time."""
        now, name = self._clock(), f"pull:{account_id}"
        account, cursor = self._directory.account(account_id), await self._lease_of(name, now, pause)
        if account is None or cursor is None:
            return 0
        ended = datetime.fromisoformat(cursor) if cursor else now - OVERLAP
        if ended > now + NOTICED:  # by a clock that was ahead, for as long as nobody knows
            ended = now - AFTER_A_JUMP
        events = 0
        while ended < now:
            until = min(ended + LONGEST_WINDOW, now)
            overlap = max(OVERLAP, pause * 2)
            since = self._since(account_id, ended, overlap)
            # Who changed since the last window, and who appears only now though the change is older.
            fresh = await self._changed(account, since, until)
            late = await self._changed(account, ended - overlap, since) if since > ended - overlap else []
            if fresh is None or late is None:
                return events
            polled = self._polled_last.get(account_id, frozenset())
            again = self._observer.again.pop(account_id, set())
            reading = await self._observer.observe(
                account, list(dict.fromkeys((*fresh, *again, *(one for one in late if one not in polled))))
            )
            if reading is None:
                self._observer.again.setdefault(account_id, set()).update(again)
                return events
            self._polled_last[account_id] = frozenset((*fresh, *late))
            if reading.read_to is not None:
                self._read_to[account_id] = max(reading.read_to, self._read_to.get(account_id, reading.read_to))
            events, ended = events + reading.events, until
            await self._remember(name, until.isoformat())
            await self._lease_of(name, self._clock(), pause)  # polling a long outage takes longer than a lease
        return events

    def _since(self, account_id: str, ended: datetime, overlap: timedelta) -> datetime:
        """From when on all who changed are read, though they were read before.

        SALESmanago dates changes by its own clock. If that is behind ours, a change after the last read is dated before the end of
        the last window; but never before the newest change that the last read showed.
        """
        read_to = self._read_to.get(account_id, ended)
        return max(min(read_to + INSTANT, ended - NOTICED), ended - overlap)

    async def _changed(self, account: Account, since: datetime, until: datetime) -> list[str] | None:
        """Everybody SALESmanago changed in a window; None if it did not answer."""
        found = dict[str, None]()
        page, more = 1, True
        while more and page <= MOST_PAGES:
            answer = await self._upstream(account.id).modified(since, until, page)
            if not isinstance(answer.answer.outcome, Delivered):
                log.info("pull_postponed", account_id=account.id, cause=answer.answer.call.outcome)
                return None
            known = len(found)
            found.update(dict.fromkeys(answer.emails))
            page, more = page + 1, answer.has_more and len(found) > known  # else it would never end
        return list(found)

    async def sweep(self, account_id: str, pause: timedelta) -> int:
        """Poll the next few contacts that were sent from here, and nobody else (R03); after the last begins again."""
        account, at = self._directory.account(account_id), await self._lease_of(f"sweep:{account_id}", self._clock(), pause)
        if account is None or at is None:
            return 0
        shops = {shop.id for shop in self._directory.shops_of(account_id)}
        async with self._store.work() as work:
            page = await work.contacts.page_of_sent(shops, int(at or 0), CONTACTS_PER_READ)
        # Renamed here and not there, for it may not be sent any more: the new address is none that SALESmanago knows.
        known = [person.contact.email for person in page if person.contact.email == person.contact.sent_state.email]
        reading = await self._observer.observe(account, known)
        if reading is not None:
            await self._remember(f"sweep:{account_id}", str(page[-1].id) if len(page) == CONTACTS_PER_READ else "0")
        return reading.events if reading is not None else 0

    async def poll_contacts(self, account_id: str, emails: Sequence[str]) -> None:
        """Poll these contacts now, by the usual rules."""
        account = self._directory.account(account_id)
        if account is not None:
            await self._observer.observe(account, emails)

    # -- poll leases ----------------------------------------------------------------------------------------------------

    async def _lease_of(self, name: str, now: datetime, pause: timedelta) -> str | None:
        """The cursor, if this process has the poll lease; the empty string the first time."""
        async with self._store.work() as work:
            if not await work.registry.acquire_lock(f"turn:{name}", self._name, now, now + pause):
                return None
            reached_so_far = await work.registry.entry(name) or ""
            await work.commit()
        return reached_so_far

    async def _remember(self, name: str, value: str) -> None:
        async with self._store.work() as work:
            await work.registry.set_entry(name, value)
            await work.commit()
