"""Where both sides differ, and somebody who puts right what they tick. Each language has a file: two walks are too long for one."""

from pathlib import Path

from playwright.sync_api import Page, expect

from app.console.wording import Wording
from app.domain.runs.reconciliation import WORDS, Cause
from tests.browser.console.shop2 import arrived, posted
from tests.browser.pages import again_until, fits_a_phone, kept, press, serious, submit
from tests.support.running.processes import World, http


def tags_of(world: World, email: str) -> set[str]:
    return {one["name"] for one in world.shown(f"contacts/{email}")["tags"]}


def put_right_what_is_ticked(story: World, visitor: Page, say: Wording, screenshots: Path | None) -> None:
    email = f"differs.{say.language}@example.com"
    posted(story, "registration", "registrations", email, f"differs-{say.language}")
    tag = {"renamed": [], "removed": [], "customer_id": f"differs-{say.language}"}
    arrived(story, "tag-edit", "tag-edits", email, f"tagged-{say.language}", added=["vip"], **tag)
    gone = {**tag, "removed": ["vip"], "occurred_at": "2026-11-24T10:00:00+01:00"}
    arrived(story, "tag-edit", "tag-edits", email, f"untagged-{say.language}", added=[], **gone)
    edit = {"add": ["IDOSELL_VIP"], "remove": ["REJESTRACJA"]}
    http.post(f"{story.sandbox_url}/sandbox/contacts/{email}/tags", json=edit).raise_for_status()

    visitor.goto(f"{story.url}/console/comparisons?shop=shop2")
    submit(visitor, visitor.get_by_role("button", name=say("Compare %(shop)s: change nothing", shop="shop2")))
    put_right = visitor.get_by_role("button", name=say("Compare again and put right what is ticked"))
    again_until(visitor, put_right)
    assert say.language == "en" or serious(visitor) == []  # its parts are the same in each language
    kept(visitor, screenshots, say, "differences")
    assert fits_a_phone(visitor)
    kept(visitor, screenshots, say, "differences-phone")
    suffix = "_pl" if say.language == "pl" else ""
    left = visitor.get_by_role("checkbox", name=getattr(WORDS[Cause.OUR_TAG_LEFT], "why" + suffix))
    press(visitor, left, "Space")
    expect(left).not_to_be_checked()
    submit(visitor, put_right)
    again_until(visitor, visitor.get_by_text(say("left as it was")))
    kept(visitor, screenshots, say, "repaired-phone")

    visitor.goto(f"{story.url}/console/stuck?shop=shop2")
    waits, put_right_now = visitor.get_by_role("main"), getattr(WORDS[Cause.OUR_TAG_MISSING], "why" + suffix)
    again_until(visitor, waits.filter(has_not_text=put_right_now))
    expect(waits).to_contain_text(getattr(WORDS[Cause.OUR_TAG_LEFT], "why" + suffix))
    headers = {"Authorization": (story.folder / "shop2").read_text()}
    events = http.post(f"{story.url}/v1/shops/shop2/lookups", json={"email": email}, headers=headers).json()["events"]
    story.wait_until_sent("shop2", next(one["event_id"] for one in events if one["type"] == "drift-found"), headers)
    assert tags_of(story, email) >= {"REJESTRACJA", "IDOSELL_VIP"}
