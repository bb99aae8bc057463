"""What a shop tells of accounts, and what people may ask for."""

import pytest

from tests.fuzz.operations import EVENTS_OF_ACCOUNTS, Run, holds, named, runs
from tests.support.running.processes import World

RUNS = runs(EVENTS_OF_ACCOUNTS)


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_no_input_gives_a_5xx_and_every_error_is_a_problem(run: Run, running: tuple[World, str]) -> None:
    holds(run, *running)
