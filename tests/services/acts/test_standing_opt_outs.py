"""Opt-outs that were seen to stand while an opt-in waited (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import (
    A_LOOK,
    ADA,
    CLICKS_IN,
    FINE,
    LATER,
    LOST_IN,
    LOST_OUT,
    MAYBE,
    OUT_OF_SHOP_2,
    RESIGNS,
    SEEN_IN,
    WAITS,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    Step,
    There,
)

OPT_OUT_STANDS = [
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, CLICKS_IN, A_LOOK, LATER, FINE], id="a callback comes"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="no callback comes"),
    pytest.param([*SEEN_IN, MAYBE, OUT_OF_SHOP_2, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="it is of another shop"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, A_LOOK, There(ADA, True), CLICKS_IN, LATER, FINE], id="a callback tells of it too"),
    pytest.param([*SEEN_IN, WAITS, RESIGNS, LOST_OUT, A_LOOK, LOST_IN, A_LOOK, LATER, FINE], id="it is a click that stands there"),
]


@everywhere
@pytest.mark.parametrize("steps", OPT_OUT_STANDS)
async def test_r06_an_opt_out_that_was_seen_to_stand_while_it_waited_does_not_overwrite_a_newer_opt_in(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    await ends_well(database, steps, surroundings)
