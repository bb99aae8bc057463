"""Tags and their values at the panel's stand-in."""

import pytest

from .test_panel_front import ANNA, JAN, NOTHING_FOUND, PanelCaller

VIP, SHOES = "salesmanago_shop1_VIP", "salesmanago_Buty damskie"


@pytest.fixture
def api() -> PanelCaller:
    return PanelCaller()


async def attach(api: PanelCaller, name: str = VIP, value: int = 12, customer_id: int = ANNA) -> int:
    row = {"clientId": customer_id, "tagName": name, "tagValue": value}
    tag_id: int = (await api.params("POST clients/tags", [row]))["results"][0]["tagId"]
    return tag_id


async def test_a_tag_is_attached_by_name_and_has_one_id_in_the_whole_panel(api: PanelCaller) -> None:
    rows = [
        {"clientId": ANNA, "tagName": VIP, "tagValue": 12},
        {"clientId": JAN, "tagName": VIP, "tagValue": 1},
    ]
    answer = await api.params("POST clients/tags", rows)
    tag = {"tagName": VIP, "tagId": 31}
    expected = [{**tag, "tagValue": 12, "clientId": ANNA}, {**tag, "tagValue": 1, "clientId": JAN}]
    assert answer == {"results": expected}
    assert await api.ok(f"GET clients/tags?clientId={ANNA}") == {"results": [{**tag, "tagValue": 12}]}


async def test_some_rows_may_fail_beside_the_others(api: PanelCaller) -> None:
    rows = [{"clientId": one, "tagName": VIP, "tagValue": 12} for one in (ANNA, 999_999)]
    answer = await api.params("POST clients/tags", rows, status=207)
    assert [row["clientId"] for row in answer["results"]] == [ANNA]
    error = answer["errors"][0]
    assert (error["faultCode"], error["tagName"], error["clientId"]) == (1, VIP, 999_999)
    entry = await api.last()
    assert (entry["success"], entry["codes"], entry["rows"]) == (False, [1], 2)
    assert await api.tags() == {VIP: 12}


async def test_nobody_without_tags_gets_a_list(api: PanelCaller) -> None:
    assert await api.ok(f"GET clients/tags?clientId={ANNA}", status=207) == NOTHING_FOUND
    assert (await api.ok("GET clients/tags?clientId=5", status=207))["errors"]["faultCode"] == 1
    assert (await api.ok("GET clients/tags", status=207))["errors"]["faultCode"] == 3


async def test_put_sets_adds_subtracts_and_zero_detaches(api: PanelCaller) -> None:
    vip, shoes = await attach(api), await attach(api, SHOES, 3)
    changes = [
        {"tagId": vip, "operation": "set", "tagValue": 20},
        {"tagId": shoes, "operation": "set", "tagValue": 0},
    ]
    answer = await api.params("PUT clients/tags", {"clientId": ANNA, "clientTags": changes})
    assert answer["results"] == [
        {"tagId": vip, "tagValue": 20, "clientId": ANNA},
        {"tagId": shoes, "tagValue": 0, "clientId": ANNA},
    ]
    assert await api.tags() == {VIP: 20}
    for operation, value in (("add", 25), ("subtract", 20), ("subtract", 15)):
        one = {"tagId": vip, "operation": operation, "tagValue": 5}
        answer = await api.params("PUT clients/tags", {"clientId": ANNA, "clientTags": [one]})
        assert answer["results"][0]["tagValue"] == value
    one = {"tagId": vip, "operation": "subtract", "tagValue": 15}
    await api.params("PUT clients/tags", {"clientId": ANNA, "clientTags": [one]})
    assert await api.tags() == {}


async def test_put_changes_only_tags_which_the_customer_has(api: PanelCaller) -> None:
    vip = await attach(api, customer_id=JAN)
    one = {"tagId": vip, "operation": "set", "tagValue": 2}
    answer = await api.params("PUT clients/tags", {"clientId": ANNA, "clientTags": [one]}, status=207)
    assert (answer["results"], answer["errors"][0]["tagId"], answer["errors"][0]["clientId"]) == ([], vip, ANNA)


@pytest.mark.parametrize("operation", ["substract", None])
async def test_put_wants_a_known_operation(api: PanelCaller, operation: str | None) -> None:
    one = {"tagId": await attach(api), "operation": operation, "tagValue": 2}
    refused = await api.params("PUT clients/tags", {"clientId": ANNA, "clientTags": [one]}, status=422)
    assert refused["errors"]


async def test_delete_detaches_chosen_tags_and_tells_which_were_not_there(api: PanelCaller) -> None:
    vip, shoes = await attach(api), await attach(api, SHOES, 3)
    row = {"clientId": ANNA, "tagId": shoes}
    assert await api.params("POST clients/tags/delete", [row]) == {"results": [{"tagId": shoes, "clientId": ANNA}]}
    answer = await api.params("POST clients/tags/delete", [row], status=207)
    assert (answer["results"], answer["errors"][0]["clientId"]) == ([], ANNA)
    assert await api.tags() == {VIP: 12}
    await api.params("POST clients/tags/clear/delete", {"clientId": ANNA})
    assert await api.tags() == {}
    assert await attach(api, customer_id=JAN) == vip


@pytest.mark.parametrize(("mode", "status", "value"), [("add", 200, 24), ("overwrite", 200, 12), ("error", 207, 12)])
async def test_adding_again_is_a_point_on_which_the_contract_is_silent(mode: str, status: int, value: int) -> None:
    api = PanelCaller(rules={"add_again": mode})
    await attach(api)
    row = {"clientId": ANNA, "tagName": VIP, "tagValue": 12}
    await api.params("POST clients/tags", [row], status=status)
    assert await api.tags() == {VIP: value}


async def test_names_with_other_letters_may_be_the_same_tag() -> None:
    for matters, ids in ((True, [31, 32]), (False, [31, 31])):
        api = PanelCaller(rules={"tag_case_matters": matters})
        assert [await attach(api, VIP), await attach(api, VIP.lower(), customer_id=JAN)] == ids


async def test_an_unused_definition_may_vanish_so_that_ids_change() -> None:
    api = PanelCaller(rules={"tags_vanish_unused": True})
    first = await attach(api)
    await api.params("POST clients/tags/delete", [{"clientId": ANNA, "tagId": first}])
    assert await attach(api) != first


async def test_limits_nobody_has_published_can_be_set() -> None:
    api = PanelCaller(rules={"max_tag_length": 20, "max_rows": 2})
    row = {"clientId": ANNA, "tagName": "x" * 21, "tagValue": 1}
    assert (await api.params("POST clients/tags", [row], status=207))["errors"][0]["faultCode"] == 1
    await api.params("POST clients/tags", [row] * 3, status=422)


async def test_a_tag_moves_the_modification_date_only_when_asked_to(api: PanelCaller) -> None:
    before = (await api.customer())["clientsLastModificationDate"]
    await attach(api)
    assert (await api.customer())["clientsLastModificationDate"] == before
    touching = PanelCaller(rules={"small_changes_touch": True})
    await attach(touching)
    assert (await touching.customer())["clientsLastModificationDate"] == "2026-01-01 01:00:00"


async def test_the_staff_edits_tags(api: PanelCaller) -> None:
    await attach(api)
    answer = await api.post("customers/anna.k/tags", {"add": {"stały klient": 7}, "remove": [VIP, "never there"]})
    assert answer["tags"] == {"stały klient": 7}
    assert await api.tags() == {"stały klient": 7}
    wrong = await api.http.post("/sandbox/customers/anna.k/tags", json={"add": {"x": 0}})
    assert wrong.status_code == 400
