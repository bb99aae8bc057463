"""What the panel refuses, and answers that must not be trusted (contract 1.4, 1.6, 2.11)."""

from typing import Any

import pytest

from app.domain.commands import MirrorTags, SetSubscription
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Refused, Unknown
from app.domain.reasons import Reason
from tests.clients.idosell.talking import STOP, WRITTEN, page_of, told, wants
from tests.support.panel import ANNA, EMPTY, JAN, READ, SEARCH, WRITE, Json, Script, World, found, shown

# -- refusals of the write -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", range(9, 22))
async def test_old_data_that_are_no_longer_valid_need_a_person(code: int) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    world.spoil_data(code)
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    # 13 and 14 speak of the shop, whatever else may be wrong.
    assert outcome.reason is (Reason.NOT_ACTIVE_IN_SHOP if code in (13, 14) else Reason.PANEL_REFUSED)
    assert str(code) in outcome.detail
    assert len(await world.writes()) == 1, "another try does not cure old data"
    assert (await world.approvals())["email"] == {1}


async def test_an_unlisted_code_is_tried_once_more_on_what_the_panel_shows_then() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("refuse", WRITE, code=99, times=1)
    assert await told(world.side(), STOP) == Delivered()
    assert (await world.approvals())["email"] == set()
    gates = [f"{one['method']} {one['gate']}" for one in await world.entries()]
    assert gates == [SEARCH, READ, WRITE, READ, WRITE, READ]


@pytest.mark.parametrize(("kind", "code"), [("refuse", 99), ("refuse", 28), ("refuse_rows", 1)])
async def test_an_unlisted_code_that_comes_twice_needs_a_person(kind: str, code: int) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault(kind, WRITE, code=code, times=None, message="Numer jan@example.com jest zajęty")
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert str(code) in outcome.detail
    assert JAN not in outcome.detail
    assert len(await world.writes()) == 2


async def test_a_write_that_is_not_stored_is_not_believed() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("not_stored", WRITE)
    assert await told(world.side(), STOP) == Unknown("the panel did not store the change")
    assert (await world.approvals())["email"] == {1}
    assert await told(world.side(), STOP) == Delivered()
    assert (await world.approvals())["email"] == set()


async def test_a_write_that_changed_another_shop_is_not_called_delivered() -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, WRITTEN)
    script.on(READ, page_of(shown(email=[1, 2])), page_of(shown(email=[])))
    assert not isinstance(await told(script.side(1), STOP), Delivered)


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"resultStatus": True, "clientsResult": {"clientId": 1024}}]},
        {"results": {"0": {"resultStatus": True, "errors": []}}, "errors": []},
        {"results": [{"resultStatus": True, "errors": {}}], "errors": {"faultCode": 0, "faultString": ""}},
        {"results": [{"resultStatus": True, "errors": [{"faultCode": 0, "faultString": ""}]}], "errors": {}},
        pytest.param({"results": [{"resultStatus": 1, "errors": []}]}),
        pytest.param({"results": [{"resultStatus": "true", "errors": []}]}),
    ],
)
async def test_a_stored_write_is_delivered_in_whatever_shape_the_panel_says_so(answer: Json) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, answer)
    script.on(READ, page_of(shown(email=[1, 2])), page_of(shown(email=[2])))
    assert await told(script.side(1), STOP) == Delivered()


@pytest.mark.parametrize(
    "answer",
    [
        {"results": []},
        {},
        {"results": [{"resultStatus": False, "errors": []}]},
        {"results": [{"resultStatus": False}]},
        {"results": [{"errors": []}]},
        {"results": "yes"},
    ],
)
async def test_an_answer_that_names_no_code_is_tried_once_more_and_then_needs_a_person(answer: Json) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, answer).on(READ, page_of(shown(email=[1, 2])))
    outcome = await told(script.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert len(script.calls(WRITE)) == 2


async def test_somebody_who_vanishes_between_two_calls_is_no_success() -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, WRITTEN).on(READ, page_of(shown(email=[1])), EMPTY)
    assert not isinstance(await told(script.side(), STOP), Delivered)


# -- answers that must not be trusted ------------------------------------------------------------------------------------

NEIGHBOURS = found((1024, JAN), (1025, ANNA), (1026, "ewa@example.com"))


@pytest.mark.parametrize("command", [STOP, wants(points={"vip": 3})])
@pytest.mark.parametrize(
    "answer",
    [
        NEIGHBOURS,
        found((1025, ANNA)),
        found((1024, JAN), (1027, f"x{JAN}")),
        found((1024, JAN), (1027, "")),
        {"resultsPage": 0, "clientsResults": [{"clientId": 1024, "clientEmail": JAN}, {"clientId": 1025}]},
    ],
)
async def test_a_search_that_was_ignored_writes_nothing(command: SetSubscription | MirrorTags, answer: Json) -> None:
    script = Script().on(SEARCH, answer).on(READ, page_of(shown(email=[1])))
    outcome = await told(script.side(), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert script.writes == []


@pytest.mark.parametrize("command", [STOP, wants(points={"vip": 3})])
async def test_a_list_of_customers_that_was_ignored_writes_nothing(command: SetSubscription | MirrorTags) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(shown(email=[1]), shown(number=1025, email=[1])))
    outcome = await told(script.side(), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert script.writes == []


@pytest.mark.parametrize("page", [1, "1", 7, -1])
async def test_another_page_than_was_asked_for_writes_nothing(page: Any) -> None:
    script = Script().on(SEARCH, found((1024, JAN), page=page)).on(READ, page_of(shown(email=[1])))
    outcome = await told(script.side(), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert script.writes == []


@pytest.mark.parametrize("page", [0, "0", None])
async def test_the_page_that_was_asked_for_may_be_echoed_as_text_or_not_at_all(page: Any) -> None:
    script = Script().on(SEARCH, found((1024, JAN), page=page)).on(READ, page_of(shown(email=[2])))
    assert isinstance(await told(script.side(), STOP), Delivered)


async def test_the_search_asks_for_exactly_this_address_from_the_first_page() -> None:
    world = World()
    await world.customer()
    await told(world.side(), STOP)
    asked = (await world.entries(SEARCH))[0]["params"]
    assert asked == {"clientEmail": JAN, "settingsExactSearch": True, "resultsPage": 0, "resultsLimit": 100}
    read = (await world.entries(READ))[0]["params"]
    assert (read["clientsIds"], read["resultsPage"], "returnElements" in read) == ("1024", "0", False)
