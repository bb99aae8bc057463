"""The panel's list of accounts (contract 2.9): its pages, its quirks, and its local times without a zone."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.clients.idosell import answers
from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Transport
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unreachable, name_of
from app.domain.event_parts import Address, Customer, NewsletterBox
from app.domain.runs.backfill import ListedAccount, Listing
from tests.support.panel import EMPTY, KEY, NOW, READ, ZERO, Json, Script, World, our_shop

SINCE = datetime(2026, 11, 23, 10, tzinfo=UTC)
MODIFIED = "clientsLastModificationDate[clientsLastModificationDateBegin]"


def a_row(number: Any = 1024, **said: Any) -> Json:
    """The row of the contract's example."""
    return {
        "clientId": number,
        "clientsLastModificationDate": "2026-01-01 18:49:21",
        "clientLogin": "anna.k",
        "clientCodeExternal": "",
        "clientEmail": "anna@example.com",
        "clientType": "female",
        "isUnregistered": "n",
        "clientBillingAddress": {
            "clientFirstName": "Anna",
            "clientLastName": "Kowalska",
            "clientNip": "",
            "clientFirm": "",
            "clientStreet": "Długa 1",
            "clientZipCode": "00-001",
            "clientCity": "Warszawa",
            "clientCountryId": "pl",
            "clientRegionId": "",
            "clientProvinceId": "",
            "clientPhone1": "+48 600 100 200",
            "clientPhone2": "",
        },
        "clientPersonalData": {"clientBirthDate": "0000-00-00"},
        "clientPreferences": {
            "langId": "pol",
            "currencyId": "PLN",
            "clientIsWholesaler": "no",
            "clientVatPreferences": "bycountry",
        },
        "newsletterEmailApprovalsData": [
            {"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": 1},
            {"newsletterEmailApprovalDate": ZERO, "shopId": 2},
        ],
        "newsletterSmsApprovalsData": [{"newsletterSmsApprovalDate": ZERO, "shopId": 1}],
        "clientBalances": [],
        "clientRegistrationDate": "2025-01-01",
        "clientActiveInShops": [{"shopId": 1, "shopName": "sklep.example"}],
        **said,
    }


def with_address(**said: Any) -> Json:
    return a_row(clientBillingAddress={**a_row()["clientBillingAddress"], **said})


def an_answer(*rows: Any, page: Any = 0, total: Any = None, pages: Any = 1) -> Json:
    return {
        "resultsNumberAll": len(rows) if total is None else total,
        "resultsNumberPage": pages,
        "resultsPage": page,
        "resultsLimit": 100,
        "results": list(rows),
    }


def read(row: Json, number: int = 1, **options: Any) -> ListedAccount:
    (account,) = answers.listed_accounts(an_answer(row), our_shop(number, **options))
    return account


def customer_of(row: Json, number: int = 1) -> Customer:
    customer = read(row, number).customer
    assert customer is not None
    return customer


async def listed(answer: Any, page: int = 0, status: int = 200) -> Listing:
    return await Script().on(READ, answer, status=status).side().accounts(page)


# -- against the stand-in ------------------------------------------------------------------------------------------------


async def test_pages_of_a_hundred_bring_every_account_once_and_the_totals() -> None:
    world = World()
    logins = [await world.customer(f"person{number}@example.com") for number in range(205)]
    side = world.side()
    seen: list[str | None] = []
    for page, rows in ((0, 100), (1, 100), (2, 5)):
        listing = await side.accounts(page)
        assert isinstance(listing.answer.outcome, Delivered)
        assert (len(listing.accounts), listing.total, listing.pages) == (rows, 205, 3)
        seen += [account.customer.email if account.customer else None for account in listing.accounts]
    assert seen == logins
    assert [dict(request.url.params) for request in world.way.sent] == [
        {"resultsPage": str(page), "resultsLimit": "100"} for page in range(3)
    ]


async def test_the_sms_approvals_come_because_no_elements_are_asked_for_by_name() -> None:
    world = World()
    await world.customer(approvals={"sms": {"1": True}})
    (account,) = (await world.side().accounts(0)).accounts
    assert "returnElements" not in str(world.way.sent[-1].url)
    assert "shopId" not in str(world.way.sent[-1].url)  # accounts without a shop would be missed
    assert account.customer is not None
    assert account.customer.newsletter_sms.ticked
    assert not account.customer.newsletter_email.ticked


@pytest.mark.parametrize("rules", [{}, {"empty_is_207": False}])
async def test_a_page_past_the_end_is_an_empty_page_and_no_failure(rules: Json) -> None:
    world = World(**rules)
    await world.customer()
    for page in (1, 7):
        listing = await world.side().accounts(page)
        assert isinstance(listing.answer.outcome, Delivered)
        assert listing.accounts == ()


async def test_an_empty_panel_is_an_empty_page() -> None:
    listing = await World().side().accounts(0)
    assert (name_of(listing.answer.outcome), listing.accounts, listing.total, listing.pages) == ("delivered", (), 0, 0)


async def test_the_closing_pass_asks_with_the_filter_as_the_contract_spells_it_in_the_panels_local_time() -> None:
    world = World()
    await world.customer()
    listing = await world.side().accounts(0, SINCE)
    query = dict(world.way.sent[-1].url.params)
    assert query == {"resultsPage": "0", "resultsLimit": "100", MODIFIED: "2026-11-23 11:00:00"}
    assert isinstance(listing.answer.outcome, Delivered)


async def test_the_closing_pass_gets_those_who_changed_and_nobody_else() -> None:
    world = World()
    for number in range(3):
        await world.customer(f"person{number}@example.com")
    panel = world.app.state.sandbox.panel
    for customer, modified in zip(
        panel.customers.values(), ("2026-11-23 10:59:59", "2026-11-23 11:00:00", "2026-11-24 08:00:00"), strict=True
    ):
        customer.modified_at = modified
    listing = await world.side().accounts(0, SINCE)
    emails = [account.customer.email for account in listing.accounts if account.customer]
    assert (emails, listing.total) == (["person1@example.com", "person2@example.com"], 2)


async def test_accounts_read_alike_with_ids_as_numbers_or_as_texts() -> None:
    shown = []
    for as_texts in (False, True):
        world = World(ids_as_strings=as_texts)
        await world.customer(approvals={"email": {"1": True}}, active_shops=[1, 2])
        world.app.state.sandbox.panel.customers[next(iter(world.app.state.sandbox.panel.customers))].consents["email"][
            1
        ].since = "2025-03-18 18:49:21"
        listing = await world.side().accounts(0)
        shown.append((listing.accounts, listing.total, listing.pages))
    assert shown[0] == shown[1]
    assert shown[0][0][0].active_in == {1, 2}


async def test_guests_are_known_as_such_and_the_shops_of_an_account_are_kept() -> None:
    world = World()
    await world.customer("gosc@example.com", unregistered=True)
    await world.customer("klient@example.com", active_shops=[2, 3])
    guest, customer = (await world.side().accounts(0)).accounts
    assert (guest.is_guest, customer.is_guest) == (True, False)
    assert customer.active_in == {2, 3}


@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        ("throttle", {"retry_after": 7}, "throttled"),
        ("server_error", {}, "unreachable"),
        ("unavailable", {}, "unreachable"),
        ("html_200", {}, "unreachable"),
        ("truncated_json", {}, "unreachable"),
        ("unauthenticated", {}, "refused"),
        ("forbidden", {}, "refused"),
    ],
)
async def test_a_panel_that_cannot_list_says_so_and_lists_nobody(kind: str, more: Json, outcome: str) -> None:
    world = World()
    await world.customer()
    await world.fault(kind, READ, times=None, **more)
    listing = await world.side().accounts(0)
    said = listing.answer.outcome
    assert listing.accounts == ()
    assert not isinstance(said, Delivered)
    if outcome == "throttled":
        assert said == Throttled(7)
    elif outcome == "refused":
        assert isinstance(said, Refused)
        assert said.account_wide
    else:
        assert name_of(said) in ("unreachable", "unknown")


async def test_a_panel_that_nobody_reaches_is_unreachable() -> None:
    def refuses(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    http = httpx.AsyncClient(transport=httpx.MockTransport(refuses))
    listing = await IdosellPanel(our_shop(), KEY, Transport(http, RateLimiter(1000, in_flight=1)), lambda: NOW).accounts(0)
    assert isinstance(listing.answer.outcome, Unreachable)


async def test_an_overloaded_panel_says_so_and_one_without_a_word_on_it_is_not() -> None:
    world = World()
    assert not await world.side().is_overloaded()
    await world.fault("overloaded", times=None)
    assert await world.side().is_overloaded()
    assert not await World(keys=()).side().is_overloaded()


# -- against answers that only a real panel would think of -----------------------------------------------------------------


@pytest.mark.parametrize("echo", [0, 3, "0", "1"])
async def test_another_page_than_was_asked_for_is_not_believed(echo: Any) -> None:
    """A misspelt parameter is ignored in silence, and then it is page 0 for ever (contract 1.4)."""
    listing = await listed(an_answer(a_row(), page=echo, pages=5, total=500), page=2)
    assert isinstance(listing.answer.outcome, Refused)
    assert (listing.accounts, listing.total) == ((), 0)


@pytest.mark.parametrize("echo", [2, "2", None])
async def test_the_page_that_was_asked_for_is_believed_also_as_text(echo: Any) -> None:
    listing = await listed(an_answer(a_row(), page=echo, pages="5", total="401"), page=2)
    assert isinstance(listing.answer.outcome, Delivered)
    assert ([account.id for account in listing.accounts], listing.total, listing.pages) == ([1024], 401, 5)


@pytest.mark.parametrize(("answer", "status"), [(EMPTY, 207), (EMPTY, 200), ({**an_answer(), "errors": []}, 200)])
async def test_nothing_found_is_an_empty_page(answer: Json, status: int) -> None:
    listing = await listed(answer, status=status)
    assert (name_of(listing.answer.outcome), listing.accounts) == ("delivered", ())


@pytest.mark.parametrize("code", [1, 3, 4, 99])
async def test_every_other_fault_code_is_no_page(code: int) -> None:
    listing = await listed({"errors": {"faultCode": code, "faultString": "nie"}, **an_answer(a_row())}, status=207)
    assert not isinstance(listing.answer.outcome, Delivered)
    assert listing.accounts == ()


async def test_the_words_of_a_failure_name_no_address_and_no_key() -> None:
    fault = {"errors": {"faultCode": 99, "faultString": f"anna@example.com {KEY}"}}
    listing = await listed(fault, status=207)
    for words in (listing.answer.call.detail, str(listing.answer.outcome)):
        assert "anna@" not in words
        assert KEY not in words


@pytest.mark.parametrize("results", [[a_row(1), a_row(2)], {"0": a_row(1), "1": a_row(2)}, {"7": a_row("1"), "9": a_row(" 2 ")}])
async def test_rows_come_as_a_list_or_as_an_object_keyed_by_number(results: Any) -> None:
    listing = await listed({**an_answer(), "results": results})
    assert [account.id for account in listing.accounts] == [1, 2]


@pytest.mark.parametrize("results", [[], {}, None, "", [None, 7, "x", []]])
async def test_what_is_no_row_is_no_account(results: Any) -> None:
    listing = await listed({**an_answer(), "results": results})
    assert (name_of(listing.answer.outcome), listing.accounts) == ("delivered", ())


@pytest.mark.parametrize("number", [None, "", "x", True, 1.5, [], {}])
def test_a_row_without_a_number_is_no_account_and_spoils_no_other(number: Any) -> None:
    rows = answers.listed_accounts(an_answer(a_row(number), a_row(7)), our_shop())
    assert [one.id for one in rows] == [7]


# -- one row -------------------------------------------------------------------------------------------------------------


def test_the_contracts_example_is_read_whole() -> None:
    account = read(a_row(clientPersonalData={"clientBirthDate": "1987-06-05"}))
    assert account == ListedAccount(
        id=1024,
        customer=Customer(
            email="anna@example.com",
            id="1024",
            first_name="Anna",
            last_name="Kowalska",
            company=None,
            gender="female",
            phone="+48600100200",
            address=Address(street="Długa 1", postal_code="00-001", city="Warszawa", country="PL"),
            wholesaler=False,
            newsletter_email=NewsletterBox(ticked=True, since=datetime(2025, 3, 18, 17, 49, 21, tzinfo=UTC)),
            newsletter_sms=NewsletterBox(),
            language="pl",
            birth_date="19870605",
        ),
        is_guest=False,
        active_in=frozenset({1}),
        content=account.content,
    )


def test_approvals_of_other_shops_are_none_of_ours() -> None:
    row = a_row(
        newsletterEmailApprovalsData=[
            {"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": "2"},
            {"newsletterEmailApprovalDate": "2024-01-01 00:00:00", "shopId": 12},
        ],
        newsletterSmsApprovalsData=[{"newsletterSmsApprovalDate": "2025-05-01 12:00:00", "shopId": "3"}],
    )
    assert (customer_of(row).newsletter_email, customer_of(row).newsletter_sms) == (NewsletterBox(), NewsletterBox())
    assert customer_of(row, 2).newsletter_email == NewsletterBox(ticked=True, since=datetime(2025, 3, 18, 17, 49, 21, tzinfo=UTC))
    assert customer_of(row, 3).newsletter_sms == NewsletterBox(ticked=True, since=datetime(2025, 5, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize("shown", [ZERO, "0000-00-00", "", None, False, 0])
def test_a_zero_date_or_none_is_no_approval(shown: Any) -> None:
    row = a_row(newsletterEmailApprovalsData=[{"newsletterEmailApprovalDate": shown, "shopId": 1}])
    assert customer_of(row).newsletter_email == NewsletterBox()


@pytest.mark.parametrize("shown", ["yesterday", "2025-13-45 00:00:00", "18.03.2025 18:49"])
def test_a_date_that_nobody_can_read_opts_nobody_in(shown: str) -> None:
    row = a_row(newsletterEmailApprovalsData=[{"newsletterEmailApprovalDate": shown, "shopId": 1}])
    assert customer_of(row).newsletter_email.since is None


@pytest.mark.parametrize("shown", [[], {}, None, "", [[]]])
def test_an_empty_map_is_written_as_a_list_and_says_nothing(shown: Any) -> None:
    row = a_row(
        clientBillingAddress=shown,
        clientPersonalData=shown,
        newsletterEmailApprovalsData=shown,
        newsletterSmsApprovalsData=shown,
        clientActiveInShops=shown,
    )
    customer = customer_of(row)
    assert customer == Customer(
        email="anna@example.com", id="1024", gender="female", language="pl", wholesaler=False, address=Address()
    )
    assert read(row).active_in == frozenset()


@pytest.mark.parametrize("shown", [[], {}, None])
def test_preferences_that_are_empty_do_not_say_that_somebody_is_no_wholesaler(shown: Any) -> None:
    """Silence about a field never erases what is known of it."""
    customer = customer_of(a_row(clientPreferences=shown))
    assert (customer.wholesaler, customer.language) == (None, None)


def test_approvals_and_shops_keyed_by_number_are_read_like_lists() -> None:
    row = a_row(
        newsletterEmailApprovalsData={"1": {"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": "1"}},
        clientActiveInShops={"1": {"shopId": "1", "shopName": "a"}, "2": {"shopId": 2, "shopName": "b"}},
    )
    assert customer_of(row).newsletter_email.ticked
    assert read(row).active_in == {1, 2}


@pytest.mark.parametrize(
    ("shown", "address"),
    [
        ("anna@example.com", "anna@example.com"),
        (" Anna.K@Example.COM ", "anna.k@example.com"),
        ("anna@gąska.example", "anna@xn--gska-bta.example"),
    ],
)
def test_addresses_are_kept_as_everywhere_here(shown: str, address: str) -> None:
    assert customer_of(a_row(clientEmail=shown)).email == address


@pytest.mark.parametrize(
    "shown", ["", " ", None, 7, [], "anna", "anna@", "@example.com", "anna@localhost", "a b@example.com", "anna@@x.pl"]
)
def test_without_an_address_that_can_be_one_there_is_no_customer_but_still_an_account(shown: Any) -> None:
    account = read(a_row(clientEmail=shown))
    assert (account.id, account.customer) == (1024, None)


@pytest.mark.parametrize(
    ("mobile", "landline", "phone"),
    [
        ("600100200", "", "+48600100200"),
        ("600-100-200", "", "+48600100200"),
        ("0048 600 100 200", "", "+48600100200"),
        ("+49 30 901820", "", "+4930901820"),
        ("", "22 621 00 00", "+48226210000"),
        ("brak", "226210000", "+48226210000"),
        ("600100200", "226210000", "+48600100200"),
        ("000000000", "", None),
        ("123", "tel.", None),
        ("", "", None),
        (None, [], None),
    ],
)
def test_odd_phones_are_left_out_and_the_rest_still_goes(mobile: Any, landline: Any, phone: str | None) -> None:
    customer = customer_of(with_address(clientPhone1=mobile, clientPhone2=landline))
    assert (customer.phone, customer.first_name) == (phone, "Anna")


@pytest.mark.parametrize(
    ("shown", "gender"),
    [
        ("female", "female"),
        ("male", "male"),
        ("person_female", "female"),
        ("person_male", "male"),
        ("private", None),
        ("firm", None),
        ("", None),
    ],
)
def test_the_type_of_a_customer_tells_the_sex_or_nothing(shown: str, gender: str | None) -> None:
    assert customer_of(a_row(clientType=shown)).gender == gender


@pytest.mark.parametrize(
    ("shown", "wholesaler"), [("yes", True), ("y", True), (True, True), (1, True), ("no", False), ("n", False), (0, False)]
)
def test_booleans_vary_by_gate(shown: Any, wholesaler: bool) -> None:
    assert customer_of(a_row(clientPreferences={"clientIsWholesaler": shown})).wholesaler is wholesaler


@pytest.mark.parametrize(
    ("shown", "guest"), [("y", True), ("yes", True), (True, True), ("1", True), ("n", False), ("", False), (None, False)]
)
def test_a_guest_is_one_in_every_spelling(shown: Any, guest: bool) -> None:
    assert read(a_row(isUnregistered=shown)).is_guest is guest


@pytest.mark.parametrize(
    ("shown", "born"),
    [
        ("1987-06-05", "19870605"),
        ("1987-06-05 00:00:00", "19870605"),
        ("0000-00-00", None),
        ("", None),
        ("1987-02-30", None),
        (None, None),
    ],
)
def test_birth_dates_are_days_of_the_calendar_or_nothing(shown: Any, born: str | None) -> None:
    assert customer_of(a_row(clientPersonalData={"clientBirthDate": shown})).birth_date == born


@pytest.mark.parametrize(
    ("country", "phone", "kept"),
    [
        ("cz", "601 123 456", "+420601123456"),
        ("CZ", "601 123 456", "+420601123456"),
        ("Niemcy", "030/123456", "+4930123456"),
        ("pl", "601 123 456", "+48601123456"),
        ("", "601 123 456", "+48601123456"),
        (None, "601 123 456", "+48601123456"),
        ("Atlantyda", "601 123 456", None),
        ("cz", "+48 601 123 456", "+48601123456"),
    ],
)
def test_r10_a_national_number_belongs_to_the_country_of_the_address(country: Any, phone: str, kept: str | None) -> None:
    assert customer_of(with_address(clientCountryId=country, clientPhone1=phone, clientPhone2="")).phone == kept


@pytest.mark.parametrize(("shown", "kept"), [("pl", "PL"), ("De", "DE"), ("Polska", "Polska")])
def test_r10_a_country_of_two_letters_is_in_upper_case(shown: str, kept: str) -> None:
    assert customer_of(with_address(clientCountryId=shown)).address.country == kept


def test_an_account_with_an_address_that_salesmanago_would_refuse_has_no_customer() -> None:
    assert read(a_row(clientEmail=f"{'x' * 65}@example.com")).customer is None


@pytest.mark.parametrize(
    ("shown", "language"), [("pol", "pl"), ("eng", "en"), ("ger", "de"), ("cze", "cs"), ("xyz", None), ("", None), (None, None)]
)
def test_languages_become_two_letters_or_nothing(shown: Any, language: str | None) -> None:
    assert customer_of(a_row(clientPreferences={"langId": shown})).language == language


def test_control_signs_and_endless_texts_are_made_harmless() -> None:
    customer = customer_of(with_address(clientFirstName="An\x00na\r\n", clientLastName="K" * 5000, clientCountryId="de"))
    assert customer.first_name == "An na"
    assert len(customer.last_name or "") == 255
    assert customer.address.country == "DE"


# -- local time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2026-01-15 12:00:00", "2026-01-15T11:00:00+00:00"),
        ("2026-07-15 12:00:00", "2026-07-15T10:00:00+00:00"),
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59+00:00"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25 01:59:59", "2026-10-24T23:59:59+00:00"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00+00:00"),  # this half past two came twice: an opt-in is no newer than the first
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00+00:00"),
        ("2027-03-28 03:30:00", "2027-03-28T01:30:00+00:00"),
        ("2027-10-31 02:59:59", "2027-10-31T00:59:59+00:00"),
    ],
)
def test_consents_were_given_at_the_panels_local_time(shown: str, meant: str) -> None:
    row = a_row(newsletterEmailApprovalsData=[{"newsletterEmailApprovalDate": shown, "shopId": 1}])
    assert customer_of(row).newsletter_email == NewsletterBox(ticked=True, since=datetime.fromisoformat(meant))


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        ("2026-01-15T11:00:00+00:00", "2026-01-15 12:00:00"),
        ("2026-07-15T10:00:00+00:00", "2026-07-15 12:00:00"),
        ("2026-03-29T00:59:59+00:00", "2026-03-29 01:59:59"),
        ("2026-03-29T01:00:00+00:00", "2026-03-29 03:00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25 02:30:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25 02:30:00"),
        ("2026-10-25T02:00:00.999999+00:00", "2026-10-25 03:00:00"),
    ],
)
async def test_changes_are_asked_for_in_the_panels_local_time(since: str, asked: str) -> None:
    script = Script().on(READ, an_answer())
    await script.side().accounts(3, datetime.fromisoformat(since))
    assert script.calls(READ) == [{"resultsPage": "3", "resultsLimit": "100", MODIFIED: asked}]


# -- what makes an account another one -----------------------------------------------------------------------------------


def test_the_digest_of_an_account_is_the_same_for_the_same_content_and_for_nothing_else() -> None:
    plain = read(a_row()).content
    assert read(a_row(clientsLastModificationDate="2026-11-23 12:00:00", clientBalances=[{"x": 1}])).content == plain
    assert read(a_row("1024")).content == plain
    changes = [
        a_row(clientEmail="other@example.com"),
        with_address(clientFirstName="Ania"),
        with_address(clientPhone1="600100201"),
        a_row(newsletterEmailApprovalsData=[]),
        a_row(newsletterSmsApprovalsData=[{"newsletterSmsApprovalDate": "2025-03-18 18:49:21", "shopId": 1}]),
        a_row(clientPreferences={"langId": "eng", "clientIsWholesaler": "no"}),
        a_row(clientPreferences={"langId": "pol", "clientIsWholesaler": "yes"}),
    ]
    assert len({plain, *(read(row).content for row in changes)}) == len(changes) + 1
