"""What only a person can do, in the console by keyboard alone (R91, R95)."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.domain.shops.callbacks import signature
from tests.browser.console.shop2 import arrived
from tests.browser.pages import again_until, fits_a_phone, kept, press
from tests.support.running.processes import World, http

SECRET = "CallbackSecret01"


@pytest.fixture(scope="module")
def with_callbacks(story: World) -> World:
    """Callbacks of shop2 are taken; what they change can only be written by a person, for it has no panel."""
    story.shops_file.write_text(
        story.shops_file.read_text().replace("number = 2", 'number = 2\ncallback_secret = "env:TEST_CALLBACK"')
    )
    applied = story.command("apply", str(story.shops_file), "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    return story


def test_r91_a_manual_task_says_what_to_do_and_is_ticked_off(
    with_callbacks: World, visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    email = f"resigns.{say.language}@example.com"
    arrived(with_callbacks, "subscription", "subscriptions", email, f"resigns-{say.language}")
    asked = {"email": email, "key": signature(email, SECRET)}
    http.get(f"{with_callbacks.url}/callbacks/shops/shop2/opt-out", params=asked).raise_for_status()

    visitor.goto(f"{with_callbacks.url}/console/stuck?shop=shop2")
    task = visitor.locator("section.panel", has_text=email)
    again_until(visitor, task)
    expect(task).to_contain_text(say("e-mail newsletter") + ": " + say.word("news", "opt_out"))
    expect(task).to_contain_text(say("What to do"))
    assert fits_a_phone(visitor)
    kept(visitor, screenshots, say, "manual-task-phone")
    press(visitor, task.get_by_role("button", name=say("It is done")))
    expect(visitor).to_have_url(f"{with_callbacks.url}/console/stuck?shop=shop2")
    expect(task).to_have_count(0)
    visitor.goto(f"{with_callbacks.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text(say.word("action", "hand_work_done"))
