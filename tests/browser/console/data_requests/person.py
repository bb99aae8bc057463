"""Somebody of shop2 who asks for their data, and how staff find them."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.shop2 import arrived
from tests.support.running.processes import World


def somebody(world: World, say: Wording, name: str) -> str:
    """Their address, which SALESmanago knows by now; their first name is Ola."""
    email = f"{name}.{say.language}@example.com"
    arrived(world, "registration", "registrations", email, f"{name}-{say.language}", first_name="Ola")
    return email


def found_by_typing(visitor: Page, story: World, email: str) -> None:
    visitor.goto(f"{story.url}/console/find")
    field = visitor.get_by_role("search").get_by_role("textbox")
    expect(field).to_be_focused()
    visitor.keyboard.type(email)
    expect(field).to_have_value(email)
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", level=2).first).to_contain_text("shop2")
