"""The console in a browser without JavaScript (R95)."""

from playwright.sync_api import Browser, expect

from tests.browser.pages import ANNA
from tests.support.running.processes import World


def test_r95_the_pages_work_without_javascript(browser: Browser, story: World) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{story.url}/console/")
    page.get_by_label("Your key").fill((story.folder / "key").read_text())
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{story.url}/console/find")
    page.get_by_label("E-mail address, order number or event id").fill(ANNA)
    page.locator("form.search").get_by_role("button").click()
    expect(page.locator(".verdict-line")).to_contain_text("is in SALESmanago")
    context.close()
