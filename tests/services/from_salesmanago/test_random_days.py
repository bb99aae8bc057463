"""Random days on which everybody does everything: no call names anybody before that person's consent (R03)."""

import random
from collections.abc import Callable

import pytest

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Customer
from app.domain.events import AccessRequested, AccountListed, Event, SubscriberListed
from tests.services.from_salesmanago.conftest import Recorded
from tests.support.world import (
    at,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

DAYS = [*(("sqlite", seed) for seed in range(6)), *(("postgresql", seed) for seed in range(2))]
"""Whom a call may name is decided by rules; a question to the database that finds too many people shows on every one of them."""


@pytest.mark.parametrize(("dialect", "seed"), DAYS, indirect=["dialect"])
async def test_r03_no_call_of_a_random_day_names_a_person_before_the_consent(careful: Recorded, seed: int) -> None:
    """Everybody does everything in any order; only a box that was given, or a recorded consent, opens the door."""
    world, chance = careful.world, random.Random(seed)
    people = [f"p{number}@example.pl" for number in range(6)]
    opened: set[str] = set()
    read = 0
    for minute in range(60):
        email = chance.choice(people)
        act = chance.randrange(16)
        consents = act in (0, 1) and people.index(email) % 2 == 0  # half of them never do
        event = _something(email, minute, act, consents=consents)
        await world.post(event)
        if consents:
            opened.add(email)
        if chance.random() < 0.5:
            await world.run()
        if chance.random() < 0.1:
            await careful.asks_of_its_own_accord()
        named = careful.named
        assert {address for _, address in named[read:]} <= opened, f"minute {minute}"
        read = len(named)
    await world.run_for(hours=3, steps=3)
    await world.carts.report_quiet()
    await world.run()
    await careful.asks_of_its_own_accord()
    assert {address for _, address in careful.named} <= opened
    assert opened


def _something(email: str, minute: float, act: int, *, consents: bool) -> Event:
    if consents:
        return orders(f"o{minute}", email, minute, ConsentAnswer.GIVEN) if act == 0 else grants(email, minute)
    choices: list[Callable[[], Event]] = [
        lambda: registers(email, minute, id=email[1]),
        lambda: subscribes(email, minute, by_sms=True, phone="+48601123456"),
        lambda: unsubscribes(email, minute),
        lambda: fills_cart(email, minute, cart_id=email),
        lambda: views(email=email, minutes=minute),
        lambda: orders(f"o{minute}", email, minute, ConsentAnswer.NOT_GIVEN),
        lambda: orders(f"o{minute}", email, minute, ConsentAnswer.NOT_ASKED),
        lambda: tags(minute, email=email, added=("vip",)),
        lambda: withdraws(email, minute),
        lambda: erases(email, minute),
        lambda: AccountListed(at=at(minute), customer=Customer(email=email, id=email[1])),
        lambda: SubscriberListed(at=at(minute), email=email, email_since=at(-9000)),
        lambda: AccessRequested(at=at(minute), email=email),
    ]
    return choices[act % len(choices)]()
