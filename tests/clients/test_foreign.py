"""R73: whatever a foreign API answers, a client's method ends in a value of its port that every store and encoder takes."""

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients import foreign
from app.clients.foreign import DEEPEST, LONGEST_TEXT, MOST_VALUES, TooMuch, foreign_json, foreign_object
from app.clients.idosell import answers as panel_answers
from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.salesmanago.answers import MOST_EVENTS, MOST_TAGS
from app.clients.salesmanago.client import SalesmanagoClient
from app.clients.salesmanago.jobs import JobTimes
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import ANSWER_LIMIT_BYTES, TOO_LARGE, Outgoing, Reply, Transport, retry_after
from app.domain.commands import AddEvent, DeleteContact, EventKind, MirrorTags, SetSubscription, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.answers import Answer, LookupResult, Modified
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown
from app.domain.panel_tags import PanelTags
from app.domain.runs.backfill import Listing
from app.domain.shops.shop import Account, Panel, PanelKind
from app.formats.words import UNREADABLE
from app.storage.engine import codec
from app.storage.engine.tables import Instant
from tests.support.builders import a_shop

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
JAN = "jan@example.com"
Json = Any  # what others answer has any shape

# -- what is kept ---------------------------------------------------------------------------------------------------------


def leaves(value: object) -> Iterator[object]:
    if is_dataclass(value):
        for one in fields(value):
            yield from leaves(getattr(value, one.name))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (name, *leaves(one))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def assert_storable(value: object) -> None:
    codec.encode(value)
    for leaf in leaves(value):
        match leaf:
            case str():
                assert leaf == leaf.encode().decode()
                assert "\x00" not in leaf
                assert len(leaf) <= LONGEST_TEXT
            case bool() | None:
                pass
            case int():
                assert -(2**63) <= leaf < 2**63
            case datetime():
                assert -(2**63) <= (Instant().bind_processor(None)(leaf) or 0) < 2**63


# -- what is answered -----------------------------------------------------------------------------------------------------


class Written(float):
    """A number that stands in an answer exactly as it is written here."""

    def __new__(cls, text: str) -> "Written":
        made = super().__new__(cls, 0.0)
        made.text = text
        return made

    def __deepcopy__(self, _memo: object) -> "Written":
        return self


quoted = cache(json.dumps)


def written(value: Json) -> str:
    """As `json.dumps`, and what it would not write: numbers without end."""
    if isinstance(value, Written):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(str(name))}:{written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


NESTED = Written("[" * 1200 + "]" * 1200)
WORDS = ["\ud83d", "VIP\ud83d", "a\x00b", "\x1b[2J", "x" * 20_000, "", "@", "\u00b2", "9" * 30, "-1"]
DATES = ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "0000-00-00"]
SHAPES = [None, True, False, [], {}, [[]], {"a": []}, [None], NESTED]
NUMBERS = [Written(one) for one in ("1e999", "-1e999", "NaN", "9" * 25, "9" * 6000, "-0", "0.1", "-5", str(10**18))]
UGLY: list[Json] = [*WORDS, *DATES, *SHAPES, *NUMBERS]


def places(value: Json, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, one in inner for place in places(one, (*at, name)))]


def with_value(right: Json, place: tuple[Any, ...], value: Json) -> Json:
    """A right answer in which one value is another; as it is, if what held the value is another already."""
    answer = copy.deepcopy(right)
    holder = answer
    try:
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = value
    except (TypeError, KeyError, IndexError):
        return right
    return answer


def every_spoil(*answers: Json) -> Iterator[tuple[Json, tuple[Any, ...], Json]]:
    return ((whole, place, ugly) for whole in answers for place in places(whole)[1:] for ugly in UGLY)


@st.composite
def spoiled(draw: st.DrawFn, right: Json) -> bytes:
    """A right answer in which some values are others."""
    answer = right
    for place in draw(st.lists(st.sampled_from(places(right)[1:]), min_size=1, max_size=4)):
        answer = with_value(answer, place, draw(st.sampled_from(UGLY) | st.text(st.characters(exclude_categories=()), max_size=3)))
    return draw(st.sampled_from(["", "\ufeff"])).encode() + written(answer).encode()


NO_CLIENT: Any = None


class Reading(Transport):
    """Every request is answered by a 200 with this body, without a client's work: what is shown is how the body is read."""

    def __init__(self, body: Callable[[Outgoing], Json]) -> None:
        super().__init__(NO_CLIENT, RateLimiter(10_000, 100))
        self._body = body

    async def _within_deadline(self, request: Outgoing) -> Reply:
        return Reply(200, written(self._body(request)).encode())


def path_of(request: Outgoing) -> str:
    return urlsplit(request.url).path


OK = {"success": True, "message": []}
CONTACT = {
    "id": "uuid",
    "email": JAN,
    "name": "Jan",
    "deleted": False,
    "optedOut": True,
    "optedOutPhone": False,
    "contactTags": [{"tag": "VIP", "score": 3, "createdOn": 1_700_000_000_000}, {"tagName": "B", "score": 1}],
    "contactExtEvents": [{"date": 1_700_000_000_000, "contactExtEventType": "PURCHASE", "externalId": "o1"}],
    "properties": [{"name": "a", "value": "b"}],
}
UPSTREAM: dict[str, Json] = {
    "/api/contact/upsert": {**OK, "contactId": "uuid-1"},
    "/api/contact/batchupsertv2": {**OK, "requestId": 17},
    "/api/job/status": {**OK, "message": None, "fileUrl": "https://a.example/file"},
    "/api/v2/contact/addContactExtEvent": {**OK, "eventId": "e-1"},
    "/api/v2/contact/updateContactExtEvent": {**OK, "eventId": "e-1"},
    "/api/v2/contact/addBatchContactExtEvent": {**OK, "createdAmount": 2, "failedContacts": ["ewa@example.com"]},
    "/api/contact/delete": {**OK, "result": "deleted"},
    "/api/contact/hasContact": {**OK, "result": False},
    "/api/contact/list": {**OK, "contacts": [CONTACT, {**CONTACT, "email": "ewa@example.com"}]},
    "/api/contact/basic": {**OK, "contacts": [CONTACT]},
    "/api/contact/paginatedModifiedContacts": {**OK, "modifiedContacts": [{"email": JAN}, {"email": "b@x.pl"}], "hasMore": True},
    "/api/user/listByClient": {**OK, "users": ["owner@example.com"]},
}
REFUSED = {"success": False, "message": ["Contact jan@example.com is bad", "and worse"]}
VISIT = AddEvent(email=JAN, kind=EventKind.VISIT, at=NOW, external_id="v", location="x", shop_host="y")
ASK_UPSTREAM: dict[str, Callable[[SalesmanagoClient], Any]] = {
    "upsert": lambda client: client.upsert(UpsertContact(email=JAN)),
    "upsert_many": lambda client: client.upsert_many([UpsertContact(email=JAN)]),
    "add_event": lambda client: client.add_event(VISIT),
    "update_event": lambda client: client.update_event(VISIT),
    "add_events": lambda client: client.add_events([VISIT, VISIT]),
    "delete": lambda client: client.delete(DeleteContact(email=JAN)),
    "look_up": lambda client: client.look_up([JAN]),
    "statuses": lambda client: client.statuses([JAN]),
    "modified": lambda client: client.modified(NOW, NOW, 1),
    "owners": lambda client: client.owners(),
}


def upstream(handler: Callable[[httpx.Request], httpx.Response]) -> SalesmanagoClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return upstream_by(Transport(http, RateLimiter(10_000, 100)))


def upstream_by(transport: Transport) -> SalesmanagoClient:
    account = Account(id="main", endpoint="https://app3.example.com", client_id="c", owner="owner@example.com")
    return SalesmanagoClient(account, "secret", transport, lambda: NOW)


@pytest.fixture(autouse=True)
def _jobs_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobTimes, "waits", lambda self: iter([0.0, 0.0]))


@pytest.mark.parametrize("method", ASK_UPSTREAM)
async def test_r73_no_value_in_no_place_of_salesmanagos_answers_does_harm(method: str) -> None:
    answers = dict(UPSTREAM)
    client = upstream_by(Reading(lambda request: answers[path_of(request)]))
    for path in await asked_by(method):
        right = UPSTREAM[path]
        for whole, place, ugly in every_spoil(right, REFUSED):
            answers[path] = with_value(whole, place, ugly)
            assert_storable(await ASK_UPSTREAM[method](client))
        answers[path] = right


async def asked_by(method: str) -> set[str]:
    """The paths that a method calls, where all is well."""
    asked = set[str]()

    def right(request: Outgoing) -> Json:
        asked.add(path_of(request))
        return UPSTREAM[path_of(request)]

    await ASK_UPSTREAM[method](upstream_by(Reading(right)))
    assert asked
    return asked


@pytest.mark.parametrize("method", ASK_UPSTREAM)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_r73_whatever_salesmanago_answers_is_a_value_that_can_be_kept(method: str, data: st.DataObject) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        right = data.draw(st.sampled_from([UPSTREAM[request.url.path]] * 3 + [REFUSED]))
        return httpx.Response(data.draw(st.sampled_from([200, 200, 200, 400])), content=data.draw(spoiled(right)))

    answer = asyncio.run(ASK_UPSTREAM[method](upstream(handler)))
    assert isinstance(answer, Answer | LookupResult | Modified | list | Outcome)
    assert_storable(answer)


ROW = {
    "clientId": 7,
    "clientLogin": "jan",
    "clientEmail": JAN,
    "clientType": "male",
    "isUnregistered": "n",
    "clientBillingAddress": {"clientFirstName": "Jan", "clientLastName": "K", "clientCountryId": "pl", "clientPhone1": "600100200"},
    "clientPersonalData": {"clientBirthDate": "1987-06-05"},
    "clientPreferences": {"langId": "pol", "clientIsWholesaler": "no"},
    "newsletterEmailApprovalsData": [{"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": 1}],
    "newsletterSmsApprovalsData": [{"newsletterSmsApprovalDate": "2025-03-18 18:49:21", "shopId": 1}],
    "clientActiveInShops": [{"shopId": 1}],
}
PANEL: dict[str, Json] = {
    "POST clients/crm/search": {"resultsPage": 0, "clientsResults": [{"clientId": 7, "clientEmail": JAN}], "errors": []},
    "GET clients/clients": {
        "resultsPage": 0,
        "resultsNumberAll": 1,
        "resultsNumberPage": 1,
        "results": [ROW],
        "errors": {"faultCode": 0, "faultString": ""},
    },
    "PUT clients/clients": {
        "results": [{"resultStatus": True, "errors": {"faultCode": 0}}],
        "errors": {"faultCode": 0, "faultString": ""},
    },
    "GET clients/tags": {"results": [{"tagId": 1, "tagName": "idosell_vip", "tagValue": 2}], "errors": []},
    "POST clients/tags": {"results": [{}], "errors": []},
    "PUT clients/tags": {"results": [{}], "errors": []},
    "POST clients/tags/delete": {"results": [{}], "errors": []},
    "GET system/serverTime": {"results": "2025-03-18 18:49:21"},
    "GET system/serverLoad": {"serverLoadStatus": "ok"},
}
BROKEN = {"errors": {"faultCode": 4, "faultString": "Scope: crm, level: rw"}, "results": []}
OPT_OUT = SetSubscription(email=JAN, email_news=TimedStatus(Status.OPT_OUT, NOW), phone_news=TimedStatus(Status.OPT_IN, NOW))
ASK_PANEL: dict[str, Callable[[IdosellPanel], Any]] = {
    "set_subscription": lambda side: side.set_subscription(OPT_OUT, 1),
    "mirror_tags": lambda side: side.mirror_tags(MirrorTags(email=JAN, tags=PanelTags({"vip": 3}), customer_id=None), 1),
    "accounts": lambda side: side.accounts(0, NOW),
    "examine": lambda side: side.examine(),
    "is_overloaded": lambda side: side.is_overloaded(),
}


def panel(handler: Callable[[httpx.Request], httpx.Response]) -> IdosellPanel:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return panel_by(Transport(http, RateLimiter(10_000, 100)))


def panel_by(transport: Transport) -> IdosellPanel:
    shop = a_shop(number=1, panel=Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example.com", version="v8"))
    return IdosellPanel(shop, "key", transport, lambda: NOW)


def gate_of(method: str, path: str) -> str:
    return f"{method} {path.partition('/v8/')[2]}"


@pytest.mark.parametrize("gate", PANEL)
async def test_r73_no_value_in_no_place_of_the_panels_answers_does_harm(gate: str) -> None:
    answers = dict(PANEL)
    side = panel_by(Reading(lambda request: answers[gate_of(request.method, path_of(request))]))
    methods = {"GET clients/clients": ("set_subscription", "accounts"), "GET system/serverTime": ("examine",)}
    methods |= {"GET system/serverLoad": ("is_overloaded",), "POST clients/crm/search": ("set_subscription", "mirror_tags")}
    methods |= {"PUT clients/clients": ("set_subscription",)}
    for whole, place, ugly in every_spoil(PANEL[gate], BROKEN):
        answers[gate] = with_value(whole, place, ugly)
        for method in methods.get(gate, ("mirror_tags",)):
            assert_storable(await ASK_PANEL[method](side))


@pytest.mark.parametrize("method", ASK_PANEL)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_r73_whatever_the_panel_answers_is_a_value_that_can_be_kept(method: str, data: st.DataObject) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        right = data.draw(st.sampled_from([PANEL[gate_of(request.method, request.url.path)]] * 4 + [BROKEN]))
        status = data.draw(st.sampled_from([200, 200, 200, 207, 400, 403]))
        return httpx.Response(status, content=data.draw(spoiled(right)), headers={"x-error": "Scope: crm, level: r"})

    answer = asyncio.run(ASK_PANEL[method](panel(handler)))
    assert isinstance(answer, Answer | Listing | Outcome | str | bool | None)
    assert_storable(answer)


@settings(max_examples=30, deadline=None)
@given(content=spoiled(REFUSED), status=st.sampled_from([200, 400, 404, 410, 422]))
def test_r73_whatever_a_shop_answers_to_a_notice_is_a_value_that_can_be_kept(content: bytes, status: int) -> None:
    async def public(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34"]

    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: httpx.Response(status, content=content)))
    url, secret = "https://shop.example.com/hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    hook = ShopWebhook(a_shop(), url, secret, Transport(http, RateLimiter(10_000)), lambda: NOW, public)
    assert_storable(asyncio.run(hook.set_subscription(OPT_OUT, 1)))


# -- each in its own place ------------------------------------------------------------------------------------------------


def says(body: Json, status: int = 200, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    content = body if isinstance(body, bytes) else written(body).encode()
    return lambda _request: httpx.Response(status, content=content, headers=headers)


UGLY_TAGS = [{"tag": "VIP\ud83d", "score": Written("1e999")}, {"tag": "B", "score": True}, {"tag": 7}, None, {"tag": "x" * 300}]


async def test_r73_one_ugly_tag_changes_nothing_of_the_others_of_an_answer() -> None:
    ugly = {**CONTACT, "email": "ewa@example.com", "contactTags": UGLY_TAGS, "properties": NESTED}
    seen = await upstream(says({**OK, "contacts": [ugly, CONTACT]})).look_up([JAN, "ewa@example.com"])
    assert seen.contacts[JAN].tags == {"VIP": 3, "B": 1}
    assert seen.contacts[JAN].opted_out is True
    assert seen.contacts["ewa@example.com"].tags == {f"VIP{UNREADABLE}": 1, "B": 1}


@pytest.mark.parametrize(
    "date", [10**18, -1, True, "1700000000000", None, Written("1e999"), Written("9" * 25), 253_402_300_800_000]
)
async def test_r73_an_event_with_an_absurd_date_is_left_out_alone(date: Json) -> None:
    events = [{**CONTACT["contactExtEvents"][0], "date": date}, CONTACT["contactExtEvents"][0]]
    seen = await upstream(says({**OK, "contacts": [{**CONTACT, "contactExtEvents": events}]})).look_up([JAN])
    assert [event.external_id for event in seen.contacts[JAN].events] == ["o1"]


async def test_r73_bytes_that_are_no_utf8_spoil_the_word_they_stand_in_alone() -> None:
    body = written({**OK, "contacts": [{**CONTACT, "contactTags": [{"tag": "Obuwie"}, {"tag": "LATIN"}]}]}).encode()
    seen = await upstream(says(body.replace(b"LATIN", b"kurtka zi\xb3"))).look_up([JAN])
    assert set(seen.contacts[JAN].tags) == {"Obuwie", f"kurtka zi{UNREADABLE}"}


async def test_r73_who_was_not_asked_about_is_not_listened_to() -> None:
    strangers = [{**CONTACT, "email": f"s{number}@example.com"} for number in range(100)]
    seen = await upstream(says({**OK, "contacts": [*strangers, CONTACT]})).look_up([JAN])
    assert set(seen.contacts) == {JAN}


@pytest.mark.parametrize(
    "contact",
    [
        {**CONTACT, "contactTags": [{"tag": str(number)} for number in range(MOST_TAGS + 1)]},
        {**CONTACT, "contactExtEvents": CONTACT["contactExtEvents"] * (MOST_EVENTS + 1)},
        {**CONTACT, "properties": [0] * (MOST_VALUES + 1)},
    ],
    ids=["tags", "events", "values"],
)
async def test_r73_a_contact_too_large_to_be_read_is_refused_of_the_item_so_that_a_read_is_halved(contact: Json) -> None:
    seen = await upstream(says({**OK, "contacts": [contact]})).look_up([JAN])
    assert seen.answer.outcome == Refused("SALESmanago shows more than we read")
    assert seen.contacts == {}


async def test_r73_an_answer_too_long_to_be_read_is_halved_and_of_one_contact_asked_for_again() -> None:
    """A proxy's rubbish is no word of SALESmanago about the person: nobody is parked for it."""
    endless = upstream(lambda request: httpx.Response(200, content=b" " * (ANSWER_LIMIT_BYTES + 1)))
    assert (await endless.look_up([JAN, "ewa@example.pl"])).answer.outcome == Refused("SALESmanago shows more than we read")
    assert (await endless.look_up([JAN])).answer.outcome == TOO_LARGE


async def test_r73_an_unreadable_id_is_no_promise_kept() -> None:
    for given_id in ({"a": 1}, [], True, None):
        answer = await upstream(says({**OK, "contactId": given_id})).upsert(UpsertContact(email=JAN))
        assert answer.outcome == Unknown("success without contactId")
    answer = await upstream(says({**OK, "contactId": "x\ud83d\x00"})).upsert(UpsertContact(email=JAN))
    assert answer.outcome == Delivered(f"x{UNREADABLE}{UNREADABLE}")


@pytest.mark.parametrize("number", ["1" + "0" * 18 + "7", "9" * 30, 10**30, Written("9" * 25)])
def test_r73_a_number_with_too_many_digits_is_nobodys_number(number: Json) -> None:
    read = foreign_json(written({"clientId": number}).encode())
    assert panel_answers.whole(read["clientId"]) is None


@pytest.mark.parametrize("date", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/New_York"])
def test_r73_an_agreement_on_the_edge_of_the_calendar_does_not_stop_the_page(date: str, zone: str) -> None:
    shop = a_shop(number=1, time_zone=zone)
    row = {**ROW, "newsletterEmailApprovalsData": [{"newsletterEmailApprovalDate": date, "shopId": 1}]}
    (account,) = panel_answers.listed_accounts({"results": [row]}, shop)
    assert account.customer is not None
    assert account.customer.newsletter_email is not None


def test_r73_an_address_with_an_unreadable_sign_is_nobody_elses() -> None:
    for address in (f"{JAN}\x00", f"\x00{JAN}", f"{JAN}\ud83d"):
        answer = foreign_json(written({"results": [{**ROW, "clientEmail": address}]}).encode())
        (account,) = panel_answers.listed_accounts(answer, a_shop(number=1))
        assert account.customer is None
        assert panel_answers.accounts(answer)[0].email != JAN


def test_r73_names_lose_what_cannot_be_read_and_keep_the_rest() -> None:
    row = {**ROW, "clientBillingAddress": {"clientFirstName": "Anna \ud83d", "clientLastName": "No\x00wak"}}
    (account,) = panel_answers.listed_accounts(foreign_json(written({"results": [row]}).encode()), a_shop(number=1))
    assert account.customer is not None
    assert (account.customer.first_name, account.customer.last_name) == ("Anna", "No wak")


async def test_r73_a_panel_that_ignores_the_length_of_a_page_is_not_read_to_its_end() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(says({"results": [ROW] * 1000})))
    shop = a_shop(number=1, panel=Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example.com"))
    listing = await IdosellPanel(shop, "key", Transport(http, RateLimiter(10_000)), lambda: NOW).accounts(0)
    assert listing.answer.outcome == Refused("the panel ignored the limit of a page", account_wide=True)


# -- reading --------------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_r73_what_is_clean_is_read_as_it_is(value: Json) -> None:
    clean = json.loads(json.dumps(value), strict=False)
    assert foreign_json(json.dumps(foreign._cleaned(clean, 0)).encode()) == foreign._cleaned(clean, 0)


@pytest.mark.parametrize("depth", [DEEPEST - 2, DEEPEST, DEEPEST + 1, 500, 50_000])
def test_r73_what_is_nested_without_end_is_left_out_and_what_stands_beside_it_is_read(depth: int) -> None:
    read = foreign_json(b'{"deep": ' + b"[" * depth + b"]" * depth + b', "text": "[[]]{\\"", "next": 1}')
    assert (read["text"], read["next"]) == ('[[]]{"', 1)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{", b"[" * 100_000, b'"' + b'\\"' * 100_000, b'{"a": tr', b"\xff\xfe"])
def test_r73_what_is_no_json_is_none(raw: bytes) -> None:
    assert foreign_json(raw) is None


async def test_r73_an_answer_of_too_many_values_is_not_read() -> None:
    with pytest.raises(TooMuch):
        await foreign_object(b'{"a": [' + b"0," * MOST_VALUES + b"0]}")
    assert await foreign_object(b'{"a": [' + b"0," * 1000 + b"0]}") == {"a": [0] * 1001}


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 01 Jan 0 00:00:00 GMT",
        "Mon, 32 Foo 2026",
        "²",
        "Mon, 01 Jan 9999 23:59:59 -2359",
    ],
)
def test_r73_an_absurd_retry_after_is_none_or_a_number(value: str) -> None:
    asked = retry_after({"retry-after": value}, NOW)
    assert asked is None or asked >= 0
