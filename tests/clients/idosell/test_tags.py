"""The tag mirror in the panel (contract 2.1-2.6)."""

import json

import httpx
import pytest

from app.domain.commands import MirrorTags
from app.domain.delivery.outcomes import Delivered, NeedsPerson, NotNeeded, Refused, Unknown, Unreachable
from app.domain.reasons import Reason
from app.sandbox.panel import AddAgain
from tests.clients.idosell.talking import page_of, told, wants
from tests.support.panel import (
    ANNA,
    EMPTY,
    JAN,
    READ,
    SEARCH,
    TAGS_ADD,
    TAGS_DELETE,
    TAGS_READ,
    TAGS_SET,
    Json,
    Script,
    World,
    found,
    shown,
)

# -- tags ----------------------------------------------------------------------------------------------------------------

STAFF = {"stały klient": 4, "VIP": 9, "salesmanago_shop2_vip": 7, "salesmanago_shop11_vip": 8, "salesmanago": 1}
"""Tags that are not shop 1's."""


@pytest.mark.parametrize(
    ("before", "command", "after"),
    [
        ({}, wants(points={"koszyk": 12}), {"salesmanago_shop1_koszyk": 12}),
        ({}, wants(points={"koszyk": 12}, sections=("obuwie",)), {"salesmanago_shop1_koszyk": 12, "salesmanago_obuwie": 1}),
        ({"salesmanago_shop1_koszyk": 3}, wants(points={"koszyk": 12}), {"salesmanago_shop1_koszyk": 12}),
        ({"salesmanago_shop1_koszyk": 30}, wants(points={"koszyk": 12}), {"salesmanago_shop1_koszyk": 12}),
        ({"salesmanago_shop1_Koszyk": 3}, wants(points={"koszyk": 12}), {"salesmanago_shop1_Koszyk": 12}),
        ({"salesmanago_obuwie": 3}, wants(points={"obuwie": 12}), {"salesmanago_obuwie": 12}),
        ({"salesmanago_obuwie": 3}, wants(sections=("obuwie",)), {"salesmanago_obuwie": 3}),
        ({"salesmanago_shop1_koszyk": 3}, wants(gone=("koszyk",)), {}),
        ({"salesmanago_obuwie": 3}, wants(gone=("obuwie",)), {}),
        ({"salesmanago_shop1_old": 3}, wants(points={"new": 1}), {"salesmanago_shop1_old": 3, "salesmanago_shop1_new": 1}),
        ({"salesmanago_shop1_old": 3}, wants(points={"new": 1}, complete=True), {"salesmanago_shop1_new": 1}),
        ({"salesmanago_shop1_old": 3}, wants(complete=True), {}),
        (
            {"salesmanago_shop1_a": 1, "salesmanago_shop1_b": 2, "salesmanago_shop1_c": 3},
            wants(points={"b": 5, "c": 3, "d": 4}, gone=("a",), complete=True),
            {"salesmanago_shop1_b": 5, "salesmanago_shop1_c": 3, "salesmanago_shop1_d": 4},
        ),
        ({}, wants(points={"zero": 0, "much": 5_000_000}), {"salesmanago_shop1_zero": 1, "salesmanago_shop1_much": 1_000_000}),
    ],
)
async def test_r30_r32_the_customer_comes_to_carry_what_is_wanted_and_keeps_what_is_not_ours(
    before: dict[str, int], command: MirrorTags, after: dict[str, int]
) -> None:
    world = World()
    await world.customer(tags={**STAFF, **before})
    assert await told(world.side(), command) == Delivered()
    assert await world.tags() == {**STAFF, **after}
    made = len(await world.writes())
    assert await told(world.side(), command) == Delivered()
    assert len(await world.writes()) == made, "a customer who carries what is wanted costs no write"
    assert await world.entries("POST clients/tags/clear/delete") == []


@pytest.mark.parametrize(
    ("command", "after"),
    [
        pytest.param(wants(gone=("vip",)), {}),
        pytest.param(wants(complete=True), {}),
        pytest.param(wants(points={"vip": 5}), {"salesmanago_shop1_VIP": 3, "salesmanago_shop1_vip": 5}),
    ],
)
async def test_a_customer_may_carry_a_name_in_two_spellings(command: MirrorTags, after: dict[str, int]) -> None:
    """Names are compared exactly first (contract 2.6); what is gone is gone in any spelling."""
    world = World()
    await world.customer(tags={"salesmanago_shop1_VIP": 3, "salesmanago_shop1_vip": 5})
    assert await told(world.side(), command) == Delivered()
    assert await world.tags() == after


@pytest.mark.parametrize("case_matters", [True, False])
@pytest.mark.parametrize("vanish", [True, False])
@pytest.mark.parametrize("again", [*AddAgain])
async def test_whatever_the_panel_makes_of_names_and_repetitions_the_points_are_right(
    case_matters: bool, vanish: bool, again: AddAgain
) -> None:
    world = World(tag_case_matters=case_matters, tags_vanish_unused=vanish, add_again=again)
    await world.customer(tags={"Salesmanago_Shop1_Koszyk": 2})
    steps = [{"koszyk": 5, "vip": 1}, {"koszyk": 5, "vip": 4}, {"vip": 4}, {"koszyk": 2, "vip": 4}, {}]
    for points in steps:
        for _ in range(2):
            assert await told(world.side(), wants(points=points, complete=True)) == Delivered()
            carried = {name.lower().removeprefix("salesmanago_shop1_"): value for name, value in (await world.tags()).items()}
            assert carried == points


def mixed(gate: str) -> MirrorTags:
    """Something to set, something to add, and something to remove if that is the gate in question.

    A fault strikes a gate by the beginning of its path, and adding is how deleting begins.
    """
    return wants(points={"kept": 7, "new": 5}, gone=("old",) if gate == TAGS_DELETE else ())


def after_mixed(gate: str) -> dict[str, int]:
    left = {} if gate == TAGS_DELETE else {"salesmanago_shop1_old": 2}
    return {**left, "salesmanago_shop1_kept": 7, "salesmanago_shop1_new": 5}


@pytest.mark.parametrize("kind", ["truncated_json", "timeout_after", "reset_after", "timeout_before", "server_error"])
@pytest.mark.parametrize("gate", [TAGS_ADD, TAGS_SET, TAGS_DELETE])
async def test_a_lost_answer_never_adds_points_up(kind: str, gate: str) -> None:
    world = World(add_again=AddAgain.ADD)
    await world.customer(tags={"salesmanago_shop1_old": 2, "salesmanago_shop1_kept": 3})
    await world.fault(kind, gate)
    assert isinstance(await told(world.side(), mixed(gate)), Unknown)
    assert await told(world.side(), mixed(gate)) == Delivered()
    assert await world.tags() == after_mixed(gate)


async def test_nobody_to_carry_tags_is_nothing_to_do() -> None:
    world = World()
    await world.customer(ANNA)
    assert await told(world.side(), wants(points={"vip": 1})) == NotNeeded(Reason.NO_CARRIER_OF_TAGS)
    assert await world.writes() == []
    assert await world.tags(ANNA) == {}


async def test_nothing_wanted_and_nothing_there_makes_no_write() -> None:
    world = World()
    await world.customer(tags=STAFF)
    for command in (wants(), wants(complete=True), wants(gone=("koszyk",), complete=True)):
        assert await told(world.side(), command) == Delivered()
    assert await world.writes() == []
    assert await world.tags() == STAFF


async def test_every_account_of_the_shop_carries_the_tags_and_one_of_another_shop_only_if_there_is_no_other() -> None:
    world = World()
    await world.customer(login="one", active_shops=[1])
    await world.customer(login="two", active_shops=[1, 2])
    await world.customer(login="elsewhere", active_shops=[2])
    await world.customer(ANNA, login="anna", active_shops=[2])
    for address in (JAN, ANNA):
        assert await told(world.side(), wants(address, points={"vip": 1})) == Delivered()
    carried = [await world.tags(login) for login in ("one", "two", "elsewhere", "anna")]
    assert carried == [{"salesmanago_shop1_vip": 1}, {"salesmanago_shop1_vip": 1}, {}, {"salesmanago_shop1_vip": 1}]


async def test_more_than_a_hundred_tags_travel_in_chunks() -> None:
    world = World()
    await world.customer(tags=STAFF)
    names = [f"tag{number}" for number in range(250)]
    for points in (dict.fromkeys(names, 2), dict.fromkeys(names, 3), {}):
        assert await told(world.side(), wants(points=points, complete=True)) == Delivered()
        assert await world.tags() == {**STAFF, **{f"salesmanago_shop1_{name}": value for name, value in points.items()}}
    for gate in (TAGS_ADD, TAGS_SET, TAGS_DELETE):
        assert [one["rows"] for one in await world.entries(gate)] == [100, 100, 50]


async def test_a_panel_that_takes_fewer_rows_gets_smaller_chunks() -> None:
    world = World(max_rows=50)
    await world.customer()
    points = {f"tag{number}": 2 for number in range(120)}
    assert await told(world.side(), wants(points=points)) == Delivered()
    assert len(await world.tags()) == 120


@pytest.mark.parametrize("gate", [TAGS_ADD, TAGS_SET, TAGS_DELETE])
async def test_a_row_that_was_refused_once_is_read_again_and_tried_again(gate: str) -> None:
    world = World()
    await world.customer(tags={"salesmanago_shop1_old": 2, "salesmanago_shop1_kept": 3})
    await world.fault("refuse_rows", gate)
    assert await told(world.side(), mixed(gate)) == Delivered()
    assert await world.tags() == after_mixed(gate)
    assert (len(await world.entries(TAGS_READ)), len(await world.entries(gate))) == (2, 2)


@pytest.mark.parametrize("gate", [TAGS_ADD, TAGS_SET, TAGS_DELETE])
async def test_a_row_that_is_refused_twice_needs_a_person(gate: str) -> None:
    world = World()
    await world.customer(tags={"salesmanago_shop1_old": 2, "salesmanago_shop1_kept": 3})
    await world.fault("refuse_rows", gate, times=None)
    outcome = await told(world.side(), mixed(gate))
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert "Refused by a fault" in outcome.detail
    assert len(await world.entries(gate)) == 2


def plain_letters_only() -> tuple[Script, list[Json]]:
    """A panel that takes no Polish letters and no spaces in names, and adds up points."""
    carried: list[Json] = []

    class Choosy(Script):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/clients/tags"):
                self._answers[TAGS_READ] = [(200, {"results": list(carried)})]
                if request.method == "POST":
                    self._answers[TAGS_ADD] = [self._added(json.loads(request.content)["params"])]
            return super().__call__(request)

        def _added(self, rows: list[Json]) -> tuple[int, Json]:
            bad = [row for row in rows if not row["tagName"].isascii() or " " in row["tagName"]]
            for row in rows:
                if row not in bad:
                    carried.append({"tagId": 31 + len(carried), "tagName": row["tagName"], "tagValue": row["tagValue"]})
            errors = [{"faultCode": 1, "faultString": "bad name", "tagName": row["tagName"], "clientId": 1024} for row in bad]
            return (207, {"results": list(carried), "errors": errors}) if errors else (200, {"results": list(carried)})

    return Choosy(), carried


async def test_a_name_that_is_refused_is_tried_once_more_in_plain_letters() -> None:
    script, carried = plain_letters_only()
    script.on(SEARCH, found((1024, JAN))).on(READ, page_of(shown()))
    command = wants(points={"koszyk": 2, "brak_aktywności": 3, "buty damskie": 4})
    assert await told(script.side(), command) == Delivered()
    after = {row["tagName"]: row["tagValue"] for row in carried}
    assert after == {"salesmanago_shop1_koszyk": 2, "salesmanago_shop1_brak_aktywnosci": 3, "salesmanago_shop1_buty_damskie": 4}
    assert len(script.calls(TAGS_ADD)) == 2
    assert [row["tagName"] for row in script.calls(TAGS_ADD)[1]["params"]] == [
        "salesmanago_shop1_brak_aktywnosci",
        "salesmanago_shop1_buty_damskie",
    ]
    assert await told(script.side(), command) == Delivered()
    assert len(script.calls(TAGS_ADD)) == 2, "the plain name is known again"


async def test_r27_plain_names_of_words_in_other_letters_stay_apart_and_are_known_again() -> None:
    script, carried = plain_letters_only()
    script.on(SEARCH, found((1024, JAN))).on(READ, page_of(shown()))
    command = wants(points={"взуття": 2, "куртки": 3})
    assert await told(script.side(), command) == Delivered()
    names = {row["tagName"]: row["tagValue"] for row in carried}
    assert sorted(names.values()) == [2, 3]
    assert all(name.startswith("salesmanago_shop1_") and name.isascii() for name in names)
    assert await told(script.side(), command) == Delivered()
    assert len(script.calls(TAGS_ADD)) == 2, "the plain names are known again"


async def test_names_that_are_too_long_need_a_person_and_the_others_are_right_once() -> None:
    world = World(max_tag_length=30)
    await world.customer(tags=STAFF)
    command = wants(points={"vip": 3, "a" * 40: 1})
    for _ in range(2):
        outcome = await told(world.side(), command)
        assert isinstance(outcome, NeedsPerson)
        assert outcome.reason is Reason.PANEL_REFUSED
    assert await world.tags() == {**STAFF, "salesmanago_shop1_vip": 3}


async def test_long_names_stay_within_the_limit_and_apart_and_are_known_again() -> None:
    world = World(max_tag_length=64)
    await world.customer()
    command = wants(points={"a" * 60 + "1": 1, "a" * 60 + "2": 2})
    assert await told(world.side(), command) == Delivered()
    assert sorted((await world.tags()).values()) == [1, 2]
    assert await told(world.side(), command) == Delivered()
    assert len(await world.writes()) == 1


@pytest.mark.parametrize(
    ("gate", "answer"),
    [
        (TAGS_READ, {"errors": {"faultCode": 1, "faultString": "Nie znaleziono klienta"}}),
        (TAGS_ADD, {"errors": [{"faultCode": 1, "faultString": "bad name", "tagName": "x", "clientId": 1024}]}),
        (TAGS_ADD, {"errors": [{"faultCode": 4, "faultString": "bad value", "tagName": "x", "clientId": 1024}]}),
    ],
)
async def test_a_code_of_the_tag_gates_speaks_of_one_customer(gate: str, answer: Json) -> None:
    """The meaning of a code depends on the gate (contract 1.6); that nothing went well may leave `results` out."""
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(shown()))
    if gate != TAGS_READ:
        script.on(TAGS_READ, EMPTY, status=207)
    script.on(gate, answer, status=207)
    outcome = await told(script.side(), wants(points={"vip": 3}))
    assert not (isinstance(outcome, Refused) and outcome.account_wide)


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"tagId": 31, "tagName": "salesmanago_shop1_vip", "tagValue": 3}]},
        {"results": {"0": {"tagId": "31", "tagName": "salesmanago_shop1_vip", "tagValue": "3"}}},
        {"results": [{"tagId": 31, "tagName": "salesmanago_shop1_vip", "tagValue": 3}, {"tagName": None}, {}], "errors": []},
    ],
)
async def test_tags_are_read_from_whatever_shape_the_panel_gives_them(answer: Json) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(shown())).on(TAGS_READ, answer)
    assert await told(script.side(), wants(points={"vip": 3}, complete=True)) == Delivered()
    assert script.writes == []


@pytest.mark.parametrize("answer", [EMPTY, {"results": []}, {"results": {}}, {"results": [], "errors": []}, {}])
async def test_no_tags_may_be_said_in_many_ways(answer: Json) -> None:
    added = {"results": [{"tagId": 31, "tagName": "salesmanago_shop1_vip", "tagValue": 3, "clientId": 1024}]}
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(shown())).on(TAGS_READ, answer).on(TAGS_ADD, added)
    assert await told(script.side(), wants(points={"vip": 3})) == Delivered()
    assert script.calls(TAGS_ADD) == [{"params": [{"clientId": 1024, "tagName": "salesmanago_shop1_vip", "tagValue": 3}]}]


@pytest.mark.parametrize("kind", ["html_200", "truncated_json", "server_error", "unavailable"])
async def test_tags_that_could_not_be_read_are_not_taken_for_none(kind: str) -> None:
    world = World()
    await world.customer(tags={"salesmanago_shop1_vip": 3})
    await world.fault(kind, TAGS_READ)
    assert isinstance(await told(world.side(), wants(points={"vip": 3})), Unknown | Unreachable)
    assert await world.writes() == []
