"""Acts in SALESmanago whose callback is still to be judged, was lost, or says nothing of the shop (R53, R55)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import (
    A_LOOK,
    ADA,
    CLICKS_IN,
    DOWN,
    FINE,
    IN_SHOP_2,
    LATER,
    LOST_IN,
    LOST_OUT,
    OPTS_IN,
    OUT_OF_SHOP_2,
    RESIGNS,
    SEEN_IN,
    WAITS,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    InShop,
    Looks,
    Passes,
    Play,
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


@everywhere
@pytest.mark.parametrize("again", [OPTS_IN, IN_SHOP_2])
async def test_r06_an_opt_in_after_a_reported_resignation_is_not_kept_back_by_it(
    database: Database, again: Step, surroundings: str
) -> None:
    """Found by the scenario `acts`: that an opt-in had been seen before the resignation was remembered longer than that itself."""
    waits = [WAITS, RESIGNS, CLICKS_IN, OPTS_IN, A_LOOK]
    await ends_well(database, [*waits, There(ADA, True), again, LATER, FINE], surroundings)


@pytest.mark.parametrize("surroundings", ["account address", "shop address"])
async def test_r53_an_opt_in_in_salesmanago_counts_in_a_shop_whose_opt_out_another_shop_had_overtaken(
    database: Database, surroundings: str
) -> None:
    """SALESmanago had been told of the opt-out before: that it shows an opt-in confirms the callback."""
    await ends_well(database, [OUT_OF_SHOP_2, OPTS_IN, CLICKS_IN], surroundings)


@everywhere
async def test_r06_an_opt_out_that_was_sent_is_no_resignation_for_opt_ins_that_wait_behind_each_other(
    database: Database, surroundings: str
) -> None:
    """The second opt-in knew of a look from before the opt-out, and took the opt-out for somebody's click."""
    await ends_well(database, [OPTS_IN, CLICKS_IN, RESIGNS, DOWN, OPTS_IN, OPTS_IN], surroundings)


UNDONE_AT_ONCE = [OPTS_IN, OPTS_IN, LOST_OUT, Looks("window"), IN_SHOP_2]


async def test_r53_a_click_undone_before_its_callback_could_say_for_which_shop_it_was_ends_as_the_later_act(
    database: Database,
) -> None:
    play = Play(database, "shop address")
    assert await play.play(UNDONE_AT_ONCE) == []
    assert play.upstream.shows(ADA, "email") is False
