"""Opt-ins that wait where another one was seen, and those that were kept back (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import (
    A_LOOK,
    ADA,
    DOWN,
    FINE,
    IN_SHOP_2,
    LATER,
    LOST_IN,
    LOST_OUT,
    MAYBE,
    OPTS_IN,
    OUT_OF_SHOP_2,
    SEEN_IN,
    WAITS,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    Orders,
    Step,
)

STANDS = [
    pytest.param([MAYBE, OPTS_IN, A_LOOK, FINE, LATER, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE], id="of another shop"),
    pytest.param([MAYBE, OPTS_IN, A_LOOK, FINE, LATER, DOWN, OPTS_IN, LOST_OUT, LATER, FINE], id="of the same shop"),
    pytest.param(
        [*SEEN_IN, MAYBE, OUT_OF_SHOP_2, WAITS, LOST_IN, OPTS_IN, A_LOOK, LOST_OUT, LATER, FINE],
        id="behind an opt-out that perhaps arrived before it was seen",
    ),
]


@everywhere
@pytest.mark.parametrize("steps", STANDS)
async def test_r06_an_opt_in_is_verified_first_where_one_was_seen_while_another_of_ours_was_on_its_way(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: the look was noted on the command that waited then, and forgotten with it."""
    await ends_well(database, steps, surroundings)


KEPT_BACK = [
    pytest.param([*SEEN_IN, DOWN, OPTS_IN, LOST_OUT, LATER, FINE, A_LOOK, Orders(ADA)], id="by an order"),
    pytest.param([*SEEN_IN, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE, A_LOOK, Orders(ADA), Orders(ADA, "shop2")], id="by any shop"),
]


@everywhere
@pytest.mark.parametrize("steps", KEPT_BACK)
async def test_r06_an_opt_in_that_was_kept_back_is_not_sent_again_by_what_happens_next(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: the resignation waited for its callback, and the difference told the opt-in meanwhile."""
    await ends_well(database, steps, surroundings)


@everywhere
@pytest.mark.parametrize("again", [OPTS_IN, IN_SHOP_2])
async def test_r06_an_act_after_an_opt_in_was_kept_back_is_newer_than_the_resignation(
    database: Database, again: Step, surroundings: str
) -> None:
    kept_back = [*SEEN_IN, DOWN, IN_SHOP_2, LOST_OUT, LATER, FINE]
    await ends_well(database, [*kept_back, DOWN, again, LATER, FINE], surroundings)
