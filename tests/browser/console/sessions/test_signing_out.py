"""Signing out of the console (R95). `make screenshots` keeps the page that is seen then."""

from pathlib import Path

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.pages import kept
from tests.support.running.processes import World


def test_r95_after_signing_out_the_pages_are_closed(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    visitor.goto(f"{story.url}/console/")
    visitor.get_by_role("button", name=say("Sign out")).click()
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()
    kept(visitor, screenshots, say, "sign-in")
    visitor.goto(f"{story.url}/console/audit")
    expect(visitor.get_by_label(say("Your key"))).to_be_visible()
