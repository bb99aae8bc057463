"""Signing in to the console (R95)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.support.running.processes import World


def test_r95_somebody_signs_in_with_the_keyboard_alone(visitor: Page, story: World, say: Wording) -> None:
    visitor.context.clear_cookies()
    visitor.goto(f"{story.url}/console/")
    expect(visitor.get_by_label(say("Your key"))).to_be_focused()
    visitor.keyboard.type((story.folder / "key").read_text())
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("Overview"))
