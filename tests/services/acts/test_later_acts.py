"""An act that comes after one of the other kind: the later of the two counts, in every shop (R06, R53)."""

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
    LOST_OUT,
    OPTS_IN,
    OUT_OF_SHOP_2,
    RESIGNS,
    WAITS,
    ends_well,
    everywhere,
)
from tests.support.worlds.acts import (
    Looks,
    Play,
    Step,
    There,
)


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
