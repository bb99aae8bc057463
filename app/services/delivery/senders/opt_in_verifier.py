"""Reads in SALESmanago whether an opt-in that a callback claims is true, before it counts (R55)."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import assert_never

from app.domain.commands import ConfirmOptIn, ConfirmOptOut, Question, as_question, as_reported_opt_out
from app.domain.delivery.answers import Answer, without_call
from app.domain.delivery.outbox import Claim, WaitingCommand, to_account
from app.domain.delivery.outcomes import Delivered, NotNeeded, Outcome, Waits
from app.domain.delivery.verify import RemoteContact, tells_of_email
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved
from app.domain.intake import gateway_events
from app.domain.reasons import Reason
from app.domain.salesmanago_limits import CONTACTS_PER_READ
from app.services.delivery.batched_reads import read_in_batches
from app.services.delivery.dispatch import Dispatch, SequentialDispatch, opted_out, stops_batch
from app.services.delivery.lease import Lease
from app.services.delivery.senders.sender import Unpaced
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.storage import Store, Work

_Asked = tuple[SequentialDispatch, WaitingCommand, Question]


class OptInVerifier(Unpaced):
    """What a callback claims is read in SALESmanago's own record before it is believed (R55)."""

    contacts_per_claim = CONTACTS_PER_READ
    lock: str | None = None
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

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]) -> None:
        ours = [dispatch for dispatch in dispatches if isinstance(dispatch, SequentialDispatch)]
        asked = [
            (dispatch, command, question)
            for dispatch in ours
            for command in dispatch.claim.commands
            if (question := as_question(command.command)) is not None
        ]
        clear = await self._without_status_under_way(asked)
        async for some, seen in read_in_batches(self._upstream.statuses, clear, lambda one: (one[2].email,), lambda: bool(lease)):
            outcomes.append(seen.answer.outcome)
            for dispatch, command, wanted in some:
                self._judge(dispatch, command, wanted, seen.answer, seen.contacts.get(wanted.email))
            if stops_batch(seen.answer.outcome):
                return

    async def _without_status_under_way(self, asked: Sequence[_Asked]) -> list[_Asked]:
        """While something of the person is on its way there, from whichever shop, what SALESmanago shows confirms nothing.

        An opt-in has to wait then. An opt-out counts: what was sent since it was reported may have overwritten it in SALESmanago.
        """
        now, clear = self._clock(), list[_Asked]()
        unclear = without_call(Waits("data of this person are still on their way to SALESmanago"), now)
        confirmed = without_call(Delivered(detail="it counts: data of the person were sent since"), now)
        destination, theirs = to_account(self._account_id), defaultdict[str, set[int]](set)
        async with self._store.work() as work:
            for one in await work.contacts.in_shops(self._shops, {wanted.email for _, _, wanted in asked}):
                theirs[one.contact.email].add(one.id)
            everybody = {dispatch.claim.contact_id for dispatch, _, _ in asked}.union(*theirs.values())
            moving = await self._with_status_under_way(work, everybody, now)
            reported = [wanted.at for _, _, wanted in asked if as_reported_opt_out(wanted) is not None]
            settled_at = await work.outbox.last_settled(destination, everybody, min(reported)) if reported else {}
        for dispatch, command, wanted in asked:
            person = {dispatch.claim.contact_id} | theirs[wanted.email]
            may_be_read = moving.isdisjoint(person)
            match wanted:
                case ConfirmOptIn():
                    if may_be_read:
                        clear.append((dispatch, command, wanted))
                    else:
                        dispatch.answer(command, unclear)
                case ConfirmOptOut():
                    if may_be_read and not any(settled_at[one] >= wanted.at for one in person & settled_at.keys()):
                        clear.append((dispatch, command, wanted))
                    else:
                        dispatch.new_events.append(opted_out(dispatch.claim, command.id, wanted))
                        dispatch.answer(command, confirmed)
                case _:
                    assert_never(wanted)
        return clear

    async def _with_status_under_way(self, work: Work, contact_ids: Collection[int], now: datetime) -> set[int]:
        """Contacts with a command that waits, or was just sent, and changes their e-mail status in SALESmanago."""
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
                dispatch.new_events.append(
                    gateway_events.gateway_event(dispatch.claim.shop_id, "opt-in-confirmed", confirmed, event_id)
                )
                dispatch.answer(command, answer)
            case ConfirmOptIn():
                dispatch.answer(command, Answer(NotNeeded(Reason.OPT_IN_NOT_CONFIRMED), answer.call))
            case ConfirmOptOut() if is_opted_in:
                dispatch.answer(command, Answer(NotNeeded(Reason.OPT_OUT_NOT_CONFIRMED), answer.call))
            case ConfirmOptOut():
                dispatch.new_events.append(opted_out(dispatch.claim, command.id, wanted))
                dispatch.answer(command, answer)
            case _:
                assert_never(wanted)
