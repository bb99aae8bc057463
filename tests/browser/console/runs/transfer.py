"""A first transfer that begins to send."""

import time

from playwright.sync_api import Locator, Page, expect

from app.console.wording import LANGUAGES, Wording
from tests.browser.pages import again_until, fits_a_phone, press, submit
from tests.support.running.processes import PATIENCE_SECONDS, World, http

WITH_A_PANEL = """
[shops.{shop}-{language}]
account = "main"
host = "{shop}-{language}.example.com"
location = "{shop}_{language}"
number = 1
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
[shops.{shop}-{language}.panel]
kind = "idosell"
base_url = "{url}"
api_key = "env:TEST_PANEL"
calls_per_second = 100
[shops.{shop}-{language}.backfill]
canary = 1
day = {{ contacts_per_hour = 60 }}
night = {{ contacts_per_hour = 60 }}
"""


def connect_shops(world: World, name: str, panel: str) -> None:
    """A shop for each language, whose rates let a page of accounts go and then wait for minutes."""
    shops = "".join(WITH_A_PANEL.format(shop=name, language=language, url=panel) for language in LANGUAGES)
    world.shops_file.write_text(world.shops_file.read_text() + shops)
    applied = world.command("apply", str(world.shops_file), "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr


def approved(world: World, visitor: Page, say: Wording, name: str) -> Locator:
    """It was counted; the part of the page that is about it."""
    visitor.goto(f"{world.url}/console/transfers?shop={name}-{say.language}")
    approve = visitor.get_by_role("button", name=say("Approve: begin to send"))
    again_until(visitor, approve)  # after the activation only the dry run is made
    run = visitor.locator("section[aria-labelledby]").first
    expect(run).to_contain_text("30")
    assert fits_a_phone(visitor)
    press(visitor, approve)
    return run


def wait_until_the_first_are_sent(world: World, say: Wording, name: str) -> None:
    """A transfer that is cancelled while something of it travels waits for that, and looks every two seconds."""
    shop, until = f"{name}-{say.language}", time.monotonic() + PATIENCE_SECONDS
    runs, headers = f"{world.url}/v1/shops/{shop}/backfills", {"Authorization": f"Bearer {world.key(shop)}"}
    while not ((shown := http.get(runs, headers=headers).json()["backfills"][0])["sent"] and shown["waiting"] == 0):
        assert time.monotonic() < until, shown
        time.sleep(0.05)


def stands_in_the_audit_log(world: World, visitor: Page, say: Wording, name: str) -> None:
    visitor.goto(f"{world.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text(f"{name}-{say.language}")


def cancel_what_sends(world: World, visitor: Page, say: Wording, name: str) -> None:
    """Each language has a file: two walks are too long for one."""
    run = approved(world, visitor, say, name)
    expect(visitor.get_by_role("button", name=say("Pause"))).to_be_visible()
    wait_until_the_first_are_sent(world, say, name)
    submit(visitor, visitor.get_by_role("button", name=say("Cancel")))
    again_until(visitor, run.get_by_text(say.word("backfill", "cancelled"), exact=True))
    expect(visitor.get_by_role("button", name=say("Cancel"))).to_have_count(0)
    stands_in_the_audit_log(world, visitor, say, name)
