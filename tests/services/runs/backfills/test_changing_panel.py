"""A panel whose accounts come, go and change while they are read: nobody is missed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.domain.runs.backfill import Phase
from app.domain.runs.backfill_tally import Tally
from tests.support.worlds.backfill_world import Airport, account, people

COME_AND_GO = [
    pytest.param("sqlite", [1000], 0, id="sqlite-one vanishes"),
    pytest.param("sqlite", range(1000, 1090), 0, id="sqlite-many vanish"),
    pytest.param("sqlite", range(1000, 1100), 0, id="sqlite-a whole page vanishes"),
    pytest.param("sqlite", [], 30, id="sqlite-some register"),
    pytest.param("sqlite", [1000], 1, id="sqlite-one vanishes and one registers"),
    pytest.param("postgresql", [1000], 1, id="postgresql-one vanishes and one registers"),
]
"""What a page lacks is the panel's doing: to PostgreSQL one kind of change is as good as another."""


@pytest.mark.parametrize(("dialect", "gone", "new"), COME_AND_GO, indirect=["dialect"])
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
