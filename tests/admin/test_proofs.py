"""What the doctor proves by doing it, at both stand-ins as real servers: rights to write, clock, certificates, silence (R85)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.admin.doctor import examine
from app.admin.proofs import account_named, certificate, clock_finding
from app.domain.commands import DeleteContact
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered
from app.routers.events.examples import EXAMPLES
from app.sandbox import panel
from app.sandbox.salesmanago import Account, create_app
from app.server.runner import bound, served
from tests.support.gateways import SECRET, Door, open_door, shop_entry
from tests.support.running.certificates import made_certificate, speaking_tls

JAN = EXAMPLES["registration"]["customer"]["email"]
ACCOUNT, PANEL = "account main", "panel of shop1"


@dataclass
class Practice:
    """A gateway between both stand-ins, and the doctor in it."""

    door: Door
    http: httpx.AsyncClient
    salesmanago: str
    panel: str

    async def finds(self, about: str, *, writes: bool = True) -> dict[str, tuple[bool, bool]]:
        """Words -> (good, warning) of what is said about something."""
        found = await examine(self.door.gateway, None, writes=writes)
        return {one.words.en: (one.good, one.warning) for one in found if one.about.en == about}

    async def transfers(self) -> None:
        """A person whom SALESmanago has from us."""
        await self.door.post_and_plan("registrations", EXAMPLES["registration"])
        while await self.door.gateway.delivery.deliver_due(to_account("main")):
            pass

    async def calls(self, where: str) -> list[dict[str, Any]]:
        return (await self.http.get(f"{where}/sandbox/ledger")).json()["entries"]

    async def contact(self) -> dict[str, Any]:
        return (await self.http.get(f"{self.salesmanago}/sandbox/contacts/{JAN}")).json()

    async def fault(self, where: str, **what: Any) -> None:
        assert (await self.http.post(f"{where}/sandbox/faults", json=what)).is_success


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    async with AsyncExitStack() as stack:
        yield await opened(stack, tmp_path)


async def opened(stack: AsyncExitStack, folder: Path) -> Practice:
    sockets = [bound("127.0.0.1", 0) for _ in range(2)]
    salesmanago, its_panel = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    (folder / "panel").write_text("demo-panel-key")
    side = {"kind": "idosell", "base_url": its_panel, "api_key": f"file:{folder / 'panel'}", "calls_per_second": 100}
    shops = {"shop1": shop_entry("sklep.example.com", 1, "all_customers", panel=side)}
    account = {"endpoint": salesmanago, "client_id": "c", "owner": "owner@example.com", "calls_per_second": 200}
    apps = create_app([Account("c", SECRET, ("owner@example.com",))]), panel.create_app(lambda: panel.sample_world(0))
    servers = [AsyncExitStack() for _ in apps]

    async def stop_both() -> None:
        """At once: each takes a moment for it."""
        await asyncio.gather(*(one.aclose() for one in servers))

    stack.push_async_callback(stop_both)
    for server, app, socket in zip(servers, apps, sockets, strict=True):
        await server.enter_async_context(served(app, socket))
    door = await stack.enter_async_context(open_door(folder, shops, account))
    http = await stack.enter_async_context(httpx.AsyncClient())
    return Practice(door, http, salesmanago, its_panel)


def starting(found: dict[str, Any], words: str) -> tuple[bool, bool]:
    (one,) = [ends for said, ends in found.items() if said.startswith(words)]
    return one


async def test_the_right_to_write_is_proven_by_a_contact_and_a_tag_that_stay_as_they_are(practice: Practice) -> None:
    await practice.transfers()
    made = await practice.http.post(
        f"{practice.panel}/sandbox/customers", json={"email": JAN, "login": "jan", "active_shops": [1], "first_name": "J"}
    )
    assert made.status_code == 201
    assert (await practice.http.post(f"{practice.panel}/sandbox/customers/jan/tags", json={"add": {"vip": 3}})).is_success
    before = await practice.contact()
    assert starting(await practice.finds(ACCOUNT), "the right to write is proven") == (True, False)
    assert starting(await practice.finds(PANEL), "the right to write is proven") == (True, False)
    kept = ("name", "tags", "opted_out", "opted_out_phone", "event_count")
    after = await practice.contact()
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (await practice.http.get(f"{practice.panel}/sandbox/customers/jan")).json()["tags"] == {"vip": 3}


async def test_where_nobody_of_ours_is_there_nothing_is_written_and_nothing_is_claimed(practice: Practice) -> None:
    for about in (ACCOUNT, PANEL):
        assert starting(await practice.finds(about), "the right to write is not proven yet") == (True, True)
    assert not [one for one in await practice.calls(practice.salesmanago) if one["path"] == "/api/contact/upsert"]


async def test_a_contact_that_was_deleted_there_is_not_made_again(practice: Practice) -> None:
    await practice.transfers()
    deleted = await practice.door.gateway.upstreams.client("main").delete(DeleteContact(email=JAN))
    assert isinstance(deleted.outcome, Delivered)
    before = len(await practice.calls(practice.salesmanago))
    assert starting(await practice.finds(ACCOUNT), "the right to write is not proven: none") == (True, True)
    assert "/api/contact/upsert" not in [one["path"] for one in (await practice.calls(practice.salesmanago))[before:]]


async def test_asked_not_to_write_and_in_a_copy_the_doctor_writes_nothing(practice: Practice) -> None:
    await practice.transfers()
    before = len(await practice.calls(practice.salesmanago))
    assert "right to write" not in " ".join(await practice.finds(ACCOUNT, writes=False))
    place = await practice.door.gateway.installation._place()

    async def elsewhere() -> Any:
        return type(place)("elsewhere", "", "elsewhere")

    practice.door.gateway.installation._place = elsewhere
    assert "right to write" not in " ".join(await practice.finds(ACCOUNT))
    written = [one["path"] for one in (await practice.calls(practice.salesmanago))[before:]]
    assert "/api/contact/upsert" not in written


async def test_every_finding_is_said_in_both_languages(practice: Practice) -> None:
    found = await examine(practice.door.gateway, None, writes=True)
    assert len(found) > 5
    assert [one for one in found if one.words.en == one.words.pl or one.about.en == one.about.pl] == []


async def test_too_many_calls_are_said_in_words_and_are_no_fault(practice: Practice) -> None:
    for where, about in ((practice.salesmanago, ACCOUNT), (practice.panel, PANEL)):
        await practice.fault(where, kind="throttle", times=None)
        (said,) = [words for words in await practice.finds(about) if "429" in words]
        assert "nothing is proven" in said
        assert (await practice.finds(about))[said] == (True, True)


async def test_a_write_that_is_refused_is_named_with_what_to_check(practice: Practice) -> None:
    await practice.transfers()
    await practice.fault(practice.salesmanago, kind="refuse", path="/api/contact/upsert", times=None)
    assert starting(await practice.finds(ACCOUNT), "Contacts cannot be written. Check the rights") == (False, False)


# -- clocks --------------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
TOLD = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("seconds", "good", "words"),
    [(0, True, "agree"), (25, True, "agree"), (-25, True, "agree"), (90, False, "90 s ahead of"), (-3600, False, "3600 s behind")],
)
def test_a_clock_that_differs_from_the_answers_date_is_named_with_how_much(seconds: int, good: bool, words: str) -> None:
    found = clock_finding(account_named("main"), (TOLD, NOON + timedelta(seconds=seconds)))
    assert found is not None
    assert (found.good, words in found.words.en) == (good, True)


@pytest.mark.parametrize("told", [None, ("", NOON), ("soon", NOON), ("Mon, 99 Nov 2026 12:00:00 GMT", NOON)])
def test_a_date_that_cannot_be_read_says_nothing(told: tuple[str, datetime] | None) -> None:
    assert clock_finding(account_named("main"), told) is None


async def test_the_clock_is_compared_with_what_salesmanago_answers(practice: Practice) -> None:
    assert starting(await practice.finds(ACCOUNT), "its clock and ours agree") == (True, False)
    client = practice.door.gateway.upstreams.client("main")
    client._clock = lambda: datetime.now(UTC) + timedelta(minutes=10)
    assert starting(await practice.finds(ACCOUNT), "our clock is ") == (False, False)


# -- certificates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "believed", "ends", "words"),
    [
        (90, True, (True, False), "is good until"),
        (5, True, (True, True), "Renew it"),
        (-1, True, (False, False), "expired"),
        (90, False, (False, False), "is not believed"),
    ],
)
async def test_a_certificate_that_ends_or_is_not_believed_is_named(
    tmp_path: Path, days: int, believed: bool, ends: tuple[bool, bool], words: str
) -> None:
    now = datetime.now(UTC)
    server, client = made_certificate(tmp_path, now + timedelta(days=days))
    async with speaking_tls(server) as url:
        found = await certificate(account_named("main"), url, now, client if believed else None)
    assert found is not None
    assert (found.good, found.warning) == ends
    assert words in found.words.en


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9", ""])
async def test_an_address_without_tls_or_without_an_answer_says_nothing_of_certificates(url: str) -> None:
    assert await certificate(account_named("main"), url, datetime.now(UTC)) is None
