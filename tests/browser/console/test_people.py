"""Somebody is searched for in the console, and the page says where they stand (R90). `make screenshots` keeps what it saw."""

from pathlib import Path

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import ANNA, kept
from tests.support.running.processes import World


def test_r90_a_person_is_found_by_keyboard_alone_and_the_sentence_says_where_they_stand(
    visitor: Page, story: World, say: Wording, screenshots: Path | None
) -> None:
    visitor.goto(f"{story.url}/console/")
    for _ in range(12):
        if visitor.evaluate("document.activeElement.getAttribute('href')") == "/console/find":
            break
        visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#about")).to_be_focused()
    visitor.keyboard.type(ANNA)
    visitor.keyboard.press("Enter")
    sentence = say("%(name)s is in SALESmanago, and everything known so far was sent.", name=ANNA)
    expect(visitor.locator(".verdict-line")).to_have_text(sentence)
    assert ANNA not in visitor.url
    expect(visitor.get_by_role("heading", name=say("Account created"))).to_be_visible()
    kept(visitor, screenshots, say, "person")


def test_r90_a_person_who_is_not_sent_is_explained(visitor: Page, story: World, say: Wording, screenshots: Path | None) -> None:
    visitor.goto(f"{story.url}/console/find")
    visitor.get_by_label(say("E-mail address, order number or event id")).fill(EXAMPLES["registration"]["customer"]["email"])
    visitor.locator("form.search").get_by_role("button").click()
    name = EXAMPLES["registration"]["customer"]["email"]
    expect(visitor.locator(".verdict-line")).to_have_text(say("%(name)s is not in SALESmanago.", name=name))
    expect(visitor.locator(".verdict")).to_contain_text(say("What to do"))
    kept(visitor, screenshots, say, "not-sent")
