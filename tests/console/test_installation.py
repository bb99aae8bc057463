"""The banner over every page of a copy, and the button that ends it (J5, R95)."""

from pathlib import Path

import pytest

from app.domain.shops.configuration import ADMIN_ROLE, OPERATOR_ROLE
from tests.support.console import sent, signed_in
from tests.support.gateways import open_door
from tests.support.running.copies import copied_to

PAGES = ("/", "/find", "/stuck", "/setup", "/audit")


@pytest.fixture
async def copied(tmp_path: Path):
    copied_to(tmp_path)
    async with open_door(tmp_path) as door:
        yield door


async def test_every_page_of_a_copy_says_so_in_both_languages_and_an_administrator_ends_it(copied) -> None:
    http = await signed_in(copied, ADMIN_ROLE)
    for page in PAGES:
        assert "Nothing is sent: this may be a copy" in (await http.get(f"/console{page}?lang=en")).text
        assert "Nic nie jest wysyłane: to może być kopia" in (await http.get(f"/console{page}?lang=pl")).text
    assert (await sent(http, "/installation/confirm")).status_code == 303
    for page in PAGES:
        assert "this may be a copy" not in (await http.get(f"/console{page}?lang=en")).text
    assert "confirmed that the database is no copy" in (await http.get("/console/audit?lang=en")).text


async def test_a_person_who_is_no_administrator_sees_it_and_cannot_end_it(copied) -> None:
    http = await signed_in(copied, OPERATOR_ROLE)
    page = (await http.get("/console/find?lang=en")).text
    assert "An administrator can confirm" in page
    assert "/console/installation/confirm" not in page
    assert (await sent(http, "/installation/confirm")).status_code == 403
    assert not copied.gateway.installation.may_send


async def test_the_page_to_sign_in_tells_strangers_nothing_of_it(copied) -> None:
    assert "this may be a copy" not in (await copied.http.get("/console/sign-in?lang=en")).text


async def test_prometheus_shows_whether_things_are_sent(copied) -> None:
    operator = await copied.operator()
    assert "gateway_sends 0.0" in (await copied.http.get("/metrics", headers=operator)).text
    await copied.gateway.installation.confirm()
    copied.gateway.health._counted._good_until = 0.0  # what is remembered may be some seconds old
    assert "gateway_sends 1.0" in (await copied.http.get("/metrics", headers=operator)).text
