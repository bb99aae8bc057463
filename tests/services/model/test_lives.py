"""Random lives of shops, on both databases at once: see `life`."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import PostgreSQL
from tests.services.model.life import EXAMPLES, Life, Sides


@pytest.mark.parametrize("half", ["one", "other"])  # for two cores
@pytest.mark.timeout(240 + 20 * EXAMPLES)
def test_whatever_happens_in_whatever_order_both_databases_keep_every_promise(
    half: str, migrated_file: Path, postgresql: PostgreSQL
) -> None:
    class Played(Life):
        sides = staticmethod(lambda: Sides(migrated_file, postgresql))

    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Played, settings=settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None, suppress_health_check=slow)
    )
