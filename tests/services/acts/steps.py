"""Steps of histories that the files beside this one name."""

from collections.abc import Sequence

import pytest

from app.storage.engine.database import Database
from tests.support.worlds.acts import PEOPLE, SURROUNDINGS, InShop, Looks, Passes, Play, Step, There, Turns

EVERYWHERE = [*(("sqlite", one) for one in SURROUNDINGS), ("postgresql", "account address")]
"""Where a callback rings is no matter of SQL: PostgreSQL plays with those two shops alone that hear of everything."""
everywhere = pytest.mark.parametrize(("dialect", "surroundings"), EVERYWHERE, indirect=["dialect"])


async def ends_well(database: Database, steps: Sequence[Step], surroundings: str = "account address") -> None:
    """After these steps nobody is opted in after a resignation, and all sides agree."""
    assert await Play(database, surroundings).play(steps) == []


ADA = PEOPLE[0]
DOWN, FINE = Turns("down"), Turns("fine")
CLICK, SEEN = There(ADA, True, callbacks=()), Looks("sweep")
A_LOOK, WAITS = Looks("sweep"), Turns("lost without answer")  # what is written times out, what is read is answered
MAYBE, LATER = Turns("done without answer"), Passes(40)
OPTS_IN, RESIGNS = InShop(ADA, False), InShop(ADA, True)
IN_SHOP_2, OUT_OF_SHOP_2 = InShop(ADA, False, "shop2"), InShop(ADA, True, "shop2")
CLICKS_IN, LOST_IN, LOST_OUT = There(ADA, False), There(ADA, False, callbacks=()), There(ADA, True, callbacks=())
SEEN_IN = [OPTS_IN, A_LOOK]
