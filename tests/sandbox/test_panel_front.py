"""The front of the panel's stand-in: keys, rights, encodings, paging. The caller of all its tests lives here."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.sandbox.panel import (
    Approval,
    Channel,
    Customer,
    Key,
    MenuNode,
    Order,
    OrderLine,
    Panel,
    Product,
    Rules,
    Shop,
    create_app,
    sample_world,
)

from . import Json

NOTHING_FOUND = {"errors": {"faultCode": 2, "faultString": "zwrócono pusty wynik"}}
ZERO_TIME = "0000-00-00 00:00:00"
ANNA, JAN = 1024, 1025


def contract_world(**rules: Any) -> Panel:
    """Two shops; Anna of the contract's examples in both, Jan the wholesaler in the first only."""
    panel = Panel({1: Shop(1, "sklep.example"), 2: Shop(2, "outlet.example")}, Rules(**rules))
    anna = Customer(
        id=ANNA,
        login="anna.k",
        email="anna@example.com",
        first_name="Anna",
        last_name="Kowalska",
        street="Długa 1",
        zip_code="00-001",
        city="Warszawa",
        phone="+48123456789",
        type="female",
        registered_on="2025-01-01",
        modified_at="2026-01-01 18:49:21",
        active_shops=[1, 2],
    )
    anna.consents[Channel.EMAIL] = {
        1: Approval("2025-03-18 18:49:21", "2025-03-18 18:49:21"),
        2: Approval(ZERO_TIME, "2025-04-01 10:00:00"),
    }
    anna.consents[Channel.SMS] = {1: Approval(ZERO_TIME, "2025-03-18 18:49:21")}
    panel.add(anna)
    panel.add(Customer(JAN, "jan.n", "jan@example.com", wholesaler=True, type="firm", modified_at="2026-01-03 10:00:00"))
    panel.menu = {1200: MenuNode(1200, "Kobiety"), 1201: MenuNode(1201, "Buty", 1200)}
    panel.products = {334: Product(334, "Buty", 199.0, [1201]), 335: Product(335, "Pasta", 19.0)}
    lines = [OrderLine(334, "Buty", 199.0, size="38")]
    panel.orders = {
        12: Order(12, ANNA, 1, "2026-01-01 00:10:00", "2026-01-01 00:10:00", lines=lines, delivery_cost=12.0),
        13: Order(13, JAN, 2, "2026-01-02 00:10:00", "2026-01-05 00:10:00", "packed", "t"),
    }
    return panel


class PanelCaller:
    """A client of one panel, with a clock that moves only when told to."""

    def __init__(self, panel: Panel | None = None, *, rules: Json | None = None, **options: Any) -> None:
        self.now = 1_767_225_600_000  # 2026-01-01 01:00:00 in Warsaw
        self.slept: list[float] = []
        sleep: Callable[[float], Awaitable[None]] = self._sleep
        keys = [Key("full"), Key("reader", {"crm": "r"}), Key("stranger", {})]
        world = panel or contract_world(**(rules or {}))
        self.app = create_app(world, keys=keys, clock=lambda: self.now, **{"sleep": sleep, **options})
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://panel.test")

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def send(self, call: str, body: Any = None, *, key: str | None = "full", version: int = 8) -> httpx.Response:
        """`GET clients/tags?clientId=1`, say."""
        method, path = call.split(" ", 1)
        headers = {} if key is None else {"X-API-KEY": key}
        return await self.http.request(method, f"/api/admin/v{version}/{path}", json=body, headers=headers)

    async def ok(self, call: str, body: Any = None, *, status: int = 200) -> Json:
        response = await self.send(call, body)
        assert response.status_code == status, response.text
        answer: Json = response.json()
        return answer

    async def params(self, call: str, params: Any, *, status: int = 200) -> Json:
        return await self.ok(call, {"params": params}, status=status)

    async def customer(self, customer_id: int = ANNA) -> Json:
        answer: Json = (await self.ok(f"GET clients/clients?clientsIds={customer_id}"))["results"][0]
        return answer

    async def tags(self, customer_id: int = ANNA) -> dict[str, int]:
        response = await self.send(f"GET clients/tags?clientId={customer_id}")
        return {tag["tagName"]: tag["tagValue"] for tag in response.json().get("results", [])}

    async def look(self, path: str) -> Json:
        answer: Json = (await self.http.get(f"/sandbox/{path}")).json()
        return answer

    async def post(self, path: str, body: Json | None = None) -> Json:
        response = await self.http.post(f"/sandbox/{path}", json=body or {})
        assert response.is_success, response.text
        answer: Json = response.json()
        return answer

    async def last(self) -> Json:
        answer: Json = (await self.look("ledger"))["entries"][-1]
        return answer


@pytest.fixture
def api() -> PanelCaller:
    return PanelCaller()


@pytest.mark.parametrize("key", [None, "wrong", "pełny"])
async def test_without_the_right_key_nobody_comes_in(api: PanelCaller, key: str | None) -> None:
    headers = {} if key is None else {"X-API-KEY": key.encode()}
    response = await api.http.get("/api/admin/v8/system/serverTime", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.json()["errors"]["message"]


async def test_the_answer_to_a_key_without_rights_names_those_it_lacks(api: PanelCaller) -> None:
    body = {"params": [{"clientId": ANNA, "tagName": "x", "tagValue": 1}]}
    assert (await api.send("GET clients/clients", key="reader")).status_code == 200
    response = await api.send("POST clients/tags", body, key="reader")
    assert response.status_code == 403
    assert "Scope: crm, level: rw" in response.headers["x-error"]
    assert "Scope: crm, level: rw" in response.json()["errors"]["message"]
    assert "Scope: oms, level: r" in (await api.send("GET orders/orders", key="reader")).headers["x-error"]
    assert (await api.send("GET clients/clients", key="stranger")).status_code == 403


@pytest.mark.parametrize("version", [6, 7, 8])
async def test_three_versions_answer_alike(api: PanelCaller, version: int) -> None:
    response = await api.send("GET system/serverTime", version=version)
    assert response.json() == {"time": 1_767_225_600}


@pytest.mark.parametrize(("call", "version"), [("GET clients/nothing", 8), ("DELETE clients/tags", 8), ("GET clients/clients", 5)])
async def test_a_wrong_gate_or_version_is_not_found(api: PanelCaller, call: str, version: int) -> None:
    assert (await api.send(call, version=version)).status_code == 404


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("POST clients/tags", {"params": {"clientId": 1024}}),
        ("PUT clients/tags", {"params": [{"clientId": 1024}]}),
        ("POST clients/tags", {"params": [{"clientId": "x", "tagName": "a", "tagValue": 1}]}),
        ("POST clients/crm/search", {"params": {"resultsPage": -1}}),
        ("GET clients/clients?clientsIds=1,x", None),
        ("GET clients/clients?clientRegistrationDate[clientRegistrationDateBegin]=yesterday", None),
        ("POST clients/crm/search", ["no object"]),
    ],
)
async def test_what_does_not_fit_the_schema_is_422(api: PanelCaller, call: str, body: Any) -> None:
    response = await api.send(call, body)
    assert response.status_code == 422
    assert "Invalid data format" in response.json()["errors"][0]["message"]


async def test_a_search_without_params_is_refused_and_one_with_empty_params_is_not(api: PanelCaller) -> None:
    assert (await api.ok("POST clients/crm/search", {"clientEmail": "x"}, status=207))["errors"]["faultCode"] == 3
    assert (await api.params("POST clients/crm/search", {}))["resultsNumberAll"] == 2


async def test_misspelt_parameters_are_ignored_and_the_page_named_is_the_page_given(api: PanelCaller) -> None:
    answer = await api.ok("GET clients/clients?resultPage=1&resultsLimit=1&clientIds[]=1025")
    assert (answer["resultsPage"], answer["resultsNumberAll"], answer["results"][0]["clientId"]) == (0, 2, ANNA)
    warnings = (await api.last())["warnings"]
    assert warnings == ["unknown parameter resultPage ignored", "unknown parameter clientIds[] ignored"]


async def test_pages_in_the_camel_spelling(api: PanelCaller) -> None:
    answer = await api.ok("GET clients/clients?resultsPage=1&resultsLimit=1")
    counts = {key: value for key, value in answer.items() if key != "results"}
    assert counts == {"resultsNumberAll": 2, "resultsNumberPage": 2, "resultsPage": 1, "resultsLimit": 1}
    assert await api.ok("GET clients/clients?resultsPage=2&resultsLimit=1", status=207) == NOTHING_FOUND


async def test_pages_in_the_snake_spelling_count_in_texts() -> None:
    api = PanelCaller(sample_world(30, subscribers=0))
    gate = "POST clients/newsletter/email/search"
    answer = await api.params(gate, {"results_page": "1", "results_limit": 10})
    counts = [answer[f"results_{name}"] for name in ("number_all", "number_page", "page", "limit")]
    assert counts == ["27", "3", 1, 10]
    assert await api.params(gate, {"results_page": 3, "results_limit": 10}, status=207) == NOTHING_FOUND


async def test_a_page_has_a_hundred_rows_at_most_and_a_walk_meets_everybody_once() -> None:
    api = PanelCaller(sample_world(250))
    first = await api.ok("GET clients/clients?resultsLimit=1000")
    assert (len(first["results"]), first["resultsLimit"], first["resultsNumberPage"]) == (100, 100, 3)
    pages = [await api.ok(f"GET clients/clients?resultsPage={page}") for page in range(3)]
    assert [row["clientId"] for page in pages for row in page["results"]] == list(range(1024, 1274))


async def test_too_many_calls_in_a_second_must_wait() -> None:
    api = PanelCaller(calls_per_second=2)
    statuses = [(await api.send("GET system/serverTime")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await api.send("GET system/serverTime")).headers["retry-after"] == "1"
    api.now += 1000
    assert (await api.send("GET system/serverTime")).status_code == 200


async def test_ids_may_come_as_texts_and_an_empty_result_as_an_empty_list() -> None:
    api = PanelCaller(rules={"ids_as_strings": True, "empty_is_207": False})
    assert (await api.customer())["clientId"] == "1024"
    assert (await api.ok("GET clients/clients?clientsIds=1"))["results"] == []


async def test_the_sample_world_is_the_same_every_time_and_another_with_another_seed() -> None:
    def faces(seed: int) -> str:
        return json.dumps([vars(one) for one in sample_world(30, seed=seed).customers.values()], default=str)

    assert faces(1) == faces(1)
    assert faces(1) != faces(2)
    world = sample_world(60, shops=3)
    assert {one.email.partition("@")[2] for one in world.customers.values()} == {"example.com"}
    assert any(one.unregistered for one in world.customers.values())
    assert any(not one.active_shops for one in world.customers.values())
