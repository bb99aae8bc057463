"""What else a shop asks for and starts."""

import pytest

from tests.fuzz.operations import EVENTS_OF_PEOPLE, EVENTS_WITH_GOODS, OF_A_SHOP, Run, holds, named, runs
from tests.support.running.processes import World

RUNS = runs(OF_A_SHOP - EVENTS_OF_PEOPLE - EVENTS_WITH_GOODS)


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_no_input_gives_a_5xx_and_every_error_is_a_problem(run: Run, running: tuple[World, str]) -> None:
    holds(run, *running)
