"""The search of the documentation, opened as files, with nothing to reach but this machine."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.documentation.search import FOUND, search_leads_to


@pytest.mark.parametrize("words", FOUND)
def test_the_search_finds_a_page_by_its_words_and_leads_to_it(site_folder: Path, page: Page, words: str) -> None:
    search_leads_to(page, site_folder.as_uri(), words)
