"""What operators do with what is parked: seen by cause, previewed, tried again as things stand today (R71)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.commands import AddEvent, DeleteContact, EventKind, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.answers import Answer
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.outbox import to_newsletter
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unreachable, words_of
from app.domain.events import OptInReported, SubscriberListed
from app.domain.operations.replay import ParkedCommand, ParkedFilter
from app.domain.reasons import Reason
from app.services.operations.replay import AT_A_TIME, Operations, Replay
from app.services.outbox.manual_tasks import HandWorkList
from app.services.planning import planning_round
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox, mailboxes, outbox
from app.storage.outbox.parked import Parked
from tests.conftest import Clock
from tests.support.world import (
    EWA,
    JAN,
    FakeUpstream,
    World,
    a_shop,
    at,
    cancels,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    withdraws,
)

EVERYTHING = ParkedFilter()
NEW = "new@example.pl"
Respond = Callable[[str, list[Any]], Outcome]


class Talking(FakeUpstream):
    """What it said stands in the trace, as with the real one."""

    async def _call(self, method: str, items: list[Any]) -> Answer:
        answer = await super()._call(method, items)
        return replace(answer, call=replace(answer.call, detail=words_of(answer.outcome)))


@dataclass
class Operated:
    """A gateway with an operator before it."""

    world: World
    operations: Operations
    rung: list[None]

    @property
    def upstream(self) -> FakeUpstream:
        return self.world.upstream

    async def parks(self, *refused: str, kind: type = object, words: str = "no", hours: float = 1.0) -> None:
        """The neighbour refuses what names these addresses, until everything that waits is settled. Then it is well again."""
        self.upstream.respond = refusing(*refused, kind=kind, words=words)
        await self.world.run_for(hours=hours)
        self.upstream.respond = lambda method, items: Delivered()
        self.upstream.calls.clear()

    async def replays(self, wanted: ParkedFilter = EVERYTHING) -> Replay:
        """And what waits by then is delivered."""
        done = await self.operations.replay(wanted)
        await self.world.run()
        return done

    async def parked_ids(self) -> list[int]:
        async with self.world.store.work() as work:
            return [one.id for one in await work.parked.commands(EVERYTHING, 0, 10_000)]

    async def command_states(self) -> dict[str, list[str]]:
        """Event -> the states of its commands, in order."""
        async with self.world.database.transaction() as connection:
            joined = select(inbox.c.event_id, outbox.c.state).join(inbox, inbox.c.seq == outbox.c.event_seq).order_by(outbox.c.id)
            found: dict[str, list[str]] = {}
            for event_id, state in await connection.execute(joined):
                found.setdefault(event_id, []).append(state)
            return found

    async def boxes(self) -> list[tuple[str, int]]:
        async with self.world.database.transaction() as connection:
            found = await connection.execute(select(mailboxes.c.destination, mailboxes.c.pending))
            return [(row.destination, row.pending) for row in found]


def refusing(*emails: str, kind: type = object, words: str = "no") -> Respond:
    def respond(method: str, items: list[Any]) -> Outcome:
        meant = any(isinstance(one, kind) and getattr(one, "email", None) in emails for one in items)
        return Refused(words) if meant else Delivered()

    return respond


@pytest.fixture
async def gate(database: Database, clock: Clock) -> Operated:
    world, rung = World(database, clock), list[None]()
    world.upstream = Talking(clock)
    await world.configure(a_shop("shop1"), a_shop("shop2", number=2, host="hurt.example", location="hurt_example"))
    return Operated(world, Operations(world.store, world.directory, clock, lambda: rung.append(None)), rung)


def upserts(gate: Operated) -> list[UpsertContact]:
    return list(gate.upstream.sent(UpsertContact))


def purchases(gate: Operated) -> list[str]:
    return [event.external_id for event in gate.upstream.events if event.kind is EventKind.PURCHASE]


def told_opt_ins(gate: Operated) -> list[UpsertContact]:
    return [one for one in upserts(gate) if Status.OPT_IN in (one.email_status, one.phone_status)]


# -- what is parked, and why ---------------------------------------------------------------------------------------------


async def test_nothing_is_parked_in_a_gateway_where_all_went_well(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.world.run()
    assert await gate.operations.parked(EVERYTHING) == []
    assert await gate.operations.replay(EVERYTHING) == Replay()
    assert await gate.operations.preview(EVERYTHING) == Replay()


async def test_parked_commands_are_grouped_by_cause_the_largest_group_first(gate: Operated) -> None:
    def respond(method: str, items: list[Any]) -> Outcome:
        for one in items:
            email = getattr(one, "email", "")
            if email.startswith("phone"):
                return Refused("Invalid phone number")
            if email.startswith("name"):
                return Refused("Invalid name")
        return Delivered()

    gate.upstream.respond = respond
    await gate.world.post(
        *(registers(f"{what}{n}@example.pl") for what, n in [("name", 1), ("phone", 1), ("phone", 2), ("fine", 1)])
    )
    await gate.world.post(registers("phone3@example.pl"), shop="shop2")
    began = gate.world.clock()
    await gate.world.run_for(hours=1)
    groups = await gate.operations.parked(EVERYTHING)
    assert [(one.shop_id, one.destination, one.reason, one.words, one.number) for one in groups[:1]] == [
        ("shop1", "account:main", Reason.REFUSED, "Invalid phone number", 2)
    ]
    assert sorted((one.shop_id, one.words, one.number, tuple(one.samples)) for one in groups[1:]) == [
        ("shop1", "Invalid name", 1, ("e1",)),
        ("shop2", "Invalid phone number", 1, ("e5",)),
    ]
    assert sorted(groups[0].samples) == ["e2", "e3"]
    assert all(began <= one.oldest <= one.newest <= gate.world.clock() for one in groups)
    assert [one.words for one in await gate.operations.parked(ParkedFilter(shop_id="shop2"))] == ["Invalid phone number"]


async def test_a_group_knows_its_oldest_and_its_newest_and_shows_five_samples_at_most(gate: Operated) -> None:
    await gate.world.post(registers("c0@example.pl"))
    await gate.parks("c0@example.pl")
    first = gate.world.clock()
    await gate.world.post(*(registers(f"c{n}@example.pl") for n in range(1, 8)))
    await gate.parks(*(f"c{n}@example.pl" for n in range(8)))
    (group,) = await gate.operations.parked(EVERYTHING)
    assert group.number == 8
    assert group.oldest < first <= group.newest
    assert len(group.samples) == 5


async def test_a_group_names_an_event_with_two_parked_commands_once_among_its_samples(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN)
    (group,) = await gate.operations.parked(EVERYTHING)
    assert (group.number, list(group.samples)) == (2, ["e1"])


async def test_the_words_of_the_last_attempt_name_the_cause_not_those_of_earlier_ones(gate: Operated) -> None:
    gate.upstream.respond = scripted(Unreachable("no route"), Refused("Invalid phone number"))
    await gate.world.post(registers())
    await gate.world.run_for(hours=1)
    assert [one.words for one in await gate.operations.parked(EVERYTHING)] == ["Invalid phone number"]


async def test_what_the_neighbour_said_with_signs_of_a_query_language_is_a_name_like_any_other(gate: Operated) -> None:
    hostile = "100%_'; DROP TABLE outbox; -- \\ żółć"
    await gate.world.post(registers(JAN), registers(EWA))
    gate.upstream.respond = lambda method, items: (
        Refused(hostile if items[0].email == JAN else "100 and more") if len(items) == 1 else Refused("several")
    )
    await gate.world.run_for(hours=1)
    gate.upstream.respond = lambda method, items: Delivered()
    assert sorted(one.words for one in await gate.operations.parked(EVERYTHING)) == sorted(["100 and more", hostile])
    done = await gate.replays(ParkedFilter(words=hostile))
    assert (done.again, list(gate.upstream.contacts)) == (1, [JAN])


# -- a preview -----------------------------------------------------------------------------------------------------------


async def test_a_preview_changes_not_a_byte_and_says_what_the_replay_then_does(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1), registers(EWA))
    await gate.parks(JAN, EWA)
    await gate.world.post(withdraws(EWA, minutes=90))
    await gate.world.run()
    before = await gate.world.dump()
    shown = await gate.operations.preview(EVERYTHING)
    assert await gate.world.dump() == before
    assert gate.rung == []
    assert (shown.again, shown.closed) == (3, Counter({Reason.CONSENT_WITHDRAWN: 1}))
    assert await gate.operations.replay(EVERYTHING) == shown
    assert gate.rung == [None]


async def test_samples_show_what_is_sent_today_and_twenty_at_most(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(25)]
    await gate.world.post(*(registers(email) for email in people))
    await gate.parks(*people)
    await gate.world.post(registers("c0@example.pl", minutes=90, first_name="Jan"), withdraws("c1@example.pl", minutes=90))
    await gate.world.run()
    shown = await gate.operations.preview(EVERYTHING)
    assert (shown.again, len(shown.samples)) == (24, 20)
    shop, event_id, command = shown.samples[0]
    assert isinstance(command, UpsertContact)
    assert (shop, event_id, dict(command.profile)) == ("shop1", "e1", {"first_name": "Jan"})
    assert shown.samples[1] == ("shop1", "e2", None)


# -- one, some, all ------------------------------------------------------------------------------------------------------


async def test_a_replayed_event_ends_as_sent_and_its_trace_has_both_attempts(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.parks(JAN)
    assert await gate.world.states() == {"e1": ("parked", "refused")}
    done = await gate.replays()
    assert (done.again, done.closed, done.held, done.decided_again) == (1, Counter(), 0, 0)
    assert gate.upstream.contacts == {JAN: {"rejestracja"}}
    trace = await gate.world.trace("e1")
    assert [[one.outcome for one in command.attempts] for command in trace.commands] == [["refused", "delivered"]]
    assert await gate.operations.parked(EVERYTHING) == []


async def test_every_event_of_a_replay_comes_to_its_end(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1), orders("o2", EWA))
    await gate.parks(JAN)
    await gate.replays()
    assert set((await gate.world.at_rest()).values()) == {("sent", None)}


async def test_an_event_that_is_refused_replayed_refused_and_replayed_again_is_sent_in_the_end(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    for _ in range(3):
        await gate.parks(JAN)
        assert await gate.world.states() == {"e1": ("parked", "refused")}
        await gate.operations.replay(EVERYTHING)
    await gate.world.run()
    assert await gate.world.at_rest() == {"e1": ("sent", None)}


async def test_what_is_refused_again_is_parked_again_with_the_new_words(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.parks(JAN, words="first")
    await gate.operations.replay(EVERYTHING)
    await gate.parks(JAN, words="second")
    (group,) = await gate.operations.parked(EVERYTHING)
    assert (group.words, group.number) == ("second", 1)
    assert await gate.world.states() == {"e1": ("parked", "refused")}
    assert await gate.boxes() == []


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (ParkedFilter(event_id="e2"), [EWA]),
        (ParkedFilter(words="Invalid name"), [EWA]),
        (ParkedFilter(shop_id="shop2"), ["ola@example.pl"]),
        (ParkedFilter(reason=Reason.REFUSED), [EWA, JAN, "ola@example.pl"]),
        (ParkedFilter(reason=Reason.GAVE_UP), []),
        (ParkedFilter(shop_id="shop1", words="Invalid phone number"), [JAN]),
        (ParkedFilter(shop_id="shop2", event_id="e1"), []),
        (ParkedFilter(shop_id="nobody"), []),
        (ParkedFilter(words="invalid name"), []),
        (ParkedFilter(words="Invalid"), []),
        (EVERYTHING, [EWA, JAN, "ola@example.pl"]),
    ],
)
async def test_one_some_or_all_are_replayed_and_nobody_else(gate: Operated, wanted: ParkedFilter, sent: list[str]) -> None:
    gate.upstream.respond = lambda method, items: Refused(
        "several" if len(items) > 1 else "Invalid name" if items[0].email == EWA else "Invalid phone number"
    )
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.post(registers("ola@example.pl"), shop="shop2")
    await gate.world.run_for(hours=1)
    gate.upstream.respond = lambda method, items: Delivered()
    done = await gate.replays(wanted)
    assert done.again == len(sent)
    assert sorted(gate.upstream.contacts) == sent
    assert len(await gate.parked_ids()) == 3 - len(sent)


async def test_four_hundred_and_fifty_parked_commands_are_replayed_in_several_transactions_each_once(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(450)]
    await gate.world.post(*(registers(email) for email in people))
    gate.upstream.respond = lambda method, items: Refused("no") if items else Delivered()
    await gate.world.run()
    assert len(await gate.parked_ids()) == 450 > 2 * AT_A_TIME
    gate.upstream.respond = lambda method, items: Delivered()
    assert (await gate.operations.preview(EVERYTHING)).again == 450
    assert (await gate.operations.replay(EVERYTHING)).again == 450
    gate.upstream.calls.clear()
    while await gate.world.deliver():
        pass
    assert Counter(one.email for one in upserts(gate)) == Counter(people)
    assert await gate.operations.parked(EVERYTHING) == []
    assert await gate.boxes() == []


async def test_a_replay_that_fails_half_way_keeps_what_it_committed_and_the_rest_is_still_parked(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"c{n}@example.pl" for n in range(230)]
    await gate.world.post(*(registers(email) for email in people))
    gate.upstream.respond = lambda method, items: Refused("no")
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    plain, calls = Parked.send_again, list[int]()

    async def fails_the_second_time(self: Parked, items: Any, parked: Sequence[ParkedCommand], at: datetime) -> None:
        calls.append(1)
        await plain(self, items, parked, at)
        if len(calls) == 2:
            raise RuntimeError

    monkeypatch.setattr(Parked, "send_again", fails_the_second_time)
    with pytest.raises(RuntimeError):
        await gate.operations.replay(EVERYTHING)
    assert len(await gate.parked_ids()) == 230 - AT_A_TIME
    assert (await gate.operations.replay(EVERYTHING)).again == 230 - AT_A_TIME
    gate.upstream.calls.clear()
    while await gate.world.deliver():
        pass
    assert Counter(one.email for one in upserts(gate)) == Counter(people)


async def test_two_replays_at_once_do_nothing_twice(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(30)]
    await gate.world.post(*(orders(f"o{n}", email) for n, email in enumerate(people)))
    await gate.parks(*people, hours=2)
    parked = len(await gate.parked_ids())
    assert parked == 60
    first, second = await asyncio.gather(gate.operations.replay(EVERYTHING), gate.operations.replay(EVERYTHING))
    assert first.again + second.again == parked
    assert sum(pending for _, pending in await gate.boxes()) == parked
    await gate.world.run()
    await gate.world.run()
    assert sorted(purchases(gate)) == sorted(f"o{n}" for n in range(30))
    assert max(Counter(one.email for one in upserts(gate)).values()) == 1
    assert await gate.boxes() == []


async def test_a_second_replay_while_the_first_still_waits_to_be_sent_does_nothing(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN)
    assert (await gate.operations.replay(EVERYTHING)).again == 2
    assert await gate.operations.replay(EVERYTHING) == Replay()
    await gate.world.run()
    assert purchases(gate) == ["o1"]
    assert await gate.boxes() == []


async def test_what_was_given_up_after_a_week_has_another_week_of_patience(gate: Operated) -> None:
    gate.upstream.respond = lambda method, items: Unreachable("down")
    await gate.world.post(orders("o1"))
    await gate.world.run_for(hours=24 * 9, steps=60)
    assert await gate.world.states() == {"e1": ("parked", "gave_up")}
    await gate.operations.replay(EVERYTHING)
    await gate.world.run_for(hours=24 * 5, steps=30)
    assert set((await gate.command_states())["e1"]) == {"waiting"}
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.run_for(hours=13)
    assert purchases(gate) == ["o1"]


# -- what is true today --------------------------------------------------------------------------------------------------


async def test_a_parked_opt_in_of_a_person_who_opted_out_since_is_not_told(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_an_opt_out_that_arrives_between_a_replay_and_its_delivery_stops_the_opt_in(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.operations.replay(EVERYTHING)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run_for(hours=1)
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_an_opt_out_that_is_parked_too_is_replayed_and_stands(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.parks(JAN)
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_a_parked_opt_in_does_not_overturn_an_opt_out_at_another_shop_of_the_account(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(registers(minutes=60), shop="shop2")
    await gate.world.post(unsubscribes(minutes=90), shop="shop2")
    await gate.world.run()
    assert JAN in gate.upstream.opted_out
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_a_parked_opt_in_that_has_grown_old_is_looked_for_before_it_is_told(gate: Operated) -> None:
    """R06: an opt-out over there that we never heard of stands against an opt-in of long ago."""
    await gate.world.post(registers(), subscribes(by_email=True, minutes=1))
    await gate.parks(JAN)
    gate.world.clock.advance(days=30)
    gate.upstream.contacts[JAN] = set()
    gate.upstream.opted_out.add(JAN)
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_what_a_list_brought_sets_nothing_off_when_it_is_replayed_either(gate: Operated) -> None:
    await gate.world.post(SubscriberListed(at=at(), email=JAN, email_since=at(-600)), kind="subscriber-listed")
    await gate.parks(JAN)
    await gate.replays()
    assert [one.quiet for one in upserts(gate)] == [True]


async def test_parked_tags_that_were_taken_off_since_are_not_sent(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(tags(10, email=JAN, added=("vip", "gold")))
    await gate.parks(JAN)
    await gate.world.post(tags(90, email=JAN, removed=("vip",)))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert [one.add_tags for one in upserts(gate)] == [("idosell_gold",)]
    assert gate.upstream.contacts[JAN] == {"rejestracja", "idosell_gold"}


async def test_a_parked_name_that_was_changed_since_is_sent_as_it_is_now(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan", last_name="Stary"))
    await gate.parks(JAN)
    await gate.world.post(registers(first_name="Jan", last_name="Nowy", minutes=90))
    await gate.parks(JAN)
    await gate.replays()
    assert [one.profile["last_name"] for one in upserts(gate)] == ["Nowy"]


async def test_what_was_sent_again_by_another_way_since_is_left_out(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(tags(10, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.world.post(tags(20, email=JAN, removed=("vip",)))
    await gate.world.run()
    gate.upstream.calls.clear()
    done = await gate.replays()
    assert upserts(gate) == [] or upserts(gate)[0].add_tags == ()
    assert gate.upstream.contacts[JAN] == {"rejestracja"}
    assert done.again + sum(done.closed.values()) == 1


async def test_a_renamed_contact_is_addressed_as_it_is_called_now(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, NEW, 90))
    await gate.world.run()
    await gate.replays()
    assert list(gate.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in gate.upstream.events] == [("o1", NEW)]


async def test_a_parked_rename_is_replayed_with_everything_behind_it(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.world.run()
    await gate.world.post(renames(JAN, NEW, 10))
    await gate.parks(JAN, kind=UpsertContact)
    await gate.world.post(orders("o1", NEW, minutes=90))
    await gate.replays()
    assert list(gate.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in gate.upstream.events] == [("o1", NEW)]


async def test_a_parked_purchase_of_a_person_who_was_renamed_onto_a_known_address_still_arrives(gate: Operated) -> None:
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    await gate.world.post(orders("o1", JAN, minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, EWA, 90))
    await gate.world.run()
    await gate.replays()
    assert purchases(gate) == ["o1"]


async def test_nothing_leaves_of_a_person_who_withdrew_since_and_their_events_are_withheld(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    gate.upstream.calls.clear()
    done = await gate.replays()
    assert (done.again, done.closed) == (0, Counter({Reason.CONSENT_WITHDRAWN: 3}))
    assert gate.upstream.calls == []
    states = await gate.world.states()
    assert (states["e1"], states["e2"]) == (("withheld", "consent_withdrawn"),) * 2
    assert await gate.operations.parked(EVERYTHING) == []
    assert await gate.boxes() == []


async def test_nothing_leaves_of_a_person_who_was_erased_since(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    await gate.parks(JAN)
    await gate.world.post(erases(minutes=120))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.calls == []
    assert await gate.parked_ids() == []
    assert await gate.world.tables_naming(JAN) == []


async def test_a_parked_erasure_is_replayed(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(erases(minutes=10))
    await gate.parks(JAN, kind=DeleteContact)
    assert JAN in gate.upstream.contacts
    await gate.replays()
    assert [one.email for one in gate.upstream.sent(DeleteContact)] == [JAN]
    assert gate.upstream.contacts == {}
    assert await gate.world.tables_naming(JAN) == []


async def test_a_parked_erasure_does_not_delete_the_new_life_of_the_person(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(erases(minutes=10))
    await gate.parks(JAN, kind=DeleteContact)
    await gate.world.post(registers(first_name="Jan", minutes=120))
    await gate.world.run()
    assert JAN in gate.upstream.contacts
    await gate.replays()
    await gate.world.run()
    assert JAN in gate.upstream.contacts


async def test_a_parked_cart_that_was_bought_since_is_not_reported_as_abandoned(gate: Operated) -> None:
    await gate.world.post(registers(), fills_cart(minutes=1))
    await gate.world.run()
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    gate.world.clock.advance(hours=2)
    while await gate.world.carts.report_quiet():
        pass
    await gate.world.run()
    assert [one.reason for one in await gate.operations.parked(EVERYTHING)] == [Reason.REFUSED]
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.post(orders("o1", minutes=125))
    await gate.world.run()
    await gate.replays()
    assert [event.kind for event in gate.upstream.events] == [EventKind.PURCHASE]
    assert (await gate.world.states())["e2"] == ("superseded", "cart_bought")


async def test_an_event_of_which_a_replay_closes_one_command_and_another_stays_parked_is_still_parked(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    gate.upstream.respond = lambda method, items: Refused("bad name" if isinstance(items[0], UpsertContact) else "bad order")
    await gate.world.run_for(hours=2)
    await gate.world.post(withdraws(minutes=150))
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    before = await gate.command_states()
    assert before["e2"] == ["parked", "parked"]
    await gate.replays(ParkedFilter(words="bad name"))
    assert (await gate.command_states())["e2"] == ["cancelled", "parked"]
    assert (await gate.world.states())["e2"] == ("parked", "refused")
    await gate.replays()
    assert (await gate.world.states())["e2"] == ("withheld", "consent_withdrawn")


async def test_an_order_whose_contact_arrived_and_whose_purchase_may_not_follow_is_no_sent_one(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN, kind=AddEvent)
    assert await gate.command_states() == {"e1": ["sent", "parked"]}
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    await gate.replays()
    assert (await gate.command_states())["e1"] == ["sent", "cancelled"]
    assert (await gate.world.states())["e1"] == ("withheld", "consent_withdrawn")


async def test_a_purchase_that_a_replay_closed_counts_as_never_sent(gate: Operated) -> None:
    """What follows it, such as its cancellation, has nothing to be taken from."""
    await gate.world.post(orders("o1"))
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    await gate.replays()
    await gate.world.post(grants(minutes=180), cancels("o1", minutes=190))
    await gate.world.run()
    assert gate.upstream.events == []
    assert (await gate.world.states())["e4"] == ("withheld", "purchase_not_sent")


async def test_a_purchase_that_is_there_already_is_found_and_not_doubled(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    async with gate.world.store.work() as work:
        (parked,) = await work.parked.commands(EVERYTHING, 0, 10)
    assert isinstance(parked.command, AddEvent)
    gate.upstream.events.append(parked.command)  # it said no, and did it
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.methods == ["look_up"]
    assert purchases(gate) == ["o1"]
    assert (await gate.command_states())["e2"][-1] == "sent"


async def test_nothing_that_was_replayed_is_sent_while_the_look_fails(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    gate.upstream.respond = scripted(Unreachable("down"), method="look_up")
    await gate.replays()
    assert gate.upstream.methods == ["look_up"]
    await gate.world.run_for(hours=1)
    assert purchases(gate) == ["o1"]


async def test_replayed_events_come_in_the_order_in_which_they_happened_and_before_what_waits_behind_them(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(*(orders(f"o{n}", minutes=n) for n in range(1, 4)))
    await gate.parks(JAN, kind=AddEvent, hours=3)
    await gate.world.post(orders("o4", minutes=200))
    await gate.world.plan()
    done = await gate.replays()
    assert done.again == 3
    assert purchases(gate) == ["o1", "o2", "o3", "o4"]


async def test_a_contact_is_introduced_again_before_what_happened_to_it(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN, hours=2)
    await gate.replays()
    assert gate.upstream.methods == ["look_up", "upsert", "add_event"]
    assert upserts(gate)[0].introduces


async def test_two_parked_halves_of_one_person_leave_as_one_whole(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.parks(JAN)
    await gate.world.post(tags(90, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.replays()
    (upsert,) = upserts(gate)
    assert set(upsert.add_tags) == {"rejestracja", "idosell_vip"}
    assert upsert.profile == {"first_name": "Jan"}


async def test_an_event_of_which_a_part_stays_parked_is_parked_again_once_the_rest_is_sent(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    gate.upstream.respond = lambda method, items: Refused("bad name" if isinstance(items[0], UpsertContact) else "bad order")
    await gate.world.run_for(hours=2)
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.replays(ParkedFilter(words="bad name"))
    assert await gate.command_states() == {"e1": ["sent", "parked"]}
    assert (await gate.world.states())["e1"] == ("parked", "refused")
    await gate.replays()
    assert await gate.world.at_rest() == {"e1": ("sent", None)}


async def merged_with_a_parked_purchase(gate: Operated) -> None:
    """JAN's purchase is parked; then JAN turns out to be EWA."""
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    await gate.world.post(orders("o1", JAN, minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, EWA, 90))
    await gate.world.run()


async def test_a_purchase_of_who_was_merged_does_not_leave_when_who_took_over_withdrew_since(gate: Operated) -> None:
    await merged_with_a_parked_purchase(gate)
    await gate.world.post(withdraws(EWA, minutes=100))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.sent() == []


async def test_a_purchase_of_who_was_merged_does_not_leave_when_who_took_over_was_erased_since(gate: Operated) -> None:
    await merged_with_a_parked_purchase(gate)
    await gate.world.post(erases(EWA, minutes=100))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.sent() == []
    assert gate.upstream.contacts == {}


async def test_a_parked_cart_of_who_was_merged_is_not_told_when_who_took_over_bought_since(gate: Operated) -> None:
    await gate.world.post(registers(JAN), registers(EWA), fills_cart(minutes=1))
    await gate.world.run()
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    gate.world.clock.advance(hours=2)
    while await gate.world.carts.report_quiet():
        pass
    await gate.world.run()
    assert [one.reason for one in await gate.operations.parked(EVERYTHING)] == [Reason.REFUSED]
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.post(renames(JAN, EWA, 122), orders("o1", EWA, minutes=125))
    await gate.world.run()
    await gate.replays()
    assert [event.kind for event in gate.upstream.events] == [EventKind.PURCHASE]


async def test_what_is_replayed_while_the_contact_is_on_its_way_follows_and_nothing_is_doubled(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(orders("o2", minutes=90))
    await gate.world.plan()

    async def replay(method: str, items: list[Any]) -> None:
        await gate.operations.replay(EVERYTHING)

    gate.upstream.before_answer = replay
    await gate.world.run()
    assert sorted(purchases(gate)) == ["o1", "o2"]
    assert set((await gate.world.at_rest()).values()) == {("sent", None)}


async def test_an_opt_in_and_a_tag_of_one_parked_upsert_part_when_the_person_opted_out_since(gate: Operated) -> None:
    """Only the permission is gone; what else was to be told still is."""
    await gate.world.post(subscribes(by_email=True), tags(1, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert "idosell_vip" in gate.upstream.contacts[JAN]
    assert (await gate.world.states())["e2"] == ("sent", None)


# -- the shop's own side -------------------------------------------------------------------------------------------------


async def opt_out_parked_for_the_shop(gate: Operated) -> None:
    """SALESmanago tells of an opt-out that the shop's side refuses to take."""
    gate.world.side.respond = lambda command: Refused("locked")
    await gate.world.post(registers(), subscribes(by_email=True, minutes=1))
    await gate.world.run()
    from tests.support.builders import status_seen

    await gate.world.post(status_seen(at(60), email=JAN, email_out=True, acted=True))
    gate.world.clock.advance(hours=1)
    await gate.world.run()
    gate.world.side.respond = lambda command: Delivered()
    assert [one.destination for one in await gate.operations.parked(EVERYTHING)] == [to_newsletter("shop1")]


async def test_an_opt_out_that_the_shop_refused_is_written_by_a_replay(gate: Operated) -> None:
    await opt_out_parked_for_the_shop(gate)
    done = await gate.replays()
    assert (done.again, len(gate.world.side.done)) == (1, 1)
    assert await gate.operations.parked(EVERYTHING) == []


async def test_an_opt_out_still_reaches_the_shop_of_a_person_who_withdrew_the_transfer_since(gate: Operated) -> None:
    """A withdrawal never takes back what is on its way home; only an erasure does."""
    await opt_out_parked_for_the_shop(gate)
    await gate.world.post(withdraws(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert len(gate.world.side.done) == 1


async def test_what_staff_carried_out_by_hand_is_not_replayed(gate: Operated) -> None:
    await opt_out_parked_for_the_shop(gate)
    (number,) = await gate.parked_ids()
    await HandWorkList(gate.world.store, gate.world.clock).done("shop1", number)
    assert await gate.replays() == Replay()
    assert gate.world.side.done == []


async def test_what_is_done_by_hand_while_it_is_replayed_leaves_nothing_that_waits_for_ever(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opt_out_parked_for_the_shop(gate)
    (number,) = await gate.parked_ids()
    if gate.world.database.is_sqlite:
        pytest.skip("one transaction at a time")
    plain = Parked.commands

    async def overtaken(self: Parked, wanted: ParkedFilter, after: int, limit: int) -> list[ParkedCommand]:
        found = await plain(self, wanted, after, limit)
        if found:
            await HandWorkList(gate.world.store, gate.world.clock).done("shop1", number)
        return found

    monkeypatch.setattr(Parked, "commands", overtaken)
    await gate.replays()
    assert await gate.boxes() == []


# -- rules that failed ---------------------------------------------------------------------------------------------------


async def rule_fails(gate: Operated, monkeypatch: pytest.MonkeyPatch, *emails: str) -> None:
    """A defect of ours over some events, mended afterwards."""
    with monkeypatch.context() as broken:
        plain = getattr(planning_round, "decide")  # noqa: B009 - the module does not export it

        def decide(event: Any, *rest: Any, **known: Any) -> Any:
            if getattr(getattr(event, "customer", event), "email", None) in emails:
                raise ZeroDivisionError
            return plain(event, *rest, **known)

        broken.setattr(planning_round, "decide", decide)
        await gate.world.run()


async def test_events_over_which_the_rules_failed_are_a_group_of_their_own_and_are_decided_again(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(orders("o1"), registers(EWA))
    await rule_fails(gate, monkeypatch, JAN)
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")
    (group,) = await gate.operations.parked(EVERYTHING)
    assert (group.destination, group.reason, group.words, group.number) == (None, Reason.RULE_FAILED, "ZeroDivisionError", 1)
    assert list(group.samples) == ["e1"]
    before = await gate.world.dump()
    assert (await gate.operations.preview(EVERYTHING)).decided_again == 1
    assert await gate.world.dump() == before
    done = await gate.replays(ParkedFilter(words="ZeroDivisionError", reason=Reason.RULE_FAILED, shop_id="shop1"))
    assert (done.decided_again, done.again) == (1, 0)
    assert purchases(gate) == ["o1"]
    assert await gate.world.at_rest() == {"e1": ("sent", None), "e2": ("sent", None)}
    assert await gate.replays() == Replay()


async def test_filters_choose_among_events_over_which_the_rules_failed(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers(JAN), registers(EWA))
    await rule_fails(gate, monkeypatch, JAN, EWA)
    assert (await gate.replays(ParkedFilter(reason=Reason.REFUSED))).decided_again == 0
    assert (await gate.replays(ParkedFilter(shop_id="shop2"))).decided_again == 0
    assert (await gate.replays(ParkedFilter(words="KeyError"))).decided_again == 0
    assert (await gate.replays(ParkedFilter(event_id="e2"))).decided_again == 1
    assert list(gate.upstream.contacts) == [EWA]
    assert (await gate.replays()).decided_again == 1
    await gate.world.at_rest()


async def test_an_event_whose_rules_still_fail_is_parked_again(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await gate.operations.replay(EVERYTHING)
    await rule_fails(gate, monkeypatch, JAN)
    assert await gate.world.at_rest() == {"e1": ("parked", "rule_failed")}


async def test_an_event_that_failed_and_whose_person_was_erased_since_brings_nobody_back(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await rule_fails(gate, monkeypatch, JAN)
    await gate.world.post(erases(minutes=20))
    await gate.world.run()
    await gate.replays()
    assert gate.upstream.contacts == {}
    assert purchases(gate) == []
    await gate.world.at_rest()


# -- disabled shops ------------------------------------------------------------------------------------------------------


async def closed(gate: Operated, *, enabled: bool = False) -> None:
    await gate.world.configure(
        a_shop("shop1", enabled=enabled), a_shop("shop2", number=2, host="hurt.example", location="hurt_example")
    )


async def test_what_is_parked_of_a_disabled_shop_stays_parked_and_is_counted(gate: Operated) -> None:
    await gate.world.post(registers(JAN))
    await gate.world.post(registers(EWA), shop="shop2")
    await gate.parks(JAN, EWA)
    await closed(gate)
    done = await gate.replays()
    assert (done.again, done.held) == (1, 1)
    assert list(gate.upstream.contacts) == [EWA]
    assert (await gate.world.states())["e1"] == ("parked", "refused")
    assert (await gate.operations.replay(ParkedFilter(shop_id="shop1"))).held == 1
    await closed(gate, enabled=True)
    assert (await gate.replays()).again == 1
    assert sorted(gate.upstream.contacts) == [EWA, JAN]


async def test_naming_a_disabled_shop_decides_none_of_its_events_again(gate: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await closed(gate)
    assert (await gate.replays(ParkedFilter(shop_id="shop1"))).decided_again == 0
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")


async def test_replaying_everything_leaves_failed_events_of_a_disabled_shop_parked(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.world.post(registers())
    await rule_fails(gate, monkeypatch, JAN)
    await closed(gate)
    assert (await gate.operations.preview(EVERYTHING)).decided_again == 0
    assert (await gate.replays()).decided_again == 0
    assert (await gate.world.states())["e1"] == ("parked", "rule_failed")


# -- how the neighbours are ----------------------------------------------------------------------------------------------


async def test_a_line_tells_of_the_circuit_the_cause_and_what_waits(gate: Operated) -> None:
    assert await gate.operations.lines() == []
    gate.upstream.respond = lambda method, items: Throttled(90.0)
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    (line,) = await gate.operations.lines()
    assert (line.destination, line.circuit, line.claims, line.waiting) == ("account:main", Circuit.OPEN, 0, 2)
    assert line.neighbour.breaker.cause == "throttled: asked to wait 90 s"
    gate.world.clock.advance(seconds=91)
    (line,) = await gate.operations.lines()
    assert line.circuit is Circuit.HALF_OPEN
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.run()
    await gate.world.run()
    (line,) = await gate.operations.lines()
    assert (line.circuit, line.waiting, line.neighbour.breaker.cause) == (Circuit.CLOSED, 0, "")


async def test_a_line_counts_the_claims_that_are_on_their_way(gate: Operated) -> None:
    counted = []

    async def look(method: str, items: list[Any]) -> None:
        counted.extend([(one.destination, one.claims) for one in await gate.operations.lines()])

    gate.upstream.before_answer = look
    await gate.world.post(registers())
    await gate.world.run()
    assert counted == [("account:main", 1)]
    assert [one.claims for one in await gate.operations.lines()] == [0]


async def test_replayed_commands_do_not_stand_before_what_customers_do_now(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(60)]
    await gate.world.post(*(registers(email) for email in people))
    gate.upstream.respond = lambda method, items: Refused("no")
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    gate.upstream.calls.clear()
    await gate.operations.replay(EVERYTHING)
    await gate.world.post(orders("o1", JAN))
    await gate.world.run()
    assert [one.email for one in upserts(gate)][0] == JAN  # noqa: RUF015


async def test_a_person_who_gave_consent_again_gets_the_parked_part_once(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=90), grants(minutes=100))
    await gate.world.run()
    await gate.replays()
    assert list(gate.upstream.contacts) == [JAN]
    async with gate.world.database.transaction() as connection:
        left = (await connection.execute(text("SELECT count(*) FROM outbox WHERE state IN ('waiting', 'parked')"))).scalar_one()
    assert left == 0


async def test_a_confirmation_of_an_opt_in_that_was_given_up_is_asked_again(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Refused("no") if method == "statuses" else Delivered()
    await gate.world.post(OptInReported(at=at(10), email=JAN))
    await gate.world.run_for(hours=1)
    parked = await gate.operations.parked(EVERYTHING)
    assert [one.destination for one in parked] == ["reading:main"]
    gate.upstream.respond = lambda method, items: Delivered()
    gate.upstream.calls.clear()
    await gate.replays()
    assert "statuses" in gate.upstream.methods
    assert await gate.operations.parked(EVERYTHING) == []
