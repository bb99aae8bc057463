"""What operators do: see what is parked and why, put it back to work, see how each destination is (R71)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.domain.commands import Command, as_event
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.destination import DestinationState
from app.domain.operations.audit import Action
from app.domain.operations.replay import ParkedCommand, ParkedFilter, ParkedGroup, again
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE, Sale, is_replaced, of_orders
from app.domain.reasons import Reason
from app.domain.values import replace
from app.observability.redaction import redacted
from app.services.operations.audit import note
from app.services.outbox.revocation import unsell
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

AT_A_TIME = 200
"""Commands per transaction: nobody who decides waits long for it."""

SHOWN = 20


@dataclass
class Replay:
    """What a replay does, or would do."""

    again: int = 0
    """Commands that are tried again."""
    decided_again: int = 0
    """Events over which the rules had failed."""
    closed: Counter[Reason] = field(default_factory=Counter)
    """Nothing is left of them, by reason."""
    held: int = 0
    """Of disabled shops: they stay as they are."""
    samples: list[tuple[str, str, Command | None]] = field(default_factory=list)
    """Some of them: shop, event id, and what would be sent; None where nothing is left."""


@dataclass(frozen=True)
class Line:
    """How it stands with one destination."""

    destination: str
    circuit: Circuit
    state: DestinationState
    calls_per_second: float | None
    """What is allowed at the moment; less than in the configuration after a complaint."""
    claims: int
    """On their way at the moment, in all processes."""
    waiting: int
    """Contacts for whom something waits."""
    next_try_at: datetime | None = None
    """When the first of them is tried; None if nothing waits, or if it is due by now."""
    is_disabled: bool = False
    """The shop is disabled, or every shop of the account: what waits stays, and nobody asks."""

    @property
    def takes_nothing(self) -> bool:
        """It is down, and something waits for it: see `DestinationState.takes_nothing`."""
        return self.waiting > 0 and self.circuit is not Circuit.CLOSED and not self.is_disabled


class Operations:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock, queued: Callable[[], None]) -> None:
        """`queued` is called when something may be sent or decided at once."""
        self._store = store
        self._directory = directory
        self._clock = clock
        self._queued = queued

    async def parked(self, wanted: ParkedFilter) -> list[ParkedGroup]:
        """By cause, the largest group first."""
        async with self._store.work() as work:
            return await work.parked.groups(wanted)

    async def preview(self, wanted: ParkedFilter) -> Replay:
        """What `replay` would do now. Changes nothing."""
        return await self._replay(wanted, for_real=False)

    async def replay(self, wanted: ParkedFilter) -> Replay:
        """Try again what is meant; what was true when it was parked and is no more is left out."""
        done = await self._replay(wanted, for_real=True)
        async with self._store.work() as work:
            words = ", ".join(filter(None, (wanted.reason and wanted.reason.value, wanted.words, wanted.event_id))) or "all"
            after = f"{done.again} sent again, {done.decided_again} decided again, {done.closed.total()} closed"
            await note(work, self._clock, Action.REPLAYED, wanted.shop_id, about=redacted(words), after=after)
            await work.commit()
        self._queued()
        return done

    async def _replay(self, wanted: ParkedFilter, *, for_real: bool) -> Replay:
        report, after = Replay(), 0
        async with self._store.work() as work:
            count = work.parked.decide_again if for_real else work.parked.undecided
            report.decided_again = await count(wanted, self._directory.closed_shops())
            await (work.commit() if for_real else _nothing())
        while True:
            async with self._store.work() as work:
                await work.inbox.lock_contacts()  # contacts are written by one at a time
                found = await work.parked.commands(wanted, after, AT_A_TIME)
                if not found:
                    return report
                await self._some(work, found, report, for_real=for_real)
                if for_real:
                    await work.commit()
            after = found[-1].id

    async def _some(self, work: Work, found: list[ParkedCommand], report: Replay, *, for_real: bool) -> None:
        now = self._clock()
        contact_ids = {one.contact_id for one in found}
        if for_real:
            await work.outbox.lock_contact_queues(contact_ids)
        people = {one.id: one for one in await work.contacts.by_ids(contact_ids)}
        took_over = {one.merged_into for one in people.values() if one.merged_into is not None}
        others = {one.id: one.contact for one in await work.contacts.by_ids(took_over)}
        sales = await self._sales(work, found)
        changed: dict[int, Contact] = {}
        sent: dict[int, Command] = {}
        closed: list[tuple[ParkedCommand, Reason]] = []
        for one in found:
            shop = self._directory.shop(one.shop_id)
            if shop is None or not shop.enabled:
                report.held += 1
                continue
            person = people[one.contact_id]
            contact = changed.get(one.contact_id, person.contact)
            other = others.get(person.merged_into or 0)
            try:
                outcome = again(one.command, contact, shop, now, other, replaced=_is_replaced(one, sales))
            except Exception:  # of ours, over this one; it stays parked (R73)
                log.exception("replay_failed", shop_id=one.shop_id, event_id=one.event_id)
                continue
            if len(report.samples) < SHOWN:
                report.samples.append((one.shop_id, one.event_id, outcome.command))
            if outcome.command is None:
                closed.append((one, outcome.reason or Reason.REPLACED))
                report.closed[outcome.reason or Reason.REPLACED] += 1
            else:
                sent[one.id] = outcome.command
                changed[one.contact_id] = outcome.contact
                report.again += 1
        if not for_real:
            return
        await work.contacts.save([replace(people[number], contact=contact) for number, contact in changed.items()], now)
        await work.parked.send_again(sent, found, now)
        for one, reason in closed:
            await work.parked.close([one.id], reason, now)
            if one.reason is Reason.REFUSED and reason is not Reason.ORDER_REPLACED:  # what was given up may have arrived
                await unsell(work, one.shop_id, [one.command], reason)
        for seq, reason in _ends(closed).items():
            await work.inbox.settle_parked(seq, now, reason)

    async def _sales(self, work: Work, found: Sequence[ParkedCommand]) -> dict[tuple[str, str], Sale]:
        """(shop, order) -> what became of it, for every order that a command names."""
        sales: dict[tuple[str, str], Sale] = {}
        for shop_id in {one.shop_id for one in found}:
            orders = of_orders([one.command for one in found if one.shop_id == shop_id])
            known = await work.sales.of_orders(shop_id, orders) if orders else {}
            sales |= {(shop_id, order): sale for order, sale in known.items()}
        return sales

    async def waiting(self, shop_id: str | None = None) -> list[Line]:
        """Every destination for which something waits. `shop_id`: where something of that shop does, and how much of it."""
        return [line for line in await self.lines(shop_id) if line.waiting]

    async def lines(self, shop_id: str | None = None) -> list[Line]:
        """Every destination that something ever went to. `shop_id`: those where something of that shop waits, and how much."""
        closed = shop_id is not None and shop_id in self._directory.closed_shops()
        async with self._store.work() as work:
            now = await work.now()
            known = await work.destinations.all()
            waiting = await work.outbox.waiting_contacts(shop_id)
            first_due = await work.outbox.first_due(shop_id)
            names = sorted(waiting if shop_id is not None else {*known, *waiting})
            claims = {destination: await work.leases.in_flight(destination, now) for destination in names}
        found = []
        for destination in names:
            state = known.get(destination, DestinationState())
            pace = state.pace
            rate = None if pace is None else pace.calls_per_second * pace.share(now.timestamp())
            rest = state.breaker.rest_until if destination in waiting else None
            later = [at for at in (first_due.get(destination), rest) if at is not None and at > now]
            found.append(
                Line(
                    destination,
                    state.breaker.state(now),
                    state,
                    rate,
                    claims[destination].claims,
                    waiting.get(destination, 0),
                    max(later, default=None),
                    is_disabled=closed or self._directory.is_disabled(destination),
                )
            )
        return found


def _is_replaced(one: ParkedCommand, sales: Mapping[tuple[str, str], Sale]) -> bool:
    event = as_event(one.command)
    return event is not None and is_replaced(event, one.event_seq, sales.get((one.shop_id, event.external_id), NO_SALE))


def _ends(closed: Sequence[tuple[ParkedCommand, Reason]]) -> dict[int, Reason]:
    """Why nothing of an event was sent: that something newer carries its facts says least."""
    ends: dict[int, Reason] = {}
    for one, reason in closed:
        if one.counted and ends.get(one.event_seq, Reason.REPLACED) is Reason.REPLACED:
            ends[one.event_seq] = reason
    return ends


async def _nothing() -> None:
    return None
