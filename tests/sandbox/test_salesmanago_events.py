"""External events of the stand-in: adding, updating, batches and the limits of their fields."""

import pytest

from . import JAN, Caller, event

ADD, UPDATE = "v2/contact/addContactExtEvent", "v2/contact/updateContactExtEvent"
BATCH = "v2/contact/addBatchContactExtEvent"


@pytest.fixture
async def api() -> Caller:
    caller = Caller()
    await caller.upsert()
    return caller


@pytest.mark.parametrize("path", [ADD, "contact/addContactExtEvent"])
async def test_an_event_is_added_and_shows_on_the_contact(api: Caller, path: str) -> None:
    sent = event(products="101,205", externalId="ORDER-5501", location="shop_example_com")
    answer = await api.call(path, {"email": JAN, "contactEvent": sent})
    assert (answer["success"], len(answer["eventId"])) == (True, 36)
    assert (await api.full())["contactExtEvents"] == [
        {
            "date": 1_767_225_600_000,
            "contactExtEventType": "PURCHASE",
            "externalId": "ORDER-5501",
            "value": 199.99,
            "products": "101,205",
        }
    ]


async def test_events_are_never_deduplicated(api: Caller) -> None:
    for _ in range(2):
        await api.call(ADD, {"email": JAN, "contactEvent": event(externalId="ORDER-1")})
    assert len((await api.look(f"events?email={JAN}&type=PURCHASE"))["events"]) == 2


async def test_an_unknown_email_is_refused_unless_opt_in_is_forced(api: Caller) -> None:
    body = {"email": "new@example.com", "contactEvent": event()}
    assert (await api.call(ADD, body))["message"] == ["Contact does not exist"]
    assert (await api.call(ADD, {**body, "forceOptIn": True}))["success"] is True
    assert (await api.basic("new@example.com"))["optedOut"] is False


async def test_a_refused_event_creates_no_contact(api: Caller) -> None:
    body = {"email": "new@example.com", "forceOptIn": True, "contactEvent": event(location="a b")}
    assert (await api.call(ADD, body))["success"] is False
    assert (await api.look("state"))["contacts"] == 1


async def test_the_contact_id_goes_before_the_email(api: Caller) -> None:
    contact_id = (await api.basic())["contactId"]
    body = {"email": "nobody@example.com", "contactId": contact_id, "contactEvent": event()}
    assert (await api.call(ADD, body))["success"] is True


@pytest.mark.parametrize(
    ("field", "fits", "too_much"),
    [
        ("products", "1" * 512, "1" * 513),
        ("products", "ą" * 256, "ą" * 257),
        ("location", "x" * 36, "x" * 37),
        ("location", "sklep/A_b-1.pl", "my shop"),
        ("location", "SHOP", "skłep"),
        ("description", "x" * 2048, "x" * 2049),
        ("detail1", "ą" * 255, "ą" * 256),
        ("detail20", "x" * 255, "x" * 256),
        ("externalId", "x" * 255, "x" * 256),
        ("shopDomain", "x" * 255, "x" * 256),
        ("value", 1234567890123456789, 12345678901234567890),
        ("value", 0.01, 0.001),
        ("value", 0.3, 0.1 + 0.2),
        ("value", -5, "5.00"),
        ("date", 1_767_225_600_000, "2026-01-01T00:00:00Z"),
        ("contactExtEventType", "CART", "cart"),
        ("contactExtEventType", "RETURN", "PACKED"),
    ],
)
async def test_fields_are_accepted_up_to_their_limit(api: Caller, field: str, fits: object, too_much: object) -> None:
    assert (await api.call(ADD, {"email": JAN, "contactEvent": event(**{field: fits})}))["success"] is True
    answer = await api.call(ADD, {"email": JAN, "contactEvent": event(**{field: too_much})})
    assert answer["success"] is False
    assert answer["eventId"] is None
    assert field in answer["message"][0]


async def test_a_date_in_seconds_is_taken_at_its_word_with_a_warning(api: Caller) -> None:
    await api.call(ADD, {"email": JAN, "contactEvent": event(date=1_767_225_600)})
    assert "seconds" in (await api.last())["warnings"][0]


@pytest.mark.parametrize("path", [UPDATE, "contact/updateContactExtEvent"])
async def test_an_update_overwrites_the_whole_event(api: Caller, path: str) -> None:
    added = await api.call(ADD, {"email": JAN, "contactEvent": event(products="1", detail1="T-shirt")})
    changed = event(products="1,2", eventId=added["eventId"])
    assert (await api.call(path, {"contactEvent": changed}))["eventId"] == added["eventId"]
    stored = (await api.look("events"))["events"]
    assert [(one["products"], one.get("detail1")) for one in stored] == [("1,2", None)]
    assert (await api.call(path, {"contactEvent": event(eventId="gone")}))["success"] is False


async def test_an_event_is_deleted_by_its_id(api: Caller) -> None:
    added = await api.call(ADD, {"email": JAN, "contactEvent": event()})
    answer = await api.call("contact/deleteContactExtEvent", {"eventId": added["eventId"]})
    assert answer == {"success": True, "message": [], "result": "deleted"}
    assert (await api.call("contact/deleteContactExtEvent", {"eventId": added["eventId"]}))["success"] is False


@pytest.mark.parametrize("path", [BATCH, "contact/batchAddContactExtEvent"])
async def test_a_batch_stays_successful_when_some_of_it_fails(api: Caller, path: str) -> None:
    events = [
        {"email": JAN, "contactEvent": event()},
        {"email": "nobody@example.com", "contactEvent": event()},
        {"email": JAN, "contactEvent": event(products="1" * 513)},
    ]
    assert await api.call(path, {"events": events}) == {
        "success": True,
        "message": [],
        "createdAmount": 1,
        "failedAmount": 2,
        "failedContacts": ["nobody@example.com", JAN],
    }
    last = await api.last()
    assert (last["items"], last["emails"]) == (3, [JAN, "nobody@example.com"])
    assert "products" in last["warnings"][1]


async def test_a_batch_has_one_to_a_thousand_events(api: Caller) -> None:
    one = {"email": JAN, "contactEvent": event()}
    assert (await api.call(BATCH, {"events": []}))["success"] is False
    assert (await api.call(BATCH, {"events": [one] * 1001}))["success"] is False
    assert (await api.call(BATCH, {"events": [one] * 1000}))["createdAmount"] == 1000
