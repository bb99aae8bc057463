"""Where both sides differ: a repair by cause, in Polish (R92, R95)."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.console.wording import Wording
from tests.browser.console.runs.differences import put_right_what_is_ticked
from tests.support.running.processes import World


@pytest.mark.parametrize("say", ["pl"], indirect=True)
def test_r92_differences_are_previewed_by_cause_and_only_what_is_ticked_is_put_right(
    story: World, visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    put_right_what_is_ticked(story, visitor, say, screenshots)
