"""Acts that wait while newer ones come, in this shop or another (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import ADA, DOWN, FINE, ends_well
from tests.support.worlds.acts import (
    InShop,
    Looks,
    Passes,
    Step,
    There,
    Turns,
)

TWO_SHOPS = [
    pytest.param([DOWN, InShop(ADA, True, "shop2"), InShop(ADA, False, "shop1"), FINE], id="both wait behind an outage"),
    pytest.param(
        [Turns("asleep"), InShop(ADA, True, "shop2"), InShop(ADA, False, "shop1"), FINE], id="both are decided in one round"
    ),
    pytest.param(
        [InShop(ADA, False), Turns("lost without answer"), InShop(ADA, True, "shop2"), InShop(ADA, False), FINE],
        id="both time out",
    ),
    pytest.param(
        [DOWN, InShop(ADA, True, "shop2"), InShop(ADA, False), InShop(ADA, True), FINE], id="and a third act resigns again"
    ),
]


@pytest.mark.parametrize("steps", TWO_SHOPS)
async def test_r06_an_opt_out_of_one_shop_that_waits_does_not_arrive_after_a_newer_opt_in_of_another(
    database: Database, steps: Sequence[Step]
) -> None:
    await ends_well(database, steps)


@pytest.mark.parametrize("shop", ["shop1", "shop2"])
async def test_r06_an_opt_in_that_never_left_is_no_reason_to_take_an_observation_for_a_resignation(
    database: Database, shop: str
) -> None:
    """Found by the scenario `acts`: opted in, out and in again while nothing leaves; nobody was ever seen opted in there."""
    steps = [DOWN, InShop(ADA, False), InShop(ADA, True, shop), InShop(ADA, False, shop), Passes(40), FINE]
    await ends_well(database, steps)


async def test_r06_an_opt_in_of_another_shop_that_follows_an_opt_out_is_not_taken_back_by_what_is_older(database: Database) -> None:
    """Found by the scenario `acts`: an opt-out of e-mails took back the newer opt-in to text messages told by another shop."""
    waiting = [DOWN, InShop(ADA, True, "shop2", "phone"), InShop(ADA, False, "shop1", "phone"), InShop(ADA, True, "shop2")]
    await ends_well(database, [*waiting, Passes(5), FINE])


async def test_r06_a_poll_counts_for_a_channel_of_which_nothing_waits(database: Database) -> None:
    """Found by the scenario `acts`: the click was seen, but not kept, because something else of the person waited."""
    lost = Turns("lost without answer")  # what is written times out, what is read is answered
    seen = [There(ADA, False, "phone", ()), Looks("sweep"), lost, InShop(ADA, True), There(ADA, True, "phone", ()), Looks("sweep")]
    steps = [*seen, Passes(20), InShop(ADA, False, channel="phone"), Passes(40), FINE]
    await ends_well(database, steps)


async def test_r06_an_opt_in_to_text_messages_brings_no_opt_out_of_e_mails_back(database: Database) -> None:
    """Found by the scenario `acts`: the opt-out of e-mails was told once more, over a click that was not read yet."""
    back = [There(ADA, True, callbacks=(0,)), DOWN, InShop(ADA, False, channel="phone"), There(ADA, False, callbacks=(0,))]
    await ends_well(database, [*back, FINE])


async def test_r55_an_opt_out_that_another_shop_tells_again_is_no_act_in_this_one(database: Database) -> None:
    """It is shown as opted in although it was told otherwise: the shop whose act it was tells it again, and nobody else learns."""
    steps = [InShop(ADA, True, "shop1", "phone"), There(ADA, False, "phone", ())]
    await ends_well(database, steps)
