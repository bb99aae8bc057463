"""The search of the documentation, from a web server and from the disk, with nothing to reach but this machine."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from tests.support.site import built_site


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module", params=["http", "file"])
def site(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the site is read."""
    folder = built_site()
    if request.param == "file":
        yield folder.as_uri()
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("words", "found"),
    [("fencing token", "decisions/0003-mailboxes-instead-of-lanes.html"), ("prośby klientów", "pl/konsola.html")],
)
def test_the_search_finds_a_page_by_its_words_and_leads_to_it(page: Page, site: str, words: str, found: str) -> None:
    page.goto(f"{site}/how-to/alarms.html")
    page.locator(".md-search__button").click()
    page.get_by_role("combobox").fill(words)
    result = page.get_by_role("listbox").locator(f"a[href*='{found}']").first
    expect(result).to_be_visible()
    result.click()
    page.wait_for_url(f"{site}/{found}*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
