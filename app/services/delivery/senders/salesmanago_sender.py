"""Sends claims to an account of SALESmanago: what must be known before, and when it must wait."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from app.domain.commands import AddEvent, as_upsert
from app.domain.delivery.coalesce import one_bundle
from app.domain.delivery.outbox import Claim, WaitingCommand, to_account
from app.domain.delivery.outcomes import Outcome
from app.domain.person.contact import NOBODY
from app.domain.salesmanago_limits import UPSERTS_PER_CALL
from app.domain.values import replace
from app.services.delivery.contact_dispatch import ContactDispatch
from app.services.delivery.dispatch import Dispatch
from app.services.delivery.lease import Lease
from app.services.delivery.senders.shop_sender import moves
from app.services.delivery.senders.to_salesmanago import send
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.storage import Store

CONTACTS_PER_BATCH = UPSERTS_PER_CALL
"""So that all live upserts of a claim leave with its first call."""


FREED_SOON = timedelta(seconds=5)
"""How long a contact waits before it checks again whether its new address is free."""


class SalesmanagoSender:
    """Contacts and what happened to them: in batches under backlog, one by one when little waits."""

    contacts_per_claim = CONTACTS_PER_BATCH
    lock: str | None = None

    def __init__(
        self,
        upstream: Upstream,
        account_id: str,
        open_shops: Collection[str],
        closed_shops: Collection[str],
        store: Store,
        clock: Clock,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_behind`: do events wait to be decided, more than one round takes?"""
        self._upstream = upstream
        self._destination = to_account(account_id)
        self._store = store
        self._clock = clock
        self._is_behind = is_behind
        self.closed_shops = closed_shops
        self.blocked_by_revocations_of = open_shops

    async def ready(self) -> bool:
        return await self._upstream.ready()

    def release_slot(self) -> None:
        self._upstream.release_slot()

    def dispatch(self, claim: Claim) -> Dispatch:
        return ContactDispatch.of(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]) -> None:
        ours = [dispatch for dispatch in dispatches if isinstance(dispatch, ContactDispatch)]
        await self._wait_for_freed_addresses(ours)
        ours = [dispatch for dispatch in ours if dispatch.waits is None]
        await self._name_purchases(ours)
        try:
            await send(self._upstream, ours, self._clock(), lease, self._interrupted, outcomes, is_behind=self._is_behind())
        finally:
            self._upstream.release_slot()  # before it is recorded, and whichever client the claim waited at
        await self._introduce_anew([dispatch for dispatch in ours if dispatch.may_be_gone])

    async def _introduce_anew(self, missed: Sequence[ContactDispatch]) -> None:
        """Contacts that were in SALESmanago and are gone (R72). A contact that never arrived waits for its refused upsert."""
        if not missed:
            return
        async with self._store.reading() as work:
            people = {one.id: one.contact for one in await work.contacts.by_ids([dispatch.claim.contact_id for dispatch in missed])}
        for dispatch in missed:
            contact = people.get(dispatch.claim.contact_id, NOBODY)
            was_shown = contact.observed.email_news is not None or contact.observed.created_at is not None
            if was_shown and contact.is_transferred and dispatch.missed is not None:
                dispatch.contact_is_gone(dispatch.missed, self._clock())

    async def _wait_for_freed_addresses(self, dispatches: Sequence[ContactDispatch]) -> None:
        """A contact takes an address only after its former holder has left it in SALESmanago too (R72).

        And only after a contact that another shop renames to it has arrived: it would be refused where a new one stands (R11).
        """
        wanted: dict[str, list[tuple[ContactDispatch, int]]] = {}
        for dispatch in dispatches:
            if (taken := dispatch.takes_address) is not None:
                wanted.setdefault(taken.email, []).append((dispatch, taken.command_id))
        if not wanted:
            return
        shops = {*self.blocked_by_revocations_of, *(dispatch.claim.shop_id for dispatch in dispatches)}
        async with self._store.reading() as work:
            concerned = {(one.contact_id, one.email) for one in await work.contacts.left_addresses(shops, wanted)}
            concerned |= await work.contacts.of_several_shops(shops, wanted)
            waiting = await work.outbox.waiting(self._destination, {number for number, _ in concerned}) if concerned else {}
        here = {dispatch.claim.contact_id: dispatch.claim.commands for dispatch in dispatches}
        for contact_id, email in concerned:
            theirs = waiting.get(contact_id, ())
            left_behind = _of_a_contact_there(theirs, here.get(contact_id, theirs))
            earlier = [one.id for one in left_behind if moves(one.command, email)]
            for dispatch, command_id in wanted[email]:
                if contact_id != dispatch.claim.contact_id and any(number < command_id for number in earlier):
                    dispatch.waits = timedelta(0) if contact_id in here else FREED_SOON

    async def _name_purchases(self, dispatches: Sequence[ContactDispatch]) -> None:
        """A newer version of an order names the event that is to be changed, by the id it was given there (R18)."""
        earlier = {number for dispatch in dispatches for event in dispatch.bundle.events for number in event.newer_than}
        if not earlier:
            return
        async with self._store.reading() as work:
            known = await work.outbox.event_ids_there(earlier)
        for dispatch in dispatches:
            dispatch.bundle = replace(dispatch.bundle, events=tuple(_named(event, known) for event in dispatch.bundle.events))

    async def _interrupted(self, claims: Sequence[Claim]) -> Collection[int] | None:
        shops = {*self.blocked_by_revocations_of, *(claim.shop_id for claim in claims)}  # one may have left the account since
        async with self._store.reading() as work:
            if await work.inbox.has_urgent(shops):
                return None
            return await work.outbox.deferred(self._destination, [claim.contact_id for claim in claims])


def _named(event: AddEvent, known: Mapping[int, str]) -> AddEvent:
    newest = next((known[number] for number in reversed(event.newer_than) if number in known), None)
    return event if newest is None else replace(event, overwrites=newest)


def _of_a_contact_there(waiting: Sequence[WaitingCommand], claimed: Sequence[WaitingCommand]) -> Sequence[WaitingCommand]:
    """Without what travels with the introduction of a contact, which is created under its newest address at once.

    Two who exchanged addresses before either was sent would wait for each other for ever. `claimed`: the same commands, which
    say whether they were perhaps sent before the claim of now.
    """
    commands = [one.command for one in waiting]
    first = one_bundle(commands)
    introduced = any((upsert := as_upsert(command)) is not None and upsert.introduces for command in commands[:first])
    return waiting[first:] if introduced and not any(one.maybe_sent for one in claimed) else waiting
