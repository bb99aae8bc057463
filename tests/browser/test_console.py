"""The console's journeys in a real browser: both languages, phone width, keyboard alone, and what a screen reader needs (R95).

`make screenshots` runs these tests and keeps what they saw in `docs/screenshots/`.
"""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import kept, serious
from tests.support.running.processes import World, http

PAGES = ("", "find", "stuck", "transfers", "comparisons", "requests", "setup", "audit")
ANNA = "anna.nowak@example.com"
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def test_r95_every_page_is_free_of_serious_findings_and_fits_a_phone(
    visitor: Page, story: World, say: Wording, screenshots: Path | None
) -> None:
    for path in PAGES:
        visitor.set_viewport_size(DESK)
        visitor.goto(f"{story.url}/console/{path}")
        assert serious(visitor) == [], path
        kept(visitor, screenshots, say, path or "overview")
        visitor.set_viewport_size(PHONE)
        assert visitor.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        kept(visitor, screenshots, say, f"{path or 'overview'}-phone")


def test_r90_a_person_is_found_by_keyboard_alone_and_the_sentence_says_where_they_stand(
    visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    for _ in range(12):
        if visitor.evaluate("document.activeElement.getAttribute('href')") == "/console/find":
            break
        visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#about")).to_be_focused()
    visitor.keyboard.type(ANNA)
    visitor.keyboard.press("Enter")
    sentence = say("%(name)s is in SALESmanago, and everything known so far was sent.", name=ANNA)
    expect(visitor.locator(".verdict-line")).to_have_text(sentence)
    assert ANNA not in visitor.url
    expect(visitor.get_by_role("heading", name=say("Account created"))).to_be_visible()
    kept(visitor, screenshots, say, "person")


def test_r90_a_person_who_is_not_sent_is_explained(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    visitor.goto(f"{story.url}/console/find")
    visitor.get_by_label(say("E-mail address, order number or event id")).fill(EXAMPLES["registration"]["customer"]["email"])
    visitor.locator("form.search").get_by_role("button").click()
    name = EXAMPLES["registration"]["customer"]["email"]
    expect(visitor.locator(".verdict-line")).to_have_text(say("%(name)s is not in SALESmanago.", name=name))
    expect(visitor.locator(".verdict")).to_contain_text(say("What to do"))
    kept(visitor, screenshots, say, "not-sent")


def test_r93_a_refused_request_is_found_with_what_was_wrong(visitor: Page, story: World, say: Wording) -> None:
    visitor.get_by_role("link", name=say("Requests"), exact=True).click()
    visitor.get_by_role("link", name=say("Only refused and failed")).click()
    expect(visitor.locator(".log")).to_contain_text("occurred_at")
    assert visitor.url.startswith(f"{story.url}/console/requests")


def test_r94_starting_a_comparison_stands_in_the_audit_log(visitor: Page, say: Wording) -> None:
    visitor.get_by_role("link", name=say("Comparisons"), exact=True).click()
    visitor.get_by_role("button", name=say("Compare %(shop)s: change nothing", shop="shop1")).click()
    visitor.get_by_role("link", name=say("Audit log")).click()
    expect(visitor.locator("tbody tr").first).to_contain_text("Anna (")


def test_r95_after_signing_out_the_pages_are_closed(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    visitor.get_by_role("button", name=say("Sign out")).click()
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()
    kept(visitor, screenshots, say, "sign-in")
    visitor.goto(f"{story.url}/console/audit")
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()


def test_r95_the_pages_work_without_javascript(browser: Browser, story: World) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{story.url}/console/")
    page.get_by_label("Your key").fill((story.folder / "key").read_text())
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{story.url}/console/find")
    page.get_by_label("E-mail address, order number or event id").fill(ANNA)
    page.locator("form.search").get_by_role("button").click()
    expect(page.locator(".verdict-line")).to_contain_text("is in SALESmanago")
    context.close()


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
