"""A person is erased on a phone. Each language has a file: two walks are too long for one."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.console.data_requests.person import found_by_typing, somebody
from tests.browser.pages import PHONE, fits_a_phone, press, serious
from tests.support.running.processes import World, http


def erase_somebody(story: World, visitor: Page, say: Wording) -> None:
    email, headers = somebody(story, say, "leaves"), {"Authorization": (story.folder / "shop2").read_text()}
    visitor.set_viewport_size(PHONE)
    found_by_typing(visitor, story, email)
    press(visitor, visitor.get_by_role("button", name=say("Erase this person…")))
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("Erase a person of %(shop)s?", shop="shop2"))
    expect(visitor.get_by_role("main")).to_contain_text("Ola")
    assert fits_a_phone(visitor)
    assert say.language == "en" or serious(visitor) == []
    erase = visitor.get_by_role("button", name=say("Erase"), exact=True)
    press(visitor, erase)
    expect(erase).to_be_visible()  # without the tick nothing is sent
    press(visitor, visitor.get_by_role("checkbox"), "Space")
    press(visitor, erase)
    expect(visitor.get_by_role("main")).to_contain_text(say("Erasure requested"))
    assert email not in visitor.url
    story.wait_until_sent("shop2", visitor.url.rsplit("/", 1)[1], headers)
    assert http.get(f"{story.sandbox_url}/sandbox/contacts/{email}").status_code == 404
    found_by_typing(visitor, story, email)
    expect(visitor.get_by_role("status")).to_contain_text(say("%(name)s was erased.", name=email))
    expect(visitor.get_by_role("button", name=say("Erase this person…"))).to_have_count(0)
