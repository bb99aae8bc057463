"""Send dispatches to SALESmanago: verify unknown outcomes, then upserts, events, deletions. Bulk upserts go last."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.commands import UpsertContact
from app.domain.delivery.answers import Answer, LookupResult
from app.domain.delivery.coalesce import CoalescedCommands, asks, within_limits
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown, Unreachable, is_of_the_item, message_of
from app.domain.delivery.revocation import opt_outs_of
from app.domain.delivery.verify import (
    addresses,
    asks_first,
    is_renamed,
    still_missing,
    without_opt_ins,
    without_opt_outs,
)
from app.domain.salesmanago_limits import UPSERTS_PER_CALL
from app.domain.values import replace
from app.services.delivery.batched_reads import Read, read_in_batches
from app.services.delivery.contact_dispatch import ContactDispatch
from app.services.delivery.dispatch import is_delivered
from app.services.delivery.lease import Lease
from app.services.delivery.senders.calls import Interrupted, not_sent
from app.services.delivery.senders.event_calls import EventCalls
from app.services.ports.salesmanago import Upstream


async def send(
    upstream: Upstream,
    dispatches: Sequence[ContactDispatch],
    now: datetime,
    lease: Lease,
    interrupted: Interrupted,
    outcomes: list[Outcome],
    *,
    is_behind: bool,
) -> None:
    """Fill in the outcome of each part of the dispatches; parts that were not tried stay without an answer.

    `outcomes`: those that count for the circuit breaker. Reads that succeeded or were refused per contact are left out: who can be
    read may still take nothing.
    """
    await _Sending(upstream, now, lease, interrupted, outcomes, is_behind=is_behind).send(dispatches)


class _Sending(EventCalls):
    """One round of calls: contacts, then their events, then deletions."""

    async def send(self, dispatches: Sequence[ContactDispatch]) -> None:
        for quiet in (False, True):  # bulk items go last, in calls of their own
            await self._send_alike([dispatch for dispatch in dispatches if dispatch.is_quiet is quiet])

    async def _send_alike(self, dispatches: Sequence[ContactDispatch]) -> None:
        await self._verify_unknown(dispatches)
        await self._check_old_opt_ins([dispatch for dispatch in dispatches if dispatch.may_go])
        await self._send_upserts([dispatch for dispatch in dispatches if dispatch.may_go])
        await self._send_events([dispatch for dispatch in dispatches if dispatch.upsert_settled])
        await self._check_for_gone([dispatch for dispatch in dispatches if dispatch.refused_events])
        for dispatch in dispatches:
            await self._delete(dispatch)

    async def _verify_unknown(self, dispatches: Sequence[ContactDispatch]) -> None:
        """R28: tags, renames and events with unknown outcome are read back, and only what is missing is sent."""
        unsure = [dispatch for dispatch in dispatches if any(one.maybe_sent for one in dispatch.claim.commands)]
        for dispatch, seen in await self._read(self._upstream.look_up, [one for one in unsure if not one.bundle.deletions]):
            if not isinstance(seen.answer.outcome, Delivered):
                # An address that cannot be looked up is refused with what is for it.
                dispatch.stopped = seen.answer if is_of_the_item(seen.answer.outcome) else not_sent(seen.answer)
                continue
            theirs = {email: seen.contacts[email] for email in addresses(dispatch.bundle) if email in seen.contacts}
            missing = still_missing(dispatch.bundle, theirs)
            dispatch.found = {at for at, event in enumerate(dispatch.bundle.events) if event not in missing.events}
            dispatch.bundle = CoalescedCommands(missing.upsert, dispatch.bundle.events)

    async def _check_old_opt_ins(self, dispatches: Sequence[ContactDispatch]) -> None:
        """An opt-out in SALESmanago that is not known here supersedes an old opt-in, or one that had to wait (R06).

        So does an opt-in in SALESmanago supersede an opt-out that it had already while the command waited.
        """
        old = [
            dispatch
            for dispatch in dispatches
            if dispatch.bundle.upsert is not None and asks_first(dispatch.bundle.upsert, self._now)
        ]
        for dispatch, seen in await self._read(self._upstream.statuses, old):
            left = dispatch.bundle.upsert
            if not isinstance(seen.answer.outcome, Delivered) or left is None:
                dispatch.stopped = not_sent(seen.answer)
                continue
            shown = [seen.contacts[email] for email in (left.email, left.address_after) if email in seen.contacts]
            for one in shown:  # a renamed contact takes over what stands there
                left = without_opt_ins(left, one, self._now)
            dispatch.leave_out_opt_ins(left, self._now)
            for one in shown:
                left = without_opt_outs(left, one)
            dispatch.bundle = replace(dispatch.bundle, upsert=left)

    async def _read(self, read: Read, dispatches: Sequence[ContactDispatch]) -> list[tuple[ContactDispatch, LookupResult]]:
        """Each with what was seen of it. Of whom nothing could be seen in this round, nothing leaves in it."""
        readings = list[tuple[ContactDispatch, LookupResult]]()
        for dispatch in dispatches:
            dispatch.interrupted = True
        async for some, seen in read_in_batches(
            read, dispatches, lambda dispatch: addresses(dispatch.bundle), lambda: not self._halted
        ):
            if not isinstance(seen.answer.outcome, Delivered) and not is_of_the_item(seen.answer.outcome):
                self._noted(seen.answer)
            for dispatch in some:
                dispatch.interrupted = False
                readings.append((dispatch, seen))
        return readings

    async def _send_upserts(self, dispatches: Sequence[ContactDispatch]) -> None:
        waiting = []
        for dispatch in dispatches:
            dispatch.upsert_settled = dispatch.bundle.upsert is None and not dispatch.bundle.deletions
            if dispatch.bundle.upsert is not None:
                waiting.append((dispatch, list(within_limits(dispatch.bundle.upsert))))
        while waiting and not self._halted:
            step = [(dispatch, parts.pop(0)) for dispatch, parts in waiting]
            for dispatch, _ in step:
                dispatch.upsert = None  # what an earlier part came to is no answer to this one
            for start in range(0, len(step), UPSERTS_PER_CALL):
                await self._send_upsert_batch(step[start : start + UPSERTS_PER_CALL])
            for dispatch, parts in waiting:
                dispatch.upsert_settled = is_delivered(dispatch.upsert) and not parts
                if parts and dispatch.upsert is not None and is_delivered(dispatch.upsert):
                    dispatch.arrived.append(dispatch.upsert)
            waiting = [(dispatch, parts) for dispatch, parts in waiting if parts and is_delivered(dispatch.upsert)]

    async def _send_upsert_batch(self, batch: list[tuple[ContactDispatch, UpsertContact]]) -> None:
        """Single when there is one, one job under backlog; a refused batch is halved until the culprit stands alone.

        Only a job can be sent without triggering automations (contract 2.2), so a quiet upsert is sent as one even alone.
        """
        alone = [_travels_alone(part) for _, part in batch]
        if any(alone) and len(batch) > 1:
            await self._send_upsert_batch([one for one, is_alone in zip(batch, alone, strict=True) if not is_alone])
            for one in (one for one, is_alone in zip(batch, alone, strict=True) if is_alone):
                await self._send_upsert_batch([one])
            return
        batch = await self._allowed(batch)
        if not batch:
            return
        if len(batch) == 1 and not batch[0][1].quiet:
            dispatch, part = batch[0]
            dispatch.upsert = self._noted(await self._upstream.upsert(part))
            await self._send_opt_outs_alone(dispatch, part)
            return
        answer = self._noted(await self._upstream.upsert_many([part for _, part in batch]))
        if len(batch) > 1 and is_of_the_item(answer.outcome):
            half = len(batch) // 2
            await self._send_upsert_batch(batch[:half])
            await self._send_upsert_batch(batch[half:])
            return
        for dispatch, _ in batch:
            dispatch.upsert = answer
        if is_delivered(answer):
            await self._read_back([(dispatch, part) for dispatch, part in batch if part.new_email is not None])
        for dispatch, part in batch:
            await self._send_opt_outs_alone(dispatch, part)

    async def _read_back(self, renames: Sequence[tuple[ContactDispatch, UpsertContact]]) -> None:
        """A rename that travelled in a job is believed only when SALESmanago shows it (R72)."""
        async for some, seen in read_in_batches(self._upstream.statuses, renames, lambda one: (one[1].email, one[1].address_after)):
            for dispatch, part in some:
                if not isinstance(seen.answer.outcome, Delivered):
                    words = f"not known whether it was renamed: {message_of(seen.answer.outcome)}"
                    dispatch.upsert = replace(seen.answer, outcome=Unknown(words))
                elif not is_renamed(part, seen.contacts):
                    dispatch.upsert = replace(seen.answer, outcome=Refused("the job ended, and the contact was not renamed"))

    async def _send_opt_outs_alone(self, dispatch: ContactDispatch, refused: UpsertContact) -> None:
        """What was refused may have been any of it: a resignation does not wait for the rest to be mended (R06a)."""
        opt_outs = opt_outs_of(refused)
        if opt_outs is None or opt_outs == refused or dispatch.upsert is None or not is_of_the_item(dispatch.upsert.outcome):
            return
        dispatch.opt_outs = _not_sent_at_all(dispatch.upsert)
        if await self._allowed([(dispatch, opt_outs)]):
            dispatch.opt_outs = self._noted(await self._upstream.upsert(opt_outs))

    async def _delete(self, dispatch: ContactDispatch) -> None:
        for deletion in dispatch.bundle.deletions:
            if self._halted:
                return
            dispatch.deletion = self._noted(await self._upstream.delete(deletion))
            if not is_delivered(dispatch.deletion):
                return


def _travels_alone(upsert: UpsertContact) -> bool:
    """A job reports nothing of its items, and a rename may be refused (R72); asking for the opt-in concerns a whole job (B6)."""
    return (upsert.new_email is not None and not upsert.quiet) or asks(upsert)


def _not_sent_at_all(refused: Answer) -> Answer:
    """Until the call is made: it certainly did not leave."""
    return replace(refused, outcome=Unreachable("the opt-out was not sent on its own"))
