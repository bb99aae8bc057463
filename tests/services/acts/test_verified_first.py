"""An opt-in that waited is verified before it leaves: what SALESmanago has learned meanwhile counts (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import ADA, CLICK, DOWN, FINE, SEEN
from tests.support.worlds.acts import (
    InShop,
    Looks,
    Passes,
    Play,
    Step,
    There,
    Turns,
)

WAITED = [
    pytest.param([InShop(ADA, False), SEEN, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE], id="behind an outage"),
    pytest.param([InShop(ADA, False), SEEN, Turns("asleep"), InShop(ADA, False), CLICK, Passes(40), FINE], id="for a worker"),
    pytest.param([InShop(ADA, False), DOWN, InShop(ADA, False, "shop2"), CLICK, Passes(40), FINE], id="in another shop's queue"),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("lost without answer"), InShop(ADA, False), CLICK, Passes(40), FINE], id="after a time-out"
    ),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("done without answer"), InShop(ADA, False), CLICK, Passes(40), FINE],
        id="after a time-out of what was done",
    ),
    pytest.param(
        [InShop(ADA, False), SEEN, Turns("asleep"), InShop(ADA, True), InShop(ADA, False), CLICK, Passes(40), FINE],
        id="together with an opt-out that never left",
    ),
    pytest.param(
        [
            InShop(ADA, False, channel="phone"),
            SEEN,
            DOWN,
            InShop(ADA, False, channel="phone"),
            There(ADA, True, "phone", ()),
            Passes(40),
            FINE,
        ],
        id="for text messages",
    ),
]


@pytest.mark.parametrize("steps", WAITED)
async def test_r06_an_opt_in_that_waited_is_verified_first_and_a_resignation_found_so_counts_on_all_sides(
    database: Database, steps: Sequence[Step]
) -> None:
    assert await Play(database, "account address").play(steps) == []


async def test_r06_an_opt_in_without_an_answer_that_was_seen_is_verified_first_when_it_is_tried_again(database: Database) -> None:
    """Found by the scenario `acts`: it had arrived, a look showed it while it waited, and the retry overwrote a click."""
    steps = [Turns("done without answer"), InShop(ADA, False), Passes(1), Looks("sweep"), Turns("down"), CLICK, Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_an_opt_in_that_waits_while_another_is_seen_is_verified_first(database: Database) -> None:
    """Found by the scenario `acts`: the opt-in of the other shop arrived and was seen, and this one left over a click."""
    both = [InShop(ADA, False, "shop1", "phone"), DOWN, InShop(ADA, False, "shop2", "phone"), FINE, Looks("sweep")]
    steps = [*both, There(ADA, True, "phone", ()), Passes(40), FINE]
    assert await Play(database, "account address").play(steps) == []


async def test_r06_a_change_that_waits_for_its_callback_stands_when_an_opt_in_is_verified_first(database: Database) -> None:
    """Found by the scenario `acts`: seen as opted out, then as opted in; that the callback was waited for hid the resignation."""
    seen = [Looks("sweep"), There(ADA, False, callbacks=()), Looks("sweep")]
    steps = [*seen, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE]
    assert await Play(database, "shop address").play(steps) == []
