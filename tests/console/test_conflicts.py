"""What the pages say of a person on whom both sides differ or whose subscription waits, and of how both sides are (R91, R92)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app.console.code_words import CONFLICTS
from app.console.wording import Wording
from app.domain.decisions.discrepancies import ConflictKind, what_to_do
from app.domain.intake.pushes import PushState, Scan
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sides import Lost, Observed, SentState, ShopState, TakenOff
from app.services.operations import disputes
from tests.console.waiting import CALM, JAN, NOW, PANEL, a_person, a_push, a_shop_with_everything, working
from tests.support.console import sent, signed_in
from tests.support.gateways import Door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with a_shop_with_everything(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("kind", [one for one in ConflictKind if one is not ConflictKind.UNCONFIRMED])
async def test_r91_a_conflict_says_what_to_do_and_leaves_the_open_ones_once_it_was_seen(door: Door, kind: ConflictKind) -> None:
    await a_conflict(door, kind)
    http = await signed_in(door)
    for language, todo in zip(("en", "pl"), what_to_do(kind), strict=True):
        page = unescape((await http.get(f"/console/stuck?lang={language}")).text)
        assert todo.split("`")[0] in page
        is_repaired_there = kind in (ConflictKind.TAG_LOST, ConflictKind.TAG_TAKEN_OFF)
        assert ('href="/console/comparisons?shop=shop1"' in page) == is_repaired_there
        assert CALM[language] not in page
    preview = await sent(http, "/conflicts/seen", shop="shop1", email=JAN, kind=kind.value)
    assert "Nic nie zostanie wysłane ani zmienione." in preview.text
    assert (await open_conflicts(door)) == 1, "a preview marks nothing"
    assert (await sent(http, "/conflicts/seen", shop="shop1", email=JAN, kind=kind.value, sure="yes")).status_code == 303
    assert (await open_conflicts(door)) == 0
    page = unescape((await http.get("/console/stuck?lang=pl")).text)
    assert "ktoś to już sprawdził" in page
    assert CALM["pl"] not in page, "both sides still differ"
    assert "Oznacz jako sprawdzone" not in page
    audit = unescape((await http.get("/console/audit?lang=pl")).text)
    assert "oznaczenie konfliktów dotyczących osoby jako sprawdzonych" in audit
    assert Wording("pl")(CONFLICTS[kind]) in audit
    for form in ({"kind": kind.value}, {"kind": "rain"}, {"kind": kind.value, "sure": "yes"}):
        assert (await sent(http, "/conflicts/seen", shop="shop1", email=JAN, **form)).status_code == 404


async def a_conflict(door: Door, kind: ConflictKind) -> None:
    tags = {tag: TimedFlag(True, NOW) for tag in ("żółw", "zolw")}
    facts: dict[ConflictKind, dict[str, Any]] = {
        ConflictKind.TAG_LOST: {"observed": Observed(lost={"idosell_vip": Lost(NOW)})},
        ConflictKind.TAG_TAKEN_OFF: {"shop_state": ShopState(taken_off={"vip": TakenOff(NOW, left_off=True)})},
        ConflictKind.TAGS_COLLIDE: {"panel_tags": tags},
        ConflictKind.STATUS_KEPT: {"observed": Observed(email_disputed=True)},
        ConflictKind.ADDRESS_CONTESTED: {"address_contested_at": NOW},
        ConflictKind.RENAME_REFUSED: {"rename_refused_at": NOW},
        ConflictKind.LEFT_BEHIND: {"sent_state": SentState(email=JAN)},
    }
    await a_person(door, Contact(email=JAN, **facts[kind]))
    if kind is ConflictKind.LEFT_BEHIND:
        async with working(door) as work:
            (left,) = await work.contacts.in_shops(["shop1"], [JAN])
            (heir,) = await work.contacts.add([("shop1", Contact(email="ewa@example.com"), None)], NOW)
            await work.contacts.merge(left.id, heir, "renamed onto an address that had a contact of its own")


async def test_r91_a_list_without_room_for_everybody_says_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    http = await signed_in(door)
    for email in (JAN, "ewa@example.com"):
        await a_person(door, Contact(email=email, address_contested_at=NOW))
    words = {"en": "there are more people. They show", "pl": "takich osób jest więcej. Pokażą się"}
    for room in (1, 2):
        monkeypatch.setattr(disputes, "SHOWN", room)
        for language, said in words.items():
            assert (f"shop1: {said}" in unescape((await http.get(f"/console/stuck?lang={language}")).text)) == (room == 1)


async def open_conflicts(door: Door) -> int:
    async with working(door) as work:
        return sum((await work.contacts.conflicts())["shop1"])


@pytest.mark.parametrize(
    ("asked", "english", "polish"),
    [
        (True, "waits for the person's click since {}", "czeka na kliknięcie od {}"),
        (False, "not confirmed since {}, and the person was not asked yet", "niepotwierdzony od {}, a prośby o potwierdzenie"),
    ],
)
async def test_b6_the_persons_page_says_since_when_the_subscription_is_not_confirmed(
    door: Door, asked: bool, english: str, polish: str
) -> None:
    since = datetime(2026, 11, 23, 9, tzinfo=UTC)
    there = SentState(email=JAN, email_asked_at=since if asked else None)
    await a_person(door, Contact(email=JAN, email_asked_at=since, sent_state=there))
    page = unescape((await sent(await signed_in(door), "/find?lang=en", about=JAN)).text)
    assert f"{JAN} is in SALESmanago; the subscription to the newsletter of 23 Nov 2026, 10:00:00 CET is not confirmed yet." in page
    assert english.format("23 Nov 2026, 10:00:00 CET") in page
    assert "the person never said" in page, "of text messages"
    page = (await sent(door.http, "/find?lang=pl", about=JAN)).text
    assert f"{JAN} jest w SALESmanago; zapis do newslettera z 23 lis 2026, 10:00:00 CET nie jest jeszcze potwierdzony." in page
    assert polish.format("23 lis 2026, 10:00:00 CET") in page
    assert polish.format("23 lis 2026, 10:00:00 CET") in (await door.http.get("/console/stuck?lang=pl")).text


async def test_r92_the_overview_always_says_how_both_sides_are(door: Door) -> None:
    http = await signed_in(door)
    page = (await http.get("/console/?lang=en")).text
    for words in ("nothing was sent there yet", "none came yet", "not done in full yet"):
        assert words in page
    await a_push(door, state=PushState.TRANSLATED)
    async with working(door) as work:
        await work.pushes.save_scan(PANEL, Scan(finished_at=NOW))
    page = (await http.get("/console/?lang=pl")).text
    assert "ostatni przyszedł" in page
    assert "ostatni pełny" in page
