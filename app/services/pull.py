"""Look at SALESmanago: tags, points, and newsletter statuses that no callback told of (R30, R32, R55).

Two ways lead to the same look. The *window* asks who changed lately and overlaps the one before, so nothing between two
windows is missed. The *sweep* walks slowly through everybody, for what does not count as a change over there (contract U10).
What a look shows becomes an event only if it is news.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.callbacks import reached
from app.domain.delivery import Delivered, SeenContact
from app.domain.events import StatusSeen, TagsSeen
from app.domain.looks import is_news
from app.domain.pipeline import NewEvent, StoredContact, to_account
from app.domain.shop import Account, Shop
from app.domain.upstream_events import heard
from app.services.directory import Directory
from app.services.ports import Clock, Store, Upstream, Work

log = structlog.get_logger(__name__)

PER_LOOK = 50
"""Contacts of one look (contract 2.6)."""
OVERLAP = timedelta(minutes=5)


class Upstreams(Protocol):
    def __call__(self, account_id: str) -> Upstream: ...


class Heard(Protocol):
    def __call__(self) -> None: ...


class Pull:
    """`heard` is called when a look brought news."""

    def __init__(self, store: Store, directory: Directory, upstream: Upstreams, clock: Clock, heard: Heard) -> None:
        self._store = store
        self._directory = directory
        self._upstream = upstream
        self._clock = clock
        self._heard = heard

    async def pull_changed(self, account_id: str, pause: timedelta) -> int:
        """Look at whoever changed since the last window; answers how many events that brought. One worker at a time."""
        now = self._clock()
        account, since = self._directory.account(account_id), await self._turn(f"pull:{account_id}", now, pause)
        if account is None or since is None:
            return 0
        found, page, more = 0, 1, True
        begins = (datetime.fromisoformat(since) if since else now) - OVERLAP
        while more:
            changed = await self._upstream(account_id).modified(begins, now, page)
            if not isinstance(changed.answer.outcome, Delivered):
                log.info("pull_postponed", account_id=account_id, cause=changed.answer.call.outcome)
                return found
            news = await self._look(account, changed.emails)
            if news is None:
                return found
            found, page, more = found + news, page + 1, changed.has_more
        await self._remember(f"pull:{account_id}", now.isoformat())
        return found

    async def sweep(self, account_id: str, pause: timedelta) -> int:
        """Look at the next few of everybody; after the last begins again with the first."""
        account, at = self._directory.account(account_id), await self._turn(f"sweep:{account_id}", self._clock(), pause)
        if account is None or at is None:
            return 0
        shops = [shop.id for shop in self._directory.shops_of(account_id)]
        async with self._store.work() as work:
            people = await work.contacts.page(shops, int(at or 0), PER_LOOK)
        news = await self._look(account, [person.contact.email for person in people])
        if news is not None:
            await self._remember(f"sweep:{account_id}", str(people[-1].id) if len(people) == PER_LOOK else "0")
        return news or 0

    # -- looking ---------------------------------------------------------------------------------------------------------

    async def _look(self, account: Account, emails: Sequence[str]) -> int | None:
        """None if SALESmanago did not answer: the same is to be looked at again."""
        shops = [shop.id for shop in self._directory.shops_of(account.id)]
        async with self._store.work() as work:
            known = {one.contact.email for one in await work.contacts.in_shops(shops, emails)} if emails else set()
        wanted, found = [email for email in dict.fromkeys(emails) if email in known], 0
        for start in range(0, len(wanted), PER_LOOK):
            chunk, at = wanted[start : start + PER_LOOK], self._clock()
            seen = await self._upstream(account.id).look_up(chunk)
            if not isinstance(seen.answer.outcome, Delivered):
                log.info("look_postponed", account_id=account.id, cause=seen.answer.call.outcome)
                return None
            async with self._store.work() as work:
                events = await self._news(work, account, chunk, seen.contacts, at)
                await work.inbox.add(events, self._clock())
                await work.commit()
            found += len(events)
        if found:
            self._heard()
        return found

    async def _news(
        self, work: Work, account: Account, emails: Collection[str], shown: Mapping[str, SeenContact], at: datetime
    ) -> list[NewEvent]:
        shops = {shop.id: shop for shop in self._directory.shops_of(account.id)}
        people = await work.contacts.in_shops(list(shops), emails)
        # What we are just telling SALESmanago explains what it shows: such contacts are looked at the next time.
        moving = await work.outbox.in_motion(to_account(account.id), [one.id for one in people], at)
        busy = {one.contact.email for one in people if one.id in moving}
        transferred = {(one.shop_id, one.contact.email): one.contact.is_transferred for one in people}
        events: list[NewEvent] = []
        for person in people:
            email = person.contact.email
            if email in shown and email not in busy:
                knowing = {shop: transferred[shop, email] for shop in shops if (shop, email) in transferred}
                concerned = person.shop_id in reached(account.fan_out, list(shops), knowing)
                events += _events(person, shops[person.shop_id], shown[email], at, concerned=concerned)
        return events

    # -- turns -----------------------------------------------------------------------------------------------------------

    async def _turn(self, name: str, now: datetime, pause: timedelta) -> str | None:
        """How far we were, if it is this process's turn; the empty string the first time."""
        async with self._store.work() as work:
            if not await work.registry.take_turn(f"turn:{name}", now, now + pause):
                return None
            reached_so_far = (await work.registry.facts()).get(name, "")
            await work.commit()
        return reached_so_far

    async def _remember(self, name: str, value: str) -> None:
        async with self._store.work() as work:
            await work.registry.set_fact(name, value)
            await work.commit()


def _events(person: StoredContact, shop: Shop, shown: SeenContact, at: datetime, *, concerned: bool) -> Iterator[NewEvent]:
    email = person.contact.email
    status = StatusSeen(at=at, email=email, email_out=shown.opted_out, phone_out=shown.opted_out_phone)
    if concerned and is_news(person.contact, status, shop):
        yield heard(shop.id, "upstream-status", status, f"look-{secrets.token_hex(12)}", held=not shop.enabled)
    tags = TagsSeen(at=at, email=email, tags=tuple(sorted(shown.tags.items())))
    if person.contact.is_transferred and is_news(person.contact, tags, shop):
        yield heard(shop.id, "upstream-tags", tags, f"look-{secrets.token_hex(12)}", held=not shop.enabled)
