"""The commands of each page of `docs/how-to`: about them see `test_commands`."""

import pytest

from tests.support.pages import Page, all_pages
from tests.support.running.installed import Installed, does_what_it_says

TASKS = [page for page in all_pages() if page.name.startswith("docs/how-to/") and any(block.is_run for block in page.blocks())]


def test_nearly_every_task_has_commands_that_are_run() -> None:
    assert len(TASKS) >= 11


@pytest.mark.parametrize("page", TASKS, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(page: Page, installed: Installed) -> None:
    does_what_it_says(page, installed)
