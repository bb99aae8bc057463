"""Histories of newsletter acts: in two shops, by clicks, by staff, through outages, with callbacks that are lost (R06, R50-R57).

Hypothesis looks for the shortest history after which a promise of `chaos.acts` is broken. `ACTS_EXAMPLES=2000 pytest
tests/services/acts/test_histories.py` looks longer. What it found stands in the files beside this one, by name.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.storage.engine.database import Database
from tests.services.acts.steps import (
    ADA,
    CLICK,
    DOWN,
    FINE,
    SEEN,
)
from tests.support.worlds.acts import (
    CHANNELS,
    PEOPLE,
    SURROUNDINGS,
    InShop,
    Looks,
    Orders,
    Passes,
    Play,
    Step,
    There,
    Turns,
    played,
)

SEARCHES = "ACTS_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("ACTS_EXAMPLES", "8"))
WHO = st.sampled_from((ADA, ADA, ADA, PEOPLE[1]))
CHANNEL = st.sampled_from((CHANNELS[0], CHANNELS[0], CHANNELS[0], CHANNELS[1]))
SHOP = st.sampled_from(("shop1", "shop2"))
CALLBACKS = st.sampled_from(((0,), ()))
WEATHER = st.sampled_from(("fine", "fine", "down", "throttled", "done without answer", "lost without answer", "asleep"))
ACTS = st.one_of(
    st.builds(InShop, who=WHO, out=st.booleans(), shop=SHOP, channel=CHANNEL),
    st.builds(There, who=WHO, out=st.booleans(), channel=CHANNEL, callbacks=CALLBACKS),
)
STEPS = st.one_of(
    ACTS,
    ACTS,
    st.builds(Orders, who=WHO, shop=SHOP),
    st.builds(Passes, seconds=st.sampled_from((1, 5, 20, 40, 130, 700, 4000))),
    st.builds(Looks, how=st.sampled_from(("window", "sweep"))),
    st.builds(Turns, weather=WEATHER),
)
# The suite plays the same histories every time; a search plays new ones.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.timeout(300 + 5 * EXAMPLES)
def test_r06_after_any_history_of_acts_the_newest_counts_everywhere(migrated_file: Path, surroundings: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW, phases=PHASES, derandomize=not SEARCHES)
    @given(st.lists(STEPS, min_size=2, max_size=14))
    def play(steps: Sequence[Step]) -> None:
        assert played(migrated_file, surroundings, steps) == []

    play()


# -- the judge itself ----------------------------------------------------------------------------------------------------


async def test_the_judge_notices_when_an_opt_in_that_waited_is_not_verified(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.delivery.senders.to_salesmanago.asks_first", lambda upsert, now: False)
    steps = [InShop(ADA, False), SEEN, DOWN, InShop(ADA, False), CLICK, Passes(40), FINE]
    assert any("a look would have shown" in fault for fault in await Play(database, "one shop").play(steps))


async def test_the_judge_notices_when_a_resignation_takes_nothing_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> list[object]:
        return []

    monkeypatch.setattr("app.services.planning.follow_ups.FollowUps.revoke_everywhere", nothing)
    steps = [DOWN, InShop(ADA, False), There(ADA, True, callbacks=(0,)), FINE]
    assert any("and heard of" in fault for fault in await Play(database, "one shop").play(steps))
