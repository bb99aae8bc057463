"""Contacts of the stand-in: signature, upsert, batches, deleting, reading."""

import pytest

from app.sandbox.salesmanago.wire import signature

from . import ANNA, CLIENT_ID, JAN, OWNER, SECRET, Caller


@pytest.fixture
def api() -> Caller:
    return Caller()


def test_signature_matches_the_test_vector_of_the_contract() -> None:
    sha = signature("j2q8qp4fbp9qf2b8p49fb", CLIENT_ID, SECRET)
    assert sha == "a53f461b3807c60a77ab8d341a3d2d496a07c6e3"


async def test_the_request_of_the_contract_is_accepted_and_reads_back(api: Caller) -> None:
    answer = await api.call(
        "contact/upsert",
        {
            "apiKey": "j2q8qp4fbp9qf2b8p49fb",
            "sha": "a53f461b3807c60a77ab8d341a3d2d496a07c6e3",
            "requestTime": 1_767_225_600,
            "async": False,
            "contact": {
                "email": JAN,
                "name": "Jan Kowalski",
                "phone": "+48600100200",
                "externalId": "1234",
                "state": "CUSTOMER",
                "address": {"streetAddress": "Polna 1", "zipCode": "00-001", "city": "Warszawa", "country": "PL"},
            },
            "lang": "PL",
            "birthday": "19870605",
            "tags": ["IDOSELL", "SHOP_1"],
            "removeTags": ["NEWSLETTER_PENDING"],
            "properties": {"customer_group": "retail"},
            "forceOptIn": True,
            "forceOptOut": False,
            "somethingNew": 1,
        },
    )
    assert (answer["success"], answer["message"], answer["externalId"]) == (True, [], "1234")
    basic, full = await api.basic(), await api.full()
    assert basic["contactId"] == full["id"] == answer["contactId"]
    assert (basic["birthdayYear"], basic["birthdayMonth"], basic["birthdayDay"]) == ("1987", "6", "5")
    assert (basic["optedOut"], basic["optedOutPhone"], basic["state"]) == (False, True, "CUSTOMER")
    assert full["properties"] == [{"name": "customer_group", "value": "retail"}]
    assert full["contactTags"][0] == {
        "tag": "IDOSELL",
        "tagName": "IDOSELL",
        "score": 1,
        "createdOn": api.now,
        "tagWithScore": "IDOSELL (1)",
    }
    assert full["mainContactOwner"] == OWNER


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ({"sha": "0" * 40}, "User not authenticated"),
        ({"sha": signature("salt", CLIENT_ID, SECRET).upper()}, "User not authenticated"),
        ({"sha": None}, "User not authenticated"),
        ({"clientId": "nobody"}, "User not authenticated"),
        ({"apiKey": "pepper"}, "User not authenticated"),
        ({"requestTime": "1767225600000"}, "requestTime must be an integer"),
        ({"requestTime": True}, "requestTime must be an integer"),
        ({"owner": "stranger@example.com"}, "Owner does not exist"),
        ({"owner": None}, "Owner cannot be empty"),
    ],
)
async def test_a_call_that_does_not_prove_itself_is_refused_under_http_200(
    api: Caller, spoilt: dict[str, object], message: str
) -> None:
    answer = await api.call("contact/upsert", {"contact": {"email": JAN}, **spoilt})
    assert answer == {"success": False, "message": [message], "contactId": None, "externalId": None}
    assert (await api.look("contacts"))["contacts"] == []


async def test_opt_out_works_without_an_owner(api: Caller) -> None:
    await api.upsert(forceOptIn=True)
    assert (await api.call("contact/optout", {"owner": None, "email": JAN}))["success"] is True
    assert (await api.basic())["optedOut"] is True


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud800"}'])
async def test_a_body_that_is_no_json_object_gets_a_web_servers_page(api: Caller, raw: bytes) -> None:
    response = await api.http.post("/api/contact/upsert", content=raw)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert (await api.last())["http_status"] == 400


async def test_unknown_paths_and_wrong_http_methods_get_pages_too(api: Caller) -> None:
    assert (await api.send("contact/addNote")).status_code == 404
    response = await api.http.get("/api/contact/basic")
    assert (response.status_code, response.headers["content-type"][:9]) == (405, "text/html")


async def test_an_upsert_without_email_or_with_many_contacts_names_nobody(api: Caller) -> None:
    answer = await api.call("contact/upsert", {"contacts": [{"email": JAN}]})
    assert (answer["success"], answer["message"]) == (False, ["No email specified"])


@pytest.mark.parametrize("email", ["jan", "a b@example.com", f"{'x' * 65}@example.com", "jan@localhost", "jan@-a.pl"])
async def test_an_invalid_email_is_refused(api: Caller, email: str) -> None:
    assert (await api.call("contact/upsert", {"contact": {"email": email}}))["success"] is False


async def test_the_email_is_one_key_whatever_its_case_and_blanks(api: Caller) -> None:
    first, second = await api.upsert(" Jan.Kowalski@Example.com "), await api.upsert(JAN)
    assert first["contactId"] == second["contactId"]
    assert (await api.basic("JAN.KOWALSKI@EXAMPLE.COM"))["email"] == JAN


async def test_empty_text_overwrites_and_null_does_not(api: Caller) -> None:
    await api.upsert(contact={"email": JAN, "name": "Jan", "phone": "+48600100200"})
    await api.upsert(contact={"email": JAN, "name": "", "phone": None})
    basic = await api.basic()
    assert (basic["name"], basic["phone"]) == ("", "+48600100200")


async def test_new_email_renames_the_one_contact(api: Caller) -> None:
    before = await api.upsert(tags=["VIP"])
    await api.call("contact/addContactExtEvent", {"email": JAN, "contactEvent": _event()})
    await api.upsert(newEmail="Jan.Nowy@example.com")
    full = await api.full("jan.nowy@example.com")
    assert (full["id"], len(full["contactExtEvents"])) == (before["contactId"], 1)
    assert (await api.call("contact/hasContact", {"email": JAN}))["result"] is False


async def test_new_email_of_somebody_else_is_refused_and_changes_nothing(api: Caller) -> None:
    await api.upsert()
    await api.upsert(ANNA)
    answer = await api.call("contact/upsert", {"contact": {"email": JAN, "name": "X"}, "newEmail": ANNA})
    assert (answer["success"], answer["message"]) == (False, ["Contact with newEmail already exists"])
    assert (await api.basic())["name"] is None


async def test_insert_creates_only_and_update_modifies_only(api: Caller) -> None:
    assert (await api.call("contact/update", {"email": JAN, "contact": {"name": "Jan"}}))["success"] is False
    assert (await api.call("contact/insert", {"contact": {"email": JAN}}))["success"] is True
    assert (await api.call("contact/insert", {"contact": {"email": JAN}}))["success"] is False
    contact_id = (await api.call("contact/update", {"email": JAN, "contact": {"name": "Jan"}}))["contactId"]
    assert (await api.call("contact/update", {"contactId": contact_id, "lang": "PL"}))["success"] is True
    assert (await api.call("contact/update", {"contact": {"email": JAN}}))["message"] == ["No email specified"]
    assert (await api.basic())["name"] == "Jan"


async def test_the_synchronous_batch_answers_ids_and_leaves_bad_items_out(api: Caller) -> None:
    items = [{"contact": {"email": JAN}}, {"contact": {"email": "nonsense"}}]
    answer = await api.call("contact/batchupsert", {"upsertDetails": items, "useApiDoubleOptIn": False})
    assert answer["contactIds"] == {JAN: (await api.basic())["contactId"]}


async def test_the_asynchronous_batch_is_applied_later_and_its_job_tells_when(api: Caller) -> None:
    items = [{"contact": {"email": JAN}, "tags": ["Nowość"]}, {"contact": {"email": "nonsense"}}]
    answer = await api.call("contact/batchupsertv2", {"upsertDetails": items, "useApiDoubleOptIn": False})
    request_id = answer["requestId"]
    running = await api.call("job/status", {"requestId": request_id})
    assert running["message"]
    assert running["fileUrl"] is None
    assert (await api.call("contact/hasContact", {"email": JAN}))["result"] is False

    api.now += 50
    finished = await api.call("job/status", {"requestId": request_id})
    assert finished["message"] == []
    assert (await api.http.get(finished["fileUrl"])).json()["contacts"][0]["email"] == JAN
    assert await api.scores() == {"NOWOSC": 1}
    assert (await api.look("state"))["contacts"] == 1
    assert (await api.look("ledger?path=batchupsertv2"))["entries"][0]["items"] == 2


async def test_async_upsert_answers_the_id_the_contact_will_have(api: Caller) -> None:
    answer = await api.call("contact/upsert", {"contact": {"email": JAN}, "async": True})
    assert answer["success"] is True
    assert answer["contactId"]
    api.now += 50
    assert (await api.basic())["email"] == JAN


async def test_an_unknown_job_and_an_empty_batch_are_refused(api: Caller) -> None:
    assert (await api.call("job/status", {"requestId": 1}))["success"] is False
    assert (await api.call("contact/batchupsertv2", {"upsertDetails": []}))["success"] is False


async def test_a_deleted_contact_reads_as_deleted_and_an_upsert_brings_it_back(api: Caller) -> None:
    await api.upsert()
    assert (await api.call("contact/delete", {"email": JAN}))["result"] == "Contact deleted"
    assert (await api.basic())["deleted"] is True
    assert (await api.call("contact/hasContact", {"email": JAN}))["result"] is False
    await api.upsert()
    assert (await api.basic())["deleted"] is False


async def test_a_permanent_delete_leaves_nothing(api: Caller) -> None:
    await api.upsert()
    await api.call("contact/addContactExtEvent", {"email": JAN, "contactEvent": _event()})
    await api.call("contact/delete", {"email": JAN, "permanently": True})
    assert (await api.call("contact/basic", {"email": [JAN]}))["contacts"] == []
    assert (await api.look("events"))["events"] == []


async def test_batch_delete_by_tag_takes_everybody_and_warns(api: Caller) -> None:
    await api.upsert(tags=["VIP"])
    await api.upsert(ANNA, tags=["VIP"])
    await api.call("contact/batchDelete", {"contacts": [{"addresseeType": "TAG", "value": "vip"}]})
    assert (await api.look("state"))["contacts"] == 0
    assert "everybody" in (await api.last())["warnings"][0]


@pytest.mark.parametrize(
    ("path", "key"),
    [("list", "email"), ("listById", "contactId"), ("listAll", "email"), ("listAllById", "contactId")],
)
async def test_full_reads_take_fifty_and_not_fifty_one(api: Caller, path: str, key: str) -> None:
    names = [f"nobody{number}@example.com" for number in range(51)]
    assert (await api.call(f"contact/{path}", {key: names[:50]})) == {"success": True, "message": [], "contacts": []}
    assert (await api.call(f"contact/{path}", {key: names}))["success"] is False


async def test_only_list_all_sees_the_contacts_of_another_owner(api: Caller) -> None:
    contact_id = (await api.upsert(owner="second@example.com"))["contactId"]
    assert (await api.call("contact/list", {"email": [JAN]}))["contacts"] == []
    assert (await api.call("contact/basicById", {"id": [contact_id]}))["contacts"] == []
    assert len((await api.call("contact/listAllById", {"contactId": [contact_id]}))["contacts"]) == 1
    assert (await api.call("contact/optout", {"email": JAN}))["success"] is False


async def test_an_upsert_by_a_second_owner_makes_it_a_shared_contact(api: Caller) -> None:
    first = await api.upsert(owner="second@example.com")
    assert (await api.upsert())["contactId"] == first["contactId"]
    assert (await api.full())["mainContactOwner"] == "second@example.com"


async def test_accounts_do_not_see_each_other(api: Caller) -> None:
    await api.upsert()
    other = {"clientId": "other-account", "sha": signature("salt", "other-account", "x"), "owner": "o@example.com"}
    assert (await api.call("contact/listAll", {**other, "email": [JAN]}))["contacts"] == []
    assert (await api.call("contact/hasContact", {**other, "email": JAN}))["result"] is False


async def test_windows_of_time_and_their_pages(api: Caller) -> None:
    start = api.now
    for number in range(3):
        await api.upsert(f"c{number}@example.com")
        api.now += 1000
    window = {"from": start, "to": start + 1000}
    assert len((await api.call("contact/createdContacts", window))["createdContacts"]) == 2
    assert len((await api.call("contact/modifiedContacts", window))["modifiedContacts"]) == 2
    page = {"from": start, "to": api.now, "size": 2}
    first = await api.call("contact/paginatedModifiedContacts", {**page, "page": 1})
    second = await api.call("contact/paginatedModifiedContacts", {**page, "page": 2})
    assert (first["hasMore"], second["hasMore"]) == (True, False)
    assert [one["email"] for one in second["modifiedContacts"]] == ["c2@example.com"]
    too_big = await api.call("contact/paginatedModifiedContacts", {**page, "page": 1, "size": 1001})
    assert too_big["success"] is False


async def test_an_export_leaves_a_file_to_download(api: Caller) -> None:
    await api.upsert(contact={"email": JAN, "name": "Jan", "address": {"country": "PL"}})
    request = await api.call("contact/paginatedContactList/export", {"page": 1, "size": 1000})
    api.now += 50
    url = (await api.call("job/status", {"requestId": request["requestId"]}))["fileUrl"]
    assert (await api.http.get(url)).json()["contacts"][0].items() >= {"email": JAN, "country": "PL"}.items()


async def test_users_of_the_account_are_listed(api: Caller) -> None:
    assert (await api.call("user/listByClient"))["users"] == [OWNER, "second@example.com"]


def _event() -> dict[str, object]:
    return {"date": 1, "contactExtEventType": "OTHER"}
