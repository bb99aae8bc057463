"""A page as people have it: by keyboard alone, at the width of a phone, with a screen reader, while the gateway works on."""

import time
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

from app.console.wording import Wording

ANNA = "anna.nowak@example.com"
"""Who is in SALESmanago, in the story of the console."""

PAGES = ("", "find", "stuck", "transfers", "comparisons", "requests", "setup", "audit")
"""Every page of the console that is not about one thing alone."""

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
MOST_STEPS = 120


def press(page: Page, control: Locator, key: str = "Enter") -> None:
    """Hold Tab until it is reached and press the key, as somebody without a mouse does.

    A page of something that is under way changes meanwhile.
    """
    expect(control).to_be_visible()
    handle = control.element_handle()
    for _ in range(MOST_STEPS):
        match handle.evaluate(_WHERE):
            case "here":
                page.keyboard.up("Tab")
                page.keyboard.press(key)
                return
            case "gone":
                handle = control.element_handle()
            case _:
                page.keyboard.down("Tab")
    raise AssertionError("it cannot be reached with Tab")


_WHERE = "one => !one.isConnected ? 'gone' : one === document.activeElement ? 'here' : 'elsewhere'"


def submit(page: Page, control: Locator) -> None:
    """Press it and wait for the answer: who loads the page anew before it comes would send the form once more."""
    with page.expect_navigation():
        press(page, control)


def fits_a_phone(page: Page) -> bool:
    page.set_viewport_size(PHONE)
    return bool(page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"])


def again_until(page: Page, wanted: Locator) -> None:
    """Reload until it is there: pages may be some seconds old."""
    until = time.monotonic() + 30
    while not wanted.count():
        assert time.monotonic() < until, page.inner_text("main")
        page.wait_for_timeout(40)
        page.reload()


DOCUMENTED = ("overview", "person", "not-sent", "stuck", "requests-phone", "shadow")
"""What the documentation shows; another folder in `SCREENSHOTS` gets every page."""


def kept(page: Page, screenshots: Path | None, say: Wording, name: str) -> None:
    if screenshots is None or ("docs" in screenshots.parts and name not in DOCUMENTED):
        return
    page.screenshot(path=screenshots / f"console-{name}-{say.language}.png", full_page=True)


def serious(page: Page) -> list[tuple[str, list[str]]]:
    """What somebody with a screen reader would stumble over: the rule, and where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in ("serious", "critical")]
