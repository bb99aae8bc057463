"""The panel's client against the panel's stand-in, and against answers that only a real panel would think of."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from app.clients.idosell.answers import whole
from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import Transport
from app.domain.commands import MirrorTags, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outcomes import (
    Delivered,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Refused,
    Throttled,
    Unknown,
    Unreachable,
    message_of,
    name_of,
)
from app.domain.panel_tags import PanelTags
from app.domain.reasons import Reason
from app.sandbox.panel import AddAgain, Approvals, Key
from tests.support.panel import (
    ANNA,
    EMPTY,
    JAN,
    KEY,
    NOW,
    READ,
    REAL,
    SEARCH,
    TAGS_ADD,
    TAGS_DELETE,
    TAGS_READ,
    TAGS_SET,
    WRITE,
    ZERO,
    Json,
    Script,
    World,
    found,
    our_shop,
    shown,
)


def news(email: Status | None = None, sms: Status | None = None, address: str = JAN) -> SetSubscription:
    said = [None if status is None else TimedStatus(status, NOW) for status in (email, sms)]
    return SetSubscription(email=address, email_news=said[0], phone_news=said[1])


IN, OUT = Status.OPT_IN, Status.OPT_OUT
STOP = news(OUT)


def wants(address: str = JAN, **tags: Any) -> MirrorTags:
    return MirrorTags(email=address, tags=PanelTags(**tags))


async def told(side: IdosellPanel, command: SetSubscription | MirrorTags, number: int = 7) -> Outcome:
    if isinstance(command, SetSubscription):
        return (await side.set_subscription(command, number)).outcome
    return (await side.mirror_tags(command, number)).outcome


WRITTEN = {"results": [{"resultStatus": True, "clientsResult": {"clientId": 1024}, "errors": []}]}


def page_of(*customers: Json) -> Json:
    return {"resultsPage": 0, "results": list(customers)}


# -- the newsletter of one shop ------------------------------------------------------------------------------------------

BEFORE = {"email": {"1": True, "2": True, "3": False}, "sms": {"2": True}}


@pytest.mark.parametrize("rule", [*Approvals])
@pytest.mark.parametrize(
    ("number", "command", "after"),
    [
        (1, news(OUT), {"email": {2}, "sms": {2}}),
        (2, news(OUT), {"email": {1}, "sms": {2}}),
        (3, news(IN), {"email": {1, 2, 3}, "sms": {2}}),
        (1, news(sms=IN), {"email": {1, 2}, "sms": {1, 2}}),
        (2, news(sms=OUT), {"email": {1, 2}, "sms": set()}),
        (3, news(sms=IN), {"email": {1, 2}, "sms": {2, 3}}),
        (1, news(OUT, IN), {"email": {2}, "sms": {1, 2}}),
        (2, news(OUT, OUT), {"email": {1}, "sms": set()}),
        (3, news(IN, IN), {"email": {1, 2, 3}, "sms": {2, 3}}),
    ],
)
async def test_r53_one_channel_of_one_shop_changes_and_nothing_else(
    rule: Approvals, number: int, command: SetSubscription, after: dict[str, set[int]]
) -> None:
    world = World(approvals=rule)
    await world.customer(active_shops=[1, 2, 3], approvals=BEFORE)
    assert await told(world.side(number), command) == Delivered()
    assert await world.approvals() == after
    assert len(await world.writes()) == 1


async def test_r53_what_somebody_agreed_to_where_they_are_no_longer_active_stays() -> None:
    world = World()
    await world.customer(active_shops=[1], approvals={"email": {"1": True, "2": True}})
    assert await told(world.side(1), STOP) == Delivered()
    assert await world.approvals() == {"email": {2}, "sms": set()}


@pytest.mark.parametrize(
    ("approvals", "command"),
    [
        ({}, news(OUT)),
        ({"email": {"1": False}}, news(OUT)),
        ({"email": {"1": True}}, news(IN)),
        ({"sms": {"1": True}, "email": {"1": True}}, news(sms=IN)),
        ({"email": {"1": True}}, news(IN, OUT)),
        ({"email": {"2": True}}, news(OUT)),
    ],
)
async def test_what_is_right_already_is_not_written(approvals: Json, command: SetSubscription) -> None:
    world = World()
    await world.customer(active_shops=[1, 2], approvals=approvals)
    before = await world.approvals()
    assert isinstance(await told(world.side(), command), Delivered)
    assert await world.writes() == []
    assert await world.approvals() == before


async def test_a_repeated_change_makes_no_second_write() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    for _ in range(3):
        assert isinstance(await told(world.side(), STOP), Delivered)
    assert len(await world.writes()) == 1


async def test_a_write_is_quiet_and_names_shops_one_by_one() -> None:
    world = World()
    await world.customer(login="jan.k", active_shops=[1, 2], approvals={"email": {"1": True, "2": True}, "sms": {"1": True}})
    await told(world.side(), news(OUT, OUT), 77)
    write = (await world.writes())[0]
    assert write["beside"] == {"clientsSettings": {"clientSettingSendMail": False, "clientSettingSendSms": False}}
    row = write["params"]["clients"][0]
    assert set(row) == {"clientLogin", "requestReference", "newsletterEmailApprovalsData", "newsletterSmsApprovalsData"}
    assert (row["clientLogin"], "77" in row["requestReference"]) == ("jan.k", True)
    said = [{"shopId": 1, "inNewsletterEmailApproval": "n"}, {"shopId": 2, "inNewsletterEmailApproval": "y"}]
    assert row["newsletterEmailApprovalsData"] == said
    assert (await world.tools.get("customers/jan.k")).json()["notices"] == []
    assert [one["warnings"] for one in await world.entries()] == [[]] * len(await world.entries())


@pytest.mark.parametrize(
    ("command", "named"), [(news(OUT), "newsletterEmailApprovalsData"), (news(sms=IN), "newsletterSmsApprovalsData")]
)
async def test_a_channel_that_is_not_spoken_of_is_not_sent(command: SetSubscription, named: str) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await told(world.side(), command)
    assert set((await world.writes())[0]["params"]["clients"][0]) == {"clientLogin", "requestReference", named}


@pytest.mark.parametrize("rules", [{"ids_as_strings": True}, {"empty_is_207": False}, {"small_changes_touch": True}])
async def test_the_panels_moods_do_not_matter(rules: Json) -> None:
    world = World(**rules)
    await world.customer(active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    assert await told(world.side(), STOP) == Delivered()
    assert await world.approvals() == {"email": {2}, "sms": set()}
    assert await told(world.side(), news(OUT, address=ANNA)) == NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    assert await told(world.side(), wants(points={"vip": 3})) == Delivered()
    assert await world.tags() == {"salesmanago_shop1_vip": 3}


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
@pytest.mark.parametrize(
    "typed", ["https://panel.example.com", "https://panel.example.com/", "https://panel.example.com/panel/x.php"]
)
async def test_whatever_the_merchant_typed_behind_the_host_is_dropped(version: str, typed: str) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    assert await told(world.side(base_url=typed, version=version), STOP) == Delivered()
    assert {str(one.url).partition("/clients/")[0] for one in world.way.sent} == {f"https://panel.example.com/api/admin/{version}"}


# -- who it is about -----------------------------------------------------------------------------------------------------


async def test_every_account_of_the_address_that_is_active_in_the_shop_is_written() -> None:
    world = World()
    await world.customer(login="one", active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    await world.customer("Jan@Example.com", login="two", active_shops=[1], approvals={"email": {"1": True}})
    await world.customer(login="elsewhere", active_shops=[2], approvals={"email": {"2": True}})
    await world.customer(login="right", active_shops=[1], approvals={"email": {"1": False}})
    await world.customer("another.jan@example.com", login="stranger", approvals={"email": {"1": True}})
    assert await told(world.side(), STOP) == Delivered()
    agreed = [(await world.approvals(login))["email"] for login in ("one", "two", "elsewhere", "right", "stranger")]
    assert agreed == [{2}, set(), {2}, set(), {1}]
    written = [row["clientLogin"] for one in await world.writes() for row in one["params"]["clients"]]
    assert sorted(written) == ["one", "two"]


async def test_one_account_that_cannot_be_written_is_for_a_person_and_the_others_are_written() -> None:
    world = World()
    for login in ("one", "two"):
        await world.customer(login=login, approvals={"email": {"1": True}})
    world.spoil_data(21, "one")
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert [(await world.approvals(login))["email"] for login in ("one", "two")] == [{1}, set()]


@pytest.mark.parametrize("command", [news(IN), news(sms=IN), news(IN, IN)])
async def test_an_account_that_is_not_active_in_the_shop_waits_for_a_person(command: SetSubscription) -> None:
    world = World()
    await world.customer(active_shops=[2], approvals={"email": {"2": True}})
    assert await told(world.side(1), command) == NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP)
    assert await world.writes() == []
    assert isinstance(await told(world.side(2), command), Delivered)


async def test_an_agreement_left_over_where_the_account_is_not_active_waits_for_a_person() -> None:
    world = World()
    await world.customer(active_shops=[2], approvals={"email": {"1": True, "2": True}})
    assert await told(world.side(1), STOP) == NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP)
    assert await world.writes() == []


async def test_an_opt_out_where_the_account_is_not_active_and_never_agreed_is_right_already() -> None:
    world = World()
    await world.customer(active_shops=[2], approvals={"email": {"2": True}})
    assert isinstance(await told(world.side(1), STOP), Delivered)
    assert await world.writes() == []


async def test_r56_nobody_in_the_panel_waits_for_a_person() -> None:
    world = World()
    await world.customer(ANNA, approvals={"email": {"1": True}})
    await world.tools.post("subscribers", json={"email": JAN})
    assert await told(world.side(), STOP) == NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    assert await world.writes() == []
    assert (await world.approvals(ANNA))["email"] == {1}


async def test_r56_nobody_in_the_panel_is_told_to_the_shops_own_address_if_there_is_one() -> None:
    notices: list[Json] = []

    def shop(request: httpx.Request) -> httpx.Response:
        notices.append(json.loads(request.content))
        return httpx.Response(202)

    async def resolver(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34"]

    transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(shop)), RateLimiter(1000))
    url = "https://shop.example.com/hooks"
    webhook = ShopWebhook(our_shop(), url, "whsec_" + "A" * 32, transport, lambda: NOW, resolver)
    world = World()
    await world.customer(ANNA, approvals={"email": {"1": True}})
    await world.customer("elsewhere@example.com", active_shops=[2])
    side = world.side(notices=webhook)
    assert await told(side, STOP) == Delivered()
    assert [(one["type"], one["data"]["email"]) for one in notices] == [("newsletter.changed", JAN)]
    assert isinstance(await told(side, news(OUT, address=ANNA)), Delivered)
    assert isinstance(await told(side, news(IN, address="elsewhere@example.com")), NeedsPerson)
    await world.fault("server_error", SEARCH)
    assert isinstance(await told(side, STOP), Unknown)
    assert len(notices) == 1, "who has an account, or may have one, is no matter for a notice"


async def test_a_guest_who_bought_without_registering_counts_like_an_account() -> None:
    world = World()
    await world.customer(login="guest", unregistered=True, approvals={"email": {"1": True}})
    assert await told(world.side(), STOP) == Delivered()
    assert (await world.approvals("guest"))["email"] == set()


async def test_an_opt_out_reaches_the_account_and_the_purchase_made_as_a_guest() -> None:
    world = World()
    await world.customer(login="guest", unregistered=True, approvals={"email": {"1": True}})
    await world.customer(login="jan.k", approvals={"email": {"1": True}})
    assert await told(world.side(), STOP) == Delivered()
    assert [(await world.approvals(login))["email"] for login in ("guest", "jan.k")] == [set(), set()]


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


# -- shapes of PHP -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (207, EMPTY),
        (200, EMPTY),
        (207, {"errors": {"faultCode": "2", "faultString": "empty"}}),
        (207, {"errors": [{"faultCode": 2, "faultString": "empty"}]}),
        (200, {"resultsNumberAll": 0, "resultsPage": 0, "clientsResults": []}),
        (200, {"resultsNumberAll": "0", "resultsPage": "0", "clientsResults": {}}),
        (200, {"resultsPage": 0, "errors": []}),
        (200, {"errors": {"faultCode": 0, "faultString": ""}, "clientsResults": []}),
    ],
)
async def test_nothing_found_is_no_error_in_whatever_shape(status: int, answer: Json) -> None:
    script = Script().on(SEARCH, answer, status=status)
    assert await told(script.side(), STOP) == NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    assert await told(script.side(), wants(points={"vip": 3})) == NotNeeded(Reason.NO_CARRIER_OF_TAGS)


def keyed(rows: Iterable[Any]) -> Json:
    return {str(number): row for number, row in enumerate(rows)}


@pytest.mark.parametrize("number", [1024, "1024"])
async def test_lists_may_be_objects_keyed_by_number_and_numbers_texts(number: Any) -> None:
    customer = {**shown(number=number), "newsletterSmsApprovalsData": [], "newsletterEmailApprovalsData": {}}
    customer["clientActiveInShops"] = keyed({"shopId": str(one)} for one in (1, 2))
    agreed = {**customer, "newsletterEmailApprovalsData": {"7": {"shopId": "1", "newsletterEmailApprovalDate": REAL}}}
    search = {"resultsPage": "0", "clientsResults": keyed([{"clientId": number, "clientEmail": f" {JAN.upper()} "}])}
    script = Script().on(SEARCH, search).on(WRITE, {"results": keyed(WRITTEN["results"])})
    script.on(READ, {"results": keyed([agreed])}, {"results": keyed([customer])})
    assert await told(script.side(), STOP) == Delivered()
    rows = script.calls(WRITE)[0]["params"]["clients"][0]["newsletterEmailApprovalsData"]
    assert rows == [{"shopId": one, "inNewsletterEmailApproval": "n"} for one in (1, 2)]


@pytest.mark.parametrize("date", [ZERO, "0000-00-00", "", None, 0, False])
async def test_no_date_is_no_agreement(date: Any) -> None:
    customer = {**shown(active=[1]), "newsletterEmailApprovalsData": [{"shopId": 1, "newsletterEmailApprovalDate": date}]}
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(customer))
    assert isinstance(await told(script.side(), STOP), Delivered)
    assert script.writes == []


@pytest.mark.parametrize("active", [[], {}, None, "", [{"shopId": ""}], [{"shopName": "x"}]])
async def test_an_account_may_be_active_nowhere(active: Any) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of({**shown(email=[1]), "clientActiveInShops": active}))
    assert await told(script.side(), news(IN)) == NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP)
    assert script.writes == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"<html><body>Przerwa techniczna</body></html>",
        b'{"clientsResults": [',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
async def test_an_answer_that_is_no_object_is_no_nobody(answer: bytes) -> None:
    script = Script().on(SEARCH, answer)
    for command in (STOP, wants(points={"vip": 3})):
        assert isinstance(await told(script.side(), command), Unknown | Unreachable)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        ("-1", -1),
        (True, None),
        ("", None),
        ("-", None),
        ("x", None),
        ("1.5", None),
        ("１２", None),
        (None, None),
        ([], None),
        pytest.param("--5", None),
    ],
)
def test_numbers_are_read_from_whatever_php_makes_of_them(text: Any, number: int | None) -> None:
    assert whole(text) == number


# -- the front and bad days ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "gate", "more", "outcome", "writes"),
    [
        ("throttle", SEARCH, {"retry_after": 7}, Throttled(7.0), 1),
        ("throttle", WRITE, {"retry_after": 7}, Throttled(7.0), 2),
        ("throttle", WRITE, {}, Throttled(None), 2),
        ("server_error", SEARCH, {}, Unknown, 1),
        ("server_error", WRITE, {}, Unknown("HTTP 500"), 2),
        ("bad_gateway", WRITE, {}, Unknown("HTTP 502"), 2),
        ("unavailable", WRITE, {}, Unreachable("HTTP 503"), 2),
        ("unavailable", WRITE, {"retry_after": 9}, Throttled(9.0), 2),
        ("html_200", SEARCH, {}, (Unknown, Unreachable), 1),
        ("html_200", READ, {}, (Unknown, Unreachable), 1),
        ("html_200", WRITE, {}, Unknown, 2),
        ("truncated_json", READ, {}, (Unknown, Unreachable), 1),
        ("truncated_json", WRITE, {}, Unknown, 1),
        ("timeout_before", WRITE, {}, Unknown, 2),
        ("timeout_after", WRITE, {}, Unknown, 1),
        ("reset_after", WRITE, {}, Unknown, 1),
        ("slow", WRITE, {}, Delivered(), 1),
    ],
)
async def test_a_bad_day_is_a_value_and_the_next_try_makes_it_right(
    kind: str, gate: str, more: Json, outcome: Any, writes: int
) -> None:
    world = World()
    await world.customer(active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    await world.fault(kind, gate, **more)
    first = await told(world.side(), STOP)
    assert isinstance(first, outcome) if isinstance(outcome, type | tuple) else first == outcome
    assert isinstance(await told(world.side(), STOP), Delivered)
    assert await world.approvals() == {"email": {2}, "sms": set()}
    assert len(await world.writes()) == writes


async def test_the_answer_to_the_check_after_a_write_may_get_lost() -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, WRITTEN).on(READ, page_of(shown(email=[1])), b"<html>")
    assert isinstance(await told(script.side(), STOP), Unknown | Unreachable)


@pytest.mark.parametrize("command", [STOP, wants(points={"vip": 3})])
@pytest.mark.parametrize(("key", "says"), [("wrong", "HTTP 401"), ("stranger", "HTTP 403"), ("", "HTTP 401")])
async def test_a_key_that_does_not_open_stops_the_whole_panel(command: SetSubscription | MirrorTags, key: str, says: str) -> None:
    world = World(keys=[Key(KEY), Key("stranger", {})])
    await world.customer(approvals={"email": {"1": True}})
    outcome = await told(world.side(key=key), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert says in outcome.message
    assert await world.approvals() == {"email": {1}, "sms": set()}


@pytest.mark.parametrize(
    ("areas", "command", "named"),
    [
        ({"crm": "r"}, STOP, ("CRM", "rw")),
        ({"crm": "r"}, wants(points={"vip": 3}), ("CRM", "rw")),
        ({"oms": "rw"}, STOP, ("CRM", "level r")),
    ],
)
async def test_a_missing_right_is_named_with_its_area_and_level(areas: Json, command: Any, named: tuple[str, str]) -> None:
    world = World(keys=[Key(KEY, areas)])
    await world.customer(approvals={"email": {"1": True}})
    outcome = await told(world.side(), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert all(word in outcome.message for word in named)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(403, json={"errors": {"message": "Brak uprawnień. Scope: crm, level: rw"}}),
        httpx.Response(403, json={"errors": [{"message": "Scope: crm, level: rw", "code": "forbidden"}]}),
        httpx.Response(403, content=b"<html>", headers={"X-Error": "Brak uprawnieÅ\x84. Scope: crm, level: rw".encode("latin-1")}),
        httpx.Response(403, content=b"", headers={"X-Error": "Scope: crm, level: rw (POST)"}),
    ],
)
async def test_the_missing_right_is_found_in_the_body_or_the_header(response: httpx.Response) -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: response))
    side = IdosellPanel(our_shop(), KEY, Transport(http, RateLimiter(1000)), lambda: NOW)
    outcome = await told(side, STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert "CRM" in outcome.message
    assert "rw" in outcome.message


@pytest.mark.parametrize(
    "body", [b"", b"<html>not here</html>", b'{"errors": {"message": "Nie znaleziono bramki"}}', b'{"errors": "no"}', b"[]"]
)
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_closed_front_stops_the_whole_panel_whatever_it_says(status: int, body: bytes) -> None:
    script = Script().on(SEARCH, body, status=status)
    outcome = await told(script.side(), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert str(status) in outcome.message


async def test_a_gate_that_is_not_there_stops_the_whole_panel() -> None:
    world = World()
    outcome = await told(world.side(version="v9"), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert "404" in outcome.message


async def test_a_body_the_panel_cannot_read_concerns_this_item_only() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("invalid", WRITE, message="bad value of jan@example.com")
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert "422" in outcome.detail
    assert JAN not in outcome.detail


@pytest.mark.parametrize("code", [1, 4])
async def test_a_shop_that_its_vendor_blocked_stops_the_whole_panel(code: int) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("refuse", SEARCH, code=code)
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert await world.writes() == []


async def test_a_redirect_of_the_panel_is_not_followed_with_the_key() -> None:
    called: list[str] = []

    def panel(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return httpx.Response(302, headers={"Location": "https://elsewhere.example.com/"})

    side = IdosellPanel(
        our_shop(), KEY, Transport(httpx.AsyncClient(transport=httpx.MockTransport(panel)), RateLimiter(1000)), lambda: NOW
    )
    assert isinstance(await told(side, STOP), Unreachable)
    assert called == ["https://panel.example.com/api/admin/v8/clients/crm/search"]


async def test_the_key_travels_in_its_header_only() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    answers = [await world.side().set_subscription(STOP, 7), await world.side().mirror_tags(wants(points={"vip": 1}), 8)]
    assert {one.headers["X-API-KEY"] for one in world.way.sent} == {KEY}
    assert {one.headers["Accept"] for one in world.way.sent} == {"application/json"}
    for one in world.way.sent:
        assert KEY not in str(one.url)
        assert KEY.encode() not in one.content
    assert KEY not in repr(answers)
    assert KEY not in repr(await world.side(key="wrong").set_subscription(STOP, 7))
    assert KEY not in str(await world.side(key="wrong").examine())


@pytest.mark.parametrize(("gate", "status"), [(SEARCH, 401), (SEARCH, 403), (SEARCH, 422), (SEARCH, 207)])
async def test_a_panel_that_repeats_the_key_does_not_bring_it_into_the_trace(gate: str, status: int) -> None:
    said = {"faultCode": 29, "faultString": f"Unknown key {KEY}"} if status == 207 else {"message": f"Unknown key {KEY}"}
    script = Script().on(gate, {"errors": said}, status=status)
    assert KEY not in repr(await script.side().set_subscription(STOP, 7))


async def test_the_trace_of_a_change_says_what_when_and_how_it_ended() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    call = (await world.side().set_subscription(STOP, 7)).call
    assert (call.path, call.started_at, call.outcome, call.detail) == ("clients/clients", NOW, "delivered", "")
    call = (await world.side().mirror_tags(wants(ANNA, points={"vip": 1}), 8)).call
    assert (call.path, call.started_at, call.outcome) == ("clients/tags", NOW, "moot")


# -- two shops of one panel at once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [*Approvals])
async def test_shops_of_one_panel_that_write_at_once_lose_nobodys_word(rule: Approvals) -> None:
    world = World(approvals=rule)
    await world.customer(active_shops=[1, 2, 3], approvals={"email": {"1": True, "2": True}, "sms": {"3": True}})
    outcomes = await asyncio.gather(
        told(world.side(1), news(OUT), 1),
        told(world.side(2), news(OUT, IN), 2),
        told(world.side(3), news(IN, OUT), 3),
    )
    assert outcomes == [Delivered()] * 3
    assert await world.approvals() == {"email": {3}, "sms": {2}}


async def test_a_panel_that_fails_lets_the_next_shop_in() -> None:
    world = World()
    await world.customer(active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    await world.fault("server_error", WRITE)
    outcomes = await asyncio.gather(told(world.side(1), STOP, 1), told(world.side(2), STOP, 2))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Delivered", "Unknown"]
    assert len((await world.approvals())["email"]) == 1


async def test_shops_of_one_panel_that_mirror_at_once_do_not_add_up_points() -> None:
    world = World()
    await world.customer(active_shops=[1, 2])
    tags = wants(points={"obuwie": 5}, sections=("obuwie",))
    outcomes = await asyncio.gather(told(world.side(1), tags, 1), told(world.side(2), tags, 2))
    assert outcomes == [Delivered(), Delivered()]
    assert await world.tags() == {"salesmanago_obuwie": 5}


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


# -- checks for the doctor -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("areas", "named"),
    [
        ({"system": "r", "crm": "rw"}, ()),
        ({"crm": "rw"}, ("SYSTEM", "level r")),
        ({"system": "r"}, ("CRM", "level r")),
        (None, ("401",)),
    ],
)
async def test_the_doctor_names_what_the_key_lacks(areas: Json | None, named: tuple[str, ...]) -> None:
    world = World(keys=[Key("another" if areas is None else KEY, areas or {})])
    finding = await world.side().examine()
    assert (finding is None) == (named == ())
    said = "" if finding is None else f"{name_of(finding)} {message_of(finding)}"
    assert all(word in said for word in named)
    assert await world.writes() == []


async def test_a_tag_is_written_back_with_the_points_it_has_and_nothing_else_is_changed() -> None:
    world = World()
    await world.customer()
    assert await world.side().write_back(JAN) is None  # there is no tag yet
    await told(world.side(), wants(points={"vip": 3}))
    before = await world.tags()
    written = len(await world.writes())
    assert await world.side().write_back(JAN) == Delivered()
    assert await world.tags() == before
    assert len(await world.writes()) == written + 1
    assert await world.side().write_back("nobody@example.com") is None


async def test_the_panels_own_word_on_its_load_is_taken() -> None:
    world = World()
    assert not await world.side().is_overloaded()
    await world.fault("overloaded")
    assert await world.side().is_overloaded()
    await world.fault("server_error", "GET system/serverLoad")
    assert not await world.side().is_overloaded()
