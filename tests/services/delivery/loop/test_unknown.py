"""What perhaps arrived is looked up before it is sent again, after a lost answer as after a crash."""

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Throttled, Unknown, Unreachable
from tests.support.world import JAN, World, orders, registers, renames, scripted


async def test_an_event_of_unknown_outcome_is_looked_up_and_not_added_twice(world: World) -> None:
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(orders("o1"))
    await world.run_for(hours=0.1)
    assert world.upstream.methods.count("add_event") == 1
    assert world.upstream.methods[2] == "look_up"
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_an_event_of_unknown_outcome_that_did_not_arrive_is_sent_again_after_verification(world: World) -> None:
    world.upstream.respond, world.upstream.applied = scripted(Unknown("timeout"), method="add_event"), False
    await world.post(orders("o1"))
    await world.run_for(hours=0.1)
    assert world.upstream.methods == ["upsert", "add_event", "look_up", "add_event"]
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()


async def test_nothing_unsure_is_sent_while_verification_itself_fails(world: World) -> None:
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(orders("o1"))
    await world.run()
    world.upstream.respond = scripted(Unknown("timeout"), Unreachable("down"), Throttled(5.0), method="look_up")
    await world.run_for(hours=0.2)
    assert world.upstream.methods == ["upsert", "add_event", "look_up", "look_up", "look_up", "look_up"]
    assert len(world.upstream.events) == 1
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_after_a_crash_between_claim_and_record_the_next_holder_verifies_first(world: World) -> None:
    await world.post(orders("o1"))
    await world.plan()
    ((claim,), _) = await world.delivery.claims.claim(to_account("main"))
    for waiting in claim.commands:  # sent, and then the power went
        world.upstream._do(waiting.command)
    world.restart()
    await world.run()
    assert world.upstream.calls == []  # the lease still stands
    world.clock.advance(seconds=61)
    await world.run()
    assert world.upstream.methods == ["look_up", "upsert"]
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_worker_that_comes_back_after_its_lease_changes_nothing(world: World) -> None:
    async def overtaken(method: str, items: list) -> None:
        world.upstream.before_answer = None
        world.clock.advance(seconds=61)
        world.restart()
        await world.deliver()

    await world.post(registers())
    await world.plan()
    world.upstream.before_answer = overtaken
    await world.delivery.deliver_due(to_account("main"))
    assert world.upstream.methods == ["upsert", "look_up", "upsert"]
    trace = await world.trace("e1")
    assert [len(command.attempts) for command in trace.commands] == [1]
    await world.at_rest()


async def test_an_event_of_unknown_outcome_is_looked_for_under_the_new_address_after_a_rename(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(orders("o1", JAN, 1), renames(JAN, "new@example.pl", 2))
    await world.plan()
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.run_for(hours=0.1)
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()
