"""Notices to a shop's own address: signed so that the shop can check them, named so that it can tell a repetition."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import NotConnected, ShopWebhook
from app.clients.transport import Transport
from app.clients.webhook_targets import Resolve
from app.domain.commands import MirrorTags, ReportErasure, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.panel_tags import PanelTags
from app.domain.reasons import Reason
from app.domain.shops.shop import Panel, PanelKind
from tests.support.builders import a_shop, at

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://shop.example.com/hooks/gateway"
ADDRESS = "93.184.216.34"
JAN = "jan@example.com"
ACTED_AT = at("2026-11-23T10:00")
OUT, IN = TimedStatus(Status.OPT_OUT, ACTED_AT), TimedStatus(Status.OPT_IN, ACTED_AT)
Handler = Callable[[httpx.Request], httpx.Response]
Json = dict[str, Any]  # what travels has any shape; the tests say which


def utc_now() -> datetime:
    """The receiver's library refuses what is more than five minutes off its own clock."""
    return datetime.now(UTC)


async def public(_host: str, _port: int) -> list[str]:
    return [ADDRESS]


def webhook(
    handler: Handler,
    *,
    url: str = URL,
    resolve: Resolve = public,
    clock: Callable[[], datetime] = utc_now,
    number: int = 1,
    **panel: Any,
) -> ShopWebhook:
    shop = a_shop(number=number, panel=Panel(kind=PanelKind.WEBHOOK, base_url=url, **panel))
    transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(handler)), RateLimiter(1000))
    return ShopWebhook(shop, url, SECRET, transport, clock, resolve)


class Receiver:
    """A shop that checks every signature as the standard's own library does, and answers what it is told to."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.requests: list[httpx.Request] = []
        self.bodies: list[Json] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(Webhook(SECRET).verify(request.content, dict(request.headers)))
        return httpx.Response(self._statuses.pop(0) if self._statuses else 204)

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]


def subscription(**said: Any) -> SetSubscription:
    return SetSubscription(**{"email": JAN, "email_news": OUT, **said})


def mirror(**tags: Any) -> MirrorTags:
    return MirrorTags(email=JAN, tags=PanelTags(**tags))


# -- signed and named ----------------------------------------------------------------------------------------------------


async def test_the_shop_can_verify_every_notice() -> None:
    shop = Receiver()
    side = webhook(shop)
    assert (await side.set_subscription(subscription(email="żaneta@example.com"), 7)).outcome == Delivered()
    assert (await side.mirror_tags(mirror(points={"buty „zimowe”": 3}), 8)).outcome == Delivered()
    assert [body["type"] for body in shop.bodies] == ["newsletter.changed", "tags.changed"]
    assert shop.bodies[0]["data"]["email"] == "żaneta@example.com"
    assert all(request.headers["content-type"] == "application/json" for request in shop.requests)


async def test_a_changed_body_or_another_secret_does_not_verify() -> None:
    shop = Receiver()
    await webhook(shop).set_subscription(subscription(), 7)
    request = shop.requests[0]
    headers = dict(request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.content.replace(b"opt_out", b"opt_in "), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(request.content, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.content, {**headers, "webhook-id": "shop1-8"})


async def test_the_zone_of_the_clock_does_not_matter() -> None:
    shop = Receiver()
    warsaw = timezone(timedelta(hours=1))
    await webhook(shop, clock=lambda: datetime.now(warsaw)).set_subscription(subscription(), 7)
    assert len(shop.bodies) == 1


async def test_a_notice_keeps_its_name_on_every_try_and_shares_it_with_no_other() -> None:
    shop = Receiver(503, 500, 429, 204, 204)
    for _ in range(4):
        await webhook(shop).set_subscription(subscription(), 7)
    await webhook(shop).mirror_tags(mirror(points={"vip": 1}), 8)
    assert len(set(shop.ids[:4])) == 1
    assert len(set(shop.ids)) == 2


async def test_two_shops_do_not_name_their_notices_alike() -> None:
    receiver = Receiver()
    for name in ("shop1", "shop11", "shop1-1"):
        transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(receiver)), RateLimiter(1000))
        side = ShopWebhook(a_shop(id=name), URL, SECRET, transport, utc_now, public)
        for number in (1, 11):
            await side.set_subscription(subscription(), number)
    assert len(set(receiver.ids)) == 6


async def test_a_notice_is_dated_by_the_try_and_the_act_by_the_person() -> None:
    moments = iter([utc_now() - timedelta(minutes=2), utc_now()])
    shop = Receiver(503)
    side = webhook(shop, clock=lambda: next(moments))
    for _ in range(2):
        await side.set_subscription(subscription(), 7)
    tries = [int(request.headers["webhook-timestamp"]) for request in shop.requests]
    assert 119 <= tries[1] - tries[0] <= 121
    assert [int(datetime.fromisoformat(body["timestamp"]).timestamp()) for body in shop.bodies] == tries
    assert {body["data"]["channels"]["email"]["acted_at"] for body in shop.bodies} == {ACTED_AT.isoformat()}


async def test_the_secret_does_not_travel_and_is_in_no_result() -> None:
    shop = Receiver(500)
    answer = await webhook(shop).set_subscription(subscription(), 7)
    request = shop.requests[0]
    for told in (repr(answer), str(request.headers), request.content.decode()):
        assert SECRET not in told
        assert SECRET.removeprefix("whsec_") not in told


# -- what is said --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (
            subscription(),
            {"email": JAN, "channels": {"email": {"status": "opt_out", "acted_at": "2026-11-23T10:00:00+00:00"}}},
        ),
        (
            subscription(email_news=None, phone_news=IN, phone="+48600100200", customer_id="1024"),
            {
                "email": JAN,
                "customer_id": "1024",
                "phone": "+48600100200",
                "channels": {"sms": {"status": "opt_in", "acted_at": "2026-11-23T10:00:00+00:00"}},
            },
        ),
        (
            subscription(email_news=IN, phone_news=OUT),
            {
                "email": JAN,
                "channels": {
                    "email": {"status": "opt_in", "acted_at": "2026-11-23T10:00:00+00:00"},
                    "sms": {"status": "opt_out", "acted_at": "2026-11-23T10:00:00+00:00"},
                },
            },
        ),
    ],
)
async def test_a_newsletter_notice_names_the_channels_that_changed_and_no_other(command: SetSubscription, data: Json) -> None:
    shop = Receiver()
    await webhook(shop).set_subscription(command, 7)
    body = shop.bodies[0]
    assert (body["type"], body["data"]) == ("newsletter.changed", {"shop": "shop1", **data})
    assert set(body) == {"type", "timestamp", "data"}


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (
            mirror(points={"koszyk": 12, "vip": 1}, complete=True),
            {
                "tags": [{"name": "salesmanago_shop1_koszyk", "points": 12}, {"name": "salesmanago_shop1_vip", "points": 1}],
                "removed": [],
                "complete": True,
            },
        ),
        (
            mirror(points={"obuwie": 5}, sections=("obuwie", "męskie")),
            {
                "tags": [{"name": "salesmanago_obuwie", "points": 5}, {"name": "salesmanago_męskie", "points": 1}],
                "removed": [],
                "complete": False,
            },
        ),
        (
            mirror(gone=("koszyk",), complete=True),
            {"tags": [], "removed": ["salesmanago_shop1_koszyk", "salesmanago_koszyk"], "complete": True},
        ),
    ],
)
async def test_a_tag_notice_says_how_all_tags_should_be(command: MirrorTags, data: Json) -> None:
    shop = Receiver()
    await webhook(shop).mirror_tags(command, 7)
    body = shop.bodies[0]
    assert (body["type"], body["data"]) == ("tags.changed", {"shop": "shop1", "email": JAN, **data})


async def test_a_shop_learns_its_own_number() -> None:
    shop = Receiver()
    await webhook(shop, number=3).mirror_tags(mirror(points={"vip": 2}, gone=("koszyk",)), 7)
    assert shop.bodies[0]["data"]["tags"] == [{"name": "salesmanago_shop3_vip", "points": 2}]
    assert shop.bodies[0]["data"]["removed"] == ["salesmanago_shop3_koszyk", "salesmanago_koszyk"]


async def test_a_notice_never_takes_away_the_tag_of_another_shop() -> None:
    shop = Receiver()
    await webhook(shop).mirror_tags(mirror(gone=("shop2_vip",), complete=True), 7)
    assert shop.bodies[0]["data"]["removed"] == ["salesmanago_shop1_shop2_vip"]


async def test_no_notice_asks_for_a_tag_and_against_it() -> None:
    shop = Receiver()
    await webhook(shop).mirror_tags(mirror(points={"vip": 2}, sections=("obuwie",), gone=("koszyk", "stare"), complete=True), 7)
    data = shop.bodies[0]["data"]
    assert not {tag["name"] for tag in data["tags"]} & set(data["removed"])


# -- what became of it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Delivered()),
        (201, {}, Delivered()),
        (202, {}, Delivered()),
        (204, {}, Delivered()),
        (400, {}, NeedsPerson(Reason.PANEL_REFUSED, "HTTP 400")),
        (410, {}, NeedsPerson(Reason.PANEL_REFUSED, "HTTP 410")),
        (413, {}, NeedsPerson(Reason.PANEL_REFUSED, "HTTP 413")),
        (422, {}, NeedsPerson(Reason.PANEL_REFUSED, "HTTP 422")),
        (401, {}, Refused("HTTP 401", account_wide=True)),
        (403, {}, Refused("HTTP 403", account_wide=True)),
        (404, {}, Refused("HTTP 404", account_wide=True)),
        (405, {}, Refused("HTTP 405", account_wide=True)),
        (429, {}, Throttled(None)),
        (429, {"Retry-After": "30"}, Throttled(30.0)),
        (503, {"Retry-After": "7"}, Throttled(7.0)),
        (503, {}, Unreachable("HTTP 503")),
        (500, {}, Unknown("HTTP 500")),
        (502, {}, Unknown("HTTP 502")),
        (504, {}, Unknown("HTTP 504")),
    ],
)
async def test_every_answer_of_the_shop_is_a_value(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    for send in ("set_subscription", "mirror_tags"):
        side = webhook(lambda _request: httpx.Response(status, headers=headers, content=b"<html>jan@example.com"))
        command = subscription() if send == "set_subscription" else mirror(points={"vip": 1})
        answer = await getattr(side, send)(command, 7)
        assert answer.outcome == outcome
        assert JAN not in repr(answer)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(httpx.ConnectError, Unreachable), (httpx.ReadTimeout, Unknown), (httpx.RemoteProtocolError, Unknown)],
)
async def test_a_broken_connection_is_a_value(error: type[httpx.TransportError], kind: type) -> None:
    def network(request: httpx.Request) -> httpx.Response:
        raise error("planted", request=request)

    assert isinstance((await webhook(network).set_subscription(subscription(), 7)).outcome, kind)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    called: list[str] = []

    def network(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return httpx.Response(status, headers={"Location": "https://169.254.169.254/latest/"})

    outcome = (await webhook(network).set_subscription(subscription(), 7)).outcome
    assert isinstance(outcome, Unreachable)
    assert called == [f"https://{ADDRESS}/hooks/gateway"]


async def test_the_trace_of_a_notice_says_what_when_and_how_it_ended() -> None:
    moment = utc_now()
    answer = await webhook(Receiver(503), clock=lambda: moment).set_subscription(subscription(), 7)
    call = answer.call
    assert (call.path, call.started_at, call.outcome, call.detail) == ("newsletter.changed", moment, "unreachable", "HTTP 503")


# -- where it goes -------------------------------------------------------------------------------------------------------


async def test_a_notice_goes_to_the_checked_address_under_the_name_of_the_shop() -> None:
    shop = Receiver()
    await webhook(shop, url="https://shop.example.com:8443/hooks").set_subscription(subscription(), 7)
    request = shop.requests[0]
    assert (request.method, str(request.url)) == ("POST", f"https://{ADDRESS}:8443/hooks")
    assert request.headers["host"] == "shop.example.com:8443"
    assert request.extensions["sni_hostname"] == "shop.example.com"


async def test_a_shop_may_have_polish_letters_in_its_name() -> None:
    shop = Receiver()
    answer = await webhook(shop, url="https://żółw.example/hooks").set_subscription(subscription(), 7)
    assert answer.outcome == Delivered()
    assert shop.requests[0].headers["host"] == "xn--w-uga1v8h.example"


@pytest.mark.parametrize("url", ["http://shop.example.com/hooks", "https://shop.example.com:25/", "https://127.0.0.1/"])
async def test_an_address_that_may_not_be_called_is_not(url: str) -> None:
    async def resolver(host: str, _port: int) -> list[str]:
        return [host if host[0].isdigit() else ADDRESS]

    shop = Receiver()
    outcome = (await webhook(shop, url=url, resolve=resolver).set_subscription(subscription(), 7)).outcome
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert shop.requests == []
    open_shop = Receiver()
    allowed = webhook(open_shop, url=url, resolve=resolver, allow_private_targets=True)
    assert (await allowed.set_subscription(subscription(), 7)).outcome == Delivered()
    assert len(open_shop.requests) == 1


async def test_a_name_that_is_not_found_is_asked_for_again_later() -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    shop = Receiver()
    outcome = (await webhook(shop, resolve=resolver).set_subscription(subscription(), 7)).outcome
    assert isinstance(outcome, Unreachable)
    assert shop.requests == []


async def test_a_name_that_moves_inside_later_is_checked_on_every_notice() -> None:
    answers = iter([[ADDRESS], ["10.0.0.1"], [ADDRESS, "10.0.0.1"], [ADDRESS]])

    async def resolver(_host: str, _port: int) -> list[str]:
        return next(answers)

    shop = Receiver()
    side = webhook(shop, resolve=resolver)
    outcomes = [(await side.set_subscription(subscription(), number)).outcome for number in range(4)]
    assert [type(outcome) for outcome in outcomes] == [Delivered, Refused, Refused, Delivered]
    assert {request.url.host for request in shop.requests} == {ADDRESS}


# -- no connection at all ------------------------------------------------------------------------------------------------


async def test_without_a_connection_everything_waits_for_a_person() -> None:
    moment = utc_now()
    side = NotConnected(lambda: moment)
    for answer in (await side.set_subscription(subscription(), 1), await side.mirror_tags(mirror(points={"vip": 1}), 2)):
        assert answer.outcome == NeedsPerson(Reason.NOT_CONNECTED)
        assert (answer.call.started_at, answer.call.outcome) == (moment, "by_hand")
    told = await side.report_erasure(ReportErasure(email="jan@example.com", erased_by="shop1", at=moment), 3)
    assert told.outcome == NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP)
