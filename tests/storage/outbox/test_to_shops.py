"""What changes for shops need of the store, on either database: contact queues per destination, manual tasks, locks."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.domain.commands import Command, ConfirmOptIn, MirrorTags, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outbox import ContactQueue, NewCommand
from app.domain.delivery.outcomes import Delivered, Drop, NeedsPerson, Park, RetryAt
from app.domain.delivery.revocation import Revocation
from app.domain.event_parts import Evidence
from app.domain.intake.endings import Dropped
from app.domain.intake.inbox import EventState, Settlement
from app.domain.panel_tags import PanelTags
from app.domain.person.consent_ledger import GENESIS, ActKind, Entry, Matter, details_of, digest_of_details, is_intact
from app.domain.reasons import Reason
from app.storage.engine import codec, migrations
from app.storage.engine.database import Database
from app.storage.engine.tables import calls, consents, contact_queues, inbox, outbox
from app.storage.unit_of_work import Store
from tests.support.stored import SHOP, T0, a_call, after, attempted, claimed, new_event, queued, stored, tried, upsert

ACCOUNT, READING, NEWS, TAGS = "account:main", "reading:main", "newsletter:shop1", "tags:shop1"
JAN = "jan@example.pl"
BY_HAND = Park(Reason.NO_ACCOUNT_IN_PANEL)


def subscription(email: str = JAN, status: Status = Status.OPT_OUT) -> SetSubscription:
    return SetSubscription(email=email, email_news=TimedStatus(status, T0))


def mirror(email: str = JAN) -> MirrorTags:
    return MirrorTags(email=email, tags=PanelTags(points={"koszyk": 7}, sections=("obuwie",), gone=("menu1",), complete=True))


def to(
    destination: str, command: Command | None = None, *, contact: int = 1, seq: int = 1, shop: str = SHOP, counted: bool = True
) -> NewCommand:
    kinds = {"newsletter": subscription, "tags": mirror, "account": upsert}
    made = command or kinds[destination.partition(":")[0]]()
    return NewCommand(destination, shop, contact, seq, made, counted)


async def ended(store: Store, destination: str, verdict: object = None, at: datetime = T0, detail: str = "fine") -> list[int]:
    """Claim what is due at a destination and record one end for all of it; answers the numbers of the commands."""
    claims = await claimed(store, at, account=destination)
    call = a_call(at, detail)
    outcome = NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL, detail) if isinstance(verdict, Park) else Delivered()
    ends = [attempted(claim, *(tried(one, verdict, outcome, call) for one in claim.commands), at=at) for claim in claims]
    async with store.work() as work:
        assert await work.results.record(ends, destination, at) == set()
        await work.commit()
    return [one.id for claim in claims for one in claim.commands]


# -- the ledger of consents ----------------------------------------------------------------------------------------------


def chain(email: str, *kinds: ActKind, subject: str = "hash") -> list[Entry]:
    made: list[Entry] = []
    for number, kind in enumerate(kinds, start=1):
        details = details_of(email, Evidence(text_version="7", page="https://sklep.example/ł", ip="203.0.113.7"), f"salt{number}")
        made.append(
            Entry(
                number=number,
                subject=subject,
                matter=Matter.EMAIL,
                kind=kind,
                acted_at=after(minutes=number),
                recorded_at=after(minutes=number, seconds=1),
                source="Subscribed",
                event_id=f"e{number}",
                details=details,
                details_digest=digest_of_details(details),
                previous=made[-1].digest if made else GENESIS,
            ).sealed()
        )
    return made


async def appended(store: Store, contact: int, entries: Sequence[Entry], shop: str = SHOP) -> None:
    async with store.work() as work:
        await work.consents.append([(contact, shop, one) for one in entries])
        await work.commit()


async def test_a_chain_comes_back_as_it_was_written_and_intact(store: Store) -> None:
    first, second = chain(JAN, ActKind.OPT_IN, ActKind.OPT_OUT, ActKind.OPT_IN), chain("ewa@example.pl", ActKind.GRANTED)
    await appended(store, 2, second)
    await appended(store, 1, list(reversed(first)))
    await appended(store, 3, [])
    async with store.work() as work:
        found = await work.consents.of([1, 2, 3])
        assert await work.consents.of([]) == {}
        lines = await work.consents.lines([1, 2, 3])
        assert await work.consents.lines([]) == []
    assert found == {1: first, 2: second}
    assert lines == [(at, one.matter, one.kind, one.acted_at, one.digest) for at in (1, 2) for one in found[at]]
    assert all(is_intact(one) for one in found.values())


async def test_one_place_of_a_chain_is_taken_once(store: Store) -> None:
    entries = chain(JAN, ActKind.OPT_IN)
    await appended(store, 1, entries)
    with pytest.raises(IntegrityError):
        await appended(store, 1, entries)
    await appended(store, 2, entries)


async def test_a_chain_is_found_whole_by_any_address_it_has_known_and_only_in_its_shop(store: Store) -> None:
    entries = chain(JAN, ActKind.OPT_IN, ActKind.OPT_OUT)
    entries[1] = replace(entries[1], subject="hash of the new address").sealed()
    await appended(store, 1, entries)
    await appended(store, 2, chain(JAN, ActKind.OPT_IN), shop="shop2")
    async with store.work() as work:
        for subject in ("hash", "hash of the new address"):
            assert await work.consents.of_subject(SHOP, subject) == {1: entries}
        assert len(await work.consents.of_subject("shop2", "hash")) == 1
        assert await work.consents.of_subject("shop3", "hash") == {}
        assert await work.consents.of_subject(SHOP, "nobody") == {}


async def test_forgotten_details_leave_every_row_and_nothing_else(store: Store, database: Database) -> None:
    first, second = chain(JAN, ActKind.OPT_IN, ActKind.OPT_OUT), chain("ewa@example.pl", ActKind.OPT_IN)
    await appended(store, 1, first)
    await appended(store, 2, second)
    async with store.work() as work:
        await work.consents.forget_details(1)
        await work.commit()
    async with store.work() as work:
        found = await work.consents.of([1, 2])
    assert found == {1: [replace(one, details=None) for one in first], 2: second}
    assert is_intact(found[1])
    async with database.transaction() as connection:
        rows = (await connection.execute(select(consents).where(consents.c.contact_id == 1))).all()
    assert not any(JAN in str(cell) or "203.0.113.7" in str(cell) for row in rows for cell in row)


# -- a contact queue per destination -------------------------------------------------------------------------------------------


async def test_the_contact_queues_of_one_contact_are_leased_independently(store: Store) -> None:
    await queued(store, *(to(place) for place in (ACCOUNT, NEWS, TAGS)), to(READING, ConfirmOptIn(email=JAN, at=T0)))
    tokens = set()
    for place in (ACCOUNT, NEWS, TAGS, READING):
        (claim,) = await claimed(store, account=place)
        assert claim.contact_queue == ContactQueue(1, place)
        assert len(claim.commands) == 1
        assert await claimed(store, account=place) == []
        tokens.add(claim.lease_token)
    assert len(tokens) == 4
    async with store.work() as work:
        assert [await work.leases.is_held(ContactQueue(1, place), T0) for place in (ACCOUNT, NEWS, TAGS, READING)] == [True] * 4
        assert not await work.leases.is_held(ContactQueue(1, "newsletter:shop2"), T0)


async def test_recording_at_one_destination_leaves_the_others_alone(store: Store, database: Database) -> None:
    await queued(store, to(ACCOUNT), to(NEWS), to(NEWS), to(TAGS))
    (held,) = await claimed(store, account=TAGS)
    assert len(await ended(store, NEWS)) == 2
    async with database.transaction() as connection:
        left = {row.destination: (row.pending, row.lease_token) for row in await connection.execute(select(contact_queues))}
        written = {row.destination for row in await connection.execute(select(calls))}
    assert left == {ACCOUNT: (1, None), TAGS: (1, held.lease_token)}
    assert written == {NEWS}


async def test_an_act_that_is_deferred_and_commands_that_are_cancelled_concern_their_contact_queue_alone(store: Store) -> None:
    await queued(store, to(ACCOUNT), to(NEWS), to(TAGS))
    (claim,) = await claimed(store, account=NEWS)
    async with store.work() as work:
        await work.outbox.defer_revocation(ContactQueue(1, NEWS), Revocation(everything=True, at_shop=True), Reason.ERASED)
        (waiting,) = (await work.outbox.waiting(TAGS, [1]))[1]
        await work.outbox.rewrite(ContactQueue(1, TAGS), {}, [waiting.id], T0)
        await work.commit()
    assert await claimed(store, account=TAGS) == []
    (account,) = await claimed(store, account=ACCOUNT)
    assert account.revocations == ()
    (again,) = await claimed(store, after(seconds=61), account=NEWS)
    assert [one.up_to for one in again.revocations] == [claim.commands[0].id]
    assert again.commands[0].maybe_sent


async def test_the_same_contact_waits_at_each_destination_for_its_own_time(store: Store) -> None:
    await queued(store, to(NEWS), to(TAGS))
    (claim,) = await claimed(store, account=NEWS)
    later = after(hours=1)
    end = attempted(claim, tried(claim.commands[0], RetryAt(later, verify_first=False)), due_at=later, progressed=False)
    async with store.work() as work:
        await work.results.record([end], NEWS, T0)
        await work.commit()
    assert await claimed(store, after(minutes=59), account=NEWS) == []
    assert len(await claimed(store, after(minutes=59), account=TAGS)) == 1
    (again,) = await claimed(store, later, account=NEWS)
    assert (again.attempts, again.first_tried_at) == (1, T0)


async def test_a_home_command_comes_back_as_it_was_queued(store: Store) -> None:
    whole = SetSubscription(
        email=JAN,
        email_news=TimedStatus(Status.OPT_IN, T0),
        phone_news=TimedStatus(Status.OPT_OUT, T0),
        phone="+48600100200",
        customer_id="17",
    )
    await queued(store, to(NEWS, whole), to(TAGS, mirror(), counted=False), to(READING, ConfirmOptIn(email=JAN, at=T0)))
    found = [(await claimed(store, account=place))[0].commands[0] for place in (NEWS, TAGS, READING)]
    assert [one.command for one in found] == [whole, mirror(), ConfirmOptIn(email=JAN, at=T0)]
    assert [one.counted for one in found] == [True, False, True]


async def test_what_waits_or_was_settled_lately_is_in_motion(store: Store) -> None:
    await queued(store, to(ACCOUNT, contact=1), to(ACCOUNT, contact=2), to(NEWS, contact=3))
    async with store.work() as work:
        assert await work.outbox.in_flight(ACCOUNT, [1, 2, 3, 4], T0) == {1, 2}
        assert await work.outbox.in_flight(ACCOUNT, [2], T0) == {2}
    await ended(store, ACCOUNT, at=after(seconds=5))
    async with store.work() as work:
        assert await work.outbox.in_flight(ACCOUNT, [1, 2, 3], after(seconds=5)) == {1, 2}
        assert await work.outbox.in_flight(ACCOUNT, [1, 2, 3], after(seconds=6)) == set()
        assert await work.outbox.in_flight(ACCOUNT, [], T0) == set()
        assert await work.outbox.last_settled(ACCOUNT, [1, 2, 3, 4], T0) == {1: after(seconds=5), 2: after(seconds=5)}
        assert await work.outbox.last_settled(ACCOUNT, [2, 3], after(seconds=5)) == {2: after(seconds=5)}
        assert await work.outbox.last_settled(ACCOUNT, [1, 2], after(seconds=6)) == {}


# -- hand-work -----------------------------------------------------------------------------------------------------------


async def test_parked_commands_are_listed_oldest_first_with_the_last_word_said(store: Store) -> None:
    await queued(store, to(NEWS, contact=1, seq=7), to(NEWS, contact=2, seq=8, counted=False), to(TAGS, contact=1, seq=9))
    await queued(store, to("newsletter:shop2", contact=3, shop="shop2"))
    numbers = await ended(store, NEWS, BY_HAND, after(seconds=3), "first words")
    async with store.work() as work:
        found = await work.manual_tasks.items(NEWS)
        assert await work.manual_tasks.items(NEWS, contact_id=2) == found[1:]
        assert await work.manual_tasks.items(NEWS, limit=1) == found[:1]
        assert await work.manual_tasks.items(TAGS) == await work.manual_tasks.items("newsletter:shop2") == []
    assert [(one.id, one.event_seq, one.counted) for one in found] == [(numbers[0], 7, True), (numbers[1], 8, False)]
    first = found[0]
    assert (first.command, first.reason, first.detail) == (subscription(), Reason.NO_ACCOUNT_IN_PANEL, "first words")
    assert first.since == after(seconds=3)


@pytest.mark.parametrize(("done", "state", "reason"), [(True, "sent", None), (False, "cancelled", "replaced")])
async def test_a_parked_command_is_settled_once(
    store: Store, database: Database, done: bool, state: str, reason: str | None
) -> None:
    await queued(store, to(NEWS, seq=7), to(TAGS, seq=8))
    (number,) = await ended(store, NEWS, BY_HAND)
    async with store.work() as work:
        assert await work.manual_tasks.settle(number, "shop2", done=done, at=after(hours=1)) is None  # another shop's
        settled = await work.manual_tasks.settle(number, SHOP, done=done, at=after(hours=1))
        assert settled is not None
        assert (settled.event_seq, settled.counted) == (7, True)
        assert await work.manual_tasks.settle(number, SHOP, done=done, at=after(hours=2)) is None
        assert await work.manual_tasks.settle(number + 1, None, done=done, at=after(hours=2)) is None  # it waits, it is not parked
        assert await work.manual_tasks.settle(999, None, done=done, at=after(hours=2)) is None
        assert await work.manual_tasks.items(NEWS) == []
        await work.commit()
    async with database.transaction() as connection:
        row = (await connection.execute(select(outbox).where(outbox.c.id == number))).one()
    assert (row.state, row.reason, row.settled_at) == (state, reason, after(hours=1))


async def test_the_oldest_and_the_parked_are_counted_by_shop_and_by_kind_of_destination(store: Store) -> None:
    await queued(store, to(NEWS, contact=1), at=after(seconds=9))
    await queued(store, to(NEWS, contact=2), to(TAGS, contact=1), at=after(seconds=5))
    await queued(store, to("newsletter:shop2", contact=3, shop="shop2"), to(ACCOUNT, contact=4), at=after(seconds=1))
    async with store.work() as work:
        assert await work.outbox.oldest_queued("newsletter:") == {SHOP: after(seconds=5), "shop2": after(seconds=1)}
        assert await work.outbox.oldest_queued("tags:") == {SHOP: after(seconds=5)}
        assert await work.outbox.oldest_queued("newslett_r:") == {}
        assert await work.manual_tasks.counts("newsletter:") == {}
    await ended(store, NEWS, BY_HAND, after(seconds=10))
    await ended(store, "newsletter:shop2", at=after(seconds=10))
    async with store.work() as work:
        assert await work.outbox.oldest_queued("newsletter:") == {}
        assert await work.manual_tasks.counts("newsletter:") == {SHOP: 2}
        assert await work.manual_tasks.counts("tags:") == {}


# -- what becomes of an event whose command was needless -----------------------------------------------------------------


async def planned(store: Store, *commands: NewCommand) -> None:
    """An event decided into commands."""
    await stored(store, new_event("e1"))
    counted = sum(one.counted for one in commands)
    async with store.work() as work:
        await work.inbox.settle([Settlement(1, EventState.PLANNED, None, 1, counted)], T0)
        await work.outbox.queue(commands, T0)
        await work.commit()


async def dropped(store: Store, state: EventState = EventState.WITHHELD, reason: Reason = Reason.OPT_IN_NOT_CONFIRMED) -> None:
    async with store.work() as work:
        await work.inbox.drop([Dropped(1, state, reason)], after(minutes=1))
        await work.commit()


async def event(database: Database) -> tuple[str, str | None, int, bool]:
    """(state, reason, open commands, has it ended?)"""
    async with database.transaction() as connection:
        row = (await connection.execute(select(inbox).where(inbox.c.seq == 1))).one()
    return row.state, row.reason, row.open_commands, row.settled_at is not None


@pytest.mark.parametrize(
    ("state", "reason"), [(EventState.WITHHELD, Reason.OPT_IN_NOT_CONFIRMED), (EventState.SUPERSEDED, Reason.SHOP_IS_NEWER)]
)
async def test_an_event_whose_only_command_was_needless_ends_with_that_reason(
    store: Store, database: Database, state: EventState, reason: Reason
) -> None:
    await planned(store, to(NEWS))
    await dropped(store, state, reason)
    assert await event(database) == (state.value, reason.value, 0, True)


async def test_an_event_with_another_command_left_waits_for_that_one(store: Store, database: Database) -> None:
    await planned(store, to(NEWS), to(ACCOUNT))
    await dropped(store)
    assert await event(database) == ("planned", None, 1, False)
    await ended(store, ACCOUNT)
    async with store.work() as work:
        await work.inbox.commands_settled({1: 1}, after(minutes=2))
        await work.commit()
    assert await event(database) == ("sent", None, 0, True)


async def test_an_event_of_which_something_was_sent_is_sent(store: Store, database: Database) -> None:
    await planned(store, to(NEWS), to(ACCOUNT))
    await ended(store, ACCOUNT)
    async with store.work() as work:
        await work.inbox.commands_settled({1: 1}, T0)
        await work.commit()
    await dropped(store)
    assert await event(database) == ("sent", None, 0, True)


async def test_an_event_of_which_nothing_was_needed_ends_with_the_last_reason(store: Store, database: Database) -> None:
    await planned(store, to(NEWS), to(TAGS))
    await dropped(store, EventState.SUPERSEDED, Reason.SHOP_IS_NEWER)
    await dropped(store, EventState.SUPERSEDED, Reason.NO_CARRIER_OF_TAGS)
    assert await event(database) == ("superseded", "no_carrier_of_tags", 0, True)


async def test_a_needless_command_leaves_a_parked_event_to_the_person_who_is_at_it(store: Store, database: Database) -> None:
    await planned(store, to(NEWS), to(TAGS))
    (number,) = await ended(store, NEWS, BY_HAND)
    async with store.work() as work:
        await work.inbox.mark([1], EventState.PARKED, Reason.NO_ACCOUNT_IN_PANEL, T0)
        await work.commit()
    await dropped(store, EventState.SUPERSEDED, Reason.NO_CARRIER_OF_TAGS)
    assert (await event(database))[:2] == ("parked", "no_account_in_panel")
    await ended(store, TAGS, Drop(Reason.NO_CARRIER_OF_TAGS))
    async with store.work() as work:
        await work.manual_tasks.settle(number, SHOP, done=True, at=after(minutes=3))
        await work.inbox.settle_parked(1, after(minutes=3))
        await work.commit()
    assert (await event(database))[:2] == ("sent", None)


async def test_an_event_whose_command_was_needless_keeps_no_payload(store: Store, database: Database) -> None:
    """Decision 12: the payload of an event that will not be sent is erased at settlement."""
    await planned(store, to(NEWS))
    await dropped(store)
    async with database.transaction() as connection:
        assert (await connection.execute(select(inbox.c.payload))).scalar_one() is None


async def test_an_event_is_done_by_hand_once_nothing_of_it_is_parked_or_waits(store: Store, database: Database) -> None:
    await planned(store, to(NEWS), to(TAGS))
    (first,) = await ended(store, NEWS, BY_HAND)
    async with store.work() as work:
        await work.inbox.mark([1], EventState.PARKED, Reason.NO_ACCOUNT_IN_PANEL, T0)
        await work.manual_tasks.settle(first, SHOP, done=True, at=T0)
        await work.inbox.settle_parked(1, T0)
        await work.commit()
    assert (await event(database))[0] == "planned"  # the tags wait
    (second,) = await ended(store, TAGS, BY_HAND)
    async with store.work() as work:
        await work.inbox.mark([1], EventState.PARKED, Reason.NO_ACCOUNT_IN_PANEL, T0)
        await work.inbox.settle_parked(1, T0)
        await work.commit()
    assert (await event(database))[0] == "parked"  # the tags are parked
    async with store.work() as work:
        await work.manual_tasks.settle(second, SHOP, done=True, at=T0)
        await work.inbox.settle_parked(1, T0)
        await work.commit()
    assert (await event(database))[:2] == ("sent", None)


# -- poll leases ---------------------------------------------------------------------------------------------------------


async def acquires_lock(store: Store, name: str, holder: str, now: datetime, **lasting: float) -> bool:
    async with store.work() as work:
        taken = await work.registry.acquire_lock(name, holder, now, now + timedelta(**lasting))
        await work.commit()
    return taken


async def test_a_lock_is_one_holders_until_it_ends_and_its_holder_may_keep_it(store: Store) -> None:
    assert await acquires_lock(store, "panel", "a", T0, seconds=60)
    assert not await acquires_lock(store, "panel", "b", after(seconds=59), seconds=60)
    assert await acquires_lock(store, "other", "b", T0, seconds=60)
    assert await acquires_lock(store, "panel", "a", after(seconds=59), seconds=60)
    assert not await acquires_lock(store, "panel", "b", after(seconds=118), seconds=60)
    assert await acquires_lock(store, "panel", "b", after(seconds=120), seconds=60)
    assert not await acquires_lock(store, "panel", "a", after(seconds=121), seconds=60)


async def test_a_lock_whose_end_is_a_whole_second_ends_then_and_not_earlier(store: Store) -> None:
    """Times are compared as text: all must be of one length."""
    whole = T0.replace(microsecond=0)
    assert await acquires_lock(store, "panel", "a", whole - timedelta(seconds=60), seconds=60)
    assert not await acquires_lock(store, "panel", "b", whole - timedelta(microseconds=1), seconds=60)
    assert await acquires_lock(store, "panel", "b", whole + timedelta(microseconds=1), seconds=60)


async def test_a_holders_name_that_ends_another_ones_takes_no_lock(store: Store) -> None:
    assert await acquires_lock(store, "panel", "12", T0, seconds=60)
    assert not await acquires_lock(store, "panel", "2", T0, seconds=60)
    assert not await acquires_lock(store, "panel", "%", T0, seconds=60)
    assert not await acquires_lock(store, "panel", "1_", T0, seconds=60)


async def test_of_many_who_want_a_lock_at_once_one_gets_it(store: Store) -> None:
    assert sum(await asyncio.gather(*(acquires_lock(store, "panel", f"h{n}", T0, seconds=60) for n in range(5)))) == 1


async def test_a_lock_that_was_not_committed_was_not_taken(store: Store) -> None:
    async with store.work() as work:
        assert await work.registry.acquire_lock("panel", "a", T0, after(seconds=60))
    assert await acquires_lock(store, "panel", "b", T0, seconds=60)


# -- the move ------------------------------------------------------------------------------------------------------------

BEFORE = "20261123"


def us(at: datetime) -> int:
    return (at - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(microseconds=1)


async def run(database: Database, statement: str, *rows: dict[str, object]) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement), list(rows))


async def busy_yesterday(database: Database) -> None:
    """A database of the former version in the middle of its work: waiting, leased, sent, parked."""
    await migrations.upgrade(database, BEFORE)
    row = {"account": "main", "shop": SHOP, "state": "waiting", "reason": None, "queued": us(T0), "settled": None}
    commands = [
        {**row, "contact": 1, "body": codec.encode_tagged(upsert("a@example.pl"))},
        {**row, "contact": 1, "body": codec.encode_tagged(upsert("b@example.pl"))},
        {**row, "contact": 2, "body": codec.encode_tagged(upsert("c@example.pl")), "account": "second"},
        {**row, "contact": 3, "body": codec.encode_tagged(upsert("d@example.pl")), "state": "sent", "settled": us(T0)},
        {
            **row,
            "contact": 4,
            "body": codec.encode_tagged(upsert("e@example.pl")),
            "state": "parked",
            "reason": "refused",
            "settled": us(T0),
        },
    ]
    await run(
        database,
        "INSERT INTO outbox (account_id, shop_id, contact_id, event_seq, command, state, maybe_sent, attempts, reason, queued_at, "
        "settled_at) VALUES (:account, :shop, :contact, 1, :body, :state, false, 2, :reason, :queued, :settled)",
        *commands,
    )
    box = {"shop": SHOP, "at": us(T0), "until": None, "token": None, "first": None}
    await run(
        database,
        "INSERT INTO mailboxes (contact_id, account_id, shop_id, priority, pending, due_at, leased_until, lease_token, attempts, "
        "first_tried_at) VALUES (:contact, :account, :shop, 0, :pending, :at, :until, :token, 3, :first)",
        {**box, "contact": 1, "account": "main", "pending": 2, "first": us(after(hours=-1))},
        {**box, "contact": 2, "account": "second", "pending": 1, "until": us(after(seconds=60)), "token": 77},
    )
    await run(
        database,
        "INSERT INTO calls (account_id, path, started_at, milliseconds, outcome, detail, items) "
        "VALUES (:account, '/api/contact/upsert', :at, 12, 'delivered', '', 1)",
        {"account": "main", "at": us(T0)},
    )


async def test_what_waited_before_the_move_is_claimed_and_recorded_after_it(empty_database: Database) -> None:
    await busy_yesterday(empty_database)
    await migrations.upgrade(empty_database)
    store = Store(empty_database)
    (claim,) = await claimed(store, account="account:main")
    assert [one.command.email for one in claim.commands] == ["a@example.pl", "b@example.pl"]
    assert (claim.attempts, claim.first_tried_at, claim.revocations) == (3, after(hours=-1), ())
    assert all(one.counted and one.attempts == 2 for one in claim.commands)
    assert await claimed(store, account="account:second") == []  # leased by a process that may still be at it
    (leased,) = await claimed(store, after(seconds=61), account="account:second")
    assert leased.contact_id == 2
    assert await claimed(store, after(hours=9), account="main") == []
    async with store.work() as work:
        assert await work.results.record([attempted(claim, *map(tried, claim.commands))], "account:main", T0) == set()
        await work.commit()
    async with empty_database.transaction() as connection:
        places = {row.destination for row in await connection.execute(select(outbox))}
        heard = {row.destination for row in await connection.execute(select(calls))}
        boxes = [(row.contact_id, row.destination) for row in await connection.execute(select(contact_queues))]
        states = [row.state for row in await connection.execute(select(outbox).order_by(outbox.c.id))]
    assert places == {"account:main", "account:second"}
    assert heard == {"account:main"}
    assert boxes == [(2, "account:second")]
    assert states == ["sent", "sent", "waiting", "sent", "parked"]
    await queued(store, to(NEWS), to(ACCOUNT))  # a new number is given to what is queued now
    assert len(await claimed(store, account=NEWS)) == 1


async def test_the_way_down_keeps_what_is_for_salesmanago_and_the_way_up_again_finds_it(empty_database: Database) -> None:
    database = empty_database
    await busy_yesterday(database)
    await migrations.upgrade(database)
    store = Store(database)
    await queued(store, to(NEWS, contact=1), to(TAGS, contact=1), to(READING, ConfirmOptIn(email=JAN, at=T0), contact=9))
    await ended(store, TAGS)
    await appended(store, 1, chain(JAN, ActKind.OPT_IN))
    await migrations.downgrade(database, BEFORE)
    async with database.engine.begin() as connection:
        accounts = (await connection.execute(text("SELECT DISTINCT account_id FROM outbox ORDER BY 1"))).scalars().all()
        boxes = (await connection.execute(text("SELECT contact_id, account_id, pending FROM mailboxes ORDER BY 1"))).all()
        heard = (await connection.execute(text("SELECT account_id FROM calls"))).scalars().all()
    assert accounts == ["main", "second"]
    assert [tuple(one) for one in boxes] == [(1, "main", 2), (2, "second", 1)]
    assert heard == ["main"]
    await migrations.upgrade(database)
    (claim,) = await claimed(store, account="account:main")
    assert len(claim.commands) == 2


async def test_a_parked_command_keeps_its_state_over_the_move(empty_database: Database) -> None:
    await busy_yesterday(empty_database)
    await migrations.upgrade(empty_database)
    async with Store(empty_database).work() as work:
        (item,) = await work.manual_tasks.items("account:main")
    assert (item.command, item.reason, item.counted) == (upsert("e@example.pl"), Reason.REFUSED, True)
