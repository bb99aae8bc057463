"""Both sides compared on a real store: each cause exactly when it should, a preview that changes nothing, a repair that ends."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.consent import Policy, Status
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unreachable
from app.domain.errors import NotFound, NotPossible
from app.domain.event_parts import Customer
from app.domain.person.contact import Contact
from app.domain.runs.backfill import ListedAccount, Listing
from app.domain.runs.reconciliation import Cause, Phase, Reconciliation, ReconciliationMode
from app.domain.shops.shop import BackfillSettings, Hours, Panel, PanelKind
from app.services.from_salesmanago.polling import Poller
from app.services.runs.reconciliation_steps import REST
from app.services.runs.reconciliations import Reconciliations
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox, reconciliations
from tests.conftest import Clock
from tests.support.faithful import Faithful
from tests.support.world import (
    EWA,
    JAN,
    FakeShopSide,
    FakeUpstream,
    World,
    a_shop,
    erases,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    withdraws,
)

OLD, NEW = "jan@old.example", "jan@new.example"
IDOSELL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")
MIDNIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # in Warsaw


@dataclass
class Listed(FakeShopSide):
    """A panel with accounts, a hundred to a page. `changed`: when each one was changed last; long ago where nothing is said."""

    rows: list[ListedAccount] = field(default_factory=list)
    changed: dict[int, datetime] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    on_read: Callable = None
    pages_read: list[tuple[int, datetime | None]] = field(default_factory=list)
    broken: bool = False

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        self.pages_read.append((page, changed_since))
        if self.broken:
            raise RuntimeError("a defect of the client")
        shown = [
            one for one in self.rows if changed_since is None or (one.id in self.changed and self.changed[one.id] >= changed_since)
        ]
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered()
        answer = Answer(outcome, Call("clients/clients", self.clock(), 1, "x", "", 1))
        if self.on_read is not None:
            step, self.on_read = self.on_read, None
            await step()
        if not isinstance(outcome, Delivered):
            return Listing(answer)
        return Listing(answer, tuple(shown[page * 100 : page * 100 + 100]), len(shown), -(-len(shown) // 100))


def account(
    number: int, email: str | None = None, *, guest: bool = False, active: Sequence[int] = (1,), **says: object
) -> ListedAccount:
    address = f"person{number}@example.pl" if email is None else email
    customer = Customer(email=address, id=str(number), **says)
    return ListedAccount(id=number, customer=customer, is_guest=guest, active_in=frozenset(active), content=repr(customer)[:16])


class Audit(World):
    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.upstream = Faithful(clock)
        self.panel = self.panel_of("shop1")
        self.pull = Poller(self.store, self.directory, self.account_side, clock, lambda: None, timedelta(0))
        self.queued = 0
        self.auditor = self.restarted()

    def account_side(self, account_id: str) -> FakeUpstream:
        return self.upstream

    def panel_of(self, shop_id: str) -> Listed:
        self.sides[shop_id] = panel = Listed(self.clock)
        return panel

    def _rang(self) -> None:
        self.queued += 1

    def restarted(self) -> Reconciliations:
        side = lambda shop_id: self.sides[shop_id]  # noqa: E731 - as the composition root has it
        return Reconciliations(self.store, self.directory, self.account_side, side, self.pull, self.dry_run, self.clock, self._rang)

    async def looked(self) -> None:
        """The usual looks have happened and all that follows from them, as on any evening."""
        for _ in range(2):
            self.clock.advance(minutes=20)
            await self.run()
            await self.pull.sweep("main", timedelta(0))
            await self.run()
        self.clock.advance(minutes=20)

    async def finished(self, run: Reconciliation, steps: int = 30) -> Reconciliation:
        for _ in range(steps):
            stands = await self.auditor.one(run.shop_id, run.id)
            if stands.is_over:
                return stands
            await self.auditor.step_due()
            self.clock.advance(seconds=1)
        raise AssertionError(f"it never ended: {stands}")

    async def compared(self, mode: ReconciliationMode = ReconciliationMode.PREVIEW, shop: str = "shop1") -> Reconciliation:
        run = await self.finished(await self.auditor.start(shop, mode))
        await self.run()
        self.clock.advance(minutes=20)
        return run

    async def causes(self, shop: str = "shop1") -> dict[str, int]:
        return dict((await self.compared(shop=shop)).causes)

    async def repaired(self, shop: str = "shop1") -> list[UpsertContact]:
        """What a repair tells SALESmanago."""
        before = len(self.upstream.sent())
        await self.compared(ReconciliationMode.REPAIR, shop)
        return self.upstream.sent()[before:]

    async def contact(self, email: str = JAN, shop: str = "shop1") -> Contact:
        async with self.store.work() as work:
            (found,) = await work.contacts.in_shops([shop], [email])
        return found.contact

    async def rows(self) -> list[dict]:
        async with self.database.transaction() as connection:
            return [dict(row) for row in (await connection.execute(select(inbox).order_by(inbox.c.seq))).mappings()]

    async def made(self) -> list[str]:
        """Types of the events that comparisons put into the inbox."""
        return sorted(row["type"] for row in await self.rows() if row["type"] in ("account-listed", "drift-found"))

    async def delete_there(self, email: str) -> None:
        """Somebody deletes the contact in SALESmanago."""
        del self.upstream.contacts[email]
        self.upstream.opted_out.discard(email)
        self.upstream.opted_out_phone.discard(email)


@pytest.fixture(params=["sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Rules need one store only; what leans on the store itself is marked with `both_stores`."""
    kind: str = request.param
    request.getfixturevalue("migrated_file" if kind == "sqlite" else "postgresql")
    return kind


both_stores = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def world(database: Database, clock: Clock) -> Audit:
    made = Audit(database, clock)
    await made.configure(a_shop(panel=IDOSELL))
    return made


async def with_jan(world: Audit, *events: object) -> Audit:
    """Jan has an account, is in SALESmanago, and everything was looked at."""
    await world.post(*(events or (registers(JAN, first_name="Jan", id="7"),)))
    await world.looked()
    return world


# -- causes --------------------------------------------------------------------------------------------------------------


async def test_where_both_sides_agree_nothing_is_found(world: Audit) -> None:
    await with_jan(
        world, registers(JAN, id="7", wholesaler=True), subscribes(JAN, 1), tags(2, email=JAN, added=("vip",)), orders(email=EWA)
    )
    world.panel.rows = [account(7, JAN, wholesaler=True)]
    run = await world.compared()
    assert (dict(run.causes), run.checked, run.busy, run.trouble) == ({}, 3, 0, "")


async def test_a_contact_deleted_there_is_missing_there_and_nothing_else(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    assert await world.causes() == {Cause.MISSING_THERE: 1}


async def test_a_contact_still_under_the_former_address_is_a_rename_that_was_not_taken(world: Audit) -> None:
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1))
    await world.looked()
    world.upstream.contacts[OLD] = world.upstream.contacts.pop(NEW)
    assert await world.causes() == {Cause.RENAME_NOT_TAKEN: 1}


@pytest.mark.parametrize("gone", ["rejestracja", "wholesaler", "newsletter"])
async def test_each_tag_of_ours_that_is_gone_is_found_and_put_back(world: Audit, gone: str) -> None:
    await with_jan(world, subscribes(JAN), registers(JAN, 1, wholesaler=True))
    assert {"rejestracja", "wholesaler", "newsletter"} <= world.upstream.contacts[JAN]
    world.upstream.contacts[JAN].discard(gone)
    assert (await world.causes())[Cause.OUR_TAG_MISSING] == 1
    (told,) = await world.repaired()
    assert (told.add_tags, told.remove_tags, told.profile, told.email_status) == ((gone,), (), {}, None)
    await world.looked()
    assert await world.causes() == {}


async def test_a_tag_of_ours_that_was_taken_away_and_still_stands_is_taken_away_again(world: Audit) -> None:
    await with_jan(world, registers(JAN), tags(1, email=JAN, added=("vip",)), tags(2, email=JAN, removed=("vip",)))
    world.upstream.contacts[JAN].add("IDOSELL_VIP")
    assert await world.causes() == {Cause.OUR_TAG_LEFT: 1}
    (told,) = await world.repaired()
    assert (told.add_tags, told.remove_tags) == ((), ("idosell_vip",))
    world.upstream.contacts[JAN].discard("IDOSELL_VIP")  # SALESmanago folds, our fake does not
    await world.looked()
    assert await world.causes() == {}


async def test_r23_a_tag_without_our_prefix_that_we_never_gave_is_not_ours_to_take_away(world: Audit) -> None:
    world.upstream.contacts[JAN] = {"wholesaler"}  # from another shop of the account, or by hand
    await with_jan(world, registers(JAN, wholesaler=False))
    assert "wholesaler" in world.upstream.contacts[JAN]
    assert Cause.OUR_TAG_LEFT not in await world.causes()
    await world.repaired()
    assert "wholesaler" in world.upstream.contacts[JAN]


async def test_a_section_tag_somebody_took_off_there_is_no_difference(world: Audit) -> None:
    await with_jan(world, orders(email=JAN))
    assert "Obuwie" in world.upstream.contacts[JAN]
    world.upstream.contacts[JAN].discard("Obuwie")
    await world.looked()
    assert await world.causes() == {}


async def test_a_status_that_differs_is_found_and_an_opt_out_there_is_believed(world: Audit) -> None:
    await with_jan(world, subscribes(JAN))
    world.upstream.opted_out.add(JAN)
    assert await world.causes() == {Cause.STATUS_DIFFERS: 1}
    assert all(one.email_status is not Status.OPT_IN for one in await world.repaired())
    assert (await world.contact()).email_news.status is Status.OPT_OUT
    assert await world.causes() == {}


async def test_an_opt_out_that_is_gone_there_is_told_again_and_opts_nobody_in(world: Audit) -> None:
    await with_jan(world, subscribes(JAN), unsubscribes(JAN, 1))
    assert JAN in world.upstream.opted_out
    world.upstream.opted_out.discard(JAN)
    assert (await world.causes())[Cause.STATUS_DIFFERS] == 1
    await world.repaired()
    assert Status.OPT_IN not in {one.email_status for one in world.upstream.sent(UpsertContact)[1:]}


async def test_points_the_panel_was_not_told_of_are_found_and_told(world: Audit) -> None:
    await with_jan(world)
    world.upstream.points["rejestracja"] = 5
    assert await world.causes() == {Cause.POINTS_DIFFER: 1}
    before = len(world.panel.done)
    assert await world.repaired() == []
    assert len(world.panel.done) > before
    assert await world.causes() == {}


async def test_a_shop_without_a_place_for_tags_has_no_points_and_no_accounts_to_compare(world: Audit) -> None:
    await world.configure(a_shop())
    await with_jan(world)
    world.upstream.points["rejestracja"] = 5
    assert await world.causes() == {}
    assert world.panel.pages_read == []


async def test_somebody_never_sent_is_counted_and_compared_with_nothing(world: Audit) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await with_jan(world)
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({}, 1)
    assert await world.repaired() == []


async def test_who_withdrew_and_is_gone_there_is_as_it_should_be(world: Audit) -> None:
    await with_jan(world)
    await world.post(withdraws(JAN, 60))
    await world.looked()
    world.upstream.contacts.pop(JAN, None)
    assert await world.repaired() == []
    assert await world.causes() == {}


# -- a preview changes nothing -------------------------------------------------------------------------------------------


async def damaged(world: Audit) -> None:
    """One of each: deleted, renamed back, tags gone and left, a status, points, an account nobody told of."""
    people = [f"p{number}@example.pl" for number in range(7)]
    await world.post(*(registers(one, id=str(100 + number)) for number, one in enumerate(people)), subscribes(people[4], 1))
    await world.post(
        tags(1, email=people[3], added=("vip",)), tags(2, email=people[3], removed=("vip",)), renames(people[1], NEW, 3)
    )
    await world.looked()
    there = world.upstream.contacts
    await world.delete_there(people[0])
    there[people[1]] = there.pop(NEW)
    there[people[2]].discard("rejestracja")
    there[people[3]].add("idosell_vip")
    world.upstream.opted_out.add(people[4])
    there[people[5]].add("czerwony")
    world.panel.rows = [account(9), account(106, people[6], first_name="Ola")]


@both_stores
async def test_a_preview_names_every_cause_changes_no_row_and_writes_nothing_there(world: Audit) -> None:
    await damaged(world)
    before, sent, told = await world.dump(), world.upstream.sent(), list(world.panel.asked)
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.PREVIEW))
    assert set(run.causes) == set(Cause)
    after = await world.dump()
    before.pop("reconciliations"), after.pop("reconciliations")
    assert after == before
    await world.run()
    assert world.upstream.sent() == sent
    assert world.panel.asked == told
    assert world.queued == 0


@both_stores
async def test_a_repair_rings_leaves_quiet_background_events_and_a_second_preview_finds_nothing(world: Audit) -> None:
    await damaged(world)
    seen = len(await world.rows())
    told = await world.repaired()
    assert world.queued > 0
    made = (await world.rows())[seen:]
    assert {row["type"] for row in made} >= {"drift-found", "account-listed"}
    assert all(row["background"] for row in made if row["type"] in ("drift-found", "account-listed"))
    assert all(one.quiet for one in told if one.email_status is None)
    await world.looked()
    assert await world.causes() == {}
    assert await world.repaired() == []


async def test_a_second_repair_tells_nothing_so_no_score_of_a_tag_rises(world: Audit) -> None:
    await damaged(world)
    told = await world.repaired()
    added = [(one.address_after, tag) for one in told for tag in one.add_tags]
    assert len(added) == len(set(added))
    # Who kept a tag is not told of it again.
    assert not any("rejestracja" in one.add_tags for one in told if one.address_after == "p3@example.pl")
    await world.looked()
    assert await world.repaired() == []


async def test_one_repair_puts_right_everything_that_is_wrong_with_one_person(world: Audit) -> None:
    await with_jan(world, registers(JAN), tags(1, email=JAN, added=("vip",)))
    world.upstream.contacts[JAN] -= {"rejestracja", "idosell_vip"}
    assert await world.causes() == {Cause.OUR_TAG_MISSING: 1, Cause.POINTS_DIFFER: 1}
    await world.repaired()
    await world.repaired()  # of whom something is being repaired, nothing is looked at in the same moment
    assert {"rejestracja", "idosell_vip"} <= world.upstream.contacts[JAN]
    assert await world.causes() == {}


# -- what a repair may not do --------------------------------------------------------------------------------------------


async def test_a_contact_deleted_there_is_written_again_whole_but_without_any_opt_in(world: Audit) -> None:
    await with_jan(world, subscribes(JAN, by_sms=True, phone="+48600100200"), registers(JAN, 1, first_name="Jan"))
    await world.delete_there(JAN)
    (told,) = await world.repaired()
    assert (told.email, told.email_status, told.phone_status, told.agreements) == (JAN, None, None, ())
    assert (told.introduces, told.quiet, told.profile["first_name"]) == (True, True, "Jan")
    assert {"rejestracja", "newsletter"} <= set(told.add_tags)
    assert JAN in world.upstream.opted_out


async def test_only_a_new_act_opts_in_a_contact_that_was_deleted_there(world: Audit) -> None:
    await with_jan(world, subscribes(JAN))
    await world.delete_there(JAN)
    await world.repaired()
    assert JAN in world.upstream.opted_out
    await world.post(subscribes(JAN, 24 * 60))
    await world.run()
    assert JAN not in world.upstream.opted_out


async def test_writing_a_contact_again_makes_nobody_resign_in_the_shop(world: Audit) -> None:
    """That the new contact is shown as opted out is our own doing, and no act of the person."""
    await with_jan(world, subscribes(JAN))
    await world.delete_there(JAN)
    await world.repaired()
    await world.looked()
    assert [one for one in world.panel.done if isinstance(one, SetSubscription)] == []
    assert (await world.contact()).email_news.opted_out is None


@pytest.mark.parametrize("act", [withdraws, erases])
async def test_who_withdrew_or_was_erased_before_the_repair_is_decided_is_not_written_again(world: Audit, act: Callable) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    await world.post(act(JAN, 300))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert await world.repaired() == []


async def test_nobody_who_was_erased_is_looked_up_by_address(world: Audit) -> None:
    await with_jan(world)
    await world.post(erases(JAN, 100))
    await world.looked()
    world.upstream.calls.clear()
    assert await world.causes() == {}
    assert not any(JAN in items for _, items in world.upstream.calls)


async def test_a_renamed_contact_is_renamed_again_and_no_twin_stays(world: Audit) -> None:
    await with_jan(world, registers(OLD, id="7", first_name="Jan"), renames(OLD, NEW, 1))
    await world.looked()
    world.upstream.contacts[OLD] = world.upstream.contacts.pop(NEW)
    (told,) = await world.repaired()
    assert (told.email, told.new_email, told.add_tags, told.profile) == (OLD, NEW, (), {})
    assert set(world.upstream.contacts) == {NEW}
    await world.looked()
    assert await world.causes() == {}


async def test_somebody_else_who_has_the_former_address_now_is_not_renamed(world: Audit) -> None:
    """Jan left the address; Ewa registered with it. That Jan is gone there makes Ewa nobody else."""
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1, customer_id="7"))
    await world.post(registers(OLD, 10, id="8", first_name="Ewa"))
    await world.looked()
    assert set(world.upstream.contacts) == {OLD, NEW}
    await world.delete_there(NEW)
    assert await world.causes() == {Cause.MISSING_THERE: 1}
    told = await world.repaired()
    assert [(one.email, one.new_email) for one in told] == [(NEW, None)]
    assert set(world.upstream.contacts) == {OLD, NEW}


async def test_a_contact_of_another_shop_under_the_former_address_is_not_renamed(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1, customer_id="7"))
    await world.post(registers(OLD, 10, id="8", first_name="Ewa"), shop="shop2")
    await world.looked()
    await world.delete_there(NEW)
    told = await world.repaired()
    assert [(one.email, one.new_email) for one in told] == [(NEW, None)]
    assert set(world.upstream.contacts) == {OLD, NEW}


async def test_a_rename_that_overtakes_the_repair_is_told_once(world: Audit) -> None:
    """The comparison saw the old address; by the time it is decided the person has moved, and SALESmanago was told."""
    await with_jan(world, registers(OLD, id="7"))
    world.upstream.contacts[OLD].discard("rejestracja")
    await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    sent = len(world.upstream.sent())
    await world.post(renames(OLD, NEW, 90, customer_id="7"))
    await world.run()
    told = world.upstream.sent(UpsertContact)[sent:]
    assert [one.new_email for one in told if one.email == OLD] == [NEW]
    assert set(world.upstream.contacts) == {NEW}


# -- who is busy ---------------------------------------------------------------------------------------------------------


@both_stores
async def test_somebody_of_whom_something_is_on_its_way_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    await world.post(registers(EWA))
    await world.plan()  # queued, not delivered: Ewa is not there yet
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)
    assert await world.made() == []


@both_stores
async def test_somebody_of_whom_something_is_not_decided_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    await world.post(orders(email=JAN, minutes=200))
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)


@both_stores
async def test_somebody_who_changed_while_we_looked_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    world.upstream.contacts[JAN].discard("rejestracja")

    async def meanwhile(method: str, items: list) -> None:
        if method == "look_up":
            world.upstream.before_answer = None
            await world.post(tags(300, email=JAN, added=("vip",)))
            await world.run()

    world.upstream.before_answer = meanwhile
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)


async def test_a_contact_that_left_in_the_meantime_is_called_no_account(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    run = await world.compared()
    assert await world.auditor.people(run) == {Cause.MISSING_THERE: [JAN]}
    await world.post(erases(JAN, 300))
    await world.run()
    (shown,) = (await world.auditor.people(run))[Cause.MISSING_THERE]
    assert "account" not in shown
    assert "@" not in shown


# -- accounts of the panel (A8) ------------------------------------------------------------------------------------------


async def test_a8_an_account_nobody_told_of_is_found_and_sent_quietly_after_live_events(world: Audit) -> None:
    world.panel.rows = [account(5, first_name="Ola"), account(6, guest=True), account(8, active=(2,))]
    run = await world.compared()
    assert dict(run.causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    assert await world.auditor.people(run) == {Cause.ACCOUNT_UNKNOWN: ["account 5"]}
    (told,) = await world.repaired()
    assert (told.email, told.quiet, told.introduces, told.email_status) == ("person5@example.pl", True, True, None)
    assert [(row["type"], row["background"]) for row in await world.rows()] == [("account-listed", True)]
    await world.looked()
    assert await world.causes() == {}


async def test_a8_an_account_that_changed_unheard_is_found_and_only_the_difference_is_sent(world: Audit) -> None:
    await with_jan(world, registers(JAN, id="7", first_name="Jan", phone="+48600100200"))
    world.panel.rows = [account(7, JAN, first_name="Jan", phone="+48600100201")]
    assert await world.causes() == {Cause.ACCOUNT_CHANGED: 1}
    (told,) = await world.repaired()
    assert (told.profile, told.add_tags, told.quiet) == ({"phone": "+48600100201"}, (), True)
    assert await world.causes() == {}


async def test_a8_under_order_consent_an_unknown_account_is_no_difference(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL, policy=Policy.ORDER_CONSENT))
    world.panel.rows = [account(5)]
    assert await world.causes() == {}
    assert await world.repaired() == []


async def test_in_the_shadow_a_repair_sends_nothing(world: Audit) -> None:
    await with_jan(world)
    await world.configure(a_shop(panel=IDOSELL, shadow=True))
    await world.delete_there(JAN)
    world.panel.rows = [account(5)]
    assert await world.repaired() == []
    assert world.upstream.contacts == {}


async def test_an_erased_persons_account_is_not_brought_back(world: Audit) -> None:
    await with_jan(world)
    await world.post(erases(JAN, 100))
    await world.looked()
    world.panel.rows = [account(7, JAN)]
    assert await world.repaired() == []
    assert JAN not in world.upstream.contacts


@both_stores
async def test_every_page_of_accounts_is_compared_once(world: Audit) -> None:
    world.panel.rows = [account(number) for number in range(1000, 1250)]
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({Cause.ACCOUNT_UNKNOWN: 250}, 250)
    assert [page for page, _ in world.panel.pages_read] == [0, 1, 2]
    assert len(run.samples[Cause.ACCOUNT_UNKNOWN]) == 5


@both_stores
async def test_more_people_than_one_look_may_name_are_all_compared_once(world: Audit) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(120)))
    await world.run()
    world.clock.advance(minutes=1)
    world.upstream.contacts.clear()
    world.upstream.calls.clear()
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({Cause.MISSING_THERE: 120}, 120)
    asked = [len(items) for method, items in world.upstream.calls if method == "look_up"]
    assert max(asked) <= 50
    assert sum(asked) == 120


# -- neighbours that fail ------------------------------------------------------------------------------------------------


async def test_when_salesmanago_does_not_answer_it_rests_at_the_same_page_and_goes_on(world: Audit) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(60)))
    await world.run()
    world.clock.advance(minutes=1)
    await world.delete_there("p59@example.pl")
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    await world.auditor.step_due()
    first = await world.auditor.one("shop1", run.id)
    assert first.checked == 50
    world.upstream.respond = scripted(Unreachable("down"), method="look_up")
    await world.auditor.step_due()
    rests = await world.auditor.one("shop1", run.id)
    assert rests == replace(first, version=first.version + 1, trouble="down", due_at=world.clock() + REST)
    assert await world.auditor.step_due() == 0
    world.clock.advance(seconds=REST.total_seconds())
    world.auditor = world.restarted()
    ended = await world.finished(run)
    assert (ended.causes[Cause.MISSING_THERE], ended.checked, ended.trouble) == (1, 60, "")


async def test_a_rest_after_throttling_has_a_name(world: Audit) -> None:
    await with_jan(world)
    world.upstream.respond = scripted(Throttled(), method="look_up")
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    await world.auditor.step_due()
    assert (await world.auditor.one("shop1", run.id)).trouble != ""


@pytest.mark.parametrize("trouble", ["down", "panel_overloaded"])
async def test_a_panel_that_does_not_answer_or_is_overloaded_is_asked_for_the_same_page_later(world: Audit, trouble: str) -> None:
    world.panel.rows = [account(number) for number in range(1000, 1150)]
    world.panel.overloaded = trouble == "panel_overloaded"
    world.panel.outcomes = [] if world.panel.overloaded else [Delivered(), Unreachable("down")]
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    for _ in range(3):
        await world.auditor.step_due()
    rests = await world.auditor.one("shop1", run.id)
    assert (rests.trouble, rests.phase, rests.due_at) == (trouble, Phase.ACCOUNTS, world.clock() + REST)
    world.panel.overloaded = False
    world.clock.advance(seconds=REST.total_seconds())
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.trouble) == ({Cause.ACCOUNT_UNKNOWN: 150}, "")
    await world.run()
    assert len(world.upstream.sent(UpsertContact)) == 150


async def test_r71_one_shops_broken_panel_holds_up_no_other_shop(world: Audit) -> None:
    await world.configure(
        a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2, panel=IDOSELL)
    )
    world.panel.broken = True
    world.panel_of("shop2").rows = [account(5, active=(2,))]
    broken = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    fine = await world.auditor.start("shop2", ReconciliationMode.PREVIEW)
    ended = await world.finished(fine)
    assert dict(ended.causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    stands = await world.auditor.one("shop1", broken.id)
    assert (stands.trouble, stands.is_over) == ("defect", False)
    world.panel.broken = False
    world.clock.advance(seconds=REST.total_seconds())
    assert (await world.finished(broken)).trouble == ""


@both_stores
async def test_r71_one_shops_slow_panel_holds_up_no_other_shop(world: Audit) -> None:
    await world.configure(
        a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2, panel=IDOSELL)
    )
    other, done = world.panel_of("shop2"), asyncio.Event()

    async def waits() -> None:
        await asyncio.wait_for(done.wait(), 5)

    async def ends() -> None:
        done.set()

    world.panel.on_read, other.on_read = waits, ends
    runs = [await world.auditor.start(shop, ReconciliationMode.PREVIEW) for shop in ("shop1", "shop2")]
    assert [(await world.finished(run)).trouble for run in runs] == ["", ""]


async def test_a_shop_that_was_disabled_meanwhile_is_compared_no_further(world: Audit) -> None:
    await with_jan(world)
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    await world.delete_there(JAN)
    await world.configure(a_shop(panel=IDOSELL, enabled=False))
    ended = await world.finished(run)
    assert (ended.trouble, dict(ended.causes)) == ("shop_disabled", {})


# -- crashes and two workers ---------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


@both_stores
async def test_a_crash_between_look_and_save_leaves_nothing_and_the_page_is_compared_again(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)

    async def dies(method: str, items: list) -> None:
        raise Killed

    before = await world.dump()
    world.upstream.before_answer = dies
    with pytest.raises(Killed):
        await world.auditor.step_due()
    assert await world.dump() == before
    world.upstream.before_answer, world.auditor = None, world.restarted()
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.checked) == ({Cause.MISSING_THERE: 1}, 1)
    await world.run()
    assert await world.made() == ["drift-found"]


@both_stores
async def test_two_workers_at_the_same_page_count_and_repair_it_once(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    world.panel.rows = [account(5)]
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    other = world.restarted()
    for _ in range(6):
        (stands,) = [await world.auditor.one("shop1", run.id)]
        if stands.is_over:
            break
        await world.auditor.steps._step_alone(stands)
        await other.steps._step_alone(stands)
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.checked) == ({Cause.MISSING_THERE: 1, Cause.ACCOUNT_UNKNOWN: 1}, 2)
    assert await world.made() == ["account-listed", "drift-found"]


# -- starting ------------------------------------------------------------------------------------------------------------


async def test_only_one_comparison_of_a_shop_goes_on_at_a_time(world: Audit) -> None:
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    with pytest.raises(NotPossible):
        await world.restarted().start("shop1", ReconciliationMode.REPAIR)
    await world.finished(run)
    await world.auditor.start("shop1", ReconciliationMode.REPAIR)


@both_stores
async def test_of_two_who_start_at_once_one_finds_the_others(world: Audit) -> None:
    answers = await asyncio.gather(
        *(world.restarted().start("shop1", ReconciliationMode.PREVIEW) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in answers) == ["NotPossible"] * 3 + ["Reconciliation"]


async def test_a_shop_or_number_nobody_knows_is_not_found_nor_is_another_shops(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    for shop, number in (("shop2", run.id), ("shop1", run.id + 1)):
        with pytest.raises(NotFound):
            await world.auditor.one(shop, number)
    with pytest.raises(NotFound):
        await world.auditor.start("no-such", ReconciliationMode.PREVIEW)
    assert await world.auditor.of_shop("shop2") == []


# -- by night ------------------------------------------------------------------------------------------------------------


@both_stores
async def test_by_day_no_comparison_begins_by_itself_and_by_night_one(world: Audit) -> None:
    assert await world.auditor.start_nightly() == 0  # noon
    world.clock.now = MIDNIGHT
    assert await world.auditor.start_nightly() == 1
    assert await world.auditor.start_nightly() == 0  # one is under way
    (run,) = await world.auditor.of_shop("shop1")
    assert run.mode is ReconciliationMode.PREVIEW
    await world.finished(run)
    world.clock.advance(hours=3)
    assert await world.auditor.start_nightly() == 0  # once a night


async def test_over_five_days_there_are_five_nightly_comparisons(world: Audit) -> None:
    for _ in range(5 * 24):
        await world.auditor.start_nightly()
        for _ in range(3):
            await world.auditor.step_due()
        world.clock.advance(hours=1)
    begun = [run.started_at for run in await world.auditor.of_shop("shop1")]
    assert len(begun) == 5
    assert all(not 6 <= one.hour < 21 for one in begun)  # 07:00 to 22:00 in Warsaw


async def test_the_night_is_that_of_the_shop_and_a_disabled_shop_sleeps_through_it(world: Audit) -> None:
    await world.configure(
        a_shop(enabled=False),
        a_shop("shop2", host="ny.example", location="ny_example", number=2, time_zone="America/New_York"),
        a_shop(
            "shop3",
            host="pl.example",
            location="pl_example",
            number=3,
            backfill=BackfillSettings(day=Hours(contacts_per_hour=600, start="01:00", end="00:30")),
        ),
    )
    world.clock.now = MIDNIGHT - timedelta(minutes=10)  # 23:50 in Warsaw, evening in New York
    assert await world.auditor.start_nightly() == 0
    world.clock.now = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert await world.auditor.start_nightly() == 1
    assert len(await world.auditor.of_shop("shop2")) == 1


async def test_the_next_night_compares_accounts_that_changed_since_the_last_one(world: Audit) -> None:
    world.panel.rows = [account(5), account(6)]
    world.clock.now = MIDNIGHT
    world.panel.changed = {5: MIDNIGHT - timedelta(hours=3)}
    await world.auditor.start_nightly()
    (first,) = await world.auditor.of_shop("shop1")
    assert dict((await world.finished(first)).causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    world.panel.changed = {6: MIDNIGHT + timedelta(hours=12)}
    world.clock.now = MIDNIGHT + timedelta(days=1)
    await world.auditor.start_nightly()
    second = (await world.auditor.of_shop("shop1"))[0]
    assert second.accounts_since is not None
    assert second.accounts_since <= first.started_at
    assert (await world.finished(second)).samples[Cause.ACCOUNT_UNKNOWN] == ("a6",)


async def test_a8_what_changed_while_a_comparison_was_cut_short_is_compared_in_a_later_night(world: Audit) -> None:
    """A night in which the shop was disabled compared nobody: it must not count as a look at what changed before it."""
    world.clock.now = MIDNIGHT
    await world.auditor.start_nightly()
    await world.finished((await world.auditor.of_shop("shop1"))[0])
    world.panel.rows = [account(5)]
    world.panel.changed = {5: MIDNIGHT + timedelta(hours=5)}
    world.clock.now = MIDNIGHT + timedelta(days=1)
    await world.auditor.start_nightly()
    await world.configure(a_shop(panel=IDOSELL, enabled=False))
    assert (await world.finished((await world.auditor.of_shop("shop1"))[0])).trouble == "shop_disabled"
    await world.configure(a_shop(panel=IDOSELL))
    world.clock.now = MIDNIGHT + timedelta(days=2)
    await world.auditor.start_nightly()
    assert dict((await world.finished((await world.auditor.of_shop("shop1"))[0])).causes) == {Cause.ACCOUNT_UNKNOWN: 1}


async def test_a_full_comparison_asks_for_every_account(world: Audit) -> None:
    await world.compared()
    assert world.panel.pages_read == [(0, None)]


# -- the store -----------------------------------------------------------------------------------------------------------


@both_stores
async def test_what_was_read_is_written_back_as_the_same_bytes(world: Audit) -> None:
    await damaged(world)
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.PREVIEW))
    async with world.store.work() as work:
        assert await work.reconciliations.save(replace(run, checked=99), run)
        assert not await work.reconciliations.save(replace(run, checked=100), run)
        await work.commit()
    assert (await world.auditor.one("shop1", run.id)).checked == 99


@both_stores
async def test_what_is_due_are_the_runs_that_are_not_over_the_longest_waiting_first(world: Audit) -> None:
    now = world.clock()
    plain = Reconciliation(
        shop_id="shop1", mode=ReconciliationMode.PREVIEW, token="t", started_at=now, due_at=now, accounts_since=None
    )
    async with world.store.work() as work:
        late = await work.reconciliations.add(replace(plain, due_at=now + timedelta(microseconds=1)))
        ready = await work.reconciliations.add(plain)
        earlier = await work.reconciliations.add(replace(plain, due_at=now - timedelta(hours=1)))
        await work.reconciliations.add(replace(plain, phase=Phase.FINISHED))
        assert [one.id for one in await work.reconciliations.due(now)] == [earlier, ready]
        assert late in [one.id for one in await work.reconciliations.of_shop("shop1", 9)]
        assert [one.id for one in await work.reconciliations.of_shop("shop1", 2)] == [earlier + 1, earlier]
        await work.commit()
    async with world.database.transaction() as connection:
        assert len((await connection.execute(select(reconciliations.c.id))).all()) == 4
