"""The first transfer, steered in the console by keyboard alone (R92, R95)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from tests.browser.pages import again_until, fits_a_phone, press, submit, visit
from tests.support.running.processes import Process, World, free_port

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
    process.kill()


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
    submit(visitor, visitor.get_by_role("button", name=say("Cancel")))
    again_until(visitor, run.get_by_text(say.word("backfill", "cancelled"), exact=True))
    expect(visitor.get_by_role("button", name=say("Cancel"))).to_have_count(0)
    visit(visitor, f"{with_panels.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text(f"panel-{say.language}")
