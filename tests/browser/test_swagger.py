"""Swagger UI without internet."""

from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.running.processes import World, http


@pytest.fixture(scope="module")
def described(threads: Executor, begun: Future[World]) -> Future[None]:
    """The description of the API, which takes half a second the first time: it is made while the page opens."""
    return threads.submit(lambda: http.get(f"{begun.result().url}/openapi.json").raise_for_status() and None)


def test_swagger_ui_opens_from_the_package_and_an_order_can_be_posted_by_hand(
    page: Page, described: Future[None], begun: Future[World], screenshots: Path | None
) -> None:
    world = begun.result()  # the page is opened while it gets ready
    page.goto(f"{world.url}/docs")
    expect(page.get_by_role("heading", name="Shop gateway")).to_be_visible()
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").first.fill(world.key("shop1"))
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close", exact=True).first.click()

    order = page.locator("[id$=order_placed]")
    order.click()
    order.locator("tr", has_text="shop *").locator("input").fill("shop1")
    order.get_by_role("button", name="Execute").click()
    expect(order.locator(".live-responses-table .response .response-col_status").first).to_contain_text("202")
    expect(order.locator(".live-responses-table")).to_contain_text('"result": "accepted"')
    if screenshots is not None:
        page.screenshot(path=screenshots / "swagger.png")
