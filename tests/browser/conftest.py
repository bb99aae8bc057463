"""The system's Chromium, driven by Playwright, with nothing to reach but this machine."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.console.wording import LANGUAGES, Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import ANNA, DESK
from tests.support.running.processes import World, a_world, http

expect.set_options(timeout=30_000)  # a busy machine is no slow page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HERE = ("http://127.0.0.1", "file:", "data:", "blob:")
DISABLED_FEATURES = [
    # A list of pages that the address bar would show, made anew for every window: half of what a window costs.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    # What Playwright disables itself, as this list takes the place of its own.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
FLAGS = [
    f"--disable-features={','.join(DISABLED_FEATURES)}",
    "--renderer-process-limit=1",  # windows of one site: another process for each has nothing to keep apart
    "--disable-site-isolation-trials",
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
def threads() -> Iterator[Executor]:
    """What is done here is done while the browser starts."""
    with ThreadPoolExecutor(3) as made:
        yield made


@pytest.fixture(scope="package")
def begun(threads: Executor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[World]]:
    secrets = {
        "TEST_PANEL": "demo-panel-key",
        "TEST_CALLBACK": "CallbackSecret01",
        "GATEWAY_DIRECTORY_SECONDS": "0.2",
        "GATEWAY_POLL_SECONDS": "0.1",
    }
    with ExitStack() as stack:
        started = threads.submit(
            stack.enter_context, a_world(tmp_path_factory.mktemp("browser"), secrets=secrets, reads_its_file=True)
        )
        yield started
        wait([started])


@pytest.fixture(scope="package")
def world(begun: Future[World], browser: Browser) -> World:
    return begun.result()


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
def told(threads: Executor, begun: Future[World]) -> list[Future[None]]:
    return [threads.submit(lambda act=act: act(begun.result())) for act in (tell, issue_key)]


@pytest.fixture(scope="package")
def story(told: list[Future[None]], begun: Future[World], request: pytest.FixtureRequest) -> World:
    """One person in SALESmanago, one who never consented, a refused request; the key of an operator in a file."""
    for person, theirs in (("visitor", "windows"), ("administrator", "windows_of_an_administrator")):
        if person in request.fixturenames:
            request.getfixturevalue(theirs)  # they are opened while the world gets ready
    for act in told:
        act.result()
    return begun.result()


def tell(world: World) -> None:
    keys = {"Authorization": f"Bearer {world.key('shop2')}"}
    (world.folder / "shop2").write_text(keys["Authorization"])
    body = EXAMPLES["registration"]
    anna = {**body, "event_id": "anna-registered", "customer": {**body["customer"], "email": ANNA, "first_name": "Anna"}}
    http.post(f"{world.url}/v1/shops/shop2/registrations", json=anna, headers=keys)
    others = {"Authorization": f"Bearer {world.key('shop1')}"}
    for path, kind, more in (
        ("registrations", "registration", {"event_id": "jan-registered"}),
        ("orders", "order", {"occurred_at": "yesterday"}),
    ):
        http.post(f"{world.url}/v1/shops/shop1/{path}", json={**EXAMPLES[kind], **more}, headers=others)
    world.wait_until_sent("shop2", "anna-registered", keys)


def issue_key(world: World, role: str = "operator", name: str = "Anna", file: str = "key") -> None:
    (world.folder / file).write_text(world.issued(role=role, name=name))


@pytest.fixture(params=LANGUAGES)
def say(request: pytest.FixtureRequest) -> Wording:
    return Wording(request.param)


def opened(browser: Browser) -> dict[str, Page]:
    """A window for each language."""
    return {language: browser.new_context(locale=language).new_page() for language in LANGUAGES}


class Visits:
    """Windows of somebody, who is signed in when one is first needed, and after a test signed out.

    `key`: the file of whose key it is. Windows of its own would cost each test half a second of processor time. How people
    sign in is shown by `test_signing_in`.
    """

    def __init__(self, windows: dict[str, Page], story: World, key: str) -> None:
        self._windows, self._sign_in, self._key = windows, f"{story.url}/console/sign-in", story.folder / key
        self.wrong: list[str] = []
        """What went to another host, or was written to the page's console as an error."""
        ours = (story.url, "data:", "about:blank")
        for page in windows.values():
            page.on("request", lambda one: self.wrong.append(one.url) if not one.url.startswith(ours) else None)
            page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def window(self, say: Wording) -> Page:
        page = self._windows[say.language]
        page.set_viewport_size(DESK)
        if page.url != "about:blank":
            page.goto("about:blank")
        if not page.context.cookies(self._sign_in):
            page.context.request.post(self._sign_in, form={"key": self._key.read_text()}, max_redirects=0)
        return page


@pytest.fixture(scope="package")
def windows(told: list[Future[None]], browser: Browser) -> dict[str, Page]:
    return opened(browser)


@pytest.fixture(scope="package")
def visits(windows: dict[str, Page], story: World) -> Visits:
    return Visits(windows, story, "key")


@pytest.fixture
def visitor(visits: Visits, say: Wording) -> Iterator[Page]:
    """An empty window of somebody who is signed in. The page's console must stay empty, and nothing be foreign."""
    visits.wrong.clear()
    yield visits.window(say)
    assert visits.wrong == []


@pytest.fixture(scope="package")
def windows_of_an_administrator(told: list[Future[None]], browser: Browser) -> dict[str, Page]:
    return opened(browser)


@pytest.fixture(scope="package")
def visits_of_an_administrator(windows_of_an_administrator: dict[str, Page], story: World) -> Visits:
    issue_key(story, "admin", "Ewa", "admin-key")
    return Visits(windows_of_an_administrator, story, "admin-key")


@pytest.fixture
def administrator(visits_of_an_administrator: Visits, say: Wording) -> Iterator[Page]:
    """As `visitor`, with the rights to issue keys."""
    visits_of_an_administrator.wrong.clear()
    yield visits_of_an_administrator.window(say)
    assert visits_of_an_administrator.wrong == []
