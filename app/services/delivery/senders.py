"""A sender per destination: SALESmanago, a shop's side, or a check of what a callback claimed."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, assert_never

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    Question,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import TimedStatus
from app.domain.delivery.answers import Answer, Call, without_call
from app.domain.delivery.outbox import Claim, WaitingCommand, to_account
from app.domain.delivery.outcomes import Delivered, NotNeeded, Outcome, Throttled, Unknown
from app.domain.delivery.verify import RemoteContact, tells_of_email
from app.domain.event_kinds.subjects import real_id
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved
from app.domain.intake import gateway_events
from app.domain.person.contact import NOBODY, Contact
from app.domain.reasons import Reason
from app.domain.salesmanago_limits import CONTACTS_PER_READ, UPSERTS_PER_CALL
from app.domain.values import replace
from app.services.delivery.batched_reads import looks
from app.services.delivery.dispatch import ContactDispatch, Dispatch, SequentialDispatch, opted_out, stops_batch
from app.services.delivery.lease import Lease
from app.services.delivery.to_salesmanago import send
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store, Work

CONTACTS_PER_BATCH = UPSERTS_PER_CALL
"""So that all live upserts of a claim leave with its first call."""
CONTACTS_PER_SHOP_ROUND = 20
"""A panel takes two calls a second and needs several per customer: a round must not outlast patience."""

FREED_SOON = timedelta(seconds=5)
"""How long a contact waits before it looks again whether the address it takes has been left."""
OVERLOAD_REST_SECONDS = 300.0


class Sender(Protocol):
    """Turns the claims of one destination into dispatches and sends them."""

    contacts_per_claim: int
    closed_shops: Collection[str]
    """Disabled shops: what waits for them stays."""
    blocked_by_revocations_of: Collection[str]
    """Shops whose undecided acts that take permission away hold everything back (I6)."""

    turn: str | None
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
    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, heard: list[Outcome]) -> None:
        """`heard`: grows by what tells whether the neighbour is there. Once the lease is over, no further call is made."""
        ...


class SalesmanagoSender:
    """Contacts and what happened to them: in batches under backlog, one by one when it is quiet."""

    contacts_per_claim = CONTACTS_PER_BATCH
    turn: str | None = None

    def __init__(
        self,
        upstream: Upstream,
        account_id: str,
        open_shops: Collection[str],
        closed_shops: Collection[str],
        store: Store,
        clock: Clock,
    ) -> None:
        self._upstream = upstream
        self._destination = to_account(account_id)
        self._store = store
        self._clock = clock
        self.closed_shops = closed_shops
        self.blocked_by_revocations_of = open_shops

    async def ready(self) -> bool:
        return await self._upstream.ready()

    def release_slot(self) -> None:
        self._upstream.release_slot()

    def dispatch(self, claim: Claim) -> Dispatch:
        return ContactDispatch.of(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, heard: list[Outcome]) -> None:
        ours = [dispatch for dispatch in dispatches if isinstance(dispatch, ContactDispatch)]
        await self._wait_for_freed_addresses(ours)
        ours = [dispatch for dispatch in ours if dispatch.waits is None]
        await self._name_purchases(ours)
        try:
            await send(self._upstream, ours, self._clock(), lease, self._interrupted, heard)
        finally:
            self._upstream.release_slot()  # before it is recorded, and whichever client the claim waited at
        await self._introduce_anew([dispatch for dispatch in ours if dispatch.may_be_gone])

    async def _introduce_anew(self, missed: Sequence[ContactDispatch]) -> None:
        """Contacts that were there and are gone (R72). Whoever never got there waits for what was refused of them."""
        if not missed:
            return
        async with self._store.work() as work:
            people = {one.id: one.contact for one in await work.contacts.by_ids([dispatch.claim.contact_id for dispatch in missed])}
        for dispatch in missed:
            contact = people.get(dispatch.claim.contact_id, NOBODY)
            was_shown = contact.observed.email_news is not None or contact.observed.created_at is not None
            if was_shown and contact.is_transferred and dispatch.missed is not None:
                dispatch.contact_is_gone(dispatch.missed, self._clock())

    async def _wait_for_freed_addresses(self, dispatches: Sequence[ContactDispatch]) -> None:
        """Nobody appears at an address before whoever left it has left it over there too (R72)."""
        wanted: dict[str, list[tuple[ContactDispatch, int]]] = {}
        for dispatch in dispatches:
            if (taken := dispatch.takes_address) is not None:
                wanted.setdefault(taken.email, []).append((dispatch, taken.command_id))
        if not wanted:
            return
        shops = {*self.blocked_by_revocations_of, *(dispatch.claim.shop_id for dispatch in dispatches)}
        async with self._store.work() as work:
            left = await work.contacts.left_addresses(shops, wanted)
            leaving = await work.outbox.waiting(self._destination, {one.contact_id for one in left}) if left else {}
        here = {dispatch.claim.contact_id for dispatch in dispatches}
        for one in left:
            moves = [waiting.id for waiting in leaving.get(one.contact_id, ()) if _leaves(waiting.command, one.email)]
            for dispatch, command_id in wanted[one.email]:
                if one.contact_id != dispatch.claim.contact_id and any(number < command_id for number in moves):
                    dispatch.waits = timedelta(0) if one.contact_id in here else FREED_SOON

    async def _name_purchases(self, dispatches: Sequence[ContactDispatch]) -> None:
        """A newer version of an order names the event that is to be changed, by the id it was given there (R18)."""
        earlier = {number for dispatch in dispatches for event in dispatch.bundle.events for number in event.newer_than}
        if not earlier:
            return
        async with self._store.work() as work:
            known = await work.outbox.event_ids_there(earlier)
        for dispatch in dispatches:
            dispatch.bundle = replace(dispatch.bundle, events=tuple(_named(event, known) for event in dispatch.bundle.events))

    async def _interrupted(self, claims: Sequence[Claim]) -> Collection[int] | None:
        shops = {*self.blocked_by_revocations_of, *(claim.shop_id for claim in claims)}  # one may have left the account since
        async with self._store.work() as work:
            if await work.inbox.has_urgent(shops):
                return None
            return await work.outbox.deferred(self._destination, [claim.contact_id for claim in claims])


def _named(event: AddEvent, known: Mapping[int, str]) -> AddEvent:
    newest = next((known[number] for number in reversed(event.newer_than) if number in known), None)
    return event if newest is None else replace(event, overwrites=newest)


class _Unpaced:
    """For those who read, or compare, at the moment of the call: they keep no place for it."""

    async def ready(self) -> bool:
        return True

    def release_slot(self) -> None:
        """No place was kept."""


_Asked = tuple[SequentialDispatch, WaitingCommand, Question]


class OptInVerifier(_Unpaced):
    """What a callback claims is read in SALESmanago's own record before it is believed (R55)."""

    contacts_per_claim = CONTACTS_PER_READ
    turn: str | None = None
    blocked_by_revocations_of: Collection[str] = ()

    def __init__(
        self,
        upstream: Upstream,
        account_id: str,
        shops: Collection[str],
        closed_shops: Collection[str],
        store: Store,
        clock: Clock,
    ) -> None:
        self._upstream = upstream
        self._account_id = account_id
        self._shops = shops
        self.closed_shops = closed_shops
        self._store = store
        self._clock = clock

    def dispatch(self, claim: Claim) -> Dispatch:
        return SequentialDispatch(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, heard: list[Outcome]) -> None:
        ours = [dispatch for dispatch in dispatches if isinstance(dispatch, SequentialDispatch)]
        asked = [
            (dispatch, command, command.command)
            for dispatch in ours
            for command in dispatch.claim.commands
            if isinstance(command.command, Question)
        ]
        clear = await self._without_those_being_told(asked)
        async for some, seen in looks(self._upstream.statuses, clear, lambda one: (one[2].email,), lambda: bool(lease)):
            heard.append(seen.answer.outcome)
            for dispatch, command, wanted in some:
                self._judge(dispatch, command, wanted, seen.answer, seen.contacts.get(wanted.email))
            if stops_batch(seen.answer.outcome):
                return

    async def _without_those_being_told(self, asked: Sequence[_Asked]) -> list[_Asked]:
        """While something of the person is on its way there, from whichever shop, what SALESmanago shows confirms nothing.

        An opt-in has to wait then. An opt-out counts: what was told since it was reported may have overwritten it over there.
        """
        now, clear = self._clock(), list[_Asked]()
        unclear = without_call(Unknown("SALESmanago is still being told of this person"), now)
        confirmed = without_call(Delivered(detail="it counts: the person was told of since"), now)
        destination, theirs = to_account(self._account_id), defaultdict[str, set[int]](set)
        async with self._store.work() as work:
            for one in await work.contacts.in_shops(self._shops, {wanted.email for _, _, wanted in asked}):
                theirs[one.contact.email].add(one.id)
            everybody = {dispatch.claim.contact_id for dispatch, _, _ in asked}.union(*theirs.values())
            moving = await self._being_told(work, everybody, now)
            reported = [wanted.at for _, _, wanted in asked if isinstance(wanted, ConfirmOptOut)]
            told_at = await work.outbox.last_settled(destination, everybody, min(reported)) if reported else {}
        for dispatch, command, wanted in asked:
            person = {dispatch.claim.contact_id} | theirs[wanted.email]
            if isinstance(wanted, ConfirmOptIn):
                if moving.isdisjoint(person):
                    clear.append((dispatch, command, wanted))
                else:
                    dispatch.answer(command, unclear)
            elif moving.isdisjoint(person) and not any(told_at[one] >= wanted.at for one in person & told_at.keys()):
                clear.append((dispatch, command, wanted))
            else:
                dispatch.heard.append(opted_out(dispatch.claim, command))
                dispatch.answer(command, confirmed)
        return clear

    async def _being_told(self, work: Work, contact_ids: Collection[int], now: datetime) -> set[int]:
        """Contacts of whom something waits, or was told just now, that changes what SALESmanago shows of their e-mails."""
        destination = to_account(self._account_id)
        waiting = await work.outbox.waiting(destination, contact_ids)
        arrived = await work.outbox.last_settled(destination, contact_ids, now)
        return arrived.keys() | {one for one, theirs in waiting.items() if any(tells_of_email(ask.command) for ask in theirs)}

    def _judge(
        self, dispatch: SequentialDispatch, command: WaitingCommand, wanted: Question, answer: Answer, shown: RemoteContact | None
    ) -> None:
        """An opt-in counts where the record shows it, an opt-out unless the record shows the contrary."""
        if not isinstance(answer.outcome, Delivered):
            dispatch.answer(command, answer)
            return
        is_opted_in = shown is not None and shown.opted_out is False
        match wanted:
            case ConfirmOptIn() if is_opted_in:
                origin = Origin.CLICK_OR_STAFF
                confirmed = StatusObserved(at=wanted.at, email=wanted.email, email_out=False, acted=True, origin=origin)
                event_id = f"opt-in-{command.id}-{secrets.token_hex(8)}"
                dispatch.heard.append(gateway_events.heard(dispatch.claim.shop_id, "opt-in-confirmed", confirmed, event_id))
                dispatch.answer(command, answer)
            case ConfirmOptIn():
                dispatch.answer(command, Answer(NotNeeded(Reason.OPT_IN_NOT_CONFIRMED), answer.call))
            case ConfirmOptOut() if is_opted_in:
                dispatch.answer(command, Answer(NotNeeded(Reason.OPT_OUT_NOT_CONFIRMED), answer.call))
            case ConfirmOptOut():
                dispatch.heard.append(opted_out(dispatch.claim, command))
                dispatch.answer(command, answer)
            case _:
                assert_never(wanted)


_HomeCommand = TypeVar("_HomeCommand", SetSubscription, MirrorTags, ReportErasure)


class ShopSender(_Unpaced):
    """Newsletter states, tags and points, to the shop's own side. In order per person; a state is told as it was decided."""

    contacts_per_claim = CONTACTS_PER_SHOP_ROUND

    def __init__(
        self,
        side: ShopSide,
        closed_shops: Collection[str],
        blocked_by_revocations_of: Collection[str],
        store: Store,
        clock: Clock,
        turn: str | None = None,
    ) -> None:
        self.turn = turn
        self._side = side
        self.closed_shops = closed_shops
        self.blocked_by_revocations_of = blocked_by_revocations_of
        self._store = store
        self._clock = clock

    def dispatch(self, claim: Claim) -> Dispatch:
        return SequentialDispatch(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, heard: list[Outcome]) -> None:
        carried = [dispatch for dispatch in dispatches if isinstance(dispatch, SequentialDispatch)]
        if await self._should_wait(carried, heard):
            return
        for dispatch in carried:
            if not lease or not await self._send_group(dispatch, heard):
                return

    async def _should_wait(self, dispatches: Sequence[SequentialDispatch], heard: list[Outcome]) -> bool:
        """Tags are many and may wait until the panel says it can take them; what a person decided does not wait."""
        commands = [command for dispatch in dispatches for command in dispatch.claim.commands]
        if not all(isinstance(command.command, MirrorTags) for command in commands) or not await self._side.is_overloaded():
            return False
        answer = Answer(Throttled(OVERLOAD_REST_SECONDS), Call("system/serverLoad", self._clock(), 0, "throttled", "overloaded", 1))
        for dispatch in dispatches:
            dispatch.fail(answer)
        heard.append(answer.outcome)
        return True

    async def _send_group(self, dispatch: SequentialDispatch, heard: list[Outcome]) -> bool:
        """False when the shop's side as a whole takes nothing now."""
        person = await self._person(dispatch.claim.contact_id)
        left = self._leave_out_outdated(dispatch, person)
        mirrors = [command for command in dispatch.claim.commands if isinstance(command.command, MirrorTags)]
        for command in dispatch.claim.commands:
            if command.id in dispatch.given:
                continue
            if isinstance(command.command, MirrorTags) and command is not mirrors[-1]:
                continue  # the newest says how all tags should be, and stands for the older ones
            answer = await self._ask(command.id, left.get(command.id, command.command), person)
            heard.append(answer.outcome)
            dispatch.answer(command, answer)
            if isinstance(command.command, MirrorTags):
                for older in mirrors:
                    dispatch.answer(older, answer)
            if stops_batch(answer.outcome):
                return False
            if isinstance(answer.outcome, Unknown):
                break  # the next must not overtake it; what needs a person holds nobody up
        return True

    async def _person(self, contact_id: int) -> Contact:
        """As known now: who was renamed or merged meanwhile is served under the present address."""
        async with self._store.work() as work:
            found = await work.contacts.by_ids([contact_id])
            if found and found[0].merged_into is not None:
                found = await work.contacts.by_ids([found[0].merged_into])
        return found[0].contact if found else NOBODY

    def _leave_out_outdated(self, dispatch: SequentialDispatch, person: Contact) -> dict[int, SetSubscription]:
        """While it waited, the person may have acted in the shop itself: that newer act must not be overwritten (R55).

        Answers, by number, what is left to be said.
        """
        changes = [(one, one.command) for one in dispatch.claim.commands if isinstance(one.command, SetSubscription)]
        left: dict[int, SetSubscription] = {}
        for one, command in changes:
            later = [other for waiting, other in changes if waiting.id > one.id and waiting.counted]
            email = _still_new(command.email_news, person.shop_state.email_news, [other.email_news for other in later])
            phone = _still_new(command.phone_news, person.shop_state.phone_news, [other.phone_news for other in later])
            if email is None and phone is None:
                dispatch.answer(one, without_call(NotNeeded(Reason.SHOP_IS_NEWER), self._clock()))
            else:
                left[one.id] = replace(command, email_news=email, phone_news=phone)
        return left

    async def _ask(self, number: int, command: Command, person: Contact) -> Answer:
        match command:
            case SetSubscription():
                return await self._side.set_subscription(_as_called_now(command, person), number)
            case MirrorTags():
                return await self._side.mirror_tags(_as_called_now(command, person), number)
            case ReportErasure():
                return await self._side.report_erasure(_as_called_now(command, person), number)
            case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut():
                raise AssertionError("a command for another destination")
            case _:
                assert_never(command)


def _as_called_now(command: _HomeCommand, person: Contact) -> _HomeCommand:
    """Under the address and the number the person has by now."""
    customer_id = real_id(person.customer_id) or real_id(command.customer_id)
    return replace(command, email=person.email or command.email, customer_id=customer_id)


def _leaves(command: Command, address: str) -> bool:
    return isinstance(command, UpsertContact) and command.email == address and command.new_email is not None


def _still_new(
    said: TimedStatus | None, home: TimedStatus | None, queued_behind: Sequence[TimedStatus | None]
) -> TimedStatus | None:
    """None if the shop knows a newer act, and not from us: a newer one of ours follows in its turn."""
    outdated = said is not None and home is not None and home != said and home.supersedes(said) and home not in queued_behind
    return None if outdated else said
