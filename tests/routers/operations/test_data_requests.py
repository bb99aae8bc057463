"""Staff erase a person and answer who asks what is stored: roles, refusals, answers (M1, M7)."""

import pytest

from app.domain.shops.configuration import OPERATOR_ROLE, READER_ROLE
from app.routers.events.examples import EXAMPLES
from tests.support.gateways import Door
from tests.support.problems import assert_problem

JAN = EXAMPLES["registration"]["customer"]["email"]
ROUTES = ("erasures", "access-reports", "access-pages")


async def ask(door: Door, path: str, role: str = OPERATOR_ROLE, /, **body: str):  # type: ignore[no-untyped-def]
    headers = {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, role)}"}
    return await door.http.post(f"/v1/operations/{path}", json={"shop": "shop2", "email": JAN, **body}, headers=headers)


async def test_m1_a_preview_says_who_it_is_and_what_goes_and_a_run_queues_the_shops_own_event(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    seen = (await ask(door, "erasures", READER_ROLE, mode="preview")).json()
    assert (seen["known"]["name"], seen["known"]["in_salesmanago"], seen["event_id"]) == ("Jan Kowalski", True, None)
    assert (seen["addresses"], seen["deleted_in_salesmanago"], seen["events"], seen["held"]) == ([JAN], [JAN], 1, False)
    done = (await ask(door, "erasures", mode="run", email=f" {JAN.upper()} ")).json()
    await door.plan()
    event = (await door.get(f"events/{done['event_id']}", shop="shop2")).json()
    assert (event["type"], event["state"]) == ("erasure", "planned")
    assert [one["command"] for one in event["commands"]] == ["delete_contact"]
    again = (await ask(door, "erasures", mode="preview")).json()
    assert (again["known"], again["erased"]) == (None, True)


async def test_m1_a_reader_erases_nobody_and_a_shops_key_finds_nothing_here(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    assert_problem(await ask(door, "erasures", READER_ROLE, mode="run"), 403)
    for path in ROUTES:
        body = {"shop": "shop2", "email": JAN} | ({"mode": "run"} if path == "erasures" else {})
        assert_problem(await door.http.post(f"/v1/operations/{path}", json=body, headers=door.auth("shop2")), 404)
        assert_problem(await door.http.post(f"/v1/operations/{path}", json=body), 401)
    assert (
        len((await door.http.post("/v1/shops/shop2/lookups", json={"email": JAN}, headers=door.auth("shop2"))).json()["events"])
        == 1
    )


@pytest.mark.parametrize("path", ROUTES)
async def test_an_unknown_shop_is_404_and_no_address_is_refused_with_a_right_one(door: Door, path: str) -> None:
    mode = {"mode": "preview"} if path == "erasures" else {}
    assert_problem(await ask(door, path, shop="shop9", **mode), 404)
    (mistake,) = assert_problem(await ask(door, path, email="nobody", **mode), 422)["errors"]
    assert (mistake["field"], mistake["example"]) == ("email", JAN)


async def test_m7_the_report_of_staff_is_the_one_that_the_shop_gets(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    await door.post("access-requests", {**EXAMPLES["access-request"], "email": JAN}, shop="shop2")
    await door.plan()
    event_id = EXAMPLES["access-request"]["event_id"]
    assert (await ask(door, "access-reports", READER_ROLE)).json() == (
        await door.get(f"access-requests/{event_id}", shop="shop2")
    ).json()
    for language in ("pl", "en"):
        page = await ask(door, "access-pages", READER_ROLE, language=language)
        assert page.text == (await door.get(f"access-pages/{event_id}?language={language}", shop="shop2")).text
        assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert_problem(await ask(door, "access-pages", language="de"), 422)
