"""The outbox keeps its promises on either database: order, leases, fencing, arithmetic."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.domain.commands import AddEvent, Command, DeleteContact, EventKind, Line, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outbox import ContactQueue, DeferredRevocation
from app.domain.delivery.outcomes import Delivered, Park, Refused
from app.domain.delivery.revocation import Revocation
from app.domain.reasons import Reason
from app.storage.engine.database import Database
from app.storage.engine.tables import attempts, calls, contact_queues, outbox
from app.storage.outbox.leases import COMMANDS_PER_CLAIM
from app.storage.unit_of_work import Store
from tests.support.stored import (
    ACCOUNT,
    LEASE,
    T0,
    a_call,
    a_command,
    after,
    again,
    attempted,
    claimed,
    queued,
    recorded,
    tried,
    upsert,
    waiting,
)

PARK = Park(Reason.REFUSED)


async def boxes(database: Database) -> dict[int, object]:
    async with database.transaction() as connection:
        return {row.contact_id: row for row in await connection.execute(select(contact_queues))}


async def commands(database: Database) -> list[object]:
    async with database.transaction() as connection:
        return list(await connection.execute(select(outbox).order_by(outbox.c.id)))


def texts(claim) -> list[str]:  # type: ignore[no-untyped-def]
    return [one.command.email for one in claim.commands]


# -- claiming ------------------------------------------------------------------------------------------------------------


async def test_a_contact_is_claimed_as_a_whole_and_in_order(store: Store) -> None:
    await queued(store, a_command(2, upsert("a")), a_command(1, upsert("b")), a_command(2, upsert("c")))
    await queued(store, a_command(2, upsert("d")), a_command(1, upsert("e")), at=after(seconds=1))
    claims = {claim.contact_id: texts(claim) for claim in await claimed(store, after(seconds=1))}
    assert claims == {1: ["b", "e"], 2: ["a", "c", "d"]}


async def test_a_claim_takes_no_more_contacts_than_asked_the_longest_due_first(store: Store) -> None:
    for contact in (3, 1, 2):
        await queued(store, a_command(contact), at=after(seconds=contact))
    assert [claim.contact_id for claim in await claimed(store, after(seconds=9), limit=2)] == [1, 2]
    assert [claim.contact_id for claim in await claimed(store, after(seconds=9), limit=2)] == [3]
    assert await claimed(store, after(seconds=9)) == []


async def test_the_first_to_be_tried_is_known_of_every_destination(store: Store) -> None:
    await queued(store, a_command(1), at=after(minutes=3))
    await queued(store, a_command(2), at=after(minutes=2))
    await queued(store, a_command(3, account="other"), at=after(minutes=1))
    async with store.work() as work:
        assert await work.outbox.first_due() == {"main": after(minutes=2), "other": after(minutes=1)}


async def test_a_hot_contact_does_not_fill_a_claim_alone(store: Store, database: Database) -> None:
    await queued(store, *(a_command(1, upsert(str(number))) for number in range(COMMANDS_PER_CLAIM + 3)))
    (claim,) = await claimed(store)
    assert texts(claim) == [str(number) for number in range(COMMANDS_PER_CLAIM)]
    await recorded(store, attempted(claim, *map(tried, claim.commands)))
    assert (await boxes(database))[1].pending == 3
    (rest,) = await claimed(store)
    assert texts(rest) == [str(COMMANDS_PER_CLAIM + number) for number in range(3)]
    assert not any(one.maybe_sent for one in rest.commands)


async def test_a_claim_ends_with_a_deletion_and_the_new_life_waits_for_the_next(store: Store) -> None:
    await queued(store, a_command(1, upsert("old")), a_command(1, DeleteContact(email="old")), a_command(1, upsert("new")))
    (claim,) = await claimed(store)
    assert [one.command for one in claim.commands] == [upsert("old"), DeleteContact(email="old")]
    await recorded(store, attempted(claim, *map(tried, claim.commands)))
    (claim,) = await claimed(store)
    assert [one.command for one in claim.commands] == [upsert("new")]


async def test_only_what_is_due_for_the_account_and_not_of_a_closed_shop_is_claimed(store: Store) -> None:
    await queued(store, a_command(1), a_command(2, account="other"), a_command(3, shop="closed"))
    await queued(store, a_command(4), at=after(seconds=1))
    assert [claim.contact_id for claim in await claimed(store, closed=["closed", "nobody"])] == [1]
    assert [claim.contact_id for claim in await claimed(store, account="other")] == [2]
    assert [claim.contact_id for claim in await claimed(store, after(seconds=1))] == [3, 4]


async def test_a_leased_contact_is_nobody_elses_until_the_lease_runs_out(store: Store) -> None:
    await queued(store, a_command(1))
    (first,) = await claimed(store)
    assert await claimed(store, T0 + LEASE) == []
    async with store.work() as work:
        assert [await work.leases.is_held(ContactQueue(one, ACCOUNT), T0 + LEASE) for one in (1, 2)] == [True, False]
        assert not await work.leases.is_held(ContactQueue(1, ACCOUNT), after(seconds=60.000001))
    (second,) = await claimed(store, after(seconds=60.000001))
    assert second.lease_token != first.lease_token
    assert texts(second) == texts(first)


async def test_a_renewed_lease_lasts_longer_and_a_strange_token_renews_nothing(store: Store) -> None:
    await queued(store, a_command(1), a_command(2))
    one, two = await claimed(store, limit=1), await claimed(store, limit=1)
    async with store.work() as work:
        assert await work.leases.renew(one[0].lease_token, T0, after(seconds=120))
        assert not await work.leases.renew(two[0].lease_token + 1_000, T0, after(seconds=120))
        await work.commit()
    assert [claim.contact_id for claim in await claimed(store, after(seconds=61))] == [two[0].contact_id]


async def test_after_a_claim_without_a_record_the_commands_count_as_perhaps_sent(store: Store) -> None:
    await queued(store, a_command(1))
    (claim,) = await claimed(store)
    assert not claim.commands[0].maybe_sent
    await queued(store, a_command(1, upsert("later")))
    (claim,) = await claimed(store, after(seconds=61))
    assert [one.maybe_sent for one in claim.commands] == [True, False]


async def test_on_an_embedded_database_leases_of_a_process_that_is_gone_are_released(store: Store) -> None:
    await queued(store, a_command(1), a_command(2))
    await claimed(store)
    async with store.work() as work:
        await work.leases.release_all()
        await work.commit()
    claims = await claimed(store)
    assert [claim.contact_id for claim in claims] == [1, 2]
    assert all(one.maybe_sent for claim in claims for one in claim.commands)


# -- recording -----------------------------------------------------------------------------------------------------------


async def test_done_parked_and_waiting_commands_add_up(store: Store, database: Database) -> None:
    await queued(store, *(a_command(1, upsert(name), seq=number) for number, name in enumerate("abcd", start=1)))
    (claim,) = await claimed(store)
    a, b, c, _ = claim.commands
    ends = (tried(a, outcome=Delivered("up-1")), tried(b, PARK, Refused("no")), again(c, after(seconds=5)))
    assert await recorded(store, attempted(claim, *ends, due_at=after(seconds=5)), at=after(seconds=2)) == set()
    rows = await commands(database)
    assert [row.state for row in rows] == ["sent", "parked", "waiting", "waiting"]
    assert [row.upstream_id for row in rows] == ["up-1", None, None, None]
    assert [row.reason for row in rows] == [None, "refused", None, None]
    assert [row.attempts for row in rows] == [1, 1, 1, 0]
    assert [row.settled_at for row in rows] == [after(seconds=2), after(seconds=2), None, None]
    assert (await boxes(database))[1].pending == 2
    assert await claimed(store, after(seconds=4.999999)) == []
    (claim,) = await claimed(store, after(seconds=5))
    assert texts(claim) == ["c", "d"]
    await recorded(store, attempted(claim, *map(tried, claim.commands)))
    assert await boxes(database) == {}


async def test_commands_queued_while_a_claim_is_out_are_not_lost_with_it(store: Store, database: Database) -> None:
    await queued(store, a_command(1, upsert("a")))
    (claim,) = await claimed(store)
    await queued(store, a_command(1, upsert("b")))
    await recorded(store, attempted(claim, tried(claim.commands[0])))
    assert (await boxes(database))[1].pending == 1
    (claim,) = await claimed(store)
    assert texts(claim) == ["b"]


async def test_untried_commands_go_back_as_they_were(store: Store) -> None:
    await queued(store, a_command(1, upsert("a")))
    await claimed(store)  # and lost
    await queued(store, a_command(1, upsert("b")))
    (claim,) = await claimed(store, after(seconds=61))
    await recorded(store, attempted(claim, at=after(seconds=61)))
    back = (await waiting(store, 1))[1]
    assert [(one.command.email, one.maybe_sent, one.attempts) for one in back] == [("a", True, 0), ("b", False, 0)]


async def test_a_verdict_says_whether_to_verify_first(store: Store) -> None:
    await queued(store, a_command(1, upsert("a")), a_command(1, upsert("b")))
    (claim,) = await claimed(store)
    ends = [again(claim.commands[0], T0, verify_first=True), again(claim.commands[1], T0)]
    await recorded(store, attempted(claim, *ends))
    assert [one.maybe_sent for one in (await waiting(store, 1))[1]] == [True, False]


async def test_failing_attempts_are_counted_until_something_moves(store: Store) -> None:
    await queued(store, a_command(1))
    (claim,) = await claimed(store)
    assert (claim.attempts, claim.first_tried_at) == (0, None)
    for number in (1, 2):
        await recorded(store, attempted(claim, again(claim.commands[0], T0), progressed=False, at=after(seconds=number)))
        (claim,) = await claimed(store, after(seconds=number))
        assert (claim.attempts, claim.first_tried_at, claim.commands[0].attempts) == (number, after(seconds=1), number)
    await queued(store, a_command(1))
    await recorded(store, attempted(claim, tried(claim.commands[0]), at=after(seconds=3)))
    (claim,) = await claimed(store, after(seconds=3))
    assert (claim.attempts, claim.first_tried_at) == (0, None)


async def test_a_stale_token_records_nothing(store: Store, database: Database) -> None:
    await queued(store, a_command(1), a_command(2))
    stale = await claimed(store)
    await claimed(store, after(seconds=61), limit=1)
    before = (await commands(database), await boxes(database))
    lost = await recorded(
        store,
        attempted(stale[0], tried(stale[0].commands[0])),
        attempted(stale[1], tried(stale[1].commands[0], call=a_call(detail="mine"))),
    )
    assert lost == {1}
    now = (await commands(database), await boxes(database))
    assert (now[0][0], now[1][1]) == (before[0][0], before[1][1])
    assert (now[0][1].state, 2 in now[1]) == ("sent", False)
    async with database.transaction() as connection:
        assert [row.detail for row in await connection.execute(select(calls))] == ["mine"]
        assert [row.command_id for row in await connection.execute(select(attempts))] == [now[0][1].id]


async def test_a_result_that_comes_twice_counts_once(store: Store, database: Database) -> None:
    await queued(store, a_command(1), a_command(1))
    (claim,) = await claimed(store)
    end = attempted(claim, tried(claim.commands[0]))
    assert await recorded(store, end) == set()
    assert await recorded(store, end) == {1}
    assert (await boxes(database))[1].pending == 1


async def test_one_call_for_many_commands_is_written_once_and_each_attempt_names_it(store: Store, database: Database) -> None:
    await queued(store, a_command(1), a_command(2), a_command(3))
    claims = await claimed(store)
    call = a_call(after(seconds=1), detail="ż" * 100)
    ends = [
        attempted(claims[0], tried(claims[0].commands[0], call=call)),
        attempted(claims[1], tried(claims[1].commands[0], call=call)),
    ]
    await recorded(store, *ends, attempted(claims[2], tried(claims[2].commands[0])), at=after(seconds=2))
    async with database.transaction() as connection:
        made = {row.id: row for row in await connection.execute(select(calls))}
        told = list(await connection.execute(select(attempts).order_by(attempts.c.command_id)))
    assert len(made) == 2
    assert told[0].call_id == told[1].call_id != told[2].call_id
    shared = made[told[0].call_id]
    assert (shared.path, shared.started_at, shared.milliseconds, shared.outcome, shared.detail, shared.items) == (
        call.path,
        call.started_at,
        call.milliseconds,
        call.outcome,
        call.detail,
        call.items,
    )
    assert [(row.number, row.at, row.outcome) for row in told] == [(1, after(seconds=2), "delivered")] * 3


# -- taking back ---------------------------------------------------------------------------------------------------------


async def test_waiting_commands_are_weakened_or_cancelled_in_place(store: Store, database: Database) -> None:
    await queued(store, a_command(1, upsert("a", email_status=Status.OPT_IN)), a_command(1, upsert("b")), a_command(2, upsert("c")))
    one, two = (await waiting(store, 1))[1]
    async with store.work() as work:
        await work.outbox.rewrite(ContactQueue(1, ACCOUNT), {one.id: upsert("a")}, [two.id], after(seconds=1))
        await work.commit()
    assert [(row.state, row.settled_at) for row in await commands(database)] == [
        ("waiting", None),
        ("cancelled", after(seconds=1)),
        ("waiting", None),
    ]
    assert {contact: box.pending for contact, box in (await boxes(database)).items()} == {1: 1, 2: 1}
    assert [one.command for one in (await waiting(store, 1))[1]] == [upsert("a")]
    async with store.work() as work:
        await work.outbox.rewrite(ContactQueue(1, ACCOUNT), {}, [one.id], after(seconds=1))
        await work.commit()
    assert set(await boxes(database)) == {2}


async def test_deferred_acts_add_up_on_the_contact_queue_and_are_handed_over_with_the_next_claim(store: Store) -> None:
    await queued(store, a_command(1))
    (claim,) = await claimed(store)
    assert claim.revocations == ()
    first, second = Revocation(email_opt_in=True), Revocation(phone_opt_in=True)
    async with store.work() as work:
        await work.outbox.defer_revocation(ContactQueue(1, ACCOUNT), first, Reason.CONSENT_WITHDRAWN)
        await work.commit()
    await queued(store, a_command(1))
    async with store.work() as work:
        await work.outbox.defer_revocation(ContactQueue(1, ACCOUNT), second, Reason.ERASED)
        await work.commit()
    await recorded(store, attempted(claim, again(claim.commands[0], T0)))
    (claim,) = await claimed(store)
    early, late = (command.id for command in claim.commands)
    assert claim.revocations == (
        DeferredRevocation(first, Reason.CONSENT_WITHDRAWN, early),
        DeferredRevocation(second, Reason.ERASED, late),
    )


async def test_a_claim_that_is_left_without_a_commit_is_free_and_its_revocations_can_be_applied_and_forgotten(store: Store) -> None:
    await queued(store, a_command(1), a_command(2))
    async with store.work() as work:
        await work.outbox.defer_revocation(ContactQueue(1, ACCOUNT), Revocation(everything=True), Reason.ERASED)
        await work.commit()
    async with store.work() as work:
        claims = await work.leases.claim(ACCOUNT, [], 10, T0, LEASE)
        assert {claim.contact_id: bool(claim.revocations) for claim in claims} == {1: True, 2: False}
    async with store.work() as work:
        assert not await work.leases.is_held(ContactQueue(1, ACCOUNT), T0)
        assert set(await work.outbox.deferred(ACCOUNT, [1, 2])) == {1}
        await work.outbox.forget_revocations(ContactQueue(1, ACCOUNT))
        await work.commit()
    claims = await claimed(store)
    assert [claim.revocations for claim in claims] == [(), ()]
    assert not any(command.maybe_sent for claim in claims for command in claim.commands)


async def test_scrubbing_erases_the_content_of_what_is_settled_for_that_contact(store: Store, database: Database) -> None:
    await queued(store, a_command(1, upsert("a")), a_command(1, upsert("b")), a_command(2, upsert("c")))
    claims = await claimed(store)
    ends = [attempted(claim, tried(claim.commands[0])) for claim in claims]
    await recorded(store, *ends)
    async with store.work() as work:
        await work.outbox.scrub(1, "hash")
        await work.commit()
    contents = [bytes(row.command).decode() for row in await commands(database)]
    assert '"hash"' in contents[0]
    assert '"b"' in contents[1]
    assert '"c"' in contents[2]


# -- values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        upsert(
            "zażółć@gęślą.pl",
            new_email="n@b.pl",
            profile={"first_name": "Żółć \x7f\U0001f34f", "": ""},
            add_tags=("brak_aktywności", 'a"b'),
            remove_tags=("x",),
            email_status=Status.OPT_IN,
            phone_status=Status.OPT_OUT,
        ),
        AddEvent(
            email="a@b.pl",
            kind=EventKind.PURCHASE,
            at=datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
            external_id="1/ż",
            location="l",
            shop_host="h",
            lines=(Line(product_id="1", name="ż\x7f", quantity=Decimal("0.10")),),
            value=Decimal("-0.00100"),
            currency="PLN",
        ),
        DeleteContact(email="a@b.pl"),
        UpsertContact(email=""),
    ],
    ids=["upsert", "event", "deletion", "empty"],
)
async def test_a_command_comes_back_exactly_as_it_went_in(store: Store, command: Command) -> None:
    await queued(store, a_command(1, command, seq=2**40))
    found = (await waiting(store, 1))[1][0]
    assert found.command == command
    assert found.event_seq == 2**40
    if isinstance(command, AddEvent):
        assert str(found.command.value) == str(command.value)
