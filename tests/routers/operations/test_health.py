"""What strangers may know of how it is: little, cheaply, and without a trace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from app.admin.api import control_app
from app.domain.errors import NotReady
from app.routers.events.examples import EXAMPLES
from app.services.health.health import Health
from app.services.ports.storage import Store
from tests.conftest import Clock
from tests.support.gateways import Door, open_door
from tests.support.problems import assert_problem


async def test_healthz_answers_everybody(door: Door) -> None:
    assert (await door.http.get("/healthz")).json() == {"status": "alive"}


async def test_a_caller_without_a_key_learns_that_it_is_ready_and_no_word_of_any_shop(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    answer = await door.http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "failing": [], "sends": True, "problems": None, "problems_pl": None, "shops": None}


async def test_a_shop_learns_no_more_of_other_shops_than_a_caller_without_a_key(door: Door) -> None:
    assert (await door.http.get("/readyz", headers=door.auth("shop1"))).json()["shops"] is None


async def test_a_wrong_key_is_refused_at_every_address_of_health_that_asks_for_keys(door: Door) -> None:
    for path in ("/readyz", "/metrics"):
        assert_problem(await door.http.get(path, headers={"Authorization": "Bearer gwk_00000000_00_00"}), 401)


async def test_an_operator_sees_every_shop(door: Door) -> None:
    answer = (await door.http.get("/readyz", headers=await door.operator())).json()
    assert [shop["shop"] for shop in answer["shops"]] == ["shop1", "shop2"]
    assert answer["problems"] == []


async def test_asking_whether_it_is_ready_writes_nothing(door: Door) -> None:
    async def written() -> dict[str, str]:
        async with door.gateway.directory._store.work() as work:
            return dict(await work.registry.entries())

    operator = await door.operator()
    before = await written()
    for headers in ({}, operator):
        await door.http.get("/readyz", headers=headers)
    assert await written() == before


class Broken:
    """A store that takes nothing, or one that nobody may touch."""

    @asynccontextmanager
    async def work(self, *, first: bool = False) -> AsyncIterator[Any]:
        raise NotReady
        yield


def health_of(store: Any, migrated: Any) -> Health:
    return Health(store, None, Clock(), migrated, alarm_after_seconds=600)  # type: ignore[arg-type]


async def test_a_store_that_takes_nothing_is_known_from_the_process_own_probe() -> None:
    async def migrated() -> bool:
        return True

    health = health_of(Broken(), migrated)
    assert await health.probe() == 0
    assert (await health.readiness()).failing == ("store",)


async def test_a_store_that_takes_a_probe_and_no_events_is_not_ready_until_it_takes_them(door: Door) -> None:
    """A disk that is nearly full takes what is as small as a probe."""
    health, store = door.gateway.health, door.gateway.intake._store
    ready = []
    for breaks in (False, True, True, False, False):
        door.gateway.intake._store = cast("Store", Broken()) if breaks else store
        answer = await door.post("orders", {**EXAMPLES["order"], "event_id": f"o{len(ready)}"})
        assert answer.status_code == (503 if breaks else 202)
        await health.probe()
        ready.append((await health._check()).ready)
    assert ready == [True, False, False, True, True]


async def test_a_database_that_is_not_migrated_fails_by_name() -> None:
    async def migrated() -> bool:
        return False

    assert (await health_of(Broken(), migrated).readiness()).failing == ("migrations",)


async def test_a_crowd_that_asks_costs_one_query_of_the_store() -> None:
    looks = 0

    async def migrated() -> bool:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.01)
        return True

    health = health_of(Broken(), migrated)  # whoever counted anything for strangers would fail here
    answers = await asyncio.gather(*(health.readiness() for _ in range(500)))
    assert (looks, {one.ready for one in answers}) == (1, {True})


# -- metrics -------------------------------------------------------------------------------------------------------------


async def test_metrics_are_for_operators_and_count_events_by_state(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    assert_problem(await door.http.get("/metrics"), 401)
    assert_problem(await door.http.get("/metrics", headers=door.auth("shop1")), 404)
    metrics = (await door.http.get("/metrics", headers=await door.operator())).text
    assert 'gateway_events{shop="shop1",state="received"} 1.0' in metrics
    assert "jan.kowalski" not in metrics


async def test_r92_metrics_and_the_operators_list_of_shops_count_what_was_not_sent_by_reason(door: Door) -> None:
    await door.post("registrations", EXAMPLES["registration"])
    await door.gateway.planner.plan_due()
    headers = await door.operator()
    metrics = (await door.http.get("/metrics", headers=headers)).text
    assert 'gateway_events_not_sent{reason="no_consent",shop="shop1",state="withheld"} 1.0' in metrics
    shops = (await door.http.get("/v1/operations/shops", headers=headers)).json()["shops"]
    shop = next(one for one in shops if one["shop"] == "shop1")
    (reason,) = shop["not_sent"]
    assert (reason["state"], reason["reason"]["code"], reason["reason"]["rule"]) == ("withheld", "no_consent", "R03")
    assert (reason["last_7_days"], reason["last_14_days"], reason["days"]) == (1, 1, [*[0] * 13, 1])


@pytest.mark.parametrize(
    ("open_to", "proxies", "headers", "expected"),
    [
        ("", "", {}, 401),
        ("127.0.0.1", "", {}, 200),
        ("127.0.0.0/8, ::1", "", {}, 200),
        ("10.0.0.0/8", "", {}, 401),
        ("127.0.0.1", "", {"X-Forwarded-For": "203.0.113.9"}, 401),  # a proxy on this machine that nobody told us of
        ("127.0.0.1", "", {"Forwarded": "for=203.0.113.9"}, 401),
        ("127.0.0.1", "127.0.0.1", {}, 200),
    ],
)
async def test_metrics_are_open_to_the_networks_that_are_named(
    tmp_path: Path, open_to: str, proxies: str, headers: dict[str, str], expected: int
) -> None:
    async with open_door(tmp_path, metrics_open_to=open_to, forwarded_allow_ips=proxies) as door:
        assert (await door.http.get("/metrics", headers=headers)).status_code == expected


async def test_metrics_through_the_local_socket_need_no_key(door: Door) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(control_app(door.gateway)), base_url="http://gateway") as local:
        assert "gateway_oldest_waiting_seconds" in (await local.get("/metrics")).text
