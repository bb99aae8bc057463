"""What a person may ask for, in the console by keyboard alone: their report and their erasure (M1, M7)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import PHONE, fits_a_phone, press, serious, visit
from tests.support.running.processes import World, http


def test_m1_m7_a_report_is_handed_over_and_the_person_erased_on_a_phone(story: World, visitor: Page, say: Wording) -> None:
    headers = {"Authorization": (story.folder / "shop2").read_text()}
    email, event_id = f"leaves.{say.language}@example.com", f"leaves-{say.language}"
    customer = {**EXAMPLES["registration"]["customer"], "id": event_id, "email": email, "first_name": "Ola"}
    body = {**EXAMPLES["registration"], "event_id": event_id, "customer": customer}
    http.post(f"{story.url}/v1/shops/shop2/registrations", json=body, headers=headers).raise_for_status()
    story.wait_until_sent("shop2", event_id, headers)
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


def found_by_typing(visitor: Page, story: World, email: str) -> None:
    visit(visitor, f"{story.url}/console/find")
    field = visitor.get_by_role("search").get_by_role("textbox")
    expect(field).to_be_focused()
    visitor.keyboard.type(email)
    expect(field).to_have_value(email)
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", level=2).first).to_contain_text("shop2")
