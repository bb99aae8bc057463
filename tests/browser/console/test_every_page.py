"""Every page of the console at the width of a phone (R95). `make screenshots` keeps what it saw."""

from pathlib import Path

from playwright.sync_api import Page

from app.console.wording import Wording
from tests.browser.pages import DESK, PAGES, PHONE, kept
from tests.support.running.processes import World


def test_r95_every_page_fits_a_phone(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    for path in PAGES:
        visitor.set_viewport_size(DESK)
        visitor.goto(f"{story.url}/console/{path}")
        kept(visitor, screenshots, say, path or "overview")
        visitor.set_viewport_size(PHONE)
        assert visitor.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        kept(visitor, screenshots, say, f"{path or 'overview'}-phone")
