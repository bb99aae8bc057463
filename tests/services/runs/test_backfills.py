"""The first transfer on a real store: nobody twice, nobody missed, nobody opted in, and nothing that a dry run leaves behind."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.consent import Policy, Status
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unreachable
from app.domain.errors import NotFound, NotPossible
from app.domain.events import Customer, Ticked
from app.domain.person.contact import Contact
from app.domain.runs.backfill import Backfill, BackfillMode, ListedAccount, Listing, Pause, Phase, state_of
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.shop import BackfillSettings, Panel, PanelKind, Shop
from app.services.runs.backfills import Backfills, Progress
from app.storage.engine.database import Database
from app.storage.engine.tables import backfill_accounts, inbox
from tests.conftest import NOON, Clock
from tests.support.world import (
    EWA,
    JAN,
    FakeShopSide,
    World,
    a_shop,
    erases,
    orders,
    registers,
    subscribes,
    unsubscribes,
    withdraws,
)

LONG_AGO = datetime(2025, 3, 18, 17, 49, 21, tzinfo=UTC)
IDOSELL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")
SMALL_CANARY = BackfillSettings(canary=2)
BY_HAND = BackfillSettings(automatic=False, canary=2)


def the_shop(shop_id: str = "shop1", **settings: object) -> Shop:
    return a_shop(shop_id, **{"panel": IDOSELL, "backfill": BY_HAND, **settings})


def account(
    number: int, email: str | None = None, *, guest: bool = False, active: Sequence[int] = (1,), **says: object
) -> ListedAccount:
    """An account as the client makes it of the panel's row; `email=""` for one without an address that can be one."""
    address = f"person{number}@example.pl" if email is None else email
    customer = Customer(email=address, id=str(number), **{"first_name": f"Imię{number}", **says}) if address else None
    content = hashlib.sha256(repr(customer).encode()).hexdigest()[:16]
    return ListedAccount(id=number, customer=customer, is_guest=guest, active_in=frozenset(active), content=content)


def people(count: int, first: int = 1000) -> list[ListedAccount]:
    return [account(number) for number in range(first, first + count)]


@dataclass
class Listed(FakeShopSide):
    """A panel with accounts, a hundred to a page. `changed`: when each one was changed last, if ever."""

    rows: list[ListedAccount] = field(default_factory=list)
    changed: dict[int, datetime] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    """What the next calls come to, before it lists again."""
    on_read: Callable = None  # an async step that happens while the page is on its way to us
    pages_read: list[tuple[int, datetime | None]] = field(default_factory=list)
    loads_asked: int = 0

    async def is_overloaded(self) -> bool:
        self.loads_asked += 1
        return self.overloaded

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        self.pages_read.append((page, changed_since))
        shown = [one for one in self.rows if changed_since is None or self.changed.get(one.id, LONG_AGO) >= changed_since]
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered()
        answer = Answer(outcome, Call("clients/clients", self.clock(), 1, "x", "", 1))
        part = tuple(shown[page * 100 : page * 100 + 100])
        if self.on_read is not None:
            step, self.on_read = self.on_read, None
            await step()
        if not isinstance(outcome, Delivered):
            return Listing(answer)
        return Listing(answer, part, len(shown), -(-len(shown) // 100)) if part else Listing(answer)

    def change(self, number: int, row: ListedAccount) -> None:
        """Somebody edits the account, or registers one."""
        self.rows = [row if one.id == number else one for one in self.rows]
        if row not in self.rows:
            self.rows.append(row)
        self.changed[number] = self.clock()


class Airport(World):
    """A world whose shop has a panel with accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.panel = self.listed("shop1")
        self.flights = self.restarted()

    def listed(self, shop_id: str) -> Listed:
        self.sides[shop_id] = panel = Listed(self.clock)
        return panel

    def restarted(self) -> Backfills:
        """The use case without memory, as in another process."""
        return Backfills(self.store, self.directory, lambda shop: self.sides[shop], self.dry_run, self.clock, lambda: None)

    async def begin(self, mode: BackfillMode = BackfillMode.RUN, shop: str = "shop1") -> int:
        return (await self.flights.start(shop, mode)).run.id

    async def at(self, number: int, shop: str = "shop1") -> Progress:
        return await self.flights.progress(shop, number)

    async def run_of(self, number: int) -> Backfill:
        return (await self.at(number)).run

    async def step(self) -> None:
        """The next step of whatever is due, and all that follows from it, ten minutes later."""
        await self.flights.step_due()
        await self.run()
        self.clock.advance(minutes=10)

    async def until(self, number: int, wanted: Callable[[Backfill], bool], steps: int = 40) -> Backfill:
        for _ in range(steps):
            run = await self.run_of(number)
            if wanted(run):
                return run
            await self.step()
        raise AssertionError(f"it never came so far: {run}")

    async def land(self, number: int) -> Progress:
        await self.until(number, lambda run: run.is_over)
        return await self.at(number)

    async def flown(self, mode: BackfillMode = BackfillMode.RUN) -> Tally:
        return (await self.land(await self.begin(mode))).tally

    async def events(self) -> list[str]:
        """Types of the events in the inbox, in order of acceptance."""
        async with self.database.transaction() as connection:
            return list((await connection.execute(select(inbox.c.type).order_by(inbox.c.seq))).scalars())

    async def noted(self) -> set[int]:
        async with self.database.transaction() as connection:
            return set((await connection.execute(select(backfill_accounts.c.account_id))).scalars())

    async def contact(self, email: str, shop: str = "shop1") -> Contact:
        async with self.store.work() as work:
            (found,) = await work.contacts.in_shops([shop], [email])
        return found.contact

    def upserts(self, email: str) -> list[UpsertContact]:
        return [one for one in self.upstream.sent(UpsertContact) if email in (one.email, one.new_email)]


@pytest.fixture
async def world(database: Database, clock: Clock) -> Airport:
    made = Airport(database, clock)
    await made.configure(the_shop())
    return made


# -- everybody once ------------------------------------------------------------------------------------------------------


async def test_every_account_becomes_one_event_and_one_contact_and_the_report_adds_up(world: Airport) -> None:
    world.panel.rows = people(230)
    landed = await world.land(await world.begin())
    assert landed.tally == Tally(found=230, sent=230)
    assert state_of(landed.run, landed.tally) == "complete"
    assert landed.run.finished_at is not None
    assert await world.events() == ["account-listed"] * 230
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(
        f"person{n}@example.pl" for n in range(1000, 1230)
    )


async def test_a_second_transfer_finds_nothing_new_to_tell(world: Airport) -> None:
    world.panel.rows = people(3)
    await world.flown()
    assert await world.flown() == Tally(found=3, withheld={"nothing_new": 3})
    assert len(world.upstream.sent(UpsertContact)) == 3


async def test_an_empty_panel_is_a_complete_transfer_of_nobody(world: Airport) -> None:
    landed = await world.land(await world.begin())
    assert (landed.tally, state_of(landed.run, landed.tally)) == (Tally(), "complete")


async def test_the_canary_goes_first_and_the_rest_only_when_it_has_landed(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.flights.step_due()
    assert (await world.run_of(number)).phase is Phase.WATCHING
    assert len(await world.events()) == 2
    world.clock.advance(minutes=1)
    await world.flights.step_due()  # nothing was planned or delivered yet
    assert (await world.run_of(number)).phase is Phase.WATCHING
    assert len(await world.events()) == 2
    await world.run()
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


async def test_a_refused_canary_holds_the_rest_until_a_person_has_looked(world: Airport) -> None:
    world.panel.rows = people(150)
    world.upstream.respond = lambda method, items: (
        Refused("bad data")
        if method == "upsert_many" and any(one.email == "person1000@example.pl" for one in items)
        else Delivered()
    )
    number = await world.begin()
    run = await world.until(number, lambda run: run.paused is not None)
    assert run.paused is Pause.CANARY_REFUSED
    for _ in range(3):
        await world.step()
    assert len(await world.events()) == 2
    assert (await world.at(number)).tally == Tally(found=2, sent=1, failed=1)
    await world.flights.resume("shop1", number)
    landed = await world.land(number)
    assert landed.tally == Tally(found=150, sent=149, failed=1)
    assert state_of(landed.run, landed.tally) == "complete_with_failures"


# -- a crash, a second worker, a person at that moment -------------------------------------------------------------------


async def test_what_was_read_while_somebody_paused_it_is_thrown_away_and_read_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    before = await world.run_of(number)

    async def pauses() -> None:
        await world.flights.pause("shop1", number)

    world.panel.on_read = pauses
    await world.flights.step_due()
    assert len(await world.events()) == 2  # the canary's
    assert len(await world.noted()) == 2
    run = await world.run_of(number)
    assert (run.paused, run.page, run.found) == (Pause.BY_A_PERSON, before.page, before.found)
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


class Killed(BaseException):
    """The process ends here."""


async def test_a_crash_between_reading_and_writing_queues_nobody_and_the_page_is_read_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)

    async def dies() -> None:
        raise Killed

    world.panel.on_read = dies
    with pytest.raises(Killed):
        await world.flights.step_due()
    assert len(await world.noted()) == 2
    world.flights = world.restarted()
    assert (await world.land(number)).tally == Tally(found=120, sent=120)
    assert len(await world.events()) == 120


async def test_two_workers_at_the_same_page_queue_it_once(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    stale = await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    other = world.restarted()
    await world.flights.step(stale)
    moved = await world.run_of(number)
    await other.step(stale)
    assert await world.run_of(number) == moved
    assert len(await world.events()) == 100
    landed = await world.land(number)
    assert landed.tally == Tally(found=250, sent=250)
    assert len(await world.events()) == 250


async def test_a_restart_in_the_middle_goes_on_at_the_same_page(world: Airport) -> None:
    world.panel.rows = people(450)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 3)
    world.flights = world.restarted()
    world.panel.pages_read.clear()
    assert (await world.land(number)).tally == Tally(found=450, sent=450)
    assert [page for page, since in world.panel.pages_read if since is None][:2] == [3, 4]


# -- live events first ---------------------------------------------------------------------------------------------------


async def test_a_live_order_is_decided_before_a_hundred_accounts_that_wait(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.post(orders(email=JAN), event_id="live")
    assert len(await world.events()) == 101
    assert await world.planner.plan_due(1) == 1
    assert (await world.states())["live"][0] == "planned"
    assert Counter(state for state, _ in (await world.states()).values())["received"] == 98


async def test_a_live_order_is_carried_before_a_hundred_accounts_that_were_decided_before_it(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.plan()
    world.clock.advance(minutes=1)
    await world.post(orders(email=JAN, minutes=60))
    await world.plan()
    async with world.store.work() as work:
        (claim,) = await work.leases.claim(to_account("main"), [], 1, world.clock(), timedelta(minutes=1))
    assert {getattr(command.command, "email", None) for command in claim.commands} == {JAN}


async def test_a_live_event_of_somebody_who_waits_in_the_list_takes_them_to_the_front(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.plan()
    late = "person1090@example.pl"
    await world.post(orders(email=late, minutes=60))
    await world.plan()
    async with world.store.work() as work:
        (claim,) = await work.leases.claim(to_account("main"), [], 1, world.clock(), timedelta(minutes=1))
    assert {getattr(command.command, "email", None) for command in claim.commands} == {late}


# -- quietly -------------------------------------------------------------------------------------------------------------


async def test_everything_the_transfer_tells_is_told_quietly_even_of_one_alone(world: Airport) -> None:
    world.panel.rows = people(1)
    await world.flown()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert upsert.quiet
    assert "upsert" not in world.upstream.methods  # only a batch can be told to set nothing off


async def test_what_a_person_does_meanwhile_is_told_aloud_and_in_another_call(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.post(registers(JAN), subscribes(EWA))
    await world.run()
    batches = [items for method, items in world.upstream.calls if method in ("upsert", "upsert_many")]
    assert all(len({one.quiet for one in batch}) == 1 for batch in batches)
    assert {one.email: one.quiet for batch in batches for one in batch} == {
        **{f"person{n}@example.pl": True for n in (1000, 1001, 1002)},
        JAN: False,
        EWA: False,
    }


# -- opt-ins and opt-outs ------------------------------------------------------------------------------------------------


async def test_an_opt_in_is_as_old_as_the_person_made_it(world: Airport) -> None:
    phone = {"phone": "+48600100200", "newsletter_sms": Ticked(ticked=True, since=LONG_AGO + timedelta(days=1))}
    world.panel.rows = [account(1, JAN, newsletter_email=Ticked(ticked=True, since=LONG_AGO), **phone)]
    await world.flown()
    (upsert,) = world.upserts(JAN)
    assert (upsert.email_status, upsert.phone_status) == (Status.OPT_IN, Status.OPT_IN)
    known = await world.contact(JAN)
    assert (known.email_news.opted_in, known.phone_news.opted_in) == (LONG_AGO, LONG_AGO + timedelta(days=1))


@pytest.mark.parametrize("box", [Ticked(), Ticked(ticked=True), Ticked(ticked=False, since=LONG_AGO)])
async def test_an_account_without_a_dated_consent_opts_nobody_in(world: Airport, box: Ticked) -> None:
    world.panel.rows = [account(1, JAN, newsletter_email=box, newsletter_sms=box)]
    await world.flown()
    (upsert,) = world.upserts(JAN)
    assert (upsert.email_status, upsert.phone_status) == (None, None)


@pytest.mark.parametrize(
    ("since", "is_out"),
    [
        pytest.param(NOON - timedelta(days=1), True, id="older"),
        pytest.param(NOON, True, id="a tie"),
        pytest.param(NOON + timedelta(minutes=1), False, id="newer"),
    ],
)
async def test_an_opt_out_known_here_stands_against_every_consent_that_is_not_newer(
    world: Airport, since: datetime, is_out: bool
) -> None:
    await world.post(registers(JAN, minutes=-9), unsubscribes(JAN))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(1, JAN, newsletter_email=Ticked(ticked=True, since=since))]
    await world.flown()
    assert (JAN in world.upstream.opted_out) is is_out
    assert any(one.email_status is Status.OPT_IN for one in world.upserts(JAN)) is not is_out


async def test_an_opt_out_that_waits_undecided_overtakes_the_list_that_says_otherwise(world: Airport) -> None:
    world.panel.rows = [account(1, JAN, newsletter_email=Ticked(ticked=True, since=LONG_AGO))]
    await world.begin()
    await world.flights.step_due()
    await world.post(unsubscribes(JAN))
    await world.run()
    assert JAN in world.upstream.opted_out
    assert not any(one.email_status is Status.OPT_IN for one in world.upserts(JAN))


async def test_an_opt_out_over_there_that_we_never_heard_of_stays_one(world: Airport) -> None:
    world.upstream.contacts = {JAN: set(), EWA: set()}
    world.upstream.opted_out, world.upstream.opted_out_phone = {JAN}, {EWA}
    box = Ticked(ticked=True, since=LONG_AGO)
    rows = [
        account(number, email, phone="+48600100200", newsletter_email=box, newsletter_sms=box)
        for number, email in ((1, JAN), (2, EWA))
    ]
    world.panel.rows = rows
    tally = await world.flown()
    assert tally.adds_up
    assert tally.failed == 0
    assert (world.upstream.opted_out, world.upstream.opted_out_phone) == ({JAN}, {EWA})
    said = {email: [(one.email_status, one.phone_status) for one in world.upserts(email)] for email in (JAN, EWA)}
    assert said == {JAN: [(None, Status.OPT_IN)], EWA: [(Status.OPT_IN, None)]}


async def test_who_withdrew_the_consent_to_be_transferred_stays(world: Airport) -> None:
    await world.post(withdraws(JAN))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(1, JAN), account(2)]
    assert await world.flown() == Tally(found=2, sent=1, withheld={"consent_withdrawn": 1})
    assert world.upserts(JAN) == []


async def test_who_was_erased_is_not_named_again_by_a_list(world: Airport) -> None:
    await world.post(registers(JAN, minutes=-9, id="1"), erases(JAN))
    await world.run()
    await world.run()
    world.clock.advance(minutes=5)
    before = len(world.upserts(JAN))
    world.panel.rows = [account(1, JAN, first_name="Zapomniany"), account(2)]
    tally = await world.flown()
    assert tally == Tally(found=2, sent=1, withheld={"erased": 1})
    assert len(world.upserts(JAN)) == before
    assert JAN not in world.upstream.contacts
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("Zapomniany") == []


# -- who is who ----------------------------------------------------------------------------------------------------------


async def test_an_account_whose_address_changed_unheard_is_renamed_and_gets_no_twin(world: Airport) -> None:
    await world.post(registers("old@example.pl", id="7", first_name="Jan"))
    await world.run()
    world.clock.advance(minutes=5)
    world.panel.rows = [account(7, "new@example.pl")]
    assert await world.flown() == Tally(found=1, sent=1)
    assert set(world.upstream.contacts) == {"new@example.pl"}
    async with world.store.work() as work:
        known = await work.contacts.page_of_shop("shop1", 0, 10)
    assert [one.contact.email for one in known] == ["new@example.pl"]


async def test_of_two_accounts_with_one_address_the_first_is_sent_and_the_second_says_nothing(world: Airport) -> None:
    second = account(2, JAN, first_name="Ewa", newsletter_email=Ticked(ticked=True, since=LONG_AGO))
    world.panel.rows = [account(1, JAN, first_name="Jan"), *people(120), second]
    assert await world.flown() == Tally(found=122, sent=121, withheld={"shared_address": 1})
    (upsert,) = world.upserts(JAN)
    assert (upsert.profile["first_name"], upsert.email_status) == ("Jan", None)
    assert (await world.contact(JAN)).customer_id == "1"


async def test_an_account_listed_with_the_address_of_another_known_account_changes_neither(world: Airport) -> None:
    """It is withheld, so nothing of it may happen: the two stay two people."""
    await world.post(registers(JAN, id="1", first_name="Jan"), registers(EWA, id="2", first_name="Ewa"))
    await world.run()
    world.clock.advance(minutes=5)
    async with world.store.work() as work:
        before = {one.contact.email: one for one in await work.contacts.page_of_shop("shop1", 0, 10)}
    world.panel.rows = [account(2, JAN, first_name="Ewa")]
    assert await world.flown() == Tally(found=1, withheld={"shared_address": 1})
    async with world.store.work() as work:
        assert {one.contact.email: one for one in await work.contacts.page_of_shop("shop1", 0, 10)} == before


async def test_guests_and_accounts_of_other_shops_leave_nothing_here_but_their_number(world: Airport) -> None:
    secret = {"last_name": "Tajemnicza", "phone": "+48600999888"}
    world.panel.rows = [
        account(1, "guest@example.pl", guest=True, **secret),
        account(2, "elsewhere@example.pl", active=(2,), **secret),
        account(3, "nowhere@example.pl", active=(), **secret),
        account(4, ""),
        account(5),
    ]
    for mode in (BackfillMode.DRY_RUN, BackfillMode.RUN):
        tally = await world.flown(mode)
        assert tally == Tally(found=5, sent=1, withheld={"account_elsewhere": 2, "address_invalid": 1, "no_account": 1})
    for word in ("guest@", "elsewhere@", "nowhere@", "Tajemnicza", "600999888"):
        assert await world.tables_naming(word) == []
    assert await world.tables_naming("person5@example.pl") != []  # the search itself finds what there is
    assert await world.noted() == {1, 2, 3, 4, 5}


# -- the dry run ---------------------------------------------------------------------------------------------------------


async def a_mixed_population(world: Airport) -> list[ListedAccount]:
    await world.post(
        registers(JAN, id="1", minutes=-9), erases(JAN), withdraws(EWA), registers("old@example.pl", id="7", minutes=-9)
    )
    await world.run()
    await world.run()
    world.clock.advance(minutes=5)
    agreed = Ticked(ticked=True, since=LONG_AGO)
    return [
        account(1, JAN),
        account(2, EWA),
        account(3, "twins@example.pl"),
        account(4, "twins@example.pl"),
        account(5, "masked@allegromail.pl"),
        account(6, guest=True),
        account(7, "new@example.pl"),
        account(8, "agreed@example.pl", newsletter_email=agreed),
        account(9, ""),
        account(10, active=(2,)),
        *people(150),
    ]


def _without_backfills(dump: dict[str, str]) -> dict[str, str]:
    return {name: content for name, content in dump.items() if name not in ("backfills", "backfill_accounts")}


async def test_a_dry_run_changes_nothing_at_all_and_its_counts_are_those_of_the_run(world: Airport) -> None:
    world.panel.rows = await a_mixed_population(world)
    before, calls = await world.dump(), len(world.upstream.calls)
    number = await world.begin(BackfillMode.DRY_RUN)
    landed = await world.land(number)
    assert _without_backfills(await world.dump()) == _without_backfills(before)
    assert len(world.upstream.calls) == calls
    assert state_of(landed.run, landed.tally) == "counted"
    assert landed.tally == Tally(
        found=160,
        sent=153,
        withheld={
            "account_elsewhere": 1,
            "address_invalid": 1,
            "blocked_address": 1,
            "consent_withdrawn": 1,
            "erased": 1,
            "no_account": 1,
            "shared_address": 1,
        },
    )
    assert await world.flown() == landed.tally


async def test_a_dry_run_shows_a_few_accounts_by_number_and_names_of_fields_alone(world: Airport) -> None:
    agreed = Ticked(ticked=True, since=LONG_AGO)
    world.panel.rows = [account(1, JAN, newsletter_email=agreed, last_name="Kowalski"), *people(120), account(2, guest=True)]
    landed = await world.land(await world.begin(BackfillMode.DRY_RUN))
    samples = landed.run.samples
    assert {end: [one.account_id for one in some] for end, some in samples.items()} == {
        "would_send": [1, 1000, 1001],
        "no_account": [2],
    }
    assert samples["would_send"][0].opt_ins == ("email",)
    assert samples["would_send"][1].opt_ins == ()
    for word in (JAN, "Kowalski", "person1000"):
        assert await world.tables_naming(word) == []


async def test_a_dry_run_can_be_repeated_and_followed_by_the_transfer(world: Airport) -> None:
    world.panel.rows = people(5)
    assert (
        await world.flown(BackfillMode.DRY_RUN)
        == await world.flown(BackfillMode.DRY_RUN)
        == await world.flown()
        == Tally(found=5, sent=5)
    )


# -- a panel on a bad day ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Unreachable("connection refused"), "connection refused"),
        (Throttled(None), ""),
        (Throttled(90), "asked to wait 90 s"),
        (Refused("HTTP 403", account_wide=True), "HTTP 403"),
    ],
)
async def test_a_panel_that_does_not_answer_is_left_alone_and_asked_for_the_same_page_later(
    world: Airport, outcome: Outcome, words: str
) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    before = await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 2)
    world.panel.outcomes = [outcome]
    await world.flights.step_due()
    resting = await world.run_of(number)
    assert (resting.page, resting.found, resting.phase, resting.trouble) == (2, before.found, before.phase, words)
    assert resting.due_at > world.clock()
    if isinstance(outcome, Throttled) and outcome.retry_after:
        assert resting.due_at >= world.clock() + timedelta(seconds=outcome.retry_after)
    world.panel.pages_read.clear()
    assert await world.flights.step_due() == 0
    assert world.panel.pages_read == []
    landed = await world.land(number)
    assert landed.tally == Tally(found=350, sent=350)
    assert [page for page, since in world.panel.pages_read if since is None][:2] == [2, 3]
    assert landed.run.trouble == ""


async def test_a_panel_that_asks_for_years_of_rest_is_asked_again_within_a_day(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    world.panel.outcomes = [Throttled(900_000_000)]
    await world.flights.step_due()
    assert (await world.run_of(number)).due_at <= world.clock() + timedelta(days=1)


async def test_a_panel_that_fails_again_and_again_is_asked_more_and_more_rarely(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    rests = []
    for _ in range(12):
        world.panel.outcomes = [Unreachable("no")]
        await world.flights.step_due()
        due = (await world.run_of(number)).due_at
        rests.append(due - world.clock())
        world.clock.now = due
    assert rests == sorted(rests)
    assert rests[0] < timedelta(minutes=1) < rests[-1] <= timedelta(minutes=10)


async def test_an_overloaded_panel_is_not_read_until_it_is_well_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    before = await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    world.panel.overloaded = True
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    resting = await world.at(number)
    assert world.panel.pages_read == []
    assert (resting.run.trouble, resting.run.page, resting.run.found) == ("panel_overloaded", before.page, before.found)
    world.panel.overloaded = False
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


async def test_the_load_is_not_asked_for_with_every_page(world: Airport) -> None:
    world.panel.rows = people(950)
    await world.begin(BackfillMode.DRY_RUN)
    for _ in range(10):
        await world.flights.step_due()
    assert len(world.panel.pages_read) == 10
    assert world.panel.loads_asked == 1


async def test_a_disabled_shop_waits_and_its_transfer_goes_on_when_it_is_enabled(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    await world.configure(the_shop(enabled=False))
    for _ in range(3):
        await world.step()
    assert world.panel.pages_read == []
    assert (await world.run_of(number)).trouble == "shop_disabled"
    await world.configure(the_shop())
    assert (await world.land(number)).tally == Tally(found=3, sent=3)


async def test_a_shop_whose_panel_brings_a_defect_to_light_does_not_hold_up_the_others(world: Airport) -> None:
    """R71: one broken shop never delays another."""
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    other = world.listed("shop2")
    world.panel.rows, other.rows = people(3), people(3)

    async def breaks(page: int, changed_since: datetime | None = None) -> Listing:
        raise ValueError("an answer nobody thought of")

    world.panel.accounts = breaks  # type: ignore[method-assign]
    await world.begin()
    world.clock.advance(seconds=1)
    theirs = await world.begin(shop="shop2")
    for _ in range(12):
        try:
            await world.step()
        except ValueError:
            world.clock.advance(minutes=10)
    assert (await world.at(theirs, "shop2")).tally == Tally(found=3, sent=3)


async def test_a_shop_whose_panel_hangs_does_not_hold_up_the_others(world: Airport) -> None:
    """R71: a slow shop neither."""
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    other = world.listed("shop2")
    world.panel.rows, other.rows = people(3), people(3)
    answered = asyncio.Event()

    async def hangs() -> None:
        await answered.wait()

    world.panel.on_read = hangs
    await world.begin()
    world.clock.advance(seconds=1)
    await world.begin(shop="shop2")
    stepping = asyncio.create_task(world.flights.step_due())
    try:
        for _ in range(200):
            await asyncio.sleep(0.005)
            if other.pages_read:
                break
        assert other.pages_read != []
    finally:
        answered.set()
        await stepping


# -- a panel that changes underneath -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone", "new"),
    [
        pytest.param([1000], 0, id="one vanishes"),
        pytest.param(range(1000, 1090), 0, id="many vanish"),
        pytest.param(range(1000, 1100), 0, id="a whole page vanishes"),
        pytest.param([], 30, id="some register"),
        pytest.param([1000], 1, id="one vanishes and one registers"),
    ],
)
async def test_nobody_is_missed_when_accounts_come_and_go_between_two_pages(world: Airport, gone: Sequence[int], new: int) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 2)
    world.panel.rows = [one for one in world.panel.rows if one.id not in gone]
    for late in range(5000, 5000 + new):
        world.panel.change(late, account(late))
    landed = await world.land(number)
    assert {one.id for one in world.panel.rows} - await world.noted() == set()
    assert landed.tally == Tally(found=350 + new, sent=350 + new)
    assert len(await world.events()) == 350 + new


async def test_the_closing_pass_brings_who_changed_who_registered_and_who_joined_this_shop_meanwhile(world: Airport) -> None:
    world.panel.rows = [account(1, "moved@example.pl", active=(2,)), account(2, "guest@example.pl", guest=True), *people(105)]
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    world.panel.change(1000, account(1000, first_name="Nowe Imię"))
    world.panel.change(1001, account(1001))  # touched, with nothing that we read changed
    world.panel.change(1, account(1, "moved@example.pl", active=(1, 2)))
    world.panel.change(2, account(2, "guest@example.pl"))
    world.panel.change(3, account(3, "brand-new@example.pl"))
    started = (await world.run_of(number)).started_at
    landed = await world.land(number)
    assert landed.tally == Tally(found=108, sent=108)
    assert world.panel.pages_read[-1] == (0, started - timedelta(hours=2))
    assert [one.profile.get("first_name") for one in world.upserts("person1000@example.pl")] == ["Imię1000", "Nowe Imię"]
    assert len(world.upserts("person1001@example.pl")) == 1
    for email in ("moved@example.pl", "guest@example.pl", "brand-new@example.pl"):
        assert len(world.upserts(email)) == 1
    assert len(await world.events()) == 109


async def test_the_closing_pass_reads_all_its_pages(world: Airport) -> None:
    world.panel.rows = people(230)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 2)
    for one in list(world.panel.rows):
        world.panel.change(one.id, account(one.id, first_name="Zmienione"))
    assert (await world.land(number)).tally == Tally(found=230, sent=230)
    assert [page for page, since in world.panel.pages_read if since is not None] == [0, 1, 2] * 2  # until a walk finds nothing new
    assert {(await world.contact(f"person{n}@example.pl")).profile["first_name"].value for n in (1000, 1229)} == {"Zmienione"}


async def test_nobody_who_changed_is_missed_when_accounts_vanish_between_two_pages_of_the_closing_pass(world: Airport) -> None:
    world.panel.rows = people(230)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 2)
    for one in list(world.panel.rows):
        world.panel.change(one.id, account(one.id, first_name="Zmienione"))
    await world.until(number, lambda run: run.phase is Phase.CLOSING and run.page == 1)
    world.panel.rows = world.panel.rows[1:]
    await world.land(number)
    async with world.store.work() as work:
        known = await work.contacts.page_of_shop("shop1", 0, 500)
    unchanged = {one.contact.email for one in known if one.contact.profile["first_name"].value != "Zmienione"}
    assert unchanged == set()


# -- the policy ----------------------------------------------------------------------------------------------------------


async def test_under_order_consent_there_is_no_transfer_and_the_refusal_says_why(world: Airport) -> None:
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    for mode in BackfillMode:
        with pytest.raises(NotPossible, match="order_consent"):
            await world.begin(mode)
    assert await world.flights.of_shop("shop1") == []


async def test_a_shop_without_a_panel_to_list_is_told_what_to_do_instead(world: Airport) -> None:
    for kind in (PanelKind.NONE, PanelKind.WEBHOOK):
        await world.configure(the_shop(panel=Panel(kind=kind)))
        with pytest.raises(NotPossible, match="no panel"):
            await world.begin()


async def test_a_changed_policy_stops_the_transfer_and_a_person_resumes_it_when_it_is_changed_back(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    stopped = await world.run_of(number)
    assert (stopped.paused, stopped.page, world.panel.pages_read) == (Pause.POLICY_CHANGED, 1, [])
    await world.flights.resume("shop1", number)
    await world.step()
    assert (await world.run_of(number)).paused is Pause.POLICY_CHANGED
    await world.configure(the_shop())
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=250, sent=250)


async def test_a_transfer_that_the_policy_stopped_can_be_cancelled_and_is_then_over(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    await world.step()
    await world.flights.cancel("shop1", number)
    for _ in range(5):
        await world.step()
    over = await world.at(number)
    assert (over.run.is_over, state_of(over.run, over.tally)) == (True, "cancelled")


# -- who starts it -------------------------------------------------------------------------------------------------------


async def test_an_automatic_transfer_begins_by_itself_once_and_never_again(world: Airport) -> None:
    await world.configure(the_shop(backfill=SMALL_CANARY))
    world.panel.rows = people(30)
    assert await world.flights.start_automatic() == 1
    assert await world.flights.start_automatic() == 0
    assert await world.restarted().start_automatic() == 0
    (begun,) = await world.flights.of_shop("shop1")
    assert (begun.run.mode, begun.run.phase) == (BackfillMode.RUN, Phase.CANARY)
    assert (await world.land(begun.run.id)).tally == Tally(found=30, sent=30)
    assert await world.restarted().start_automatic() == 0


async def test_an_approved_transfer_counts_by_itself_and_sends_nobody_before_a_person_says_so(world: Airport) -> None:
    world.panel.rows = [*people(130), account(1, guest=True)]
    assert await world.flights.start_automatic() == 1
    (begun,) = await world.flights.of_shop("shop1")
    number = begun.run.id
    await world.until(number, lambda run: run.phase is Phase.AWAITING_APPROVAL)
    for _ in range(3):
        await world.step()
    waits = await world.at(number)
    assert (await world.events(), waits.run.phase) == ([], Phase.AWAITING_APPROVAL)
    assert waits.tally == waits.run.preview == Tally(found=131, sent=130, withheld={"no_account": 1})
    assert await world.restarted().start_automatic() == 0
    await world.flights.approve("shop1", number)
    landed = await world.land(number)
    assert landed.tally == landed.run.preview == Tally(found=131, sent=130, withheld={"no_account": 1})


@pytest.mark.parametrize(
    "settings",
    [
        {"policy": Policy.ORDER_CONSENT},
        {"enabled": False},
        {"shadow": True},
        {"panel": Panel()},
        {"panel": Panel(kind=PanelKind.WEBHOOK, base_url="https://hook.example")},
    ],
)
async def test_only_an_active_shop_of_all_customers_with_a_panel_begins_by_itself_and_does_so_once_it_is_one(
    world: Airport, settings: dict[str, object]
) -> None:
    await world.configure(the_shop(**settings))
    assert await world.flights.start_automatic() == 0
    await world.configure(the_shop())
    assert await world.flights.start_automatic() == 1


async def test_a_dry_run_is_no_transfer_so_the_automatic_one_still_begins(world: Airport) -> None:
    await world.configure(the_shop(shadow=True))
    world.panel.rows = people(3)
    await world.flown(BackfillMode.DRY_RUN)
    await world.configure(the_shop())
    assert await world.flights.start_automatic() == 1


async def test_two_who_start_at_once_make_one_transfer(world: Airport) -> None:
    asked = [world.flights.start("shop1", BackfillMode.RUN), world.restarted().start("shop1", BackfillMode.RUN)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == ["NotPossible", "Progress"]
    assert len(await world.flights.of_shop("shop1")) == 1


# -- what a person may do ------------------------------------------------------------------------------------------------


async def test_a_paused_transfer_reads_nothing_while_what_is_queued_still_goes(world: Airport) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.flights.step_due()
    await world.flights.pause("shop1", number)
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    held = await world.at(number)
    assert (world.panel.pages_read, state_of(held.run, held.tally)) == ([], "paused")
    assert held.tally == Tally(found=200, sent=200)
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=350, sent=350)


async def test_a_cancelled_transfer_reports_what_became_of_those_it_had_queued(world: Airport) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.flights.step_due()
    cancelled = await world.flights.cancel("shop1", number)
    assert state_of(cancelled.run, cancelled.tally) == "cancelling"
    assert cancelled.tally.waiting == 100
    landed = await world.land(number)
    assert (landed.tally, state_of(landed.run, landed.tally)) == (Tally(found=200, sent=200), "cancelled")
    assert await world.begin() != number


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.AWAITING_APPROVAL])
async def test_a_transfer_cancelled_before_anybody_approved_it_reports_nobody_as_sent(world: Airport, phase: Phase) -> None:
    world.panel.rows = people(250)
    await world.flights.start_automatic()
    (begun,) = await world.flights.of_shop("shop1")
    await world.until(begun.run.id, lambda run: run.phase is phase and run.found > 0)
    await world.flights.cancel("shop1", begun.run.id)
    over = await world.at(begun.run.id)
    assert (state_of(over.run, over.tally), await world.events()) == ("cancelled", [])
    assert over.tally.sent == 0


async def test_what_makes_no_sense_as_things_stand_is_refused_with_a_sentence(world: Airport) -> None:
    world.panel.rows = people(130)
    flights, number = world.flights, await world.begin()
    with pytest.raises(NotPossible, match="under way"):
        await world.begin()
    with pytest.raises(NotPossible, match="under way"):
        await world.begin(BackfillMode.DRY_RUN)
    with pytest.raises(NotPossible, match="paused"):
        await flights.resume("shop1", number)
    with pytest.raises(NotPossible, match="approv"):
        await flights.approve("shop1", number)
    await flights.pause("shop1", number)
    with pytest.raises(NotPossible, match="moving"):
        await flights.pause("shop1", number)
    with pytest.raises(NotPossible, match="under way"):
        await world.begin()
    await flights.resume("shop1", number)
    await world.land(number)
    for act in (flights.pause, flights.resume, flights.approve, flights.cancel):
        with pytest.raises(NotPossible):
            await act("shop1", number)


async def test_another_shops_number_and_one_that_never_was_are_the_same_nothing(world: Airport) -> None:
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    number = await world.begin()
    flights = world.flights
    for act in (flights.progress, flights.pause, flights.resume, flights.approve, flights.cancel):
        for shop, asked in (("shop2", number), ("shop1", number + 1)):
            with pytest.raises(NotFound):
                await act(shop, asked)
    with pytest.raises(NotFound):
        await flights.start("no-such", BackfillMode.RUN)
    assert await flights.of_shop("shop2") == []
    assert (await world.run_of(number)).is_moving


async def test_the_newest_backfills_are_shown_first(world: Airport) -> None:
    world.panel.rows = people(3)
    numbers = []
    for mode in (BackfillMode.DRY_RUN, BackfillMode.RUN, BackfillMode.DRY_RUN):
        numbers.append(await world.begin(mode))
        await world.land(numbers[-1])
    assert [one.run.id for one in await world.flights.of_shop("shop1")] == numbers[::-1]


async def test_progress_tells_how_many_and_when(world: Airport) -> None:
    world.panel.rows = people(400)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    shown = await world.at(number)
    assert (shown.run.total, shown.run.found, shown.tally.found) == (400, 100, 100)
    assert shown.eta == max(world.clock(), shown.run.due_at) + timedelta(minutes=30)  # 300 at 600 an hour


async def test_in_shadow_everybody_is_counted_and_nobody_sent(world: Airport) -> None:
    await world.configure(the_shop(shadow=True))
    world.panel.rows = people(5)
    assert await world.flown() == Tally(found=5, withheld={"shadow": 5})
    assert world.upstream.calls == []


async def test_historical_orders_do_not_come_with_an_account(world: Airport) -> None:
    """R15, R62: what is listed is a profile, never a purchase."""
    world.panel.rows = people(5)
    await world.flown()
    assert world.upstream.events == []


def test_the_world_here_uses_a_row_as_the_client_makes_it() -> None:
    assert account(1).content != account(1, first_name="x").content
    assert replace(account(1)) == account(1)
