"""A dry run leaves nothing behind, and counts what the run then does."""

from app.domain.event_parts import NewsletterBox
from app.domain.runs.backfill import BackfillMode, ListedAccount, state_of
from app.domain.runs.backfill_tally import Tally
from tests.support.world import (
    EWA,
    JAN,
    erases,
    registers,
    withdraws,
)
from tests.support.worlds.backfill_world import LONG_AGO, Airport, account, people


async def a_mixed_population(world: Airport) -> list[ListedAccount]:
    await world.post(
        registers(JAN, id="1", minutes=-9), erases(JAN), withdraws(EWA), registers("old@example.pl", id="7", minutes=-9)
    )
    await world.run()
    await world.run()
    world.clock.advance(minutes=5)
    agreed = NewsletterBox(ticked=True, since=LONG_AGO)
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
    agreed = NewsletterBox(ticked=True, since=LONG_AGO)
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
