"""The stand-in's page, as a person sees it."""

from pathlib import Path

from playwright.sync_api import Page, expect

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import World, http


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
