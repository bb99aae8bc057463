"""R73: what one answer says holds up nobody else, is never repeated for ever, and is never lost."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.domain.delivery.outcomes import LONGEST_DELAY, Delivered, Outcome, Refused, Unknown
from app.domain.operations.replay import ParkedFilter
from app.services.operations.replay import Operations
from app.storage.engine.database import Database
from app.storage.engine.tables import contact_queues, outbox
from tests.services.isolation.culprits import PEOPLE, POISON, Refuse, others, refusing_one
from tests.support.world import FakeUpstream, World, registers


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
