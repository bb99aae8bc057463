"""What a signal does to a gateway that runs."""

import signal
import time
from pathlib import Path

import pytest

from tests.support.running.processes import a_world


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_gateway_in_order_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with a_world(tmp_path, cold=number is signal.SIGTERM) as world:
        began = time.monotonic()
        assert world.gateway.stop(number) == 0
        assert time.monotonic() - began < 10
        assert {path.name for path in tmp_path.glob("gateway.db*")} == {"gateway.db", "gateway.db.lock"}
        world.gateway.start()
