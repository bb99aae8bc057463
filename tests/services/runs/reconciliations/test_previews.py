"""A preview counts and changes nothing."""

from app.domain.runs.reconciliation import Cause, ReconciliationMode
from tests.services.runs.reconciliations.comparing import Audit, both_stores, damaged, with_jan
from tests.support.world import JAN, registers, tags


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
