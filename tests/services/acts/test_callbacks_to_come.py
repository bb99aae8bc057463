"""Acts in SALESmanago whose callback is still to be judged while something else happens (R55)."""

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
    OUT_OF_SHOP_2,
    RESIGNS,
    SEEN_IN,
    WAITS,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    InShop,
    Passes,
    Step,
    There,
)

CLAIMED = [
    pytest.param([*SEEN_IN, RESIGNS, WAITS, InShop(ADA, False, "shop1", "phone"), CLICKS_IN, A_LOOK, FINE], id="something waits"),
    pytest.param(
        [*SEEN_IN, RESIGNS, WAITS, InShop(ADA, False, "shop2", "phone"), CLICKS_IN, A_LOOK, LATER, FINE],
        id="something of another shop waits",
    ),
    pytest.param([*SEEN_IN, RESIGNS, There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE], id="the callback is slow"),
    pytest.param(
        [*SEEN_IN, OUT_OF_SHOP_2, There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE],
        id="the callback is slow, and another shop told",
    ),
    pytest.param(
        [LOST_IN, A_LOOK, RESIGNS, Passes(130), There(ADA, False, callbacks=(5,)), A_LOOK, Passes(10), FINE],
        id="an earlier change waited for a callback that was lost",
    ),
]


@everywhere
@pytest.mark.parametrize("steps", CLAIMED)
async def test_r55_no_opt_out_is_sent_again_over_an_opt_in_whose_callback_is_still_to_be_judged(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    """Found by the scenario `acts`: a look showed the opt-in before it was confirmed, and took it for an opt-out not taken."""
    await ends_well(database, steps, surroundings)
