"""What a shop tells of orders, carts and views, and many events of any kind at once."""

import pytest

from tests.fuzz.operations import EVENTS_WITH_GOODS, Run, holds, named, runs
from tests.support.running.processes import World

RUNS = runs(EVENTS_WITH_GOODS)


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_no_input_gives_a_5xx_and_every_error_is_a_problem(run: Run, running: tuple[World, str]) -> None:
    holds(run, *running)
