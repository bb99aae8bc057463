"""The replay itself: previewed, of one, some or all, refused again."""

from collections import Counter

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from tests.support.world import (
    EWA,
    JAN,
    orders,
    registers,
    withdraws,
)
from tests.support.worlds.operated import EVERYTHING, Operated

# -- a preview -----------------------------------------------------------------------------------------------------------


async def test_a_preview_changes_not_a_byte_and_says_what_the_replay_then_does(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1), registers(EWA))
    await gate.parks(JAN, EWA)
    await gate.world.post(withdraws(EWA, minutes=90))
    await gate.world.run()
    before = await gate.world.dump()
    shown = await gate.operations.preview(EVERYTHING)
    assert await gate.world.dump() == before
    assert gate.rung == []
    assert (shown.again, shown.closed) == (3, Counter({Reason.CONSENT_WITHDRAWN: 1}))
    assert await gate.operations.replay(EVERYTHING) == shown
    assert gate.rung == [None]


async def test_samples_show_what_is_sent_today_and_twenty_at_most(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(25)]
    await gate.world.post(*(registers(email) for email in people))
    await gate.parks(*people)
    await gate.world.post(registers("c0@example.pl", minutes=90, first_name="Jan"), withdraws("c1@example.pl", minutes=90))
    await gate.world.run()
    shown = await gate.operations.preview(EVERYTHING)
    assert (shown.again, len(shown.samples)) == (24, 20)
    shop, event_id, command = shown.samples[0]
    assert isinstance(command, UpsertContact)
    assert (shop, event_id, dict(command.profile)) == ("shop1", "e1", {"first_name": "Jan"})
    assert shown.samples[1] == ("shop1", "e2", None)


# -- one, some, all ------------------------------------------------------------------------------------------------------


async def test_a_replayed_event_ends_as_sent_and_its_trace_has_both_attempts(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.parks(JAN)
    assert await gate.world.states() == {"e1": ("parked", "refused")}
    done = await gate.replays()
    assert (done.again, done.closed, done.held, done.decided_again) == (1, Counter(), 0, 0)
    assert gate.upstream.contacts == {JAN: {"rejestracja"}}
    trace = await gate.world.trace("e1")
    assert [[one.outcome for one in command.attempts] for command in trace.commands] == [["refused", "delivered"]]
    assert await gate.operations.parked(EVERYTHING) == []


async def test_every_event_of_a_replay_comes_to_its_end(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1), orders("o2", EWA))
    await gate.parks(JAN)
    await gate.replays()
    assert set((await gate.world.at_rest()).values()) == {("sent", None)}


async def test_an_event_that_is_refused_replayed_refused_and_replayed_again_is_sent_in_the_end(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    for _ in range(3):
        await gate.parks(JAN)
        assert await gate.world.states() == {"e1": ("parked", "refused")}
        await gate.operations.replay(EVERYTHING)
    await gate.world.run()
    assert await gate.world.at_rest() == {"e1": ("sent", None)}


async def test_what_is_refused_again_is_parked_again_with_the_new_words(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.parks(JAN, words="first")
    await gate.operations.replay(EVERYTHING)
    await gate.parks(JAN, words="second")
    (group,) = await gate.operations.parked(EVERYTHING)
    assert (group.words, group.number) == ("second", 1)
    assert await gate.world.states() == {"e1": ("parked", "refused")}
    assert await gate.waiting_queues() == []


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (ParkedFilter(event_id="e2"), [EWA]),
        (ParkedFilter(words="Invalid name"), [EWA]),
        (ParkedFilter(shop_id="shop2"), ["ola@example.pl"]),
        (ParkedFilter(reason=Reason.REFUSED), [EWA, JAN, "ola@example.pl"]),
        (ParkedFilter(reason=Reason.GAVE_UP), []),
        (ParkedFilter(shop_id="shop1", words="Invalid phone number"), [JAN]),
        (ParkedFilter(shop_id="shop2", event_id="e1"), []),
        (ParkedFilter(shop_id="nobody"), []),
        (ParkedFilter(words="invalid name"), []),
        (ParkedFilter(words="Invalid"), []),
        (EVERYTHING, [EWA, JAN, "ola@example.pl"]),
    ],
)
async def test_one_some_or_all_are_replayed_and_nobody_else(gate: Operated, wanted: ParkedFilter, sent: list[str]) -> None:
    gate.upstream.respond = lambda method, items: Refused(
        "several" if len(items) > 1 else "Invalid name" if items[0].email == EWA else "Invalid phone number"
    )
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.post(registers("ola@example.pl"), shop="shop2")
    await gate.world.run_for(hours=1)
    gate.upstream.respond = lambda method, items: Delivered()
    done = await gate.replays(wanted)
    assert done.again == len(sent)
    assert sorted(gate.upstream.contacts) == sent
    assert len(await gate.parked_ids()) == 3 - len(sent)
