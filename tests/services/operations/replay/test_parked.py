"""Parked commands by cause, and the state of each destination."""

from typing import Any

from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unreachable
from app.domain.events import OptInClaimed
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from app.services.operations.replay import Replay
from tests.support.world import (
    EWA,
    JAN,
    at,
    orders,
    registers,
    scripted,
)
from tests.support.worlds.operated import EVERYTHING, Operated, upserts

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


async def test_what_the_destination_said_with_signs_of_a_query_language_is_a_name_like_any_other(gate: Operated) -> None:
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


# -- how the neighbours are ----------------------------------------------------------------------------------------------


async def test_a_line_tells_of_the_circuit_the_cause_and_what_waits(gate: Operated) -> None:
    assert await gate.operations.lines() == []
    gate.upstream.respond = lambda method, items: Throttled(90.0)
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    (line,) = await gate.operations.lines()
    assert (line.destination, line.circuit, line.claims, line.waiting) == ("account:main", Circuit.OPEN, 0, 2)
    assert line.state.breaker.cause == "throttled: asked to wait 90 s"
    gate.world.clock.advance(seconds=91)
    (line,) = await gate.operations.lines()
    assert line.circuit is Circuit.HALF_OPEN
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.run()
    await gate.world.run()
    (line,) = await gate.operations.lines()
    assert (line.circuit, line.waiting, line.state.breaker.cause) == (Circuit.CLOSED, 0, "")


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


async def test_a_confirmation_of_an_opt_in_that_was_given_up_is_asked_again(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Refused("no") if method == "statuses" else Delivered()
    await gate.world.post(OptInClaimed(at=at(10), email=JAN))
    await gate.world.run_for(hours=1)
    parked = await gate.operations.parked(EVERYTHING)
    assert [one.destination for one in parked] == ["reading:main"]
    gate.upstream.respond = lambda method, items: Delivered()
    gate.upstream.calls.clear()
    await gate.replays()
    assert "statuses" in gate.upstream.methods
    assert await gate.operations.parked(EVERYTHING) == []
