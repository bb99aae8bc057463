"""No odd value in a header that every request has gives a 5xx."""

from pathlib import Path

import pytest

from tests.routers.edge.odd.requests import ask, with_odd_headers


@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing of them reaches a database
async def test_no_odd_value_of_a_header_gives_a_5xx(database_url: str, tmp_path: Path) -> None:
    asked, failed = await ask(with_odd_headers(["Accept", "Host", "X-Request-Id"]), database_url, tmp_path)
    assert asked > 1500
    assert failed == []
