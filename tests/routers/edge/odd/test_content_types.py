"""No odd type of a body gives a 5xx."""

from pathlib import Path

import pytest

from tests.routers.edge.odd.requests import ask, with_odd_headers


@pytest.mark.timeout(600)
async def test_no_odd_value_of_a_header_that_may_be_stored_gives_a_5xx(database_url: str, tmp_path: Path) -> None:
    asked, failed = await ask(with_odd_headers(["Content-Type"]), database_url, tmp_path)
    assert asked > 500
    assert failed == []
