"""Shapes of the panel's answers that only PHP would think of (contract 1.8)."""

from collections.abc import Iterable
from typing import Any

import pytest

from app.clients.idosell.answers import whole
from app.domain.delivery.outcomes import Delivered, NeedsPerson, NotNeeded, Unknown, Unreachable
from app.domain.reasons import Reason
from tests.clients.idosell.talking import IN, STOP, WRITTEN, news, page_of, told, wants
from tests.support.panel import EMPTY, JAN, READ, REAL, SEARCH, WRITE, ZERO, Json, Script, found, shown

# -- shapes of PHP -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (207, EMPTY),
        (200, EMPTY),
        (207, {"errors": {"faultCode": "2", "faultString": "empty"}}),
        (207, {"errors": [{"faultCode": 2, "faultString": "empty"}]}),
        (200, {"resultsNumberAll": 0, "resultsPage": 0, "clientsResults": []}),
        (200, {"resultsNumberAll": "0", "resultsPage": "0", "clientsResults": {}}),
        (200, {"resultsPage": 0, "errors": []}),
        (200, {"errors": {"faultCode": 0, "faultString": ""}, "clientsResults": []}),
    ],
)
async def test_nothing_found_is_no_error_in_whatever_shape(status: int, answer: Json) -> None:
    script = Script().on(SEARCH, answer, status=status)
    assert await told(script.side(), STOP) == NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
    assert await told(script.side(), wants(points={"vip": 3})) == NotNeeded(Reason.NO_CARRIER_OF_TAGS)


def keyed(rows: Iterable[Any]) -> Json:
    return {str(number): row for number, row in enumerate(rows)}


@pytest.mark.parametrize("number", [1024, "1024"])
async def test_lists_may_be_objects_keyed_by_number_and_numbers_texts(number: Any) -> None:
    customer = {**shown(number=number), "newsletterSmsApprovalsData": [], "newsletterEmailApprovalsData": {}}
    customer["clientActiveInShops"] = keyed({"shopId": str(one)} for one in (1, 2))
    agreed = {**customer, "newsletterEmailApprovalsData": {"7": {"shopId": "1", "newsletterEmailApprovalDate": REAL}}}
    search = {"resultsPage": "0", "clientsResults": keyed([{"clientId": number, "clientEmail": f" {JAN.upper()} "}])}
    script = Script().on(SEARCH, search).on(WRITE, {"results": keyed(WRITTEN["results"])})
    script.on(READ, {"results": keyed([agreed])}, {"results": keyed([customer])})
    assert await told(script.side(), STOP) == Delivered()
    rows = script.calls(WRITE)[0]["params"]["clients"][0]["newsletterEmailApprovalsData"]
    assert rows == [{"shopId": one, "inNewsletterEmailApproval": "n"} for one in (1, 2)]


@pytest.mark.parametrize("date", [ZERO, "0000-00-00", "", None, 0, False])
async def test_no_date_is_no_agreement(date: Any) -> None:
    customer = {**shown(active=[1]), "newsletterEmailApprovalsData": [{"shopId": 1, "newsletterEmailApprovalDate": date}]}
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of(customer))
    assert isinstance(await told(script.side(), STOP), Delivered)
    assert script.writes == []


@pytest.mark.parametrize("active", [[], {}, None, "", [{"shopId": ""}], [{"shopName": "x"}]])
async def test_an_account_may_be_active_nowhere(active: Any) -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(READ, page_of({**shown(email=[1]), "clientActiveInShops": active}))
    assert await told(script.side(), news(IN)) == NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP)
    assert script.writes == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"<html><body>Przerwa techniczna</body></html>",
        b'{"clientsResults": [',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
async def test_an_answer_that_is_no_object_is_no_nobody(answer: bytes) -> None:
    script = Script().on(SEARCH, answer)
    for command in (STOP, wants(points={"vip": 3})):
        assert isinstance(await told(script.side(), command), Unknown | Unreachable)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        ("-1", -1),
        (True, None),
        ("", None),
        ("-", None),
        ("x", None),
        ("1.5", None),
        ("１２", None),
        (None, None),
        ([], None),
        pytest.param("--5", None),
    ],
)
def test_numbers_are_read_from_whatever_php_makes_of_them(text: Any, number: int | None) -> None:
    assert whole(text) == number
