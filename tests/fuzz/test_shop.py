"""What else a shop asks for and starts."""

import pytest

from tests.fuzz.operations import EVENTS_OF_CARTS, EVENTS_OF_ORDERS, EVENTS_OF_PEOPLE, OF_A_SHOP, Run, holds, named, runs
from tests.support.running.processes import World

RUNS = runs(OF_A_SHOP.difference(EVENTS_OF_PEOPLE, EVENTS_OF_ORDERS, EVENTS_OF_CARTS))


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_no_input_gives_a_5xx_and_every_error_is_a_problem(run: Run, running: tuple[World, str]) -> None:
    holds(run, *running)
