"""At the page of a person: the report for who asks what is stored, and the erasure with its preview (M1, M7, R95)."""

import re

import pytest

from app.domain.shops.configuration import READER_ROLE
from app.routers.events.examples import EXAMPLES
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

JAN = EXAMPLES["registration"]["customer"]["email"]


@pytest.mark.parametrize(
    ("language", "erase", "report"),
    [("en", "Erase this person…", "Access report"), ("pl", "Usuń dane tej osoby…", "Raport o danych")],
)
async def test_m1_who_only_reads_is_offered_the_report_and_no_erasure(door: Door, language: str, erase: str, report: str) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    page = (await sent(await signed_in(door), f"/find?lang={language}", about=JAN)).text
    assert (erase in page, report in page) == (True, True)
    page = (await sent(await signed_in(door, READER_ROLE), f"/find?lang={language}", about=JAN)).text
    assert (erase in page, report in page) == (False, True)
    refused = await sent(door.http, "/erase", shop="shop2", email=JAN, sure="yes")
    assert refused.status_code == 403
    assert await door.gateway.audit.newest("shop2") == []


async def test_m1_an_erasure_shows_first_what_goes_and_is_done_only_with_the_tick(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    http = await signed_in(door)
    for form in ({}, {"sure": ""}, {"sure": "no"}):
        page = await sent(http, "/erase?lang=en", shop="shop2", email=JAN, **form)
        assert page.status_code == 200
        assert "Jan Kowalski" in page.text
        assert f"the contact, under {JAN}." in page.text
        assert re.search(r'<input[^>]*type="checkbox"[^>]*name="sure"[^>]*required', page.text)
        assert JAN not in str(page.url)
    polish = (await sent(http, "/erase?lang=pl", shop="shop2", email=JAN)).text
    assert f"kontakt: {JAN}." in polish
    assert (await door.gateway.data_requests.preview("shop2", JAN)).is_known
    done = await sent(http, "/erase", shop="shop2", email=JAN, sure="yes")
    assert (done.status_code, JAN in done.headers["location"]) == (303, False)
    await door.plan()
    ends = await http.get(done.headers["location"] + "?lang=en")
    assert "Erasure requested" in ends.text
    found = (await sent(http, "/find?lang=en", about=JAN)).text
    assert f"{JAN} was erased." in found
    assert "Erase this person" not in found
    audit = (await http.get("/console/audit?lang=en")).text
    assert "asked for a person&#39;s erasure" in audit
    assert JAN not in audit


async def test_m7_the_report_is_a_page_in_the_language_that_was_chosen(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    http = await signed_in(door, READER_ROLE)
    for language, words in (("pl", "Twoje dane"), ("en", "Your data")):
        page = await sent(http, "/access-report", shop="shop2", email=JAN, language=language)
        assert (page.status_code, words in page.text, JAN in page.text) == (200, True, True)
        assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/erase", "/access-report"])
async def test_a_form_that_names_no_shop_or_no_person_finds_nothing(door: Door, path: str) -> None:
    http = await signed_in(door)
    for form in ({}, {"shop": "shop9", "email": JAN}, {"shop": "shop2"}, {"shop": "shop2", "email": "x"}, {"email": JAN}):
        assert (await sent(http, path, sure="yes", **form)).status_code == 404
    assert await door.gateway.audit.newest("shop2") == []
