"""Opt-ins of which nobody can tell whose they are (R06)."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.services.acts.steps import ADA, CLICKS_IN, DOWN, FINE, IN_SHOP_2, LATER, MAYBE, OPTS_IN, RESIGNS, SEEN_IN, everywhere
from tests.support.worlds.acts import (
    Play,
    Step,
    There,
)

UNCLEAR = [
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, CLICKS_IN, FINE], id="our opt-out perhaps arrived"),
    pytest.param([*SEEN_IN, MAYBE, RESIGNS, DOWN, LATER, CLICKS_IN, LATER, FINE], id="our opt-out perhaps arrived, and waits long"),
    pytest.param([MAYBE, OPTS_IN, There(ADA, True), CLICKS_IN, FINE], id="our opt-in perhaps arrived"),
    pytest.param(
        [*SEEN_IN, MAYBE, IN_SHOP_2, DOWN, There(ADA, True), LATER, CLICKS_IN, LATER, FINE], id="another shop's opt-in did"
    ),
]


@everywhere
@pytest.mark.parametrize("steps", UNCLEAR)
async def test_r06_where_an_opt_in_in_salesmanago_cannot_be_told_from_our_own_call_everybody_agrees_in_the_end(
    database: Database, steps: Sequence[Step], surroundings: str
) -> None:
    play = Play(database, surroundings)
    assert await play.play(steps) == []
    sides = {out for (_, who, channel), out in play.panel.items() if (who, channel) == (ADA, "email")}
    told = surroundings != "shop address"  # there the callback is for one shop alone
    assert not told or sides <= {play.upstream.shows(ADA, "email"), None}
