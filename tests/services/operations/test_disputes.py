"""Whom both sides disagree about: everybody can be seen to, however long the list (R91)."""

from dataclasses import replace

import pytest

from app.domain.person.contact import NOBODY
from app.domain.person.sides import SentState
from app.services.operations import disputes
from app.services.operations.disputes import Disputes
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.support.world import a_shop

SHOP = a_shop("shop1")
SHOWN = 2


@pytest.fixture
async def contested(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Disputes:
    """Five people whose address two accounts claim. SALESmanago knows each by an older address; another shop, by the same."""
    monkeypatch.setattr(disputes, "SHOWN", SHOWN)
    people = [
        replace(NOBODY, email=f"p{n}@example.pl", sent_state=SentState(email=f"old{n}@example.pl"), address_contested_at=clock())
        for n in range(5)
    ]
    async with store.work() as work:
        await work.contacts.add([(shop, one, None) for shop in (SHOP.id, "shop2") for one in people], clock())
        await work.commit()
    return Disputes(store, clock)


async def listed(contested: Disputes) -> tuple[list[str], bool]:
    found = await contested.disputed(SHOP.id)
    return [one.contact.email for one in found.people if not one.contact.seen_conflicts], found.has_more


@pytest.mark.parametrize("address", ["p4@example.pl", " OLD4@Example.PL "])
async def test_r91_whom_the_list_has_no_room_for_can_be_seen_to_by_either_address(contested: Disputes, address: str) -> None:
    assert len(await contested.to_be_seen(SHOP, address)) == 1
    (marked,) = await contested.mark_as_seen(SHOP, address)
    assert marked.seen_at is not None
    assert await contested.to_be_seen(SHOP, address) == []
    assert len(await contested.to_be_seen(a_shop("shop2"), address)) == 1, "another shop sees to its own"


async def test_r91_the_list_says_that_there_are_more_and_they_come_when_these_were_seen(contested: Disputes) -> None:
    assert await listed(contested) == (["p0@example.pl", "p1@example.pl"], True)
    for email in ("p0@example.pl", "p1@example.pl", "p2@example.pl"):
        await contested.mark_as_seen(SHOP, email)
    assert await listed(contested) == (["p3@example.pl", "p4@example.pl"], True)
    for email in ("p3@example.pl", "p4@example.pl"):
        await contested.mark_as_seen(SHOP, email)
    assert await listed(contested) == ([], True), "those who were seen stay on it"
