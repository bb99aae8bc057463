"""How the gateway is: what an operator, a probe or a merchant wants to know first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.domain.consent import box_seems_hidden
from app.domain.errors import NotReady
from app.services.directory import Directory
from app.services.ports import Clock, Store


@dataclass(frozen=True)
class ShopHealth:
    shop_id: str
    oldest_waiting_seconds: float
    """0 when nothing waits."""
    late: bool
    """The oldest waiting event is older than the promise (R11)."""
    consent_box_seems_hidden: bool
    """R05: orders arrive, none of them was asked for consent, so nobody is sent."""
    enabled: bool
    shadow: bool
    events: dict[str, int]
    """State -> number."""
    conflicts: int
    """Contacts renamed onto an address that had a contact of its own: the old one still stands in SALESmanago."""
    differences: int
    """People about whom SALESmanago and the shop disagree: lost tags, statuses that do not take."""
    oldest_receipt_seconds: float
    """Age of the oldest newsletter change that has no receipt of the shop yet; 0 when nothing is on its way."""
    receipt_missing: bool
    hand_work: int
    """Changes that only a person can carry out in the shop."""


@dataclass(frozen=True)
class Report:
    ready: bool
    problems: tuple[str, ...]
    shops: tuple[ShopHealth, ...]


class Health:
    def __init__(
        self,
        store: Store,
        directory: Directory,
        clock: Clock,
        migrated: Callable[[], Awaitable[bool]],
        alarm_after_seconds: float,
        receipt_alarm_seconds: float = 900.0,
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._migrated = migrated
        self._alarm_after = timedelta(seconds=alarm_after_seconds)
        self._receipt_alarm_after = timedelta(seconds=receipt_alarm_seconds)

    async def report(self, *, counted: bool = True, written: bool = False) -> Report:
        """Ready = events can be accepted durably. A late shop is a problem to show, not a reason to refuse events.

        `counted`: with the events by state, for which all of them are read. `written`: find out by writing; a full disk reads well.
        """
        try:
            if written:
                await self._write()
            migrated = await self._migrated()
            shops = await self._shops(counted=counted)
        except (NotReady, OSError, TimeoutError):
            return Report(False, ("The database cannot be used at the moment.",), ())
        problems = (
            [] if migrated else ["The database is not at the newest migration; run `gateway serve` or `alembic upgrade head`."]
        )
        for shop in shops:
            if shop.late:
                minutes = shop.oldest_waiting_seconds / 60
                problems.append(f"{shop.shop_id}: the oldest waiting event is {minutes:.0f} minutes old.")
            if shop.receipt_missing:
                minutes = shop.oldest_receipt_seconds / 60
                problems.append(
                    f"{shop.shop_id}: a newsletter change from SALESmanago waits for the shop's side for {minutes:.0f} minutes. "
                    "`gateway doctor` says whether the panel answers."
                )
            if shop.hand_work:
                problems.append(
                    f"{shop.shop_id}: {shop.hand_work} change(s) from SALESmanago can only be made by a person; "
                    "see `gateway hand-work list`."
                )
            if shop.conflicts:
                problems.append(
                    f"{shop.shop_id}: {shop.conflicts} contact(s) were renamed onto an address that had a contact of its own; "
                    "the old one still stands in SALESmanago. Look at it there, and delete it if it is not needed."
                )
            if shop.consent_box_seems_hidden:
                problems.append(
                    f"{shop.shop_id}: policy order_consent, but no order ever carried an answer to the consent box, "
                    "so nobody is sent. Show the box in the shop, or choose policy all_customers."
                )
        return Report(migrated, tuple(problems), tuple(shops))

    async def _write(self) -> None:
        async with self._store.work() as work:
            await work.registry.set_fact("ready_at", self._clock().isoformat())
            await work.commit()

    async def _shops(self, *, counted: bool) -> list[ShopHealth]:
        async with self._store.work() as work:
            oldest = await work.inbox.oldest_waiting()
            counts = await work.inbox.counts() if counted else {}
            boxes = await work.sales.boxes()
            conflicts = await work.contacts.conflicts()
            on_their_way = await work.outbox.oldest_queued("newsletter:")
            hand_work = await work.by_hand.counts("newsletter:")
            tags_by_hand = await work.by_hand.counts("tags:")
        now = self._clock()
        found = []
        for shop in self._directory.shops():
            receipt_age = max(now - on_their_way[shop.id], timedelta()) if shop.id in on_their_way else timedelta()
            merged, differing = conflicts.get(shop.id, (0, 0))
            age = max(now - oldest[shop.id], timedelta()) if shop.id in oldest else timedelta()
            hidden = shop.id in boxes and box_seems_hidden(shop.policy, boxes[shop.id])
            found.append(
                ShopHealth(
                    shop_id=shop.id,
                    oldest_waiting_seconds=age.total_seconds(),
                    late=age >= self._alarm_after,
                    consent_box_seems_hidden=hidden,
                    enabled=shop.enabled,
                    shadow=shop.shadow,
                    events=counts.get(shop.id, {}),
                    conflicts=merged,
                    differences=differing,
                    oldest_receipt_seconds=receipt_age.total_seconds(),
                    receipt_missing=receipt_age >= self._receipt_alarm_after,
                    hand_work=hand_work.get(shop.id, 0) + tags_by_hand.get(shop.id, 0),
                )
            )
        return found
