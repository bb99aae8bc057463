"""Customers, consents and newsletters at the panel's stand-in."""

from typing import Any

import pytest

from . import Json
from .test_panel_front import ANNA, JAN, NOTHING_FOUND, ZERO_TIME, PanelCaller

SILENT = {"clientSettingSendMail": False, "clientSettingSendSms": False}
EMAIL_SEARCH, SMS_SEARCH = "POST clients/newsletter/email/search", "POST clients/newsletter/sms/search"


@pytest.fixture
def api() -> PanelCaller:
    return PanelCaller()


def says(shop_id: int, answer: str) -> Json:
    return {"newsletterEmailApprovalsData": [{"shopId": shop_id, "inNewsletterEmailApproval": answer}]}


async def put(api: PanelCaller, *rows: Json, status: int = 200, settings: Json | None = None) -> list[Json]:
    body = {"params": {"clients": list(rows)}, "clientsSettings": settings or SILENT}
    results: list[Json] = (await api.ok("PUT clients/clients", body, status=status))["results"]
    return results


async def consents(api: PanelCaller) -> dict[int, str]:
    rows = (await api.customer())["newsletterEmailApprovalsData"]
    return {row["shopId"]: row["newsletterEmailApprovalDate"] for row in rows}


async def test_a_customer_looks_as_in_the_contract(api: PanelCaller) -> None:
    anna = await api.customer()
    assert anna["clientBillingAddress"]["clientStreet"] == "Długa 1"
    assert (anna["clientType"], anna["isUnregistered"]) == ("female", "n")
    assert anna["clientPersonalData"] == {"clientBirthDate": "0000-00-00"}
    assert anna["clientPreferences"]["clientIsWholesaler"] == "no"
    assert anna["newsletterEmailApprovalsData"] == [
        {"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": 1},
        {"newsletterEmailApprovalDate": ZERO_TIME, "shopId": 2},
    ]
    assert anna["newsletterSmsApprovalsData"] == [{"newsletterSmsApprovalDate": ZERO_TIME, "shopId": 1}]
    assert anna["clientBalances"] == []
    assert anna["clientActiveInShops"][0] == {"shopId": 1, "shopName": "sklep.example"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("clientsIds=1025,1024", [ANNA, JAN]),
        ("clientsIds=1", []),
        ("clientTextSearch=kowal", [ANNA]),
        ("clientsLastModificationDate[clientsLastModificationDateBegin]=2026-01-02", [JAN]),
        ("clientsLastModificationDate%5BclientsLastModificationDateEnd%5D=2026-01-01", [ANNA]),
        ("clientsLastModificationDate[clientsLastModificationDateBegin]=2026-01-01 18:49:22", [JAN]),
        ("clientRegistrationDate[clientRegistrationDateBegin]=2025-01-01", [ANNA]),
        ("clientLastPurchaseDate[clientLastPurchaseDateBegin]=2026-01-02", [JAN]),
        ("shopId=2", [ANNA]),
        ("clientIsActive=no", []),
        ("clientHasTradeCredit=positive", []),
    ],
)
async def test_customers_are_filtered(api: PanelCaller, query: str, found: list[int]) -> None:
    answer = (await api.send(f"GET clients/clients?{query}")).json()
    assert [row["clientId"] for row in answer.get("results", [])] == found
    assert found or answer == NOTHING_FOUND


async def test_chosen_elements_never_include_the_sms_approvals(api: PanelCaller) -> None:
    wanted = "clientId,clientFirstName,newsletterEmailApprovalsData,newsletterSmsApprovalsData"
    row = (await api.ok(f"GET clients/clients?clientsIds={ANNA}&returnElements={wanted}"))["results"][0]
    assert set(row) == {"clientId", "clientBillingAddress", "newsletterEmailApprovalsData"}
    assert row["clientBillingAddress"] == {"clientFirstName": "Anna"}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"clientEmail": "ANNA@example.com", "settingsExactSearch": True}, [ANNA]),
        ({"clientEmail": "example.com", "settingsExactSearch": True}, []),
        ({"clientEmail": "example.com"}, [ANNA, JAN]),
        ({"clientIsWholesaler": "yes"}, [JAN]),
        ({"clientType": "person_female"}, [ANNA]),
        ({"newsletterEmailApproval": "n"}, [JAN]),
        ({"newsletterEmailApprovalsData": [{"shopId": 1, "inNewsletterEmailApproval": "y"}]}, [ANNA]),
        ({"searchByShops": {"searchModeInShops": "exactly_selected", "shopsIds": [1]}}, [JAN]),
        ({"searchByShops": {"searchModeInShops": "one_of_selected", "shopsIds": [1, 2]}}, [ANNA, JAN]),
    ],
)
async def test_somebody_is_looked_up(api: PanelCaller, params: Json, found: list[int]) -> None:
    answer = (await api.send("POST clients/crm/search", {"params": params})).json()
    assert [row["clientId"] for row in answer.get("clientsResults", [])] == found
    assert found or answer == NOTHING_FOUND


async def test_the_answer_to_a_search_is_flat_and_says_y_or_n(api: PanelCaller) -> None:
    params = {"clientEmail": "anna@example.com", "settingsExactSearch": True, "resultsPage": 0, "resultsLimit": 100}
    row = (await api.params("POST clients/crm/search", params))["clientsResults"][0]
    assert (row["clientFirstName"], row["clientType"], row["clientPhone1"]) == ("Anna", "person_female", "+48123456789")
    assert row["newsletterEmailApprovalsData"] == [
        {"inNewsletterEmailApproval": "y", "shopId": 1},
        {"inNewsletterEmailApproval": "n", "shopId": 2},
    ]
    assert "clientStreet" not in row


async def test_a_consent_is_written_for_one_shop_and_answered_by_row(api: PanelCaller) -> None:
    sms = {"newsletterSmsApprovalsData": [{"shopId": 1, "inNewsletterSmsApproval": "y"}]}
    results = await put(api, {"clientLogin": "anna.k", "requestReference": "job-77", **says(1, "n"), **sms})
    answer = {"clientId": ANNA, "requestReference": "job-77"}
    assert results == [{"resultStatus": True, "clientsResult": answer, "errors": []}]
    anna = await api.customer()
    assert await consents(api) == {1: ZERO_TIME, 2: ZERO_TIME}
    assert anna["newsletterSmsApprovalsData"][0]["newsletterSmsApprovalDate"] == "2026-01-01 01:00:00"
    assert anna["clientBillingAddress"]["clientFirstName"] == "Anna"


async def test_repeating_a_consent_keeps_its_date(api: PanelCaller) -> None:
    await put(api, {"clientLogin": "anna.k", **says(1, "y")})
    assert (await consents(api))[1] == "2025-03-18 18:49:21"


@pytest.mark.parametrize(("mode", "left"), [("merge", {1, 2}), ("replace", {2})])
async def test_shops_which_are_not_named_stay_or_go(mode: str, left: set[int]) -> None:
    api = PanelCaller(rules={"approvals": mode})
    await put(api, {"clientLogin": "anna.k", **says(2, "y")})
    assert set(await consents(api)) == left


async def test_the_overall_flag_reaches_every_active_shop(api: PanelCaller) -> None:
    await put(api, {"clientLogin": "anna.k", "newsletterEmailApproval": True})
    assert ZERO_TIME not in (await consents(api)).values()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({}, 1),
        ({"clientLogin": "nobody"}, 28),
        ({"clientLogin": "anna.k", **says(9, "y")}, 14),
        ({"clientLogin": "jan.n", **says(2, "y")}, 14),
        ({"clientLogin": "anna.k", "clientEmail": "anna", **says(1, "n")}, 12),
        ({"clientLogin": "anna.k", "clientBirthDate": "2026-02-30"}, 9),
    ],
)
async def test_a_wrong_row_fails_alone_and_leaves_nothing(api: PanelCaller, row: Json, code: int) -> None:
    before = await consents(api)
    good = {"clientLogin": "jan.n", "clientNote": "hello"}
    bad, fine = await put(api, row, good, status=207)
    assert (bad["resultStatus"], bad["errors"][0]["faultCode"]) == (False, code)
    assert fine["resultStatus"] is True
    assert await consents(api) == before


async def test_a_shop_where_the_account_is_not_active_may_be_allowed() -> None:
    api = PanelCaller(rules={"only_active_shops": False})
    assert (await put(api, {"clientLogin": "jan.n", **says(2, "y")}))[0]["resultStatus"] is True


async def test_old_data_can_make_every_edit_fail(api: PanelCaller) -> None:
    api.app.state.sandbox.panel.customers[ANNA].stale_data_code = 21
    results = await put(api, {"clientLogin": "anna.k", **says(1, "n")}, status=207)
    assert results[0]["errors"][0]["faultCode"] == 21


@pytest.mark.parametrize("row", [{"clientIsWholesaler": "yes"}, says(1, "maybe"), {"clientType": "female"}])
async def test_reads_and_writes_spell_differently(api: PanelCaller, row: Json) -> None:
    body = {"params": {"clients": [{"clientLogin": "anna.k", **row}]}}
    assert (await api.send("PUT clients/clients", body)).status_code == 422


async def test_a_change_reaches_the_customer_where_nothing_forbids_it(api: PanelCaller) -> None:
    await put(api, {"clientLogin": "anna.k", "clientNote": "x"})
    assert (await api.last())["warnings"] == []
    await put(api, {"clientLogin": "anna.k", "clientNote": "x"}, settings={"clientSettingSendMail": True})
    assert len((await api.look("customers/anna.k"))["notices"]) == 1
    assert len((await api.last())["warnings"]) == 2


async def test_an_account_is_made_with_other_words_than_it_is_edited(api: PanelCaller) -> None:
    whole: dict[str, Any] = {"email": "ewa@example.com", "city": "Łódź", "street": "Polna 1", "zipcode": "90-001"}
    rows = [{**whole, "phone": "600100200", "shops": [2], "email_newsletter": True}, whole]
    answer = await api.params("POST clients/clients", {"clients": rows}, status=207)
    made, refused = answer["clients"]
    assert (made["status"], made["params"]["login"]) == (True, "ewa@example.com")
    assert (refused["status"], refused["errors"][0]["faultCode"]) == (False, 21)
    ewa = await api.customer(made["params"]["id"])
    assert ewa["newsletterEmailApprovalsData"] == [{"newsletterEmailApprovalDate": "2026-01-01 01:00:00", "shopId": 2}]


async def test_subscribers_without_account_are_found_and_told_apart(api: PanelCaller) -> None:
    await api.post("subscribers", {"email": "ola@example.com", "shop": 1})
    params: Json = {"shops": [{"shop_id": 1, "approval": "y", "registered": "n"}]}
    params["date"] = {"from": "2026-01-01 00:00:00", "to": "2026-01-31 23:59:59"}
    answer = await api.params(EMAIL_SEARCH, params)
    said = {"shop_id": 1, "approval": "y", "date_modification": "2026-01-01 01:00:00"}
    assert answer == {
        "results_number_all": "1",
        "results_number_page": "1",
        "results_page": 0,
        "results_limit": 100,
        "clients": [
            {
                "client_number": 0,
                "login": "",
                "registered": "n",
                "language": "pol",
                "email": "ola@example.com",
                "shops": {"0": said},
            }
        ],
    }
    await api.post("subscribers", {"email": "ola@example.com", "shop": 1, "given": False})
    assert await api.params(EMAIL_SEARCH, params, status=207) == NOTHING_FOUND
    people = await api.ok("GET clients/clients")
    assert "ola@example.com" not in str(people)


async def test_an_empty_map_is_a_list(api: PanelCaller) -> None:
    shops = {row["login"]: row["shops"] for row in (await api.params(EMAIL_SEARCH, {}))["clients"]}
    assert shops["jan.n"] == []
    assert set(shops["anna.k"]) == {"0", "1"}
    listing = PanelCaller(rules={"keyed_maps": False})
    assert isinstance((await listing.params(EMAIL_SEARCH, {}))["clients"][0]["shops"], list)


async def test_the_sms_newsletter_tells_a_date(api: PanelCaller) -> None:
    await api.post("customers/anna.k/approvals", {"shop": 2, "channel": "sms", "given": True})
    row = (await api.params(SMS_SEARCH, {"shops": [{"shop_id": 2, "approval": "y"}]}))["clients"][0]
    assert row["phone_cellular"] == "+48123456789"
    assert [shop["approval"] for shop in row["shops"].values()] == [ZERO_TIME, "2026-01-01 01:00:00"]
    plain = PanelCaller(rules={"sms_dates": False})
    assert (await plain.params(SMS_SEARCH, {}))["clients"][0]["shops"]["0"]["approval"] == "n"


async def test_a_change_of_newsletter_is_found_by_its_date_though_the_customer_looks_untouched(
    api: PanelCaller,
) -> None:
    await api.post("customers/anna.k/approvals", {"shop": 1, "channel": "email", "given": False})
    since = {"date": {"from": "2026-01-01 00:00:00"}}
    assert [row["login"] for row in (await api.params(EMAIL_SEARCH, since))["clients"]] == ["anna.k"]
    assert (await api.customer())["clientsLastModificationDate"] == "2026-01-01 18:49:21"


async def test_somebody_registers(api: PanelCaller) -> None:
    wanted = {"email": "ola@example.com", "first_name": "Ola", "active_shops": [2]}
    answer = await api.post("customers", {**wanted, "tags": {"VIP": 3}, "approvals": {"email": {"2": True}}})
    row = await api.customer(answer["id"])
    assert (row["clientLogin"], row["clientRegistrationDate"]) == ("ola@example.com", "2026-01-01")
    assert row["newsletterEmailApprovalsData"][0]["shopId"] == 2
    assert await api.tags(answer["id"]) == {"VIP": 3}
    assert (await api.http.post("/sandbox/customers", json=wanted)).status_code == 400
