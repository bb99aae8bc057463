"""Keys of staff and programs, in the console by keyboard alone (R94, R95)."""

import time

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.pages import fits_a_phone, press
from tests.support.running.processes import World, http


def test_r94_a_key_is_issued_shown_once_and_revoked(story: World, administrator: Page, say: Wording) -> None:
    administrator.goto(f"{story.url}/console/setup")
    name = f"Robot {say.language}"
    administrator.get_by_label(say("Who uses it")).focus()
    administrator.keyboard.type(name)
    administrator.keyboard.press("Tab")
    administrator.keyboard.type("30")
    press(administrator, administrator.get_by_role("button", name=say("Issue"), exact=True))
    key = administrator.locator("#new-key").input_value()
    readings = f"{story.url}/v1/operations/shops"
    assert key not in administrator.url
    row = administrator.locator("tbody tr", has_text=name)
    press(administrator, administrator.get_by_role("main").get_by_role("link", name=say("Set-up")))
    expect(row).to_have_count(1)
    assert key not in administrator.content()
    until = time.monotonic() + 10
    while http.get(readings, headers={"Authorization": f"Bearer {key}"}).status_code == 401:
        assert time.monotonic() < until, "the new key is not known"
        time.sleep(0.05)
    assert fits_a_phone(administrator)
    press(administrator, row.get_by_role("button"))
    expect(row).to_contain_text(say("revoked"))
    while http.get(readings, headers={"Authorization": f"Bearer {key}"}).status_code != 401:
        assert time.monotonic() < until, "the revoked key is still good"
        time.sleep(0.05)
