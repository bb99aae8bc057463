"""The `type` of every problem opens a page (R93)."""

import re
from pathlib import Path

import pytest

from app.domain import errors
from app.routers.edge import problems
from app.routers.edge.problem_pages import PAGES
from tests.support.gateways import Door
from tests.support.problems import assert_problem


def test_r93_every_kind_of_problem_has_a_page() -> None:
    source = Path(problems.__file__).read_text()
    named = set(re.findall(r'problem\(\s*\w+, "([a-z-]+)"', source)) | {kind for _, kind, _ in problems._STATUS.values()}
    named |= {title.lower().rstrip(".").replace(" ", "-") for status, title in problems._TITLES.items() if status in (404, 405)}
    assert len(named) > 12
    assert named <= PAGES.keys()
    assert {kind for kind in vars(errors).values() if isinstance(kind, type) and kind in problems._STATUS}


@pytest.mark.parametrize("path", ["/v1/shops/shop1/orders", "/v1/shops/shop2/orders", "/nothing", "/problems/unheard-of"])
async def test_r93_the_type_of_a_problem_opens_a_page_without_a_key(door: Door, path: str) -> None:
    problem = (await door.http.post(path, json={}, headers=door.auth("shop1"))).json()
    page = await door.http.get(problem["type"])
    assert page.status_code == 200, problem["type"]
    assert page.headers["content-type"].startswith("text/html")
    assert "What to do" in page.text


async def test_a_page_of_a_problem_that_no_answer_names_is_not_there(door: Door) -> None:
    assert_problem(await door.http.get("/problems/unheard-of"), 404)
