"""No odd string in a query gives a 5xx."""

from pathlib import Path

import pytest

from tests.routers.edge.odd.requests import ask, with_odd_queries


@pytest.mark.timeout(600)
async def test_no_odd_string_in_a_query_gives_a_5xx(database_url: str, tmp_path: Path) -> None:
    asked, failed = await ask(with_odd_queries(), database_url, tmp_path)
    assert asked > 1500
    assert failed == []
