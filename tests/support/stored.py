"""Plain values to store: a valid default, say only what matters."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.domain.commands import Command, UpsertContact
from app.domain.delivery.answers import Attempted, Call, Tried
from app.domain.delivery.outbox import Claim, NewCommand, WaitingCommand
from app.domain.delivery.outcomes import Delivered, Done, Outcome, RetryAt, Unreachable, Verdict
from app.domain.events import Event, Subscribed, Unsubscribed
from app.domain.intake.inbox import InboxEvent, NewEvent
from app.storage.unit_of_work import Store

T0 = datetime(2026, 11, 23, 12, 0, 0, 123457, tzinfo=UTC)
SHOP = "shop1"
ACCOUNT = "main"
LEASE = timedelta(seconds=60)


def after(**duration: float) -> datetime:
    return T0 + timedelta(**duration)


def subscribed(email: str = "jan@example.pl", at: datetime = T0) -> Subscribed:
    return Subscribed(at=at, email=email)


def unsubscribed(email: str = "jan@example.pl", at: datetime = T0) -> Unsubscribed:
    return Unsubscribed(at=at, email=email, confirmed=True)


def new_event(
    event_id: str,
    event: Event | None = None,
    *,
    shop: str = SHOP,
    digest: str = "d",
    warnings: tuple[str, ...] = (),
    held: bool = False,
    kind: str = "subscription",
) -> NewEvent:
    return NewEvent(shop, event_id, kind, event or subscribed(), digest, warnings, held)


async def stored(store: Store, *events: NewEvent, at: datetime = T0) -> list[InboxEvent]:
    """Put events into the inbox; answers what is due then."""
    async with store.work() as work:
        await work.inbox.add(events, at)
        await work.commit()
    return await due(store)


async def due(store: Store, limit: int = 1000, max_bytes: int = 1 << 20) -> list[InboxEvent]:
    async with store.work() as work:
        events, unreadable = await work.inbox.due(limit, max_bytes)
        assert unreadable == []
        return events


def upsert(email: str = "jan@example.pl", **said: object) -> UpsertContact:
    return UpsertContact(email=email, **said)  # type: ignore[arg-type]


def a_command(
    contact: int = 1, command: Command | None = None, *, seq: int = 1, shop: str = SHOP, account: str = ACCOUNT
) -> NewCommand:
    return NewCommand(account, shop, contact, seq, command or upsert(f"c{contact}@example.pl"))


async def queued(store: Store, *commands: NewCommand, at: datetime = T0) -> None:
    async with store.work() as work:
        await work.outbox.queue(commands, at)
        await work.commit()


async def claimed(
    store: Store, at: datetime = T0, *, limit: int = 100, closed: Sequence[str] = (), account: str = ACCOUNT
) -> list[Claim]:
    async with store.work() as work:
        claims = await work.leases.claim(account, closed, limit, at, LEASE)
        await work.commit()
    return claims


async def waiting(store: Store, *contacts: int) -> dict[int, list[WaitingCommand]]:
    async with store.work() as work:
        return await work.outbox.waiting(ACCOUNT, contacts)


def a_call(at: datetime = T0, detail: str = "fine") -> Call:
    return Call("/api/contact/upsert", at, 12, "delivered", detail, 1)


def tried(
    command: WaitingCommand, verdict: Verdict | None = None, outcome: Outcome | None = None, call: Call | None = None
) -> Tried:
    return Tried(command, outcome or Delivered(), verdict or Done(), call or a_call())


def again(command: WaitingCommand, at: datetime, *, verify_first: bool = False) -> Tried:
    return tried(command, RetryAt(at, verify_first), Unreachable("down"))


def attempted(claim: Claim, *ends: Tried, due_at: datetime | None = None, at: datetime = T0, progressed: bool = True) -> Attempted:
    failing, since = (0, None) if progressed else (claim.attempts + 1, claim.first_tried_at or at)
    return Attempted(claim, ends, due_at or at, failing, since, at)


async def recorded(store: Store, *ends: Attempted, at: datetime = T0) -> set[int]:
    async with store.work() as work:
        lost = await work.results.record(ends, ACCOUNT, at)
        await work.commit()
    return lost
