"""A person is erased in the console by keyboard alone, in English (M7)."""

import pytest
from playwright.sync_api import Page

from app.console.wording import Wording
from tests.browser.console.data_requests.erasure import erase_somebody
from tests.support.running.processes import World


@pytest.mark.parametrize("say", ["en"], indirect=True)
def test_m7_a_person_is_erased_on_a_phone_in_english(story: World, visitor: Page, say: Wording) -> None:
    erase_somebody(story, visitor, say)
