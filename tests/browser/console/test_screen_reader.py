"""Every page of the console for somebody with a screen reader (R95)."""

import pytest
from playwright.sync_api import Page

from tests.browser.pages import PAGES, serious
from tests.support.running.processes import World


@pytest.mark.parametrize("say", ["pl"], indirect=True)
def test_r95_every_page_is_free_of_serious_findings(visitor: Page, story: World) -> None:
    """In one language: the parts of a page are the same in each."""
    for path in PAGES:
        visitor.goto(f"{story.url}/console/{path}")
        assert serious(visitor) == [], path
