"""What could not be delivered, in the console by keyboard alone (R91, R95)."""

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import again_until, fits_a_phone, press
from tests.support.running.processes import World, http


def test_r91_what_salesmanago_refused_is_previewed_and_sent_again(story: World, visitor: Page, say: Wording) -> None:
    headers = {"Authorization": (story.folder / "shop2").read_text()}
    body = {**EXAMPLES["registration"], "event_id": f"refused-{say.language}"}
    body["customer"] = {**body["customer"], "id": f"r-{say.language}", "email": f"refused.{say.language}@example.com"}
    fault = {"kind": "refuse", "path": "upsert", "email": body["customer"]["email"]}  # no poll that comes first uses it up
    http.post(f"{story.sandbox_url}/sandbox/faults", json=fault).raise_for_status()
    try:
        http.post(f"{story.url}/v1/shops/shop2/registrations", json=body, headers=headers).raise_for_status()
        visitor.goto(f"{story.url}/console/stuck?shop=shop2")  # at others something may wait for another reason
        retry = visitor.get_by_role("button", name=say("Show what a retry would send"))
        again_until(visitor, retry)
    finally:
        http.delete(f"{story.sandbox_url}/sandbox/faults").raise_for_status()
    expect(visitor.locator(".panel.bad").first).to_contain_text(body["event_id"])
    assert fits_a_phone(visitor)
    press(visitor, retry)
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("Try again: what would be sent"))
    press(visitor, visitor.get_by_role("button", name=say("Try again now")))
    expect(visitor.get_by_role("heading", level=1)).to_have_text(say("Tried again"))
    story.wait_until_sent("shop2", body["event_id"], headers)
    visitor.goto(f"{story.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text("Anna (")
