"""Sends changes to the shop's side: its panel or its webhook, each behind what it depends on."""

from collections.abc import Collection, Sequence
from typing import TypeVar, assert_never

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    ShopStateCommand,
    UpsertContact,
    as_shop_state,
    as_upsert,
)
from app.domain.consent import TimedStatus
from app.domain.delivery.answers import Answer, Call, without_call
from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import NotNeeded, Outcome, Throttled, Unknown
from app.domain.event_kinds.subjects import real_id
from app.domain.person.contact import NOBODY, Contact
from app.domain.reasons import Reason
from app.domain.values import replace
from app.services.delivery.dispatch import Dispatch, SequentialDispatch, stops_batch
from app.services.delivery.lease import Lease
from app.services.delivery.senders.sender import Unpaced
from app.services.ports.clock import Clock
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store

CONTACTS_PER_SHOP_ROUND = 20
"""A panel takes two calls a second and needs several per customer: a round must not outlast patience."""


OVERLOAD_REST_SECONDS = 300.0


_ShopCommand = TypeVar("_ShopCommand", SetSubscription, MirrorTags, ReportErasure)


class ShopSender(Unpaced):
    """Newsletter states, tags and points for the shop. In order per person; a state is sent as it was decided."""

    contacts_per_claim = CONTACTS_PER_SHOP_ROUND

    def __init__(
        self,
        side: ShopSide,
        closed_shops: Collection[str],
        blocked_by_revocations_of: Collection[str],
        store: Store,
        clock: Clock,
        lock: str | None = None,
    ) -> None:
        self.lock = lock
        self._side = side
        self.closed_shops = closed_shops
        self.blocked_by_revocations_of = blocked_by_revocations_of
        self._store = store
        self._clock = clock

    def dispatch(self, claim: Claim) -> Dispatch:
        return SequentialDispatch(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]) -> None:
        sequential = [dispatch for dispatch in dispatches if isinstance(dispatch, SequentialDispatch)]
        if await self._should_wait(sequential, outcomes):
            return
        for dispatch in sequential:
            if not lease or not await self._send_group(dispatch, outcomes):
                return

    async def _should_wait(self, dispatches: Sequence[SequentialDispatch], outcomes: list[Outcome]) -> bool:
        """Tags are many and may wait until the panel says it can take them; what a person decided does not wait."""
        commands = [command.command for dispatch in dispatches for command in dispatch.claim.commands]
        if not all(map(_says_tags, commands)) or not await self._side.is_overloaded():
            return False
        answer = Answer(Throttled(OVERLOAD_REST_SECONDS), Call("system/serverLoad", self._clock(), 0, "throttled", "overloaded", 1))
        for dispatch in dispatches:
            dispatch.fail(answer)
        outcomes.append(answer.outcome)
        return True

    async def _send_group(self, dispatch: SequentialDispatch, outcomes: list[Outcome]) -> bool:
        """False when the shop's side as a whole takes nothing now."""
        person = await self._person(dispatch.claim.contact_id)
        left = self._leave_out_outdated(dispatch, person)
        mirrors = [command for command in dispatch.claim.commands if _says_tags(command.command)]
        for command in dispatch.claim.commands:
            if command.id in dispatch.given:
                continue
            if command in mirrors[:-1]:
                continue  # the newest says how all tags should be, and stands for the older ones
            answer = await self._ask(command.id, left.get(command.id, command.command), person)
            outcomes.append(answer.outcome)
            dispatch.answer(command, answer)
            if _says_tags(command.command):
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
        changes = [
            (one, said)
            for one in dispatch.claim.commands
            if (state := as_shop_state(one.command)) is not None and (said := _as_subscription(state)) is not None
        ]
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


def _as_called_now(command: _ShopCommand, person: Contact) -> _ShopCommand:
    """Under the address and the number the person has by now."""
    customer_id = real_id(person.customer_id) or real_id(command.customer_id)
    return replace(command, email=person.email or command.email, customer_id=customer_id)


def _as_subscription(state: ShopStateCommand) -> SetSubscription | None:
    match state:
        case SetSubscription():
            return state
        case MirrorTags():
            return None
        case _:
            assert_never(state)


def _says_tags(command: Command) -> bool:
    state = as_shop_state(command)
    return state is not None and _as_subscription(state) is None


def moves(command: Command, address: str) -> bool:
    """Does it rename a contact in SALESmanago from or to the address?"""
    upsert = as_upsert(command)
    return upsert is not None and upsert.new_email is not None and address in (upsert.email, upsert.new_email)


def _still_new(
    said: TimedStatus | None, at_shop: TimedStatus | None, queued_behind: Sequence[TimedStatus | None]
) -> TimedStatus | None:
    """None if the shop knows a newer act that was not sent from here: a newer one that was follows later in the queue."""
    outdated = (
        said is not None and at_shop is not None and at_shop != said and at_shop.supersedes(said) and at_shop not in queued_behind
    )
    return None if outdated else said
