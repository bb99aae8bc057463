"""Orders, menus, the system gates, faults on demand, the ledger and the page of the panel's stand-in."""

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from . import Json
from .test_panel_front import ANNA, NOTHING_FOUND, PanelCaller

TAG = {"params": [{"clientId": ANNA, "tagName": "VIP", "tagValue": 3}]}


@pytest.fixture
def api() -> PanelCaller:
    return PanelCaller()


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [12]),
        ({"orderType": "wholesale"}, [13]),
        ({"orderType": "wholesale", "orderSource": {"shopsMask": 1, "shopsIds": [2]}}, []),
        ({"orderType": "wholesale", "orderSource": {"shopsMask": 2}}, [13]),
        ({"orderSource": {"shopsIds": [1]}, "ordersStatuses": ["new"]}, [12]),
        ({"clients": [{"clientLogin": "anna.k"}]}, [12]),
        ({"ordersSerialNumbers": [13]}, []),
        (
            {
                "ordersRange": {
                    "ordersDateRange": {
                        "ordersDateType": "modified",
                        "ordersDateBegin": "2026-01-01 00:00:00",
                        "ordersDateEnd": "2026-01-01 01:00:00",
                    }
                }
            },
            [12],
        ),
        ({"ordersRange": {"ordersDateRange": {"ordersDateType": "add", "ordersDateBegin": "2026-01-03"}}}, []),
    ],
)
async def test_orders_are_searched(api: PanelCaller, params: Json, found: list[int]) -> None:
    answer = (await api.send("POST orders/orders/search", {"params": params})).json()
    assert [row["orderSerialNumber"] for row in answer.get("Results", [])] == found
    assert found or answer == NOTHING_FOUND


async def test_an_order_looks_as_in_the_contract_and_can_be_read_by_number(api: PanelCaller) -> None:
    order = (await api.ok("GET orders/orders?ordersSerialNumbers=12,13"))["Results"][0]
    assert (order["orderId"], order["orderType"]) == ("anna.k-12", "n")
    assert order["clientResult"]["clientAccount"]["clientEmail"] == "anna@example.com"
    assert order["orderDetails"]["orderSourceResults"]["shopId"] == 1
    currency = order["orderDetails"]["payments"]["orderCurrency"]
    assert (currency["orderProductsCost"], currency["orderDeliveryCost"]) == (199.0, 12.0)
    assert (await api.ok("GET orders/orders", status=207))["errors"]["faultCode"] == 3
    both = PanelCaller(rules={"retail_by_default": False})
    sort = [{"elementName": "order_time", "sortDirection": "DESC"}]
    rows = (await both.params("POST orders/orders/search", {"ordersBy": sort}))["Results"]
    assert [row["orderSerialNumber"] for row in rows] == [13, 12]


async def test_a_product_knows_its_menu_nodes(api: PanelCaller) -> None:
    params = {"productParams": [{"productId": 334}], "returnElements": ["menu"]}
    row = (await api.params("POST products/products/search", params))["results"][0]
    names = {"langId": "pol", "menuItemName": "Buty", "menuItemTextId": "Kobiety\\Buty"}
    node = {"menuItemId": 1201, "shopId": 1, "menuId": 1, "menuItemDescriptionsLangData": [names]}
    assert row == {"productId": 334, "productMenu": [node]}
    assert len((await api.params("POST products/products/search", {"productParams": [334]}))["results"]) == 2


async def test_the_menu_is_a_tree(api: PanelCaller) -> None:
    nodes = (await api.ok("GET menu/menu?shop_id=1&menu_id=1&lang_id=pol"))["result"]
    assert [node["lang_data"][0]["item_textid"] for node in nodes] == ["Kobiety", "Kobiety\\Buty"]
    assert len((await api.ok("GET menu/menu?shop_id=1&menu_id=1&lang_id=pol&level=1"))["result"]) == 1
    for query, code in (("shop_id=9", 2), ("shop_id=1&lang_id=eng", 3), ("shop_id=1&lang_id=pol&menu_id=7", 4)):
        assert (await api.ok(f"GET menu/menu?{query}", status=207))["errors"]["faultCode"] == code


async def test_the_panel_tells_what_it_is(api: PanelCaller) -> None:
    data = await api.ok("GET system/shopsData")
    assert (data["client_id"], data["dedicated_server"]) == (1234, False)
    assert [shop["shop_name"] for shop in data["shops"]] == ["sklep.example", "outlet.example"]
    assert (await api.ok("GET shops/languages"))["shops"][0]["languages"][0]["id"] == "pol"
    assert (await api.ok("GET shops/currencies"))["shops"][1]["currencies"][0]["currency"] == "PLN"
    assert await api.ok("GET system/serverLoad") == {"serverLoadStatus": "normal"}


async def test_an_overloaded_panel_says_so_and_works_on(api: PanelCaller) -> None:
    await api.post("faults", {"kind": "overloaded", "times": 2})
    await api.ok("POST clients/tags", TAG)
    loads = [(await api.ok("GET system/serverLoad"))["serverLoadStatus"] for _ in range(3)]
    assert loads == ["overloaded", "overloaded", "normal"]


@pytest.mark.parametrize(
    ("kind", "status", "is_json"),
    [
        ("throttle", 429, True),
        ("server_error", 500, False),
        ("bad_gateway", 502, False),
        ("unavailable", 503, False),
        ("html_200", 200, False),
        ("unauthenticated", 401, True),
        ("forbidden", 403, True),
        ("invalid", 422, True),
        ("refuse", 207, True),
    ],
)
async def test_a_broken_answer_means_nothing_was_done(api: PanelCaller, kind: str, status: int, is_json: bool) -> None:
    await api.post("faults", {"kind": kind, "path": "POST", "retry_after": 7})
    response = await api.send("POST clients/tags", TAG)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json" if is_json else "text/html")
    assert response.headers.get("retry-after") == ("7" if status in (429, 500, 502, 503) or not is_json else None)
    assert await api.tags() == {}
    entry = (await api.look("ledger?path=POST"))["entries"][0]
    assert (entry["fault"], entry["http_status"], entry["applied"]) == (kind, status, False)


async def test_a_refusal_carries_the_wanted_code(api: PanelCaller) -> None:
    await api.post("faults", {"kind": "refuse", "code": 4, "message": "Sklep zablokowany"})
    answer = await api.ok("GET clients/clients", status=207)
    assert answer == {"errors": {"faultCode": 4, "faultString": "Sklep zablokowany"}}
    await api.post("faults", {"kind": "forbidden"})
    assert "Scope: pim, level: r" in (await api.send("GET menu/menu")).headers["x-error"]


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        ("timeout_before", httpx.ReadTimeout, False),
        ("timeout_after", httpx.ReadTimeout, True),
        ("reset_after", httpx.RemoteProtocolError, True),
    ],
)
async def test_a_dropped_connection_says_nothing_about_the_work(
    api: PanelCaller, kind: str, error: type[Exception], done: bool
) -> None:
    await api.post("faults", {"kind": kind, "seconds": 3})
    with pytest.raises(error):
        await api.send("POST clients/tags", TAG)
    assert api.slept == ([] if kind == "reset_after" else [3])
    assert (await api.last())["http_status"] is None
    assert bool(await api.tags()) is done


async def test_success_may_be_wrong_partial_or_late(api: PanelCaller) -> None:
    await api.post("faults", {"kind": "not_stored"})
    assert (await api.ok("POST clients/tags", TAG))["results"]
    assert ((await api.last())["applied"], await api.tags()) == (False, {})
    await api.post("faults", {"kind": "truncated_json"})
    with pytest.raises(json.JSONDecodeError):
        (await api.send("POST clients/tags", TAG)).json()
    assert await api.tags() == {"VIP": 3}
    await api.post("faults", {"kind": "slow", "seconds": 0.5})
    await api.ok("GET system/serverTime")
    assert api.slept == [0.5]


async def test_the_rows_of_one_customer_can_be_made_to_fail(api: PanelCaller) -> None:
    await api.post("faults", {"kind": "refuse_rows", "customer": "Anna@example.com", "path": "PUT"})
    rows = [{"clientLogin": login, "clientNote": "x"} for login in ("anna.k", "jan.n")]
    answer = await api.params("PUT clients/clients", {"clients": rows}, status=207)
    assert [row["resultStatus"] for row in answer["results"]] == [False, True]
    assert (await api.look("faults"))["faults"] == []


async def test_a_fault_waits_for_its_customer_and_its_call(api: PanelCaller) -> None:
    await api.post("faults", {"kind": "unavailable", "path": "clients/tags", "customer": "anna.k", "times": None})
    assert (await api.send("GET clients/tags?clientId=1025")).status_code == 207
    assert (await api.send("GET clients/clients?clientsIds=1024")).status_code == 200
    assert [(await api.send("GET clients/tags?clientId=1024")).status_code for _ in range(3)] == [503] * 3
    assert (await api.http.delete("/sandbox/faults")).json() == {"faults": []}
    assert (await api.http.post("/sandbox/faults", json={"kind": "earthquake"})).status_code == 400


async def test_the_ledger_tells_who_asked_for_what(api: PanelCaller) -> None:
    await api.ok("POST clients/tags", TAG)
    await api.ok("GET clients/clients?clientsIds=5", status=207)
    first, second = (await api.look("ledger"))["entries"]
    assert (first["method"], first["gate"], first["rows"]) == ("POST", "clients/tags", 1)
    assert first["customers"] == ["1024", "anna.k", "anna@example.com"]
    assert (first["params"], first["success"]) == (TAG["params"], True)
    assert (second["success"], second["codes"], second["http_status"]) == (True, [], 207)
    assert "full" not in str(first)
    assert (await api.look("ledger?after=1&path=GET"))["entries"] == [second]


async def test_reset_brings_the_first_world_back(api: PanelCaller) -> None:
    await api.ok("POST clients/tags", TAG)
    await api.post("subscribers", {"phone": "+48500", "shop": 2})
    assert (await api.look("subscribers"))["subscribers"][0]["approvals"]["sms"] == {"2": True}
    await api.post("faults", {"kind": "slow", "times": None})
    counts = await api.post("reset")
    assert (counts["customers"], counts["subscribers"], counts["calls"], counts["faults"]) == (2, 0, 0, 0)
    assert await api.tags() == {}


async def test_the_page_escapes_what_came_from_outside(api: PanelCaller) -> None:
    evil = "<script>alert('x')</script>"
    await api.post("customers/anna.k/tags", {"add": {evil: 3}})
    await api.post("customers", {"login": f"{evil}/x", "first_name": evil, "note": evil})
    await api.post("subscribers", {"email": evil})
    await api.send(f"GET clients/clients?{evil}=1")
    await api.post("faults", {"kind": "slow", "path": evil, "times": None})
    for path in ("/", "/customers/anna.k"):
        page = (await api.http.get(path)).text
        assert "&lt;script&gt;alert(" in page
        assert "<script>alert" not in page
        assert "http://" not in page
    assert (await api.http.get("/customers/%3Cscript%3Ealert('x')%3C/script%3E/x")).status_code == 200
    assert (await api.http.get("/customers/nobody")).status_code == 404
    stranger = await api.http.get("/sandbox/customers/nobody")
    assert (stranger.status_code, stranger.json()) == (404, {"error": "no such customer"})


async def test_forms_act_and_lead_back_also_below_another_path(api: PanelCaller) -> None:
    outer = Starlette(routes=[Mount("/panel", app=api.app)])
    http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://all.test")
    assert 'href="/panel/customers/anna.k"' in (await http.get("/panel/?q=KOWAL")).text
    came_from = {"Referer": "http://all.test/panel/customers/anna.k"}
    one = "/panel/sandbox/customers/anna.k"
    forms = [
        (f"{one}/tags", {"add": "VIP", "value": "4", "remove": ""}),
        (f"{one}/approvals", {"shop": "1", "channel": "email", "given": "n"}),
    ]
    for path, data in forms:
        response = await http.post(path, data=data, headers=came_from)
        assert (response.status_code, response.headers["location"]) == (303, "/panel/customers/anna.k")
    anna = (await http.get(one)).json()
    assert (anna["tags"], anna["approvals"]["email"]) == ({"VIP": 4}, {"1": False, "2": False})
    fault = {"kind": "refuse", "times": "", "path": "", "customer": "", "code": "", "retry_after": "", "seconds": ""}
    assert (await http.post("/panel/sandbox/faults", data=fault)).headers["location"] == "/panel/"
    assert (await http.post("/panel/sandbox/customers", data={"email": "a@example.com", "login": ""})).is_redirect
