"""kill -9 in the middle of posting: what was answered 202 is delivered exactly once, in order per contact (I1, I3, I5)."""

import random
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx

from tests.support.running.processes import World, a_world

EVENTS = 500
PEOPLE = 40
KILLS = 3
DRAIN_SECONDS = 90.0


def an_order(number: int) -> dict[str, Any]:
    person = number % PEOPLE
    minute, second = divmod(number, 60)
    return {
        "event_id": f"order-{number}",
        "occurred_at": f"2026-11-20T10:{minute:02d}:{second:02d}+01:00",
        "customer": {"email": f"person{person}@example.com", "first_name": "Jan"},
        "order": {
            "id": str(number),
            "currency": "PLN",
            "value": "10.00",
            "items": [{"product_id": str(number), "name": "x", "menu_paths": [f"Dział {number % 7}"]}],
        },
        "transfer_consent": "given",
    }


def post_until_acknowledged(world: World, key: str, numbers: list[int], acknowledged: set[int]) -> None:
    """What a good shop does: the same event again until it hears 202."""
    with httpx.Client(timeout=5, headers={"Authorization": f"Bearer {key}"}) as http:
        for number in numbers:
            while number not in acknowledged:
                try:
                    answer = http.post(f"{world.url}/v1/shops/shop1/orders", json=an_order(number))
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 202:
                    acknowledged.add(number)
                else:
                    assert answer.status_code == 503, answer.text
                    time.sleep(0.05)


def delivered(world: World) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = world.shown("events?type=PURCHASE")["events"]
    return events


def test_killed_three_times_while_500_events_are_posted_every_202_arrives_exactly_once_and_in_order(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    with a_world(tmp_path, reads_its_file=True) as world:
        key = world.key("shop1")
        acknowledged: set[int] = set()
        # A contact's orders come from one sender, one after the other, as they happened.
        senders = [[n for n in range(EVENTS) if n % PEOPLE % 4 == sender] for sender in range(4)]
        threads = [threading.Thread(target=post_until_acknowledged, args=(world, key, mine, acknowledged)) for mine in senders]
        for thread in threads:
            thread.start()
        for kill in range(1, KILLS + 1):
            while len(acknowledged) < EVENTS * kill // (KILLS + 1):
                time.sleep(0.01)
            time.sleep(chance.random() * 0.15)
            world.gateway.kill()
            world.gateway.start()
        for thread in threads:
            thread.join()
        assert len(acknowledged) == EVENTS

        until = time.monotonic() + DRAIN_SECONDS
        while len(delivered(world)) < EVENTS and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)  # a second delivery, if there were one, would come now

        purchases = delivered(world)
        numbers = [int(purchase["externalId"]) for purchase in purchases]
        lost, doubled = set(range(EVENTS)) - set(numbers), len(numbers) - len(set(numbers))
        assert (lost, doubled) == (set(), 0)
        per_person: dict[str, list[int]] = defaultdict(list)
        for purchase in purchases:
            per_person[purchase["email"]].append(int(purchase["externalId"]))
        assert len(per_person) == PEOPLE
        assert all(mine == sorted(mine) for mine in per_person.values())
        assert world.json("status")["shops"][0]["events"] == {"sent": EVENTS}
        assert not any(tag["score"] > 1 for email in per_person for tag in world.shown(f"contacts/{email}")["tags"])
