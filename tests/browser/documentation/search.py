"""Somebody searches the documentation."""

from playwright.sync_api import Page, expect

FOUND = {
    "fencing token": "decisions/0003-mailboxes-instead-of-lanes.html",
    "prośby klientów": "pl/konsola.html",
}
"""The page that is found by its words."""


def search_leads_to(page: Page, site: str, words: str) -> None:
    found = FOUND[words]
    page.goto(f"{site}/how-to/alarms.html")
    page.locator(".md-search__button").click()
    page.get_by_role("combobox").fill(words)
    result = page.get_by_role("listbox").locator(f"a[href*='{found}']").first
    expect(result).to_be_visible()
    result.click()
    page.wait_for_url(f"{site}/{found}*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
