"""The system's Chromium, driven by Playwright, with nothing to reach but this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import ANNA, DESK
from tests.support.running.processes import World, a_world, http

expect.set_options(timeout=30_000)  # a busy machine is no slow page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HERE = ("http://127.0.0.1", "file:", "data:", "blob:")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For this folder alone: while it is open, Playwright keeps an event loop running that other tests must not find."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(
        tmp_path_factory.mktemp("browser"), secrets={"TEST_PANEL": "demo-panel-key", "TEST_CALLBACK": "CallbackSecret01"}
    ) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must neither speak to the outside nor write an error to its console."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    outside: list[str] = []
    errors: list[str] = []
    opened.on(
        "request",
        lambda request: outside.append(request.url) if not request.url.startswith(HERE) else None,
    )
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert outside == []
    assert errors == []


@pytest.fixture
def screenshots() -> Path | None:
    """Where pictures are kept, if `SCREENSHOTS` names a folder, as `make screenshots` does: each takes a tenth of a second."""
    if "SCREENSHOTS" not in os.environ:
        return None
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def story(world: World) -> World:
    """One person in SALESmanago, one who never consented, a refused request; keys of staff in files."""
    keys = {shop: {"Authorization": f"Bearer {world.key(shop)}"} for shop in ("shop1", "shop2")}
    (world.folder / "shop2").write_text(keys["shop2"]["Authorization"])
    for shop, path, kind, more in (
        ("shop2", "registrations", "registration", {"event_id": "anna-registered"}),
        ("shop1", "registrations", "registration", {"event_id": "jan-registered"}),
        ("shop1", "orders", "order", {"occurred_at": "yesterday"}),
    ):
        body = {**EXAMPLES[kind], **more}
        if shop == "shop2":
            body["customer"] = {**body["customer"], "email": ANNA, "first_name": "Anna"}
        http.post(f"{world.url}/v1/shops/{shop}/{path}", json=body, headers=keys[shop])
        if shop == "shop2":
            world.wait_until_sent("shop2", "anna-registered", keys[shop])
    for role, name, file in (("operator", "Anna", "key"), ("admin", "Ewa", "admin-key")):
        (world.folder / file).write_text(world.command("keys", "issue", "--role", role, "--name", name).stdout.strip())
    return world


@pytest.fixture(params=["pl", "en"])
def say(request: pytest.FixtureRequest) -> Wording:
    return Wording(request.param)


class Visits:
    """A window for each language, signed in with the keyboard alone when it is first needed, and after a test signed out.

    A window and a sign-in of its own would cost each test two seconds of processor time. `key`: the file of whose key it is.
    """

    def __init__(self, browser: Browser, story: World, key: str) -> None:
        self._browser, self._story, self._key = browser, story, story.folder / key
        self._windows: dict[str, Page] = {}
        self.wrong: list[str] = []
        """What went to another host, or was written to the page's console as an error."""

    def at_the_overview(self, say: Wording) -> Page:
        page = self._windows.get(say.language) or self._opened(say)
        page.set_viewport_size(DESK)
        page.goto(f"{self._story.url}/console/")
        if page.get_by_label(say("Your key")).count():
            page.keyboard.type(self._key.read_text())  # the field has the focus
            page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(say("Overview"))
        return page

    def _opened(self, say: Wording) -> Page:
        page = self._windows[say.language] = self._browser.new_context(locale=say.language).new_page()
        ours = (self._story.url, "data:")
        page.on("request", lambda one: self.wrong.append(one.url) if not one.url.startswith(ours) else None)
        page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        return page

    def end(self) -> None:
        for page in self._windows.values():
            page.context.close()


@pytest.fixture(scope="package")
def visits(browser: Browser, story: World) -> Iterator[Visits]:
    made = Visits(browser, story, "key")
    yield made
    made.end()


@pytest.fixture
def visitor(visits: Visits, say: Wording) -> Iterator[Page]:
    """Somebody who is signed in and looks at the overview. The page's console must stay empty, and nothing be foreign."""
    visits.wrong.clear()
    yield visits.at_the_overview(say)
    assert visits.wrong == []


@pytest.fixture(scope="package")
def visits_of_an_administrator(browser: Browser, story: World) -> Iterator[Visits]:
    made = Visits(browser, story, "admin-key")
    yield made
    made.end()


@pytest.fixture
def administrator(visits_of_an_administrator: Visits, say: Wording) -> Iterator[Page]:
    """As `visitor`, with the rights to issue keys."""
    visits_of_an_administrator.wrong.clear()
    yield visits_of_an_administrator.at_the_overview(say)
    assert visits_of_an_administrator.wrong == []
