"""R73: over whom a round fails holds up nobody else in it: looks, first transfers, comparisons, carts, cleaning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.commands import AddEvent
from app.domain.consent import Status
from app.domain.decisions.observations import polls
from app.domain.delivery.answers import Answer, Call, Modified
from app.domain.delivery.outcomes import Delivered
from app.domain.event_kinds.subjects import email_of
from app.domain.event_parts import Customer
from app.domain.events import TagsObserved
from app.domain.intake.inbox import InboxEvent
from app.domain.operations.retention import Retention
from app.domain.runs.backfill import BackfillMode, ListedAccount, Listing
from app.domain.runs.reconciliation import ReconciliationMode
from app.domain.shops.shop import Panel, PanelKind
from app.services import carts as carts_module
from app.services.from_salesmanago.polling import Poller
from app.services.operations.retention import Cleaner
from app.services.planning.planning_round import PlanningRound
from app.services.runs import reconciliations as reconciliations_module
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.storage.engine.tables import calls, outbox
from app.storage.operations.retention import Cleaning
from tests.services.isolation.culprits import PEOPLE, Refuse
from tests.support.world import FakeShopSide, World, a_shop, fills_cart, registers, subscribes


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


async def test_r73_a_poll_that_cannot_be_noted_for_one_is_noted_for_the_others(world: World, refuse: Refuse) -> None:
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
