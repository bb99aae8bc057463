"""A comparison of both sides, started in the console (R94)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.support.running.processes import World


def test_r94_starting_a_comparison_stands_in_the_audit_log(story: World, visitor: Page, say: Wording) -> None:
    visitor.goto(f"{story.url}/console/")
    visitor.get_by_role("link", name=say("Comparisons"), exact=True).click()
    visitor.get_by_role("button", name=say("Compare %(shop)s: change nothing", shop="shop1")).click()
    visitor.get_by_role("link", name=say("Audit log")).click()
    expect(visitor.locator("tbody tr").first).to_contain_text("Anna (")
