"""The first transfer, steered in the console by keyboard alone (R92, R95)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.runs.transfer import approved, stands_in_the_audit_log
from tests.browser.pages import press
from tests.support.running.processes import World

SHOP = "panel"


def test_r92_a_transfer_is_counted_approved_paused_and_resumed(with_panel: World, visitor: Page, say: Wording) -> None:
    run = approved(with_panel, visitor, say, SHOP)
    press(visitor, visitor.get_by_role("button", name=say("Pause")))
    expect(run).to_contain_text(say.word("backfill", "paused"))
    press(visitor, visitor.get_by_role("button", name=say("Resume")))
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()
    stands_in_the_audit_log(with_panel, visitor, say, SHOP)
