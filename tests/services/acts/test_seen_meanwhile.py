"""Opt-ins that wait while another one was seen in SALESmanago (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import (
    A_LOOK,
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
