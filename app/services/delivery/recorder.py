"""What became of calls is written down: together, else each by itself, and nothing an answer says holds up others (R73)."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat

import structlog

from app.domain.commands import Command, as_question, is_deletion, is_for_the_shop
from app.domain.decisions.changes.salesmanago_changes import repeat_opt_out
from app.domain.delivery.answers import Attempted, addressed_as_before
from app.domain.delivery.circuit_breaker import CLOSED, Breaker
from app.domain.delivery.outbox import ContactQueue, NewCommand, upserts_among
from app.domain.delivery.outcomes import LONGEST_DELAY, Outcome, is_done, name_of
from app.domain.errors import NotReady
from app.domain.intake.endings import endings
from app.domain.intake.inbox import EventState, NewEvent
from app.domain.values import replace
from app.services.delivery.dispatch import Dispatch, failures
from app.services.delivery.lease import Lease
from app.services.outbox.manual_tasks import replace_older
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

RECORD_AGAIN_SECONDS = (0.1, 0.5, 2.0)
"""Between one try to record and the next; the last of them again and again."""


class Recorder:
    """`notify_planner` is called when an answer brought events."""

    def __init__(self, store: Store, clock: Clock, jitter: Callable[[], float], notify_planner: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._jitter = jitter
        self._notify_planner = notify_planner

    async def record(self, destination: str, dispatches: Sequence[Dispatch], lease: Lease, *, is_down: bool) -> None:
        """Everything together; should that fail, each by itself: what one answer says holds up nobody else (R73).

        `is_down`: the destination did not answer before either.
        """
        now = self._clock()
        judged = [self._ended(dispatch, now, is_down=is_down) for dispatch in dispatches]
        attempted = [one for one, _ in judged]
        try:
            await self._kept(destination, attempted, {one.claim.contact_id: news for one, news in judged}, now, lease)
        except NotReady:
            raise
        except Exception:
            log.exception("recording_failed", destination=destination, contacts=len(judged))
            for one, news in judged:
                await self._recorded_alone(destination, one, news, now, lease)

    def _ended(self, dispatch: Dispatch, now: datetime, *, is_down: bool) -> tuple[Attempted, list[NewEvent]]:
        try:
            attempted = dispatch.judged(now, self._jitter(), is_down=is_down)
            return attempted, dispatch.news(attempted)
        except Exception as error:
            log.exception("judging_failed", contact_id=dispatch.claim.contact_id)
            untried = Attempted(dispatch.claim, (), now, 0, None, now)
            return untried.not_recorded(type(error).__name__), []

    async def _recorded_alone(self, destination: str, one: Attempted, news: list[NewEvent], now: datetime, lease: Lease) -> None:
        """As it is; without the text of the answer; parked. Whatever the store refuses, the call is not repeated at once."""
        failure = None
        for form in (one, one.without_words()):
            failure = await self._failure_to_keep(destination, form, news, now, lease)
            if failure is None:
                return
        parked = one.not_recorded(type(failure).__name__)
        if await self._failure_to_keep(destination, parked, [], now, lease) is None:
            return
        log.error("answer_lost", destination=destination, contact_id=one.claim.contact_id)
        async with self._store.work() as work:
            await work.leases.put_off(one.claim.contact_queue, one.claim.lease_token, now + LONGEST_DELAY)
            await work.commit()

    async def _failure_to_keep(
        self, destination: str, one: Attempted, news: list[NewEvent], now: datetime, lease: Lease
    ) -> Exception | None:
        try:
            await self._kept(destination, [one], {one.claim.contact_id: news}, now, lease)
        except NotReady:
            raise
        except Exception as error:
            log.exception("answer_not_recorded", destination=destination, contact_id=one.claim.contact_id)
            return error
        return None

    async def _kept(
        self,
        destination: str,
        attempted: Sequence[Attempted],
        news: Mapping[int, list[NewEvent]],
        now: datetime,
        lease: Lease,
    ) -> None:
        """The calls are made: their answers are kept until they are stored, or until the next claim verifies first."""
        for pause in chain(RECORD_AGAIN_SECONDS, repeat(RECORD_AGAIN_SECONDS[-1])):
            try:
                await self._recorded_together(destination, attempted, news, now)
                return
            except NotReady:
                if not lease:
                    raise
            await asyncio.sleep(pause)

    async def _recorded_together(
        self, destination: str, attempted: Sequence[Attempted], news: Mapping[int, list[NewEvent]], now: datetime
    ) -> None:
        async with self._store.work() as work:
            lost = await work.results.record(attempted, destination, now)
            kept = [one for one in attempted if one.claim.contact_id not in lost]
            ended = endings(kept)
            await work.inbox.commands_settled(ended.delivered, now)
            await work.inbox.drop(ended.dropped, now)
            for reason, parked in ended.parked.items():
                await work.inbox.mark(parked, EventState.PARKED, reason, now)
            for one in kept:
                await replace_older(work, one.claim.contact_queue, one.shop_states(), now)
            await self._repeat_opt_outs(work, destination, [one for one in kept if one.opt_ins_sent()], now)
            events = [event for one in kept for event in news[one.claim.contact_id]]
            await work.inbox.add(events, now)
            forgot = False
            for one in kept:
                if any(is_deletion(try_.command.command) and is_done(try_.verdict) for try_ in one.tried):
                    await work.outbox.scrub(one.claim.contact_id, "erased")
                    forgot = True
                if readdressed := one.readdressed():
                    await work.outbox.rewrite(one.claim.contact_queue, readdressed, [], now)
                if kept_names := one.not_renamed():
                    await self._address_as_before(work, one.claim.contact_queue, kept_names, now)
            forgot = await self._forget_erased(work, kept) or forgot
            await work.commit()
        if forgot:
            await self._store.remove_leftovers()
        if lost:
            log.warning("lease_lost", destination=destination, contacts=len(lost))
        if events:
            self._notify_planner()
        self._report(destination, attempted)

    async def _address_as_before(self, work: Work, contact_queue: ContactQueue, names: Mapping[str, str], now: datetime) -> None:
        """SALESmanago refused a rename: what waits behind it goes to the contact that is there, and makes no twin (R72)."""
        waiting = (await work.outbox.waiting(contact_queue.destination, [contact_queue.contact_id])).get(
            contact_queue.contact_id, []
        )
        await work.outbox.rewrite(contact_queue, addressed_as_before(waiting, names), [], now)

    async def _repeat_opt_outs(self, work: Work, destination: str, with_opt_in: Sequence[Attempted], now: datetime) -> None:
        """An opt-in arrived although meanwhile an opt-out was learned, from a callback or another shop of the account.

        Which of the two SALESmanago applied last is not known, so the opt-out is sent once more (I6). An opt-out that waits in
        the same contact queue comes after the opt-in anyway.
        """
        if not with_opt_in:
            return
        contacts = [one.claim.contact_id for one in with_opt_in]
        waiting = await work.outbox.waiting(destination, contacts)
        shops = {one.claim.contact_id: (one.claim.shop_id, one.opt_ins_sent()[-1].event_seq) for one in with_opt_in}
        arrived = {one.claim.contact_id: upserts_among(one.opt_ins_sent()) for one in with_opt_in}
        for person in await work.contacts.by_ids(contacts):
            behind = upserts_among(waiting.get(person.id, ()))
            again = repeat_opt_out(person.contact, behind, arrived[person.id])
            if again is not None:
                shop_id, seq = shops[person.id]
                await work.outbox.queue([NewCommand(destination, shop_id, person.id, seq, again, counted=False)], now)

    async def _forget_erased(self, work: Work, kept: Sequence[Attempted]) -> bool:
        """Erased while a change for the shop was in flight: what is settled now must not keep the address either."""
        named = [one.claim.contact_id for one in kept if _is_of_the_shop_or_asks(one.claim.commands[0].command)]
        erased = [person for person in await work.contacts.by_ids(named) if person.erased_hash is not None] if named else []
        for person in erased:
            await work.outbox.scrub(person.id, person.erased_hash or "")
        return bool(erased)

    async def note_health(self, destination: str, before: Breaker, outcomes: Sequence[Outcome]) -> None:
        """When a destination throttles or cannot be reached, no further call is spent on finding that out again."""
        trouble = failures(outcomes)
        if before == CLOSED and not trouble:
            return  # nothing has changed
        with contextlib.suppress(NotReady):  # what is not noted now is found out again
            async with self._store.work() as work:
                state = await work.destinations.locked(destination)
                now = await work.now()
                if outcomes:
                    breaker = state.breaker.failed(trouble, now, self._jitter()) if trouble else CLOSED
                else:
                    breaker = state.breaker.not_probed(before)
                await work.destinations.save(destination, replace(state, breaker=breaker))
                await work.commit()
            if breaker.rest_until is None:
                log.info("destination_is_back", destination=destination)
            elif outcomes:
                seconds = (breaker.rest_until - now).total_seconds()
                log.info("destination_rests", destination=destination, seconds=seconds, cause=breaker.cause)

    def _report(self, destination: str, attempted: Sequence[Attempted]) -> None:
        counted = Counter(name_of(try_.outcome) for one in attempted for try_ in one.tried)
        log.info("delivered", destination=destination, contacts=len(attempted), **counted)


def _is_of_the_shop_or_asks(command: Command) -> bool:
    return is_for_the_shop(command) or as_question(command) is not None
