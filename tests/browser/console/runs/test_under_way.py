"""A page of something that is under way shows it as it is by now, and takes nothing away from who uses it (R92, R95)."""

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.runs.transfer import approved
from tests.browser.pages import serious
from tests.support.running.processes import World

AT_ONCE = pytest.mark.parametrize("say", ["pl"], indirect=True)
"""In one language: what moves is the same in each."""
LATER_MILLISECONDS = 5_500


SHOP = "moving"


@AT_ONCE
def test_r95_a_page_of_what_is_under_way_changes_by_itself_and_keeps_the_focus(
    with_panel: World, visitor: Page, say: Wording
) -> None:
    shop = f"{SHOP}-{say.language}"
    run = approved(with_panel, visitor, say, SHOP)
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()
    assert serious(visitor) == []

    visitor.clock.install()
    visitor.goto(visitor.url)
    cancel = visitor.get_by_role("button", name=say("Cancel"))
    cancel.focus()
    visitor.evaluate("window.isTheSamePage = true")
    with_panel.json("backfill", "pause", shop)
    visitor.clock.fast_forward(LATER_MILLISECONDS)
    expect(run).to_contain_text(say.word("backfill", "paused"))
    expect(cancel).to_be_focused()
    assert visitor.evaluate("window.isTheSamePage")

    visitor.get_by_role("button", name=say("Resume")).focus()  # it is gone when the run goes on
    with_panel.json("backfill", "resume", shop)
    visitor.clock.fast_forward(LATER_MILLISECONDS)
    expect(visitor.get_by_role("button", name=say("Resume"))).to_be_focused()
    cancel.focus()
    visitor.clock.fast_forward(LATER_MILLISECONDS)
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()

    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.clock.fast_forward(LATER_MILLISECONDS)
    visitor.wait_for_load_state("networkidle")
    assert asked == [visitor.url]
    visitor.locator("main form").first.dispatch_event("input")  # somebody fills something in
    visitor.clock.fast_forward(LATER_MILLISECONDS)
    visitor.wait_for_load_state("networkidle")
    assert asked == [visitor.url]
    visitor.clock.resume()
