"""What clients in the field call and send beside the documents (contract 2.7-2.11): taken, outside strict mode with a warning."""

from typing import Any

import httpx
import pytest

from app.sandbox.salesmanago import Account, create_app
from app.sandbox.salesmanago.wire import signature

OWNER, CLIENT, SECRET = "owner@example.com", "client-1", "secret"
NOW = 1_767_225_600_000


class Stand:
    def __init__(self, *, strict: bool) -> None:
        self.app = create_app([Account(CLIENT, SECRET, (OWNER,))], job_delay_seconds=0, strict=strict)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://sm.test")

    async def call(self, method: str, **said: Any) -> dict[str, Any]:
        auth = {"clientId": CLIENT, "apiKey": "k", "requestTime": NOW, "sha": signature("k", CLIENT, SECRET), "owner": OWNER}
        body = {name: value for name, value in {**auth, **said}.items() if value is not ...}
        answer: dict[str, Any] = (await self.http.post(f"/api/{method}", json=body)).json()
        return answer

    async def warnings(self) -> list[str]:
        return list(self.app.state.sandbox.ledger.entries[-1].warnings)


@pytest.fixture(params=[True, False], ids=["strict", "lenient"])
def stand(request: pytest.FixtureRequest) -> Stand:
    return Stand(strict=request.param)


@pytest.fixture
def lenient() -> Stand:
    return Stand(strict=False)


EVENT = {"date": NOW, "contactExtEventType": "PURCHASE", "value": 10, "externalId": "5501"}


async def test_one_call_writes_a_contact_and_its_event(stand: Stand) -> None:
    upsert = {"clientId": CLIENT, "owner": OWNER, "contact": {"email": "jan@example.com", "name": "Jan"}, "tags": ["VIP"]}
    event = {"clientId": CLIENT, "owner": OWNER, "email": "jan@example.com", "contactEvent": EVENT}
    answer = await stand.call("integration/upsert", contactUpsertRequest=upsert, addContactExtEventRequest=event)
    assert answer["success"]
    contact = (await stand.call("contact/list", email=["jan@example.com"]))["contacts"][0]
    assert (contact["id"], contact["contactExtEvents"][0]["externalId"]) == (answer["contactId"], "5501")
    again = {**event, "contactEvent": {**EVENT, "eventId": answer["eventId"], "value": 12}}
    assert (await stand.call("integration/upsert", addContactExtEventRequest=again))["eventId"] == answer["eventId"]
    assert not (await stand.call("integration/upsert"))["success"]
    assert not (await stand.call("integration/upsert", contactUpsertRequest={**upsert, "owner": "x@example.com"}))["success"]


async def test_an_asynchronous_upsert_answers_the_id_the_contact_will_have(stand: Stand) -> None:
    answer = await stand.call("contact/upsert", contact={"email": "jan@example.com"}, **{"async": True})
    assert answer["contactId"]
    assert (await stand.call("contact/hasContact", email="jan@example.com"))["contactId"] == answer["contactId"]


async def test_single_tags_activity_and_exports_are_played(stand: Stand) -> None:
    await stand.call("contact/upsert", contact={"email": "jan@example.com", "state": "CUSTOMER"})
    await stand.call("contact/addTag", email="jan@example.com", tag="vip")
    assert (await stand.call("contact/tags", showSystemTags=True))["tags"] == [{"tag": "VIP", "numberOfTagged": 1}]
    activity = (await stand.call("contact/recentActivity", **{"from": 0, "to": 10**14}))["recentActivity"]
    assert (activity["totalContacts"], activity["customers"]) == (1, 1)
    assert len((await stand.call("contact/paginatedListById", page=1, size=10))["contacts"]) == 1
    job = await stand.call(
        "contact/export/data", contacts=[{"addresseeType": "tag", "value": "VIP"}], data=[{"dataType": "CONTACT"}]
    )
    file = (await stand.call("job/status", requestId=job["requestId"]))["fileUrl"]
    assert (await stand.http.get(file)).json()["data"][0]["email"] == "jan@example.com"
    await stand.call("contact/deleteTag", email="jan@example.com", tag="vip")
    assert (await stand.call("contact/tags", showSystemTags=True))["tags"] == []


async def test_a_token_of_authorise_stands_in_for_the_secret_for_an_hour(lenient: Stand) -> None:
    now = NOW
    lenient.app.state.sandbox.clock = lambda: now
    given = await lenient.call("system/authorise", userName=OWNER, password=SECRET, clientId=None, requestTime=None, sha=None)
    assert (given["success"], given["clientId"], given["validTo"]) == (True, CLIENT, NOW + 3_600_000)
    signed = {"sha": signature("k", CLIENT, given["token"])}
    assert (await lenient.call("user/listByClient", **signed))["users"] == [OWNER]
    now += 3_600_001
    assert (await lenient.call("user/listByClient", **signed))["message"] == ["User not authenticated"]


@pytest.mark.parametrize(("name", "password"), [(OWNER, "wrong"), ("x@example.com", SECRET), (None, None)])
async def test_authorise_refuses_a_wrong_user_and_its_password_is_in_no_ledger(
    stand: Stand, name: str | None, password: str | None
) -> None:
    refused = await stand.call("system/authorise", userName=name, password=password)
    assert (refused["success"], refused["token"]) == (False, None)
    assert "password" not in stand.app.state.sandbox.ledger.entries[-1].body


ODD: list[tuple[str, dict[str, Any]]] = [
    ("value is text", {"contactEvent": {**EVENT, "value": "199,90"}}),
    ("date is text", {"contactEvent": {**EVENT, "date": "2026-01-01T10:00:00+01:00"}}),
    ("requestTime is text", {"contactEvent": EVENT, "requestTime": "1767225600"}),
    ("requestTime is absent", {"contactEvent": EVENT, "requestTime": ...}),
    ("location is longer", {"contactEvent": {**EVENT, "location": "a" * 60}}),
]


@pytest.mark.parametrize(("warning", "said"), ODD)
async def test_odd_values_are_taken_with_a_warning_and_refused_in_strict_mode(warning: str, said: dict[str, Any]) -> None:
    for strict in (False, True):
        stand = Stand(strict=strict)
        await stand.call("contact/upsert", contact={"email": "jan@example.com"})
        answer = await stand.call("contact/addContactExtEvent", email="jan@example.com", **said)
        assert answer["success"] is not strict
        if not strict:
            assert any(warning in one for one in await stand.warnings())


async def test_scalar_properties_are_taken_as_text(lenient: Stand) -> None:
    said = {"contact": {"email": "jan@example.com"}, "properties": {"vip": True, "points": 7, "city": "Łódź"}}
    assert (await lenient.call("contact/upsert", **said))["success"]
    assert len(await lenient.warnings()) == 2
    known = next(iter(lenient.app.state.sandbox.world.contacts.values()))
    assert known.properties == {"vip": "true", "points": "7", "city": "Łódź"}


async def test_what_is_right_brings_no_warning(lenient: Stand) -> None:
    await lenient.call("contact/upsert", contact={"email": "jan@example.com"}, properties={"city": "Łódź"})
    assert await lenient.warnings() == []
