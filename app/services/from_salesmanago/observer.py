"""Observe given contacts in SALESmanago, and store the result (R30, R32, R55).

What a poll shows becomes an event only if something follows from it; `domain/decisions/observations` says whether.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog

from app.domain.commands import Command, as_reported_opt_in, as_upsert
from app.domain.decisions.changes.sent_state import vanished
from app.domain.decisions.observations.polls import polled
from app.domain.delivery.outbox import ContactQueue, WaitingCommand, to_account, to_reading
from app.domain.delivery.outcomes import Delivered, is_of_the_item
from app.domain.delivery.verify import RemoteContact, apart_from, stands_there, without_opt_in
from app.domain.errors import NotReady
from app.domain.event_kinds.traits import kind_of
from app.domain.events import StatusObserved, TagsObserved
from app.domain.intake.gateway_events import GatewayEventType, gateway_event
from app.domain.intake.inbox import NewEvent
from app.domain.person.stored import StoredContact
from app.domain.shops.callbacks import reached
from app.domain.shops.shop import Account, Shop
from app.services.delivery.batched_reads import read_in_batches
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)


class Upstreams(Protocol):
    def __call__(self, account_id: str) -> Upstream: ...


class Notify(Protocol):
    def __call__(self) -> None: ...


class Reading(NamedTuple):
    """What reading contacts came to."""

    events: int = 0
    read_to: datetime | None = None
    """A time by SALESmanago's clock, not later than the contacts were read; None if nothing was read that says it."""


class Observer:
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
        self._notify_planner = notify_planner
        self._grace = grace
        self.again: dict[str, set[str]] = {}
        """Account -> contacts that could not be decided yet; the next window reads them again. The full scan finds the rest."""

    async def observe(self, account: Account, emails: Sequence[str]) -> Reading | None:
        """None if SALESmanago did not answer: the same contacts are to be read again."""
        shops = [shop.id for shop in self._directory.shops_of(account.id)]
        async with self._store.work() as work:
            known = {one.contact.email for one in await work.contacts.in_shops(shops, emails)} if emails else set()
        wanted, events = [email for email in dict.fromkeys(emails) if email in known], 0
        read_to: datetime | None = None
        at, refused = self._clock(), 0
        async for some, seen in read_in_batches(self._upstream(account.id).look_up, wanted, lambda email: (email,)):
            if isinstance(seen.answer.outcome, Delivered):
                events += await self._note(account, some, seen.contacts, at)
                changes = [one.modified_at for one in seen.contacts.values() if one.modified_at is not None]
                read_to = read_to or max(changes, default=None)  # of the first batch: all are read no earlier than that
            elif is_of_the_item(seen.answer.outcome):
                refused += 1
                log.info("poll_refused", account_id=account.id, cause=seen.answer.call.detail)
            else:
                log.info("poll_postponed", account_id=account.id, cause=seen.answer.call.outcome)
                return None
            at = self._clock()
        if 1 < refused == len(wanted):  # no fault of theirs, then
            return None
        if events:
            self._notify_planner()
        return Reading(events, read_to)

    async def _note(self, account: Account, emails: Collection[str], shown: Mapping[str, RemoteContact], at: datetime) -> int:
        """Together; should that fail, each by itself; and whose tags make it fail, without them: an opt-out is not lost (R73)."""
        try:
            return await self._noted(account, emails, shown, at)
        except NotReady:
            raise
        except Exception:
            log.exception("poll_not_noted", account_id=account.id, people=len(emails))
        return sum([await self._note_alone(account, email, shown, at) for email in emails])

    async def _note_alone(self, account: Account, email: str, shown: Mapping[str, RemoteContact], at: datetime) -> int:
        for with_tags in (True, False):
            try:
                return await self._noted(account, [email], shown, at, with_tags=with_tags)
            except NotReady:
                raise
            except Exception:
                log.exception("poll_not_noted", account_id=account.id, people=1)
        return 0

    async def _noted(
        self,
        account: Account,
        emails: Collection[str],
        shown: Mapping[str, RemoteContact],
        at: datetime,
        *,
        with_tags: bool = True,
    ) -> int:
        """What leads to something becomes an event; the rest is remembered without fuss. Answers how many events."""
        async with self._store.work() as work:
            await work.inbox.lock_contacts()
            observations = await self._observations(work, account, emails, shown, at, with_tags=with_tags)
            events = [event for one in observations for event in one.events]
            quiet = [one.person for one in observations if one.person is not None]
            waits = {one.contact.email for one in quiet if one.contact.observed.email_unexplained_since is not None}
            self.again.setdefault(account.id, set()).update(waits)
            await work.contacts.save(quiet, at)
            await work.inbox.add(events, self._clock())
            await work.commit()
        return len(events)

    async def _observations(
        self,
        work: Work,
        account: Account,
        emails: Collection[str],
        shown: Mapping[str, RemoteContact],
        at: datetime,
        *,
        with_tags: bool,
    ) -> "list[_Observation]":
        shops = {shop.id: shop for shop in self._directory.shops_of(account.id)}
        people = await work.contacts.in_shops(list(shops), emails)
        # Commands in flight explain what SALESmanago shows: such contacts are read the next time.
        moving = await work.outbox.in_flight(to_account(account.id), [one.id for one in people], at)
        busy = {one.contact.email for one in people if one.id in moving}
        apart = await self._apart_from_what_waits(work, account, [one for one in people if one.contact.email in busy], shown, at)
        claimed = await self._claimed_opt_ins(work, account, people)
        # What was reported or found and is not decided yet comes before this poll, and must not be found once more.
        undecided = await work.inbox.undecided_about(list(shops), emails)
        self.again.setdefault(account.id, set()).update(busy, claimed, (email for _, email in undecided))
        transferred = {(one.shop_id, one.contact.email): one.contact.is_transferred for one in people}
        grace, observations = self._callback_grace(list(shops)), []
        missing = [one for one in people if one.contact.is_transferred and one.contact.email not in shown]
        # A renamed contact may still be there under its former address: comparisons search for that.
        renamed = {one.contact_id for one in await work.contacts.aliases_of([one.id for one in missing])} if missing else set()
        for person in missing:
            email = person.contact.email
            if email in busy or (person.shop_id, email) in undecided or person.id in renamed:
                continue
            observations.append(_Observation((), replace(person, contact=vanished(person.contact, at))))
        for person in people:
            email = person.contact.email
            if person.contact.rename_refused_at is not None:
                continue  # who is shown under that address is somebody else
            theirs = apart.get(person.id) if email in busy else shown.get(email)
            theirs = without_opt_in(theirs) if theirs is not None and email in claimed else theirs
            if theirs is not None and (person.shop_id, email) not in undecided:
                knowing = {shop: transferred[shop, email] for shop in shops if (shop, email) in transferred}
                concerned = person.shop_id in reached(account.fan_out, list(shops), knowing)
                shop = shops[person.shop_id]
                tags_too = with_tags and email not in busy
                patience = (grace, self._grace)
                came_to = polled(person.contact, shop, theirs, at, patience, concerned=concerned, with_tags=tags_too)
                kept = None if came_to.contact is None else replace(person, contact=came_to.contact)
                observations.append(_Observation(tuple(_event(shop, one) for one in came_to.events), kept))
        return observations

    async def _apart_from_what_waits(
        self, work: Work, account: Account, people: Sequence[StoredContact], shown: Mapping[str, RemoteContact], at: datetime
    ) -> dict[int, RemoteContact]:
        """What is shown of contacts with commands in flight, as far as no command concerns it; by id.

        The waiting commands are marked: they must be verified before they are sent (R06).
        """
        if not people:
            return {}
        destination, ids = to_account(account.id), [one.id for one in people]
        waiting = await work.outbox.waiting(destination, ids)
        arrived = await work.outbox.last_settled(destination, ids, at)
        spoken: dict[str, list[Command]] = {}
        unclear: set[str] = set()
        for person in people:
            spoken.setdefault(person.contact.email, []).extend(one.command for one in waiting.get(person.id, ()))
            unclear |= {person.contact.email} if person.id in arrived else set()
        apart = dict[int, RemoteContact]()
        for person in people:
            email, sent = person.contact.email, person.contact.sent_state
            if email not in shown:
                continue
            seen = apart_from(shown[email], spoken[email], sent.email_news, sent.phone_news) if email not in unclear else None
            if seen is not None:
                apart[person.id] = seen
            await self._note_what_stands(
                work, ContactQueue(person.id, destination), waiting.get(person.id, ()), shown[email], seen, at
            )
        return apart

    async def _claimed_opt_ins(self, work: Work, account: Account, people: Sequence[StoredContact]) -> set[str]:
        """Of whom a callback reported an opt-in that is still to be read: that it is shown is for that reading to judge (R55)."""
        emails = {one.id: one.contact.email for one in people}
        waiting = await work.outbox.waiting(to_reading(account.id), list(emails)) if emails else {}
        return {
            emails[one] for one, theirs in waiting.items() if any(as_reported_opt_in(ask.command) is not None for ask in theirs)
        }

    async def _note_what_stands(
        self,
        work: Work,
        contact_queue: ContactQueue,
        waiting: Sequence[WaitingCommand],
        seen: RemoteContact,
        apart: RemoteContact | None,
        at: datetime,
    ) -> None:
        upserts = [(one.id, as_upsert(one.command)) for one in waiting]
        noted = {
            number: standing
            for number, upsert in upserts
            if upsert is not None and (standing := stands_there(upsert, seen, apart, at)) is not upsert
        }
        await work.outbox.rewrite(contact_queue, noted, [], at)

    def _callback_grace(self, shop_ids: Sequence[str]) -> timedelta:
        """A shop's own callback speaks for that shop alone; among several shops it must not come too late to say so."""
        particular = any(self._directory.shop_callback_secrets(shop_id) for shop_id in shop_ids)
        return self._grace if particular and len(shop_ids) > 1 else timedelta(0)


@dataclass(frozen=True)
class _Observation:
    """The result of observing a contact. `person`: as to be stored, if anything is to be stored at once."""

    events: tuple[NewEvent, ...]
    person: StoredContact | None


def _event(shop: Shop, event: StatusObserved | TagsObserved) -> NewEvent:
    kind: GatewayEventType = "upstream-status" if kind_of(event).shows_a_status else "upstream-tags"
    return gateway_event(shop.id, kind, event, f"poll-{secrets.token_hex(12)}", held=not shop.enabled)
