"""An operation of the API called by hand, in Swagger UI.

The page draws all of the description before it can be used, which takes it seconds and is shown by `test_swagger`: here it
reads the part of the same description that is about the operation.
"""

import json
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.running.processes import World, http

ORDERS = "/v1/shops/{shop}/orders"


@pytest.fixture(scope="module")
def described(threads: Executor, begun: Future[World]) -> Future[str]:
    """Made while the page opens."""
    return threads.submit(lambda: json.dumps(_about(ORDERS, http.get(f"{begun.result().url}/openapi.json").json())))


def _about(path: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document with this path alone, and with the components that it refers to."""
    components = document["components"]
    named = {f"#/components/{kind}/{name}": one for kind, those in components.items() for name, one in those.items()}
    needed, unread = set(), [document["paths"][path]]
    while unread:
        text = json.dumps(unread.pop())
        found = {name for name in named if json.dumps(name) in text} - needed
        needed |= found
        unread += [named[name] for name in found]
    kept = {
        kind: {name: one for name, one in those.items() if kind == "securitySchemes" or f"#/components/{kind}/{name}" in needed}
        for kind, those in components.items()
    }
    return {**document, "paths": {path: document["paths"][path]}, "components": kept}


def test_an_order_can_be_posted_by_hand(page: Page, described: Future[str], begun: Future[World], screenshots: Path | None) -> None:
    world = begun.result()  # the page is opened while it gets ready
    page.route("**/openapi.json", lambda asked: asked.fulfill(body=described.result(), content_type="application/json"))
    page.goto(f"{world.url}/docs")
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
