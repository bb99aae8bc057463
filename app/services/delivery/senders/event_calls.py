"""External events on their way to SALESmanago: in the order of each contact, and versions of an order (R18, I5)."""

from collections.abc import Sequence

from app.domain.commands import EventKind
from app.domain.delivery.answers import Answer, without_call
from app.domain.delivery.coalesce import purchases_travel_alone, travels_alone
from app.domain.delivery.outcomes import Delivered, NotNeeded, is_of_the_item
from app.domain.delivery.verify import (
    tells_the_same,
    versions_shown,
)
from app.domain.reasons import Reason
from app.domain.salesmanago_limits import EVENTS_PER_CALL
from app.domain.values import replace
from app.services.delivery.batched_reads import read_in_batches
from app.services.delivery.contact_dispatch import ContactDispatch
from app.services.delivery.dispatch import is_refused_whole
from app.services.delivery.senders.calls import Calls, not_sent


class EventCalls(Calls):
    """Events follow their contact."""

    async def _send_events(self, dispatches: Sequence[ContactDispatch]) -> None:
        """Events follow their contact, in its order: in each step every contact sends its next run of like events."""
        for dispatch in dispatches:
            dispatch.drop_expired(self._now)
        queues = [(dispatch, dispatch.to_send) for dispatch in dispatches]
        leaving = [dispatch.bundle.events[at] for dispatch, positions in queues for at in positions]
        purchases = sum(event.kind is EventKind.PURCHASE for event in leaving)
        alone = purchases_travel_alone(purchases, is_behind=self._is_behind)
        while queues := [(dispatch, positions) for dispatch, positions in queues if positions and dispatch.events_may_go]:
            if self._halted:
                return
            singles: list[tuple[ContactDispatch, int]] = []
            together: list[tuple[ContactDispatch, int]] = []
            for dispatch, positions in queues:
                if travels_alone(dispatch.bundle.events[positions[0]], purchases_alone=alone):
                    singles.append((dispatch, positions.pop(0)))
                    continue
                while positions and not travels_alone(dispatch.bundle.events[positions[0]], purchases_alone=alone):
                    together.append((dispatch, positions.pop(0)))
            for one in singles:
                await self._send_event_batch([one])
            for start in range(0, len(together), EVENTS_PER_CALL):
                await self._send_event_batch(together[start : start + EVENTS_PER_CALL])

    async def _send_event_batch(self, batch: list[tuple[ContactDispatch, int]]) -> None:
        """What a contact could not send in an earlier batch holds back its later events, and only its own (I5)."""
        batch = await self._allowed([(dispatch, at) for dispatch, at in batch if dispatch.events_may_go])
        if not batch:
            return
        if len(batch) == 1:
            await self._send_event(*batch[0])
            return
        answers = await self._upstream.add_events([dispatch.bundle.events[at] for dispatch, at in batch])
        if is_refused_whole([answer.outcome for answer in answers]):
            self._noted(answers[0])
            half = len(batch) // 2
            await self._send_event_batch(batch[:half])
            await self._send_event_batch(batch[half:])
            return
        for (dispatch, at), answer in zip(batch, answers, strict=True):
            dispatch.events[at] = self._noted(answer)

    async def _send_event(self, dispatch: ContactDispatch, at: int) -> None:
        """A newer state overwrites its event; where that is gone or refused, it becomes an event of its own (U30)."""
        event = dispatch.bundle.events[at]
        if event.is_update:
            await self._update_order(dispatch, at)
            return
        if event.overwrites is not None:
            answer = self._noted(await self._upstream.update_event(event))
            if not is_of_the_item(answer.outcome):
                dispatch.events[at] = answer
                return
            if not await self._allowed([(dispatch, at)]):
                return
        dispatch.events[at] = self._noted(await self._upstream.add_event(replace(event, overwrites=None)))

    async def _check_for_gone(self, refused: Sequence[ContactDispatch]) -> None:
        """What an event is refused for, its words do not say for sure; whether the contact is there can be seen (contract U17)."""
        named = {id(dispatch): dispatch.bundle.events[dispatch.refused_events[0]].email for dispatch in refused}
        async for some, seen in read_in_batches(
            self._upstream.statuses, refused, lambda dispatch: (named[id(dispatch)],), lambda: not self._halted
        ):
            if isinstance(seen.answer.outcome, Delivered):
                for dispatch in some:
                    if named[id(dispatch)] not in seen.contacts:
                        dispatch.missed = seen.answer

    async def _update_order(self, dispatch: ContactDispatch, at: int) -> None:
        """The newest version of an order that was sent: its one event is changed, or it says why not (R18, contract 2.11, 3.5).

        Where its id is not known, or is refused, what SALESmanago shows decides: only where no purchase of the order stands there,
        and we know that we sent one, is there a new one.
        """
        event, known = dispatch.bundle.events[at], dispatch.id_of_purchase(at)
        refused: Answer | None = None
        if known is not None:
            answer = self._noted(await self._upstream.update_event(replace(event, overwrites=known)))
            if not is_of_the_item(answer.outcome):
                dispatch.events[at] = answer
                return
            refused = answer
        if self._halted or not await self._allowed([(dispatch, at)]):
            return
        seen = await self._upstream.look_up({event.email})
        if not isinstance(seen.answer.outcome, Delivered):
            dispatch.events[at] = not_sent(seen.answer if is_of_the_item(seen.answer.outcome) else self._noted(seen.answer))
            return
        shown = versions_shown(event, seen.contacts)
        named = next((one.id for one in shown if one.id is not None and one.id != known), None)
        if named is None and at in dispatch.unsure and any(tells_the_same(one, event) for one in shown):
            dispatch.found.add(at)
            return
        if named is None and (shown or not event.newer_than):
            dispatch.events[at] = refused or without_call(NotNeeded(Reason.ORDER_NOT_UPDATABLE), self._now)
            return
        if not await self._allowed([(dispatch, at)]):
            return
        if named is not None:
            dispatch.events[at] = self._noted(await self._upstream.update_event(replace(event, overwrites=named)))
        else:
            anew = replace(event, is_update=False, newer_than=(), overwrites=None)
            dispatch.events[at] = self._noted(await self._upstream.add_event(anew))
