"""The real client over a swapped transport: every kind of answer becomes a value."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from app.clients.rate_limiter import RateLimiter
from app.clients.salesmanago import client as module
from app.clients.salesmanago.client import SalesmanagoClient
from app.clients.salesmanago.jobs import JobTimes
from app.clients.transport import Transport, retry_after, scrubbed
from app.domain.commands import AddEvent, DeleteContact, EventKind, UpsertContact
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.delivery.verify import RemoteEvent
from app.domain.shops.shop import Account

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ACCOUNT = Account(id="main", endpoint="https://app3.example.com", client_id="c", owner="owner@example.com")
UPSERT = UpsertContact(email="jan@example.com")
Handler = Callable[[httpx.Request], httpx.Response]


def visit(email: str = "jan@example.com") -> AddEvent:
    return AddEvent(email=email, kind=EventKind.VISIT, at=NOW, external_id="v", location="x", shop_host="y")


def client(handler: Handler) -> SalesmanagoClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return SalesmanagoClient(ACCOUNT, "secret", Transport(http, RateLimiter(10_000)), lambda: NOW)


def says(body: Any, status: int = 200, **headers: str) -> Handler:
    def handler(_request: httpx.Request) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return handler


def fails(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("planted", request=request)

    return handler


OK = {"success": True, "message": [], "contactId": "uuid-1"}


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (says(OK), Delivered("uuid-1")),
        (says({"success": True, "message": []}), Unknown("success without contactId")),
        (says({"success": False, "message": ["No email specified"]}), Refused("No email specified")),
        (says({"success": False, "message": "as plain text"}), Refused("as plain text")),
        (says({"success": False, "message": None}), Refused("refused without a word")),
        (says({"success": False, "message": ["Bad jan@example.com"]}), Refused("Bad <address>")),
        (says({"success": False, "message": ["User not authenticated"]}), Refused("User not authenticated", account_wide=True)),
        (says({"success": False, "message": ["Not authenticated"]}), Refused("Not authenticated", account_wide=True)),
        (says({"success": "yes"}), Unknown("HTTP 200 without a JSON answer")),
        (says(b"<html>maintenance</html>"), Unknown("HTTP 200 without a JSON answer")),
        (says(b""), Unknown("HTTP 200 without a JSON answer")),
        (says(b'{"success": tr'), Unknown("HTTP 200 without a JSON answer")),
        (says(b"[" * 100_000), Unknown("HTTP 200 without a JSON answer")),
        (says(b"", 429), Throttled(None)),
        (says(b"", 429, Retry_After="30"), Throttled(30.0)),
        (says(b"", 503, Retry_After="7"), Throttled(7.0)),
        (says(b"", 503), Unreachable("HTTP 503")),
        (says(b"<html>", 500), Unknown("HTTP 500")),
        (says(b"<html>", 502), Unknown("HTTP 502")),
        (says(b"<html>", 504), Unknown("HTTP 504")),
        (says(b"", 302, Location="https://elsewhere.example.com"), Unreachable("HTTP 302: redirected")),
        (says(b"", 401), Refused("HTTP 401", account_wide=True)),
        (says(b"", 403), Refused("HTTP 403", account_wide=True)),
        (says(b"", 404), Refused("HTTP 404", account_wide=True)),
        (says(b"x", 400), Refused("HTTP 400")),
        (fails(httpx.ConnectError), Unreachable("ConnectError")),
        (fails(httpx.ConnectTimeout), Unreachable("ConnectTimeout")),
        (fails(httpx.ReadTimeout), Unknown("ReadTimeout")),
        (fails(httpx.WriteError), Unknown("WriteError")),
        (fails(httpx.RemoteProtocolError), Unknown("RemoteProtocolError")),
    ],
)
async def test_every_answer_is_a_value(handler: Handler, outcome: Outcome) -> None:
    assert (await client(handler).upsert(UPSERT)).outcome == outcome


async def test_a_connection_that_was_not_made_is_tried_again_at_once() -> None:
    tries = []

    def handler(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) == 1:
            raise httpx.ConnectError("blip", request=request)
        return httpx.Response(200, json=OK)

    assert (await client(handler).upsert(UPSERT)).outcome == Delivered("uuid-1")
    assert len(tries) == 2


async def test_what_may_have_been_applied_is_not_repeated_inside_a_call() -> None:
    tries = []

    def handler(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ReadTimeout("late", request=request)

    await client(handler).add_event(visit())
    assert len(tries) == 1


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 1024 * 1024

    answer = await client(lambda _request: httpx.Response(200, content=endless())).upsert(UPSERT)
    assert answer.outcome == Unknown("the answer is larger than we read")


async def test_every_body_is_signed_and_names_the_owner() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=OK)

    await client(handler).upsert(UPSERT)
    body = json.loads(seen[0].content)
    assert seen[0].url == "https://app3.example.com/api/contact/upsert"
    assert {"clientId", "apiKey", "requestTime", "sha", "owner", "contact"} <= body.keys()
    assert "python" not in seen[0].headers["user-agent"].lower()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JobTimes", lambda: JobTimes(0.001))


async def test_a_batch_is_delivered_once_its_job_has_ended(hurried: None) -> None:
    polls = iter([{"success": True, "message": ["50 %"]}, {"success": True, "message": [], "fileUrl": "https://f"}])
    paths: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(
            200, json=next(polls) if request.url.path == "/api/job/status" else {"success": True, "message": [], "requestId": 7}
        )

    assert (await client(handler).upsert_many([UPSERT])).outcome == Delivered("7")
    assert paths == ["/api/contact/batchupsertv2", "/api/job/status", "/api/job/status"]


async def test_a_batch_without_request_id_is_not_believed() -> None:
    assert (await client(says({"success": True, "message": []})).upsert_many([UPSERT])).outcome == Unknown(
        "success without requestId"
    )


async def test_a_job_that_never_ends_is_an_unknown_outcome(hurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOB_PATIENCE_SECONDS", 0.01)
    answers = {"/api/contact/batchupsertv2": {"success": True, "message": [], "requestId": 7}}
    running = client(
        lambda request: httpx.Response(200, json=answers.get(request.url.path, {"success": True, "message": ["running"]}))
    )
    assert isinstance((await running.upsert_many([UPSERT])).outcome, Unknown)


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        ({"createdAmount": 2, "failedAmount": 0, "failedContacts": []}, [Delivered, Delivered]),
        ({"createdAmount": 1, "failedAmount": 1, "failedContacts": ["A@example.com"]}, [Refused, Delivered]),
        ({"createdAmount": 1, "failedAmount": 0, "failedContacts": []}, [Unknown, Unknown]),
        ({"createdAmount": 0, "failedAmount": 1, "failedContacts": ["a@example.com"]}, [Refused, Unknown]),
        ({}, [Unknown, Unknown]),
    ],
)
async def test_a_batch_of_events_is_believed_only_as_far_as_it_was_counted(
    answer: dict[str, Any], outcomes: list[type[Outcome]]
) -> None:
    answers = await client(says({"success": True, "message": [], **answer})).add_events(
        [visit("a@example.com"), visit("b@example.com")]
    )
    assert [type(one.outcome) for one in answers] == outcomes


async def test_the_old_path_serves_where_the_new_one_is_not_there() -> None:
    paths: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path.startswith("/api/v2/"):
            return httpx.Response(404, text="<html>")
        return httpx.Response(
            200, json={"success": True, "message": [], "createdAmount": 1, "failedAmount": 0, "failedContacts": []}
        )

    speaking = client(handler)
    for _ in range(2):
        (answer,) = await speaking.add_events([visit()])
        assert answer.outcome == Delivered()
    assert paths == ["/api/v2/contact/addBatchContactExtEvent"] + ["/api/contact/batchAddContactExtEvent"] * 2


async def test_a_verification_asks_for_fifty_at_a_time_and_matches_by_address() -> None:
    asked: list[list[str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        emails = json.loads(request.content)["email"]
        asked.append(emails)
        tags = [{"tag": "SHOP_1", "score": 1}]
        events = [{"date": 1767225600123, "contactExtEventType": "PURCHASE", "externalId": "5501"}, {"date": None}, "odd"]
        shown = [
            {"id": "x", "email": email.upper(), "deleted": False, "contactTags": tags, "contactExtEvents": events}
            for email in emails
            if email != "p0@example.com"
        ]
        return httpx.Response(200, json={"success": True, "message": [], "contacts": shown})

    seen = await client(handler).look_up([f"p{number}@example.com" for number in range(60)])
    assert [len(emails) for emails in asked] == [50, 10]
    assert len(seen.contacts) == 59
    contact = seen.contacts["p1@example.com"]
    assert contact.tags == {"SHOP_1": 1}
    assert set(contact.events) == {RemoteEvent("PURCHASE", "5501", datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC))}


async def test_a_verification_that_fails_says_so_and_shows_nobody() -> None:
    seen = await client(says(b"", 502)).look_up(["a@example.com"])
    assert seen.contacts == {}
    assert seen.answer.outcome == Unknown("HTTP 502")


@pytest.mark.parametrize(
    ("delete", "has", "outcome"),
    [
        (
            b'{"success": true, "message": [], "result": "Contact deleted"}',
            {"success": True, "message": [], "result": False},
            Delivered(),
        ),
        (b"", {"success": True, "message": [], "result": False}, Delivered()),
        (b'{"success": false, "message": ["no such contact"]}', {"success": True, "message": [], "result": False}, Delivered()),
        (
            b'{"success": true, "message": []}',
            {"success": True, "message": [], "result": True},
            Refused("SALESmanago still has the contact"),
        ),
    ],
)
async def test_a_deletion_is_believed_only_when_the_contact_is_gone(delete: bytes, has: dict[str, Any], outcome: Outcome) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=delete) if request.url.path.endswith("/delete") else httpx.Response(200, json=has)

    assert (await client(handler).delete(DeleteContact(email="a@example.com"))).outcome == outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 7 ", 7.0),
        (format_datetime(NOW + timedelta(seconds=90)), 90.0),
        (format_datetime(NOW - timedelta(days=1)), 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_comes_in_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_a_destinations_words_are_kept_short_and_without_addresses() -> None:
    assert scrubbed("contact <jan.kowalski@example.com> is bad") == "contact <<address>> is bad"
    assert len(scrubbed("x" * 1000)) == 300


@pytest.mark.parametrize("seconds", [61, 80, 3_600])
async def test_when_a_long_rest_is_asked_for_no_call_is_made_and_the_caller_learns_for_how_long(seconds: int) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(429, headers={"Retry-After": str(seconds)})

    speaking = client(handler)
    assert (await speaking.upsert(UPSERT)).outcome == Throttled(seconds)
    later = [await speaking.upsert(UPSERT), (await speaking.look_up(["jan@example.com"])).answer, await speaking.add_event(visit())]
    await speaking.ready()
    assert [type(one.outcome) for one in later] == [Throttled] * 3
    assert all(seconds - 1 < one.outcome.retry_after <= seconds for one in later if isinstance(one.outcome, Throttled))
    assert len(asked) == 1
