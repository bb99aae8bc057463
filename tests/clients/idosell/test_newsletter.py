"""The newsletter of one shop in the panel: what is written, and of whom (contract 2.10, 2.11)."""

import json

import httpx
import pytest

from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import Transport
from app.domain.commands import SetSubscription
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Unknown
from app.domain.reasons import Reason
from app.sandbox.panel import Approvals
from tests.clients.idosell.talking import IN, OUT, STOP, news, told, wants
from tests.support.panel import ANNA, JAN, NOW, SEARCH, Json, World, our_shop

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


async def test_r56_a_person_who_is_not_in_the_panel_is_reported_to_the_shops_own_address_if_there_is_one() -> None:
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
