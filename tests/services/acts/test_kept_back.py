"""Opt-ins that were kept back because somebody resigned meanwhile, and what happens next (R06)."""

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
    LOST_OUT,
    OPTS_IN,
    SEEN_IN,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    Orders,
    Step,
)

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
