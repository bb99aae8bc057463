"""A shop in test mode, in the console (R94). `make screenshots` keeps what it saw."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import PHONE, kept, serious
from tests.support.running.processes import World, http

IN_SHOP_3 = "maria.nowak@example.com"
"""Somebody whom no other shop knows: other tests of this world look for theirs before and after."""

IN_TEST_MODE = """
[shops.shop3]
account = "main"
host = "nowy.example.com"
location = "nowy_example"
number = 3
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
shadow = true
"""


@pytest.fixture(scope="module")
def in_test_mode(story: World) -> World:
    """A third shop, which decides about a registration and sends nothing."""
    story.shops_file.write_text(story.shops_file.read_text() + IN_TEST_MODE)
    assert story.command("apply", str(story.shops_file), "--yes").returncode == 0
    headers = {"Authorization": f"Bearer {story.key('shop3')}"}
    body = {**EXAMPLES["registration"], "customer": {**EXAMPLES["registration"]["customer"], "email": IN_SHOP_3}}
    posted = http.post(f"{story.url}/v1/shops/shop3/registrations", json=body, headers=headers)
    assert posted.status_code == 202
    where = f"{story.url}/v1/shops/shop3/events/{EXAMPLES['registration']['event_id']}"
    until = time.monotonic() + 30
    while http.get(where, headers=headers).json()["decided_at"] is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    return story


def test_r94_a_shop_in_test_mode_shows_what_it_would_have_sent(
    in_test_mode: World, visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    visitor.goto(f"{in_test_mode.url}/console/")
    link, until = visitor.get_by_role("link", name=say("test mode (shadow)")), time.monotonic() + 30
    while not link.count():  # the overview may be some seconds old
        assert time.monotonic() < until
        visitor.wait_for_timeout(100)
        visitor.reload()
    link.click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("What would have been sent"))
    expect(visitor.locator(".happening").first).to_contain_text(say("would have been sent (test mode)"))
    assert serious(visitor) == []
    kept(visitor, screenshots, say, "shadow")
    visitor.set_viewport_size(PHONE)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
