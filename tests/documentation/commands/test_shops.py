"""The commands of the pages on how to run several shops."""

import pytest

from tests.documentation.commands.pages import pages_of
from tests.support.pages import Page
from tests.support.running.installed import Installed, does_what_it_says


@pytest.mark.parametrize("page", pages_of("shops"), ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(page: Page, installed: Installed) -> None:
    does_what_it_says(page, installed)
