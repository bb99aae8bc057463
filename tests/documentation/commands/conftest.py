from collections.abc import Iterator

import pytest

from tests.support.running.installed import Installed, an_installed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    with an_installed(tmp_path_factory.mktemp("installed")) as there:
        yield there
