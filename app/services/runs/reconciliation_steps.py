"""Compare what we believe with what SALESmanago and the panel show; preview it, or repair it (R26, A8).

First every person who is transferred is looked up in SALESmanago, then the panel's accounts are listed. A preview counts; a
repair puts what it finds into the inbox, where the usual rules decide. Like the first transfer it goes page by page, and each
page is written together with where it leaves the comparison.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, is_of_the_item, message_of, name_of
from app.domain.delivery.verify import RemoteContact
from app.domain.errors import NotReady
from app.domain.events import AccountListed
from app.domain.intake.gateway_events import gateway_event
from app.domain.intake.inbox import EventState, NewEvent
from app.domain.person.stored import StoredContact
from app.domain.runs import reconciliation as steps
from app.domain.runs.backfill import ListedAccount, own_reason
from app.domain.runs.reconciliation import Cause, Phase, Reconciliation
from app.domain.salesmanago_limits import CONTACTS_PER_READ
from app.domain.shops.shop import Shop
from app.services.delivery.batched_reads import read_in_batches
from app.services.isolation import storable
from app.services.planning.dry_run import DryRun
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

REST = timedelta(minutes=5)
"""After a foreign system that did not answer, or a panel that is overloaded."""


class Upstreams(Protocol):
    def __call__(self, account_id: str) -> Upstream: ...


class ShopSides(Protocol):
    def __call__(self, shop_id: str) -> ShopSide: ...


class ContactPoller(Protocol):
    """The usual poll of contacts in SALESmanago, by the usual rules (`services.from_salesmanago.polling`)."""

    async def poll_contacts(self, account_id: str, emails: Sequence[str]) -> None: ...


class Queued(Protocol):
    def __call__(self) -> None: ...


class ReconciliationSteps:
    """`queued` is called when a repair put something into the inbox."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        upstream: Upstreams,
        sides: ShopSides,
        poller: ContactPoller,
        dry_run: DryRun,
        clock: Clock,
        queued: Queued,
    ) -> None:
        self._store = store
        self._directory = directory
        self._upstream = upstream
        self._sides = sides
        self._poller = poller
        self._dry_run = dry_run
        self._clock = clock
        self._queued = queued
        self._unreadable: set[str] = set()
        """Addresses SALESmanago refused to read: they are compared the next time."""

    async def step_due(self) -> int:
        """One page of every comparison whose time has come; answers how many there were."""
        async with self._store.work() as work:
            due = await work.reconciliations.due(self._clock())
        await asyncio.gather(*(self._step_alone(run) for run in due))  # a slow foreign system delays no other shop (R71)
        return len(due)

    async def _step_alone(self, run: Reconciliation) -> None:
        try:
            await self._step(run)
        except NotReady:
            raise
        except Exception:
            log.exception("comparison_failed", shop_id=run.shop_id, reconciliation_id=run.id)
            await self._rest(run, "defect")

    async def _step(self, run: Reconciliation) -> None:
        shop = self._directory.shop(run.shop_id)
        if shop is None or not shop.enabled:
            await self._save(run, steps.finished(replace(run, trouble="shop_disabled"), self._clock()), [])
        elif run.phase is Phase.CONTACTS:
            await self._contacts(run, shop)
        else:
            await self._accounts(run, shop)

    async def _contacts(self, run: Reconciliation, shop: Shop) -> None:
        async with self._store.work() as work:
            # No person or address that was never sent is named to SALESmanago (R03).
            page = await work.contacts.page_of_shop(shop.id, run.cursor, CONTACTS_PER_READ)
            former: dict[int, list[str]] = {person.id: [] for person in page}
            for alias in await work.contacts.aliases_of(former):
                if alias.sent:
                    former[alias.contact_id].append(alias.email)
            # The present holder of a former address is somebody else.
            shops = [one.id for one in self._directory.shops_of(shop.account)]
            formerly = {address for addresses in former.values() for address in addresses}
            taken = {one.contact.email for one in await work.contacts.in_shops(shops, formerly)}
            former = {number: [one for one in addresses if one not in taken] for number, addresses in former.items()}
        if not page:
            await self._save(run, self._after_contacts(run, shop), [])
            return
        at = self._clock()
        sent = [person for person in page if person.contact.is_transferred]
        shown = await self._shown(run, shop, [_known_as(person) for person in sent])
        if shown is None:
            return
        gone = [person for person in sent if _known_as(person) not in shown and _known_as(person) not in self._unreadable]
        before = await self._shown(run, shop, sorted({one for person in gone for one in former[person.id]}))
        if before is None:
            return
        await self._compare(run, shop, page, shown, {person.id: _first(former[person.id], before) for person in gone}, at)

    async def _shown(self, run: Reconciliation, shop: Shop, emails: Sequence[str]) -> dict[str, RemoteContact] | None:
        """What SALESmanago shows; None, and the comparison rests, if it does not answer."""
        shown = dict[str, RemoteContact]()
        async for some, seen in read_in_batches(self._upstream(shop.account).look_up, emails, lambda email: (email,)):
            outcome = seen.answer.outcome
            if isinstance(outcome, Delivered):
                self._unreadable.difference_update(some)
                shown.update(seen.contacts)
            elif is_of_the_item(outcome):
                self._unreadable.update(some)
            else:
                await self._rest(run, message_of(outcome) or name_of(outcome))
                return None
        return shown

    async def _compare(
        self,
        run: Reconciliation,
        shop: Shop,
        page: Sequence[StoredContact],
        shown: dict[str, RemoteContact],
        former: dict[int, RemoteContact | None],
        at: datetime,
    ) -> None:
        async with self._store.work() as work:
            # What is on its way, or not decided yet, explains differences: such people are compared the next time.
            moving = await work.outbox.in_flight(to_account(shop.account), [person.id for person in page], at)
            undecided = await work.inbox.undecided_about([shop.id], [person.contact.email for person in page])
            still = {one.id: one for one in await work.contacts.by_ids([person.id for person in page])}
        found: list[tuple[Cause, str]] = []
        events: list[NewEvent] = []
        differing: list[str] = []
        busy = 0
        for person in page:
            email = _known_as(person)
            if (
                email in self._unreadable
                or person.id in moving
                or (shop.id, person.contact.email) in undecided
                or still.get(person.id) != person
            ):
                busy += 1
                continue
            try:
                comparison = steps.compared(person.contact, shop, shown.get(email), former.get(person.id), at)
            except Exception:  # of ours, over this person; the others are compared (R73)
                log.exception("comparison_failed", shop_id=run.shop_id, contact_id=person.id)
                busy += 1
                continue
            found += [(cause, f"c{person.id}") for cause in comparison.causes]
            drift = steps.chosen(comparison, run.repairs)
            if drift is not None:
                event_id = run.event_id("contact", person.id)
                events.append(gateway_event(shop.id, "drift-found", drift, event_id, held=not shop.enabled))
            if run.repairs.intersection(comparison.causes):
                differing.append(email)
        after = replace(steps.noted(run, found, len(page), busy), cursor=page[-1].id, due_at=self._clock())
        if await self._save(run, after, events) and differing:
            await self._poller.poll_contacts(shop.account, differing)

    def _after_contacts(self, run: Reconciliation, shop: Shop) -> Reconciliation:
        if not shop.panel.kind.lists_accounts:
            return steps.finished(run, self._clock())  # no accounts to list
        return replace(run, phase=Phase.ACCOUNTS, cursor=0, trouble="")

    async def _accounts(self, run: Reconciliation, shop: Shop) -> None:
        side, at = self._sides(shop.id), self._clock()
        if run.cursor % 20 == 0 and await side.is_overloaded():
            await self._rest(run, "panel_overloaded")
            return
        listing = await side.accounts(run.cursor, run.accounts_since)
        if not isinstance(listing.answer.outcome, Delivered):
            await self._rest(run, message_of(listing.answer.outcome) or name_of(listing.answer.outcome))
            return
        eligible = {one.id: one for one in listing.accounts if own_reason(one, shop) is None}
        found, events = await self._differing(run, shop, eligible, at)
        after = replace(steps.noted(run, found, len(eligible)), cursor=run.cursor + 1, due_at=self._clock())
        if run.cursor + 1 >= listing.pages or not listing.accounts:
            after = steps.finished(after, self._clock())
            log.info("reconciled", shop_id=shop.id, mode=run.mode.value, checked=after.checked, **after.causes)
        await self._save(run, after, events)

    async def _differing(
        self, run: Reconciliation, shop: Shop, accounts: dict[int, ListedAccount], at: datetime
    ) -> tuple[list[tuple[Cause, str]], list[NewEvent]]:
        """Accounts about which the shop's rules would send something."""
        listed = {
            number: AccountListed(at=at, customer=one.customer) for number, one in accounts.items() if one.customer is not None
        }
        verdicts, _ = await self._dry_run.of_each(shop.id, list(listed.items()))
        found: list[tuple[Cause, str]] = []
        events: list[NewEvent] = []
        for number, (settlement, commands) in verdicts.items():
            if settlement.state is not EventState.PLANNED or not commands:
                continue
            introduced = any(getattr(command, "introduces", False) for command in commands)
            cause = Cause.ACCOUNT_UNKNOWN if introduced else Cause.ACCOUNT_CHANGED
            found.append((cause, f"a{number}"))
            if cause in run.repairs:
                events.append(gateway_event(shop.id, "account-listed", listed[number], run.event_id("account", number)))
        return found, events

    async def _save(self, run: Reconciliation, after: Reconciliation, events: Sequence[NewEvent]) -> bool:
        """Should the store refuse an event, the others are put into the inbox without it (R73)."""
        try:
            return await self._save_all(run, after, events)
        except NotReady:
            raise
        except Exception:
            if not events:
                raise
            log.exception("comparison_failed", shop_id=run.shop_id, reconciliation_id=run.id)
            return await self._save_all(run, after, await storable(self._store, events, self._clock()))

    async def _save_all(self, run: Reconciliation, after: Reconciliation, events: Sequence[NewEvent]) -> bool:
        async with self._store.work() as work:
            if not await work.reconciliations.save(after, run):
                return False  # another worker was here
            await work.inbox.add(events, self._clock())
            await work.commit()
        if events:
            self._queued()
        return True

    async def _rest(self, run: Reconciliation, why: str) -> None:
        await self._save(run, replace(run, trouble=why, due_at=self._clock() + REST), [])


def _known_as(person: StoredContact) -> str:
    """The address that was sent to SALESmanago: another than the person's where a rename may not be sent."""
    return person.contact.sent_state.email or ""


def _first(emails: Sequence[str], shown: dict[str, RemoteContact]) -> RemoteContact | None:
    return next((shown[email] for email in emails if email in shown), None)
