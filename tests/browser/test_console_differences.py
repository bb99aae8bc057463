"""Where both sides differ: a repair by cause, and what only a person can do (R91, R92, R95)."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.domain.runs.reconciliation import WORDS, Cause
from app.domain.shops.callbacks import signature
from app.routers.events.examples import EXAMPLES
from tests.browser.pages import again_until, fits_a_phone, kept, press, serious, visit
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


def arrived(world: World, kind: str, path: str, email: str, event_id: str, **more: Any) -> None:
    headers = {"Authorization": (world.folder / "shop2").read_text()}
    body: dict[str, Any] = {**EXAMPLES[kind], "event_id": event_id, **more}
    if "customer" in body:
        body["customer"] = {**body["customer"], "id": event_id, "email": email}
    else:
        body["email"] = email
    http.post(f"{world.url}/v1/shops/shop2/{path}", json=body, headers=headers).raise_for_status()
    world.wait_until_sent("shop2", event_id, headers)


def tags_of(world: World, email: str) -> set[str]:
    return {one["name"] for one in world.shown(f"contacts/{email}")["tags"]}


def test_r92_differences_are_previewed_by_cause_and_only_what_is_ticked_is_put_right(
    story: World, visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    email = f"differs.{say.language}@example.com"
    arrived(story, "registration", "registrations", email, f"differs-{say.language}")
    tag = {"renamed": [], "removed": [], "customer_id": f"differs-{say.language}"}
    arrived(story, "tag-edit", "tag-edits", email, f"tagged-{say.language}", added=["vip"], **tag)
    gone = {**tag, "removed": ["vip"], "occurred_at": "2026-11-24T10:00:00+01:00"}
    arrived(story, "tag-edit", "tag-edits", email, f"untagged-{say.language}", added=[], **gone)
    edit = {"add": ["IDOSELL_VIP"], "remove": ["REJESTRACJA"]}
    http.post(f"{story.sandbox_url}/sandbox/contacts/{email}/tags", json=edit).raise_for_status()

    visit(visitor, f"{story.url}/console/comparisons?shop=shop2")
    press(visitor, visitor.get_by_role("button", name=say("Compare %(shop)s: change nothing", shop="shop2")))
    put_right = visitor.get_by_role("button", name=say("Compare again and put right what is ticked"))
    again_until(visitor, put_right)
    assert serious(visitor) == []
    kept(visitor, screenshots, say, "differences")
    assert fits_a_phone(visitor)
    kept(visitor, screenshots, say, "differences-phone")
    suffix = "_pl" if say.language == "pl" else ""
    left = visitor.get_by_role("checkbox", name=getattr(WORDS[Cause.OUR_TAG_LEFT], "why" + suffix))
    press(visitor, left, "Space")
    expect(left).not_to_be_checked()
    press(visitor, put_right)
    again_until(visitor, visitor.get_by_text(say("left as it was")))
    kept(visitor, screenshots, say, "repaired-phone")

    visit(visitor, f"{story.url}/console/stuck?shop=shop2")
    waits, put_right_now = visitor.get_by_role("main"), getattr(WORDS[Cause.OUR_TAG_MISSING], "why" + suffix)
    again_until(visitor, waits.filter(has_not_text=put_right_now))
    expect(waits).to_contain_text(getattr(WORDS[Cause.OUR_TAG_LEFT], "why" + suffix))
    headers = {"Authorization": (story.folder / "shop2").read_text()}
    events = http.post(f"{story.url}/v1/shops/shop2/lookups", json={"email": email}, headers=headers).json()["events"]
    story.wait_until_sent("shop2", next(one["event_id"] for one in events if one["type"] == "drift-found"), headers)
    assert tags_of(story, email) >= {"REJESTRACJA", "IDOSELL_VIP"}


def test_r91_a_manual_task_says_what_to_do_and_is_ticked_off(
    with_callbacks: World, visitor: Page, say: Wording, screenshots: Path | None
) -> None:
    email = f"resigns.{say.language}@example.com"
    arrived(with_callbacks, "subscription", "subscriptions", email, f"resigns-{say.language}")
    asked = {"email": email, "key": signature(email, SECRET)}
    http.get(f"{with_callbacks.url}/callbacks/shops/shop2/opt-out", params=asked).raise_for_status()

    visit(visitor, f"{with_callbacks.url}/console/stuck?shop=shop2")
    task = visitor.locator("section.panel", has_text=email)
    again_until(visitor, task)
    expect(task).to_contain_text(say("e-mail newsletter") + ": " + say.word("news", "opt_out"))
    expect(task).to_contain_text(say("What to do"))
    assert fits_a_phone(visitor)
    kept(visitor, screenshots, say, "manual-task-phone")
    press(visitor, task.get_by_role("button", name=say("It is done")))
    expect(visitor).to_have_url(f"{with_callbacks.url}/console/stuck?shop=shop2")
    expect(task).to_have_count(0)
    visit(visitor, f"{with_callbacks.url}/console/audit")
    expect(visitor.locator("tbody tr").first).to_contain_text(say.word("action", "hand_work_done"))
