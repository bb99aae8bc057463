"""Swagger UI without internet: the whole page."""

from concurrent.futures import Executor, Future
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.running.processes import World, http


@pytest.fixture(scope="module")
def described(threads: Executor, begun: Future[World]) -> Future[dict[str, Any]]:
    """The description of the API, which takes half a second the first time: it is made while the page opens."""
    return threads.submit(lambda: http.get(f"{begun.result().url}/openapi.json").raise_for_status().json())


def test_swagger_ui_opens_from_the_package_and_shows_every_operation_in_its_group(
    page: Page, described: Future[dict[str, Any]], begun: Future[World]
) -> None:
    page.goto(f"{begun.result().url}/docs")  # it is opened while the world gets ready
    expect(page.get_by_role("heading", name="Shop gateway")).to_be_visible()
    operations = [operation for path in described.result()["paths"].values() for operation in path.values()]
    groups = page.locator(".opblock-tag-section")
    expect(groups).to_have_count(len({operation["tags"][0] for operation in operations}))
    shown = groups.locator(".opblock")
    expect(shown).to_have_count(len(operations))
    for group in groups.all():
        name = group.locator(".opblock-tag").get_attribute("data-tag")
        summaries = [operation["summary"] for operation in operations if operation["tags"][0] == name]
        assert group.locator(".opblock-summary-description").all_inner_texts() == summaries, name
