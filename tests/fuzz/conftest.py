from collections.abc import Iterator

import pytest

from tests.support.running.processes import World, a_world


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A gateway for all files of this folder, and a key of its first shop."""
    with a_world(tmp_path_factory.mktemp("fuzz")) as world:
        yield world, world.key("shop1")
