"""A first transfer that is cancelled in the console by keyboard alone, in English (R92, R95)."""

import pytest
from playwright.sync_api import Page

from app.console.wording import Wording
from tests.browser.console.runs.transfer import cancel_what_sends
from tests.support.running.processes import World

SHOP = "left"


@pytest.mark.parametrize("say", ["en"], indirect=True)
def test_r92_a_transfer_that_sends_is_cancelled_in_english(with_panel: World, visitor: Page, say: Wording) -> None:
    cancel_what_sends(with_panel, visitor, say, SHOP)
