"""What staff do in the console, in a real browser, in both languages and by keyboard alone (R91, R92, R94, R95)."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import PHONE, again_until, fits_a_phone, press, serious, visit
from tests.support.running.processes import Process, World, free_port, http

# -- what could not be delivered -----------------------------------------------------------------------------------------


def test_r91_what_salesmanago_refused_is_previewed_and_sent_again(story: World, visitor: Page, say: Wording) -> None:
    headers = {"Authorization": (story.folder / "shop2").read_text()}
    body = {**EXAMPLES["registration"], "event_id": f"refused-{say.language}"}
    body["customer"] = {**body["customer"], "id": f"r-{say.language}", "email": f"refused.{say.language}@example.com"}
    http.post(f"{story.sandbox_url}/sandbox/faults", json={"kind": "refuse"}).raise_for_status()
    try:
        http.post(f"{story.url}/v1/shops/shop2/registrations", json=body, headers=headers).raise_for_status()
        visit(visitor, f"{story.url}/console/stuck")
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
    visit(visitor, f"{story.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text("Anna (")


# -- what a person may ask for -------------------------------------------------------------------------------------------


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


# -- keys ----------------------------------------------------------------------------------------------------------------


def test_r94_a_key_is_issued_shown_once_and_revoked(story: World, administrator: Page, say: Wording) -> None:
    administrator.goto(f"{story.url}/console/setup")
    name = f"Robot {say.language}"
    administrator.get_by_label(say("Who uses it")).focus()
    administrator.keyboard.type(name)
    administrator.keyboard.press("Tab")
    administrator.keyboard.type("30")
    press(administrator, administrator.get_by_role("button", name=say("Issue"), exact=True))
    key = administrator.locator("#new-key").input_value()
    readings = f"{story.url}/v1/operations/shops"
    assert key not in administrator.url
    row = administrator.locator("tbody tr", has_text=name)
    press(administrator, administrator.get_by_role("main").get_by_role("link", name=say("Set-up")))
    expect(row).to_have_count(1)
    assert key not in administrator.content()
    until = time.monotonic() + 10
    while http.get(readings, headers={"Authorization": f"Bearer {key}"}).status_code == 401:
        assert time.monotonic() < until, "the new key is not known"
        time.sleep(0.05)
    assert fits_a_phone(administrator)
    press(administrator, row.get_by_role("button"))
    expect(row).to_contain_text(say("revoked"))
    while http.get(readings, headers={"Authorization": f"Bearer {key}"}).status_code != 401:
        assert time.monotonic() < until, "the revoked key is still good"
        time.sleep(0.05)


# -- the first transfer --------------------------------------------------------------------------------------------------

WITH_A_PANEL = """
[shops.panel-{language}]
account = "main"
host = "panel-{language}.example.com"
location = "panel_{language}"
number = 1
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
[shops.panel-{language}.panel]
kind = "idosell"
base_url = "{url}"
api_key = "env:TEST_PANEL"
calls_per_second = 100
[shops.panel-{language}.backfill]
canary = 1
day = {{ contacts_per_hour = 60 }}
night = {{ contacts_per_hour = 60 }}
"""


@pytest.fixture(scope="module")
def with_panels(story: World) -> Iterator[World]:
    """A shop for each language, with thirty accounts in a panel; the rates let a page of them go and then wait for minutes."""
    salesmanago, panel = free_port(), free_port()
    url = f"http://127.0.0.1:{panel}"
    arguments = ["sandbox", "--salesmanago-port", str(salesmanago), "--panel-port", str(panel), "--accounts", "30"]
    process = Process(story.folder, "panel", arguments, {}, f"http://127.0.0.1:{salesmanago}/sandbox/state")
    process.start()
    shops = "".join(WITH_A_PANEL.format(language=language, url=url) for language in ("pl", "en"))
    story.shops_file.write_text(story.shops_file.read_text() + shops)
    applied = story.command("apply", str(story.shops_file), "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    yield story
    process.stop()


def test_r92_a_transfer_is_counted_approved_paused_resumed_and_cancelled(with_panels: World, visitor: Page, say: Wording) -> None:
    visit(visitor, f"{with_panels.url}/console/transfers?shop=panel-{say.language}")
    approve = visitor.get_by_role("button", name=say("Approve: begin to send"))
    again_until(visitor, approve)  # after the activation only the dry run is made
    run = visitor.locator("section[aria-labelledby]").first
    expect(run).to_contain_text("30")
    assert fits_a_phone(visitor)
    press(visitor, approve)
    press(visitor, visitor.get_by_role("button", name=say("Pause")))
    expect(run).to_contain_text(say.word("backfill", "paused"))
    press(visitor, visitor.get_by_role("button", name=say("Resume")))
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()
    press(visitor, visitor.get_by_role("button", name=say("Cancel")))
    again_until(visitor, run.get_by_text(say.word("backfill", "cancelled"), exact=True))
    expect(visitor.get_by_role("button", name=say("Cancel"))).to_have_count(0)
    visit(visitor, f"{with_panels.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text(f"panel-{say.language}")
