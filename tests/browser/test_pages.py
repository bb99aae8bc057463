"""What a person sees: Swagger UI without internet, and the stand-in's page."""

from pathlib import Path

from playwright.sync_api import Page, expect

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import World, http


def test_swagger_ui_opens_from_the_package_and_an_order_can_be_posted_by_hand(
    page: Page, world: World, screenshots: Path | None
) -> None:
    page.goto(f"{world.url}/docs")
    expect(page.get_by_role("heading", name="Shop gateway")).to_be_visible()
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").first.fill(world.key("shop1"))
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close", exact=True).first.click()

    order = page.locator("[id$=order_placed]")
    order.click()
    order.locator("tr", has_text="shop *").locator("input").fill("shop1")
    order.get_by_role("button", name="Execute").click()
    expect(order.locator(".live-responses-table .response .response-col_status").first).to_contain_text("202")
    expect(order.locator(".live-responses-table")).to_contain_text('"result": "accepted"')
    if screenshots is not None:
        page.screenshot(path=screenshots / "swagger.png")


def test_the_stand_ins_page_shows_what_arrived(page: Page, world: World, screenshots: Path | None) -> None:
    headers = {"Authorization": f"Bearer {world.key('shop2')}"}
    body = {**EXAMPLES["registration"], "event_id": "seen-in-browser"}
    body["customer"] = {**body["customer"], "email": "anna@example.com", "last_name": "<script>alert(1)</script>"}
    http.post(f"{world.url}/v1/shops/shop2/registrations", json=body, headers=headers).raise_for_status()
    world.wait_until_sent("shop2", "seen-in-browser", headers)
    page.goto(world.sandbox_url)
    expect(page.get_by_text("anna@example.com").first).to_be_visible()
    expect(page.get_by_text("REJESTRACJA").first).to_be_visible()
    if screenshots is not None:
        page.screenshot(path=screenshots / "sandbox.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
