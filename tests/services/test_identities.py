"""Histories of people who share, leave and take addresses, in one shop and in two of one account (R72).

Hypothesis looks for the shortest history after which a promise of `tests.support.worlds.identities` is broken.
`IDENTITIES_EXAMPLES=2000 pytest tests/services/test_identities.py` looks longer. What it found stands below, by name.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.worlds.identities import (
    ADDRESSES,
    SURROUNDINGS,
    WHO,
    Buys,
    Erased,
    Moves,
    Registers,
    Says,
    Step,
    Tagged,
    Together,
    Turns,
    Works,
    played,
)

EXAMPLES = int(os.environ.get("IDENTITIES_EXAMPLES", "12"))
NAME = st.sampled_from(WHO)
EMAIL = st.sampled_from(ADDRESSES)
SHOP = st.sampled_from(("shop1", "shop1", "shop2"))
WEATHER = st.sampled_from(("fine", "fine", "down", "throttled", "done without answer", "lost without answer"))
STEPS = st.one_of(
    st.builds(Registers, who=NAME, email=EMAIL, shop=SHOP),
    st.builds(Moves, who=NAME, email=EMAIL, says=st.sampled_from(("both", "id", "previous", "neither")), shop=SHOP),
    st.builds(Moves, who=NAME, email=EMAIL, shop=SHOP),
    st.builds(Says, email=EMAIL, out=st.booleans(), shop=SHOP),
    st.builds(Says, email=EMAIL, out=st.booleans(), shop=SHOP),
    st.builds(Buys, who=NAME, shop=SHOP),
    st.builds(Tagged, who=NAME, shop=SHOP),
    st.builds(Erased, email=EMAIL, shop=SHOP),
    st.builds(Works, what=st.sampled_from(("plan", "round", "all"))),
    st.builds(Works, what=st.just("all")),
    st.builds(Turns, weather=WEATHER),
    st.just(Together()),
)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.timeout(300 + 5 * EXAMPLES)
def test_r72_after_any_history_everybody_is_one_contact_and_nobody_is_somebody_else(migrated_file: Path, surroundings: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW, phases=PHASES, report_multiple_bugs=False)
    @given(st.lists(STEPS, min_size=2, max_size=16))
    def play(steps: Sequence[Step]) -> None:
        assert played(migrated_file, surroundings, steps) == []

    play()
