"""R73: what one answer, or one row, says holds up nobody else, is never repeated for ever, and is never lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select, text, update

from app.domain.commands import AddEvent
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.decisions import recheck
from app.domain.decisions.observations import polls
from app.domain.delivery.answers import Answer, Call, Modified
from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import LONGEST_DELAY, Delivered, Outcome, Refused, Unknown, message_of
from app.domain.event_kinds.subjects import email_of
from app.domain.event_parts import Customer
from app.domain.events import TagsObserved
from app.domain.intake.inbox import InboxEvent
from app.domain.operations.replay import ParkedFilter
from app.domain.operations.retention import Retention
from app.domain.reasons import Reason
from app.domain.runs.backfill import BackfillMode, ListedAccount, Listing
from app.domain.runs.reconciliation import ReconciliationMode
from app.domain.shops.shop import Panel, PanelKind
from app.services import carts as carts_module
from app.services.delivery import claims
from app.services.delivery.contact_dispatch import ContactDispatch
from app.services.from_salesmanago.polling import Poller
from app.services.operations.replay import Operations
from app.services.operations.retention import Cleaner
from app.services.planning.planning_round import PlanningRound
from app.services.runs import reconciliations as reconciliations_module
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.storage.engine.database import Database
from app.storage.engine.tables import calls, contact_queues, contacts, outbox
from app.storage.operations.retention import Cleaning
from tests.support.world import FakeShopSide, FakeUpstream, World, a_shop, erases, fills_cart, orders, registers, subscribes

Refuse = Callable[..., Awaitable[None]]
PEOPLE = [f"c{number}@example.pl" for number in range(6)]
POISON = "poison"


class Talking(FakeUpstream):
    """What it said stands in the trace, as with the real one."""

    async def _call(self, method: str, items: list[Any]) -> Answer:
        answer = await super()._call(method, items)
        return replace(answer, call=replace(answer.call, detail=message_of(answer.outcome)))


@pytest.fixture
def talking(world: World) -> FakeUpstream:
    world.upstream = Talking(world.clock)
    return world.upstream


@pytest.fixture
async def refuse(database: Database) -> AsyncIterator[Refuse]:
    """Makes the store refuse some rows of a table, as it refuses words that it cannot hold."""
    made: list[tuple[str, str]] = []

    async def refusing(table: str, row: str, *, on: str) -> None:
        name = f"refuse_{len(made)}"
        made.append((name, table))
        async with database.transaction() as connection:
            if database.is_sqlite:
                await connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {on} ON {table} WHEN {row} BEGIN SELECT RAISE(ABORT, 'refused'); END")
                )
            else:
                raised = f"IF {row} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '22021'; END IF; RETURN NEW;"
                await connection.execute(
                    text(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raised} END $$")
                )
                await connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
                )
            await connection.commit()

    yield refusing
    for name, table in made:
        if not database.is_sqlite:
            async with database.transaction() as connection:
                await connection.execute(text(f"DROP TRIGGER {name} ON {table}"))
                await connection.execute(text(f"DROP FUNCTION {name}()"))
                await connection.commit()


def refusing_one(*culprits: str, words: str = POISON) -> Callable[[str, list[Any]], Outcome]:
    return lambda method, items: Refused(words) if any(one.email in culprits for one in items) else Delivered("id")


async def others(world: World) -> set[tuple[str, str | None]]:
    return {state for event, state in (await world.states()).items() if event != "e3"}


async def test_r73_words_that_the_store_refuses_are_left_out_and_the_answers_of_all_are_kept(
    world: World, talking: FakeUpstream, refuse: Refuse
) -> None:
    await refuse("attempts", f"NEW.detail LIKE '%{POISON}%'", on="INSERT")
    talking.respond = refusing_one(PEOPLE[2])
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "refused")
    assert await others(world) == {("sent", None)}
    calls = len(talking.calls)
    world.clock.advance(hours=24)
    await world.run()
    assert len(talking.calls) == calls, "nothing is said twice"
    await world.at_rest()


async def test_r73_an_answer_that_cannot_be_kept_in_any_form_is_parked_alone_with_its_reason(
    world: World, talking: FakeUpstream, refuse: Refuse
) -> None:
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await refuse("outbox", "NEW.state = 'sent' AND NEW.contact_id = 3", on="UPDATE")
    await world.deliver()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    (group,) = await operations.parked(ParkedFilter())
    assert (group.reason.value, group.number, group.samples) == ("defect", 1, ["e3"])
    assert POISON not in group.words
    await world.at_rest()


async def test_r73_a_row_that_cannot_even_be_parked_is_tried_again_twice_a_day_and_looked_up_first(
    world: World, talking: FakeUpstream, refuse: Refuse, database: Database
) -> None:
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await refuse("outbox", "NEW.state <> 'waiting' AND NEW.contact_id = 3", on="UPDATE")
    await world.deliver()
    assert (await world.states())["e3"][0] == "planned"
    assert await others(world) == {("sent", None)}
    async with database.transaction() as connection:
        (box,) = (await connection.execute(select(contact_queues))).all()
        (left,) = (await connection.execute(select(outbox).where(outbox.c.state == "waiting"))).all()
    assert box.due_at == world.clock() + LONGEST_DELAY
    assert (box.leased_until, left.maybe_sent) == (None, True)
    calls = len(talking.calls)
    await world.run_for(hours=11)
    assert len(talking.calls) == calls
    world.clock.advance(hours=2)
    await world.run()
    assert "look_up" in talking.methods[calls:]


async def test_r73_words_that_cannot_be_encoded_do_not_keep_the_health_of_the_destination_from_being_noted(
    world: World, talking: FakeUpstream
) -> None:
    """The clients clean what they hear. Should one not, an answer that is written nowhere costs itself alone."""
    talking.respond = refusing_one(PEOPLE[2], words="bad \ud83d")
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "refused")
    assert await others(world) == {("sent", None)}
    talking.respond = lambda method, items: Unknown("lost \ud83d")
    await world.post(registers("late@example.pl"))
    await world.run()
    talking.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert (await world.states())["e7"] == ("sent", None)


@pytest.mark.parametrize("words", ["a\x00b", "\ud83d", "x" * 1_000_000])
@pytest.mark.parametrize("outcome", [Refused, Unknown, lambda words: Refused(words, account_wide=True)])
async def test_r73_any_words_in_any_answer_end_where_their_item_ends(
    world: World, talking: FakeUpstream, words: str, outcome: Callable[[str], Outcome]
) -> None:
    answers = [outcome(words), outcome(words)]
    talking.respond = lambda method, items: answers.pop() if answers else Delivered()
    await world.post(*map(registers, PEOPLE))
    await world.run_for(hours=2)
    assert {state for state, _ in (await world.at_rest()).values()} <= {"sent", "parked"}
    await world.dump()


async def test_r73_an_id_that_cannot_be_kept_costs_the_id_and_not_the_item(world: World, talking: FakeUpstream) -> None:
    talking.respond = lambda method, items: Delivered("uuid-\ud83d")
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r73_who_cannot_be_judged_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = ContactDispatch.judged

    def failing(dispatch: ContactDispatch, *rest: Any) -> Any:
        if dispatch.claim.contact_id == 3:
            raise ZeroDivisionError
        return judged(dispatch, *rest)

    monkeypatch.setattr(ContactDispatch, "judged", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()


@pytest.mark.parametrize("calls_before", [0, 1])
async def test_r73_who_makes_the_sending_itself_fail_is_parked_and_the_others_of_the_claim_are_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, calls_before: int
) -> None:
    """Also if the defect shows only after some calls were made."""
    culprit, made = PEOPLE[2], list[str]()
    call = world.upstream._call

    async def failing(method: str, items: list[Any]) -> Answer:
        answer = await call(method, items) if calls_before else None
        if any(getattr(one, "email", one) == culprit for one in items):
            raise ZeroDivisionError
        made.append(method)
        return answer or await call(method, items)

    monkeypatch.setattr(world.upstream, "_call", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run_for(hours=3)
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.post(*(registers(f"d{number}@example.pl") for number in range(6)))
    await world.run_for(hours=1)
    assert "upsert_many" in made[-3:], "whoever comes next travels together again"
    await world.at_rest()


async def test_r73_a_defect_that_passes_parks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [ZeroDivisionError()]
    call = world.upstream._call

    async def failing(method: str, items: list[Any]) -> Answer:
        if failures:
            raise failures.pop()
        return await call(method, items)

    monkeypatch.setattr(world.upstream, "_call", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run_for(hours=1)
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r73_a_claim_of_which_no_dispatch_can_be_made_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ContactDispatch.of

    def failing(claim: Claim) -> ContactDispatch:
        if claim.contact_id == 3:
            raise ZeroDivisionError
        return made(claim)

    monkeypatch.setattr(ContactDispatch, "of", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()


# -- the other rounds -----------------------------------------------------------------------------------------------------


async def rewrite_stored(world: World, email: str, stored: bytes, table: Table = outbox) -> None:
    """As if another version of ours, or a broken disk, had written what is stored of somebody."""
    async with world.store.work() as work:
        (person,) = await work.contacts.in_shops(["shop1"], [email])
    row, column = (outbox.c.contact_id, outbox.c.command) if table is outbox else (contacts.c.id, contacts.c.doc)
    async with world.database.transaction() as connection:
        await connection.execute(update(table).where(row == person.id).values({column: stored}))
        await connection.commit()


BROKEN = [b"", b"not json", b'["UpsertContact",{}]', b'["OfATimeToCome",{"email":"c2@example.pl"}]', b"[]"]


@pytest.mark.parametrize("stored", BROKEN)
async def test_r73_a_command_that_cannot_be_read_is_parked_alone(world: World, stored: bytes) -> None:
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], stored)
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()
    trace = await world.trace("e3")
    assert [(one.state, one.reason) for one in trace.commands] == [("parked", Reason.DEFECT)]
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    assert (await operations.parked(ParkedFilter()))[0].number == 1
    assert (await operations.replay(ParkedFilter())).again == 0  # it waits for a version that can read it


async def test_r73_what_can_be_read_behind_a_command_that_cannot_is_sent(world: World) -> None:
    await world.post(registers(PEOPLE[2]))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"not json")
    await world.post(subscribes(PEOPLE[2], 1))
    await world.run()
    assert (await world.states()) == {"e1": ("parked", "defect"), "e2": ("sent", None)}
    await world.at_rest()


async def test_r73_who_was_parked_for_unreadable_words_can_still_be_erased(world: World) -> None:
    await world.post(registers(PEOPLE[2]))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"c2@example.pl but not json")
    await world.run()
    await world.post(erases(PEOPLE[2], 1))
    await world.run()
    assert (await world.states())["e2"] == ("sent", None)
    assert await world.tables_naming(PEOPLE[2]) == []


async def test_r73_a_command_over_which_the_rules_of_leaving_fail_is_parked_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = recheck.stopped

    def failing(commands: list[Any], *others: Any) -> Any:
        if any(one.email == PEOPLE[2] for one in commands):
            raise TypeError
        return honest(commands, *others)

    monkeypatch.setattr(recheck, "stopped", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    assert PEOPLE[2] not in world.upstream.contacts


async def test_r73_a_person_who_cannot_be_read_when_something_leaves_is_parked_alone(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(*(orders(f"o{at}", email, box=ConsentAnswer.GIVEN) for at, email in enumerate(PEOPLE)))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"not json", contacts)
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    assert PEOPLE[2] not in world.upstream.contacts


async def test_r73_somebody_of_whom_nothing_can_be_taken_back_keeps_it_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = claims.revoke

    async def failing(work: Any, shop_id: str, contact_queue: Any, *rest: Any) -> Any:
        if contact_queue.contact_id == 3:
            raise TypeError
        return await honest(work, shop_id, contact_queue, *rest)

    monkeypatch.setattr(claims, "revoke", failing)
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await world.configure(a_shop(blocked_email_domains=("example.pl",)))
    await world.post(registers("ewa@example.org"))
    await world.run()
    states = await world.states()
    assert states["e3"] == ("parked", "defect")
    assert (states["e1"], states["e7"]) == (("withheld", "blocked_address"), ("sent", None))
    assert list(world.upstream.contacts) == ["ewa@example.org"]
    await world.at_rest()


def pull_of(world: World) -> Poller:
    return Poller(world.store, world.directory, lambda _: world.upstream, world.clock, lambda: None, timedelta(0))


async def known_and_resigned_there(world: World) -> None:
    """Everybody is transferred, looked at, and then resigns from SMS at SALESmanago, where no callback tells of it."""
    await world.post(
        *map(registers, PEOPLE), *(subscribes(email, minutes=1, by_sms=True, phone="+48600100200") for email in PEOPLE)
    )
    await world.run()
    world.clock.advance(minutes=10)
    await pull_of(world).pull_changed("main", timedelta(0))
    await world.run()
    world.upstream.opted_out_phone |= set(PEOPLE)
    world.clock.advance(minutes=10)


async def resigned_here(world: World) -> set[str]:
    async with world.store.work() as work:
        people = await work.contacts.in_shops(["shop1"], PEOPLE)
    return {one.contact.email for one in people if one.contact.phone_news.status is Status.OPT_OUT}


async def test_r73_a_look_that_cannot_be_noted_for_one_is_noted_for_the_others(world: World, refuse: Refuse) -> None:
    await known_and_resigned_there(world)
    await refuse("inbox", f"NEW.subject = '{PEOPLE[2]}'", on="INSERT")
    assert await pull_of(world).pull_changed("main", timedelta(0)) == 5
    await world.run()
    assert await resigned_here(world) == {*PEOPLE} - {PEOPLE[2]}
    async with world.store.work() as work:
        assert (await work.registry.entries())["pull:main"] == world.clock().isoformat(), "the window is over for all"


async def test_r73_tags_over_which_we_fail_do_not_keep_an_opt_out_from_coming_home(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known_and_resigned_there(world)
    plain = polls.decide

    def failing(event: Any, shop: Any, contact: Any) -> Any:
        if isinstance(event, TagsObserved) and contact.email == PEOPLE[2]:
            raise ZeroDivisionError
        return plain(event, shop, contact)

    monkeypatch.setattr(polls, "decide", failing)
    await pull_of(world).pull_changed("main", timedelta(0))
    await world.run()
    assert await resigned_here(world) == {*PEOPLE}


async def test_r73_pages_without_end_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def modified(since: datetime, until: datetime, page: int) -> Modified:
        asked.append(page)
        answer = Answer(Delivered(), Call("", world.clock(), 1, "delivered", "", 1))
        return Modified((f"c{min(page, 3)}@example.pl",), True, answer)

    monkeypatch.setattr(world.upstream, "modified", modified)
    await pull_of(world).pull_changed("main", timedelta(0))
    assert asked == [1, 2, 3, 4] * 2


@dataclass
class Listed(FakeShopSide):
    """A panel with one page of accounts."""

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        rows = tuple(
            ListedAccount(id=number, customer=Customer(email=email, id=str(number)), active_in=frozenset({1}), content=email)
            for number, email in enumerate(PEOPLE)
        )
        return Listing(Answer(Delivered(), Call("", self.clock(), 1, "delivered", "", 1)), rows, len(rows), 1)


async def with_panel(world: World) -> None:
    await world.configure(a_shop(panel=Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example.com")))
    world.sides["shop1"] = Listed(world.clock)


@pytest.mark.parametrize("mode", [BackfillMode.RUN, BackfillMode.DRY_RUN])
async def test_r73_an_account_that_cannot_be_kept_is_counted_as_failed_and_the_transfer_goes_on(
    world: World, refuse: Refuse, monkeypatch: pytest.MonkeyPatch, mode: BackfillMode
) -> None:
    await with_panel(world)
    if mode is BackfillMode.RUN:
        await refuse("inbox", f"NEW.subject = '{PEOPLE[2]}'", on="INSERT")
    else:
        plain = PlanningRound.load

        async def failing(planning: PlanningRound, events: list[InboxEvent]) -> None:
            if any(email_of(one.event) == PEOPLE[2] for one in events):
                raise ZeroDivisionError
            await plain(planning, events)

        monkeypatch.setattr(PlanningRound, "load", failing)
    flights = Backfills(world.store, world.directory, lambda shop: world.sides[shop], world.dry_run, world.clock, lambda: None)
    number = (await flights.start("shop1", mode)).run.id
    for _ in range(30):
        await flights.step_due()
        await world.run()
        world.clock.advance(minutes=10)
        if (await flights.progress("shop1", number)).run.paused:
            await flights.resume("shop1", number)  # a person looked at the canary's failure
    progress = await flights.progress("shop1", number)
    assert (progress.run.is_over, progress.run.trouble) == (True, "")
    assert (progress.tally.found, progress.tally.sent, progress.tally.failed) == (6, 5, 1)
    assert progress.tally.adds_up


async def test_r73_a_person_over_whom_a_comparison_fails_is_left_for_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch, refuse: Refuse
) -> None:
    await with_panel(world)
    await world.post(*map(registers, PEOPLE[:4]))
    await world.run()
    world.clock.advance(hours=1)
    plain = reconciliations_module.steps.compared

    def failing(contact: Any, *rest: Any) -> Any:
        if contact.email == PEOPLE[2]:
            raise ZeroDivisionError
        return plain(contact, *rest)

    monkeypatch.setattr(reconciliations_module.steps, "compared", failing)
    await refuse("inbox", f"NEW.subject = '{PEOPLE[4]}'", on="INSERT")
    side = lambda shop: world.sides[shop]  # noqa: E731 - as the composition root has it
    upstream = lambda _: world.upstream  # noqa: E731
    rounds = Reconciliations(world.store, world.directory, upstream, side, pull_of(world), world.dry_run, world.clock, lambda: None)
    number = (await rounds.start("shop1", ReconciliationMode.REPAIR)).id
    for _ in range(6):
        await rounds.step_due()
        world.clock.advance(minutes=6)
    run = await rounds.one("shop1", number)
    assert (run.is_over, run.trouble) == (True, "")
    await world.run()
    assert PEOPLE[5] in world.upstream.contacts
    assert PEOPLE[4] not in world.upstream.contacts


async def test_r73_a_cart_over_which_we_fail_is_parked_and_the_others_are_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(*map(registers, PEOPLE), *(fills_cart(email, cart_id=email) for email in PEOPLE))
    await world.run()
    plain = carts_module.decide_cart

    def failing(cart: Any, *rest: Any, **more: Any) -> Any:
        if cart.id == PEOPLE[2]:
            raise ZeroDivisionError
        return plain(cart, *rest, **more)

    monkeypatch.setattr(carts_module, "decide_cart", failing)
    world.clock.advance(hours=1, minutes=5)
    while await world.carts.report_quiet():
        pass
    await world.run()
    assert {one.email for one in world.upstream.sent(AddEvent)} == {*PEOPLE} - {PEOPLE[2]}
    assert (await world.states())["e9"] == ("parked", "rule_failed")


async def test_r73_a_class_that_cannot_be_cleaned_keeps_no_other_from_being_cleaned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(*map(registers, PEOPLE))
    await world.run()
    world.clock.advance(days=500)

    async def failing(*_: Any) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Cleaning, "payloads", failing)
    cleaner = Cleaner(world.store, Retention(), world.clock)
    while await cleaner.clean():
        pass
    async with world.database.transaction() as connection:
        assert (await connection.execute(select(calls))).all() == []
        assert (await connection.execute(select(outbox))).all() == []
