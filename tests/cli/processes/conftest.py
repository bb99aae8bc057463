from pathlib import Path

import pytest

from tests.support.running.processes import World


@pytest.fixture
def stopped(tmp_path: Path) -> World:
    """A folder with a file of shops, and no gateway that runs."""
    return World(tmp_path)
