"""Faults on demand, the ledger and the page of the stand-in."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from . import ANNA, JAN, OWNER, Caller, event


@pytest.fixture
def api() -> Caller:
    return Caller()


async def known(api: Caller) -> bool:
    return bool((await api.look("state"))["contacts"])


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("throttle", 429),
        ("server_error", 500),
        ("bad_gateway", 502),
        ("unavailable", 503),
        ("html_200", 200),
        ("empty_200", 200),
    ],
)
async def test_a_broken_answer_means_nothing_was_done(api: Caller, kind: str, status: int) -> None:
    await api.post("faults", {"kind": kind})
    response = await api.send("contact/upsert", {"contact": {"email": JAN}})
    assert response.status_code == status
    assert not response.headers.get("content-type", "").startswith("application/json")
    assert not await known(api)
    last = await api.last()
    assert (last["fault"], last["http_status"], last["success"], last["applied"]) == (kind, status, None, False)
    await api.upsert()


async def test_a_bad_gateway_may_have_done_it(api: Caller) -> None:
    await api.post("faults", {"kind": "bad_gateway", "applied": True})
    assert (await api.send("contact/upsert", {"contact": {"email": JAN}})).status_code == 502
    assert await known(api)


async def test_throttling_tells_how_long_only_when_asked(api: Caller) -> None:
    await api.post("faults", {"kind": "throttle", "retry_after": 30})
    await api.post("faults", {"kind": "throttle"})
    assert (await api.send("contact/basic")).headers["retry-after"] == "30"
    assert "retry-after" not in (await api.send("contact/basic")).headers


@pytest.mark.parametrize(
    ("kind", "message"),
    [("refuse", "No"), ("unauthenticated", "User not authenticated"), ("inactive", "Not authenticated")],
)
async def test_a_refusal_comes_under_http_200(api: Caller, kind: str, message: str) -> None:
    await api.post("faults", {"kind": kind, "message": "No"})
    answer = await api.call("contact/upsert", {"contact": {"email": JAN}})
    assert answer == {"success": False, "message": [message]}
    assert not await known(api)
    assert (await api.last())["success"] is False


async def test_half_a_json_comes_after_the_work(api: Caller) -> None:
    await api.post("faults", {"kind": "truncated_json"})
    response = await api.send("contact/upsert", {"contact": {"email": JAN}})
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert await known(api)


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        ("timeout_before", httpx.ReadTimeout, False),
        ("timeout_after", httpx.ReadTimeout, True),
        ("reset_after", httpx.RemoteProtocolError, True),
    ],
)
async def test_a_dropped_connection_says_nothing_about_the_work(api: Caller, kind: str, error: type[Exception], done: bool) -> None:
    await api.post("faults", {"kind": kind, "seconds": 3})
    with pytest.raises(error):
        await api.send("contact/upsert", {"contact": {"email": JAN}})
    assert api.slept == ([] if kind == "reset_after" else [3])
    assert await known(api) is done
    last = await api.last()
    assert (last["http_status"], last["applied"], last["success"]) == (None, done, True if done else None)


async def test_slow_is_late_and_otherwise_fine(api: Caller) -> None:
    await api.post("faults", {"kind": "slow", "seconds": 0.5})
    await api.upsert()
    assert api.slept == [0.5]


async def test_a_named_email_fails_in_a_batch_of_events(api: Caller) -> None:
    await api.upsert()
    contact_id = (await api.upsert(ANNA))["contactId"]
    await api.post("faults", {"kind": "partial_events", "email": ANNA})
    await api.upsert()
    events = [{"email": JAN, "contactEvent": event()}, {"contactId": contact_id, "contactEvent": event()}]
    answer = await api.call("v2/contact/addBatchContactExtEvent", {"events": events})
    assert (answer["success"], answer["createdAmount"], answer["failedContacts"]) == (True, 1, [contact_id])


async def test_a_fault_waits_for_its_path_and_its_email_and_lasts_its_times(api: Caller) -> None:
    await api.post("faults", {"kind": "refuse", "path": "upsert", "email": JAN.upper(), "times": 2})
    assert (await api.call("contact/upsert", {"contact": {"email": ANNA}}))["success"] is True
    batch = {"upsertDetails": [{"contact": {"email": ANNA}}, {"contact": {"email": JAN}}]}
    assert (await api.call("contact/batchupsertv2", batch))["success"] is False
    assert (await api.call("contact/hasContact", {"email": JAN}))["success"] is True
    assert (await api.call("contact/upsert", {"contact": {"email": JAN}}))["success"] is False
    assert (await api.look("faults"))["faults"] == []


async def test_a_fault_without_end_lasts_until_it_is_cleared(api: Caller) -> None:
    await api.post("faults", {"kind": "unavailable", "times": None})
    assert [(await api.send("contact/basic")).status_code for _ in range(3)] == [503] * 3
    assert (await api.http.delete("/sandbox/faults")).json() == {"faults": []}
    assert (await api.send("contact/basic")).status_code == 200


@pytest.mark.parametrize("wanted", [{"kind": "earthquake"}, {"kind": "slow", "times": 0}, {"kind": "slow", "seconds": "x"}])
async def test_a_fault_nobody_knows_is_refused(api: Caller, wanted: dict[str, object]) -> None:
    response = await api.http.post("/sandbox/faults", json=wanted)
    assert response.status_code == 400
    assert response.json()["error"]


async def test_the_ledger_keeps_calls_without_secrets_and_can_be_read_on(api: Caller) -> None:
    await api.upsert()
    await api.call("contact/basic", {"email": [JAN, ANNA]})
    entries = (await api.look("ledger"))["entries"]
    assert [entry["path"] for entry in entries] == ["/api/contact/upsert", "/api/contact/basic"]
    assert entries[0]["body"].keys().isdisjoint({"apiKey", "sha"})
    assert (entries[1]["items"], entries[1]["emails"], entries[1]["in_flight"]) == (2, [JAN, ANNA], 1)
    assert (await api.look("ledger?after=1"))["entries"] == entries[1:]
    assert (await api.look("ledger?path=upsert"))["entries"] == entries[:1]


async def test_the_ledger_is_bounded_and_counts_calls_in_flight() -> None:
    api = Caller(ledger_size=2, sleep=asyncio.sleep)
    await api.upsert()
    await api.post("faults", {"kind": "slow", "seconds": 0.02})
    await asyncio.gather(api.call("contact/tags"), api.call("contact/tags"))
    entries = (await api.look("ledger"))["entries"]
    assert [entry["n"] for entry in entries] == [2, 3]
    assert sorted(entry["in_flight"] for entry in entries) == [1, 2]


async def test_reset_forgets_what_happened(api: Caller) -> None:
    await api.upsert()
    await api.post("faults", {"kind": "slow", "times": None})
    assert set((await api.post("reset")).values()) == {0}


async def test_jobs_can_be_watched(api: Caller) -> None:
    await api.call("contact/batchupsertv2", {"upsertDetails": [{"contact": {"email": JAN}}]})
    job = (await api.look("jobs"))["jobs"][0]
    assert (job["kind"], job["items"], job["result"]) == ("contact/batchupsertv2", 1, None)


async def test_the_page_escapes_what_came_from_outside(api: Caller) -> None:
    evil = "<script>alert('x')</script>"
    await api.upsert(contact={"email": JAN, "name": evil}, properties={evil: evil}, tags=["A"])
    await api.call("contact/addContactExtEvent", {"email": JAN, "contactEvent": event(products=evil, detail1=evil)})
    await api.call("contact/upsert", {"contact": {"email": evil}})
    await api.post("faults", {"kind": "slow", "path": evil, "times": None})
    front, detail = [(await api.http.get(path)).text for path in ("/", f"/contacts/{JAN}")]
    for page in (front, detail):
        assert "&lt;script&gt;alert(" in page
        assert "<script>alert" not in page
        assert "http://" not in page.replace("http://salesmanago.test", "")
    assert OWNER in detail


async def test_the_page_of_a_stranger_and_the_tool_of_a_stranger_are_not_found(api: Caller) -> None:
    assert (await api.http.get("/contacts/nobody@example.com")).status_code == 404
    response = await api.http.get("/sandbox/contacts/nobody@example.com")
    assert (response.status_code, response.json()) == (404, {"error": "no such contact"})


async def test_a_form_leads_back_to_the_page_it_came_from(api: Caller) -> None:
    await api.upsert("jan+test@example.com", forceOptIn=True)
    detail = "/contacts/jan%2Btest@example.com?client_id=wxyz12345abcde67"
    response = await api.http.post(
        "/sandbox/contacts/jan%2Btest@example.com/unsubscribe?client_id=wxyz12345abcde67",
        data={"channel": "email"},
        headers={"Referer": f"http://salesmanago.test{detail}"},
    )
    assert (response.status_code, response.headers["location"]) == (303, detail)
    assert (await api.basic("jan+test@example.com"))["optedOut"] is True
    form = {"kind": "throttle", "times": "", "path": "", "email": "", "retry_after": "5", "seconds": ""}
    assert (await api.http.post("/sandbox/faults", data=form)).headers["location"] == "/"
    fault = (await api.look("faults"))["faults"][0]
    assert (fault["times"], fault["path"], fault["retry_after"]) == (None, None, 5)
    await api.http.post("/sandbox/faults/clear", data={"id": str(fault["id"])})
    assert (await api.look("faults"))["faults"] == []


async def test_mounted_below_a_path_it_still_finds_itself(api: Caller) -> None:
    await api.upsert()
    outer = Starlette(routes=[Mount("/sm", app=api.app)])
    http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://all.test")
    page = (await http.get("/sm/")).text
    assert f'href="/sm/contacts/{JAN}?client_id=' in page
    response = await http.post("/sm/sandbox/reset", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.headers["location"] == "/sm/"
    assert (await http.get("/sm/sandbox/contacts/nobody@example.com")).json() == {"error": "no such contact"}


async def test_a_dropped_call_is_shown_with_what_only_we_know(api: Caller) -> None:
    await api.post("faults", {"kind": "reset_after"})
    with pytest.raises(httpx.RemoteProtocolError):
        await api.send("contact/upsert", {"contact": {"email": JAN}})
    assert "dropped after it was done" in (await api.http.get("/")).text
