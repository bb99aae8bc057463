"""Signing in and out of the console, and a browser without JavaScript (R95)."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from app.console.wording import Wording
from tests.browser.pages import ANNA, kept
from tests.support.running.processes import World


def test_r95_after_signing_out_the_pages_are_closed(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    visitor.goto(f"{story.url}/console/")
    visitor.get_by_role("button", name=say("Sign out")).click()
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()
    kept(visitor, screenshots, say, "sign-in")
    visitor.goto(f"{story.url}/console/audit")
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()


def test_r95_somebody_signs_in_with_the_keyboard_alone(visitor: Page, story: World, say: Wording) -> None:
    visitor.context.clear_cookies()
    visitor.goto(f"{story.url}/console/")
    expect(visitor.get_by_label(say("Your key"))).to_be_focused()
    visitor.keyboard.type((story.folder / "key").read_text())
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("Overview"))


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
