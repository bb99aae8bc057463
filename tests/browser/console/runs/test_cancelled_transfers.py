"""A first transfer that is cancelled in the console by keyboard alone (R92, R95)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.runs.transfer import approved, stands_in_the_audit_log, wait_until_the_first_are_sent
from tests.browser.pages import again_until, submit
from tests.support.running.processes import World

SHOP = "leaving"


def test_r92_a_transfer_that_sends_is_cancelled(with_panel: World, visitor: Page, say: Wording) -> None:
    run = approved(with_panel, visitor, say, SHOP)
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()
    wait_until_the_first_are_sent(with_panel, say, SHOP)
    submit(visitor, visitor.get_by_role("button", name=say("Cancel")))
    again_until(visitor, run.get_by_text(say.word("backfill", "cancelled"), exact=True))
    expect(visitor.get_by_role("button", name=say("Cancel"))).to_have_count(0)
    stands_in_the_audit_log(with_panel, visitor, say, SHOP)
