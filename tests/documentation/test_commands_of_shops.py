"""The commands of tasks of `docs/how-to` that concern shops and their keys: about them see `test_commands`."""

import pytest

from tests.documentation.tasks import OF_SHOPS
from tests.support.pages import Page
from tests.support.running.installed import Installed, does_what_it_says


@pytest.mark.parametrize("page", OF_SHOPS, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(page: Page, installed: Installed) -> None:
    does_what_it_says(page, installed)
