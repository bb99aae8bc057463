"""The commands of tasks of `docs/how-to` that keep a gateway running: about them see `test_commands`."""

import pytest

from tests.documentation.tasks import OF_MACHINES, TASKS
from tests.support.pages import Page
from tests.support.running.installed import Installed, does_what_it_says


def test_nearly_every_task_has_commands_that_are_run() -> None:
    assert len(TASKS) >= 11


@pytest.mark.parametrize("page", OF_MACHINES, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(page: Page, installed: Installed) -> None:
    does_what_it_says(page, installed)
