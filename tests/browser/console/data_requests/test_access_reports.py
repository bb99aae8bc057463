"""The report of what is known about a person, in the console by keyboard alone (M1)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.data_requests.person import found_by_typing, somebody
from tests.browser.pages import PHONE, fits_a_phone, press, serious
from tests.support.running.processes import World


def test_m1_a_report_is_handed_over_on_a_phone(story: World, visitor: Page, say: Wording) -> None:
    email = somebody(story, say, "asks")
    visitor.set_viewport_size(PHONE)
    found_by_typing(visitor, story, email)
    with visitor.context.expect_page() as opened:
        press(visitor, visitor.get_by_role("button", name=say("Access report")))
    report = opened.value
    expect(report.locator("html")).to_have_attribute("lang", say.language)
    expect(report.locator("body")).to_contain_text("Ola")
    assert email not in report.url
    assert fits_a_phone(report)
    assert say.language == "en" or serious(report) == []  # its parts are the same in each language
    report.close()
