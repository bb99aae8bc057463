"""What shops sent, as the console lists it (R93)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.support.running.processes import World


def test_r93_a_refused_request_is_found_with_what_was_wrong(visitor: Page, story: World, say: Wording) -> None:
    visitor.goto(f"{story.url}/console/")
    visitor.get_by_role("link", name=say("Requests"), exact=True).click()
    visitor.get_by_role("link", name=say("Only refused and failed")).click()
    expect(visitor.locator(".log")).to_contain_text("occurred_at")
    assert visitor.url.startswith(f"{story.url}/console/requests")
