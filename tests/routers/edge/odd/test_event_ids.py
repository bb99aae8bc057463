"""No odd value in a header that names an event gives a 5xx."""

from pathlib import Path

import pytest

from tests.routers.edge.odd.requests import ask, with_odd_headers


@pytest.mark.timeout(600)
async def test_no_odd_value_of_a_header_that_names_an_event_gives_a_5xx(database_url: str, tmp_path: Path) -> None:
    asked, failed = await ask(with_odd_headers(["Idempotency-Key", "webhook-id"]), database_url, tmp_path)
    assert asked > 1000
    assert failed == []
