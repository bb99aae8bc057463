"""Signing in, and what the pages of the console show to whom (R95)."""

import re
from typing import Any

import pytest
from starlette.routing import Route

from app.console.application import console_app
from app.domain.shops.configuration import READER_ROLE
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

NO_USES: Any = None
ROUTES = [route for route in console_app(NO_USES).routes if isinstance(route, Route)]
NO_PAGES = {"/sign-in", "/assets/{name}", "/{rest:path}"}
"""What is shown to people who are not signed in."""


def shown(path: str) -> str:
    """An address of the route: parts of it that a person chooses name nothing that is there."""
    return re.sub(r"\{\w+(:path)?\}", "unknown", path)


PAGES = [shown(route.path) for route in ROUTES if "GET" in (route.methods or ()) and route.path not in NO_PAGES]


def test_every_page_is_among_those_that_are_tried() -> None:
    assert {"/", "/find", "/shadow", "/events/unknown/unknown"} <= set(PAGES)
    assert {route.path for route in ROUTES} > NO_PAGES


async def test_r95_a_page_shows_nothing_to_who_is_not_signed_in(door: Door) -> None:
    for path in PAGES:
        answer = await door.http.get(f"/console{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), path
        assert answer.text == ""


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/nothing/here"])
async def test_r95_every_page_forbids_what_is_not_its_own_and_holds_no_inline_style_or_script(door: Door, path: str) -> None:
    http = await signed_in(door)
    for language in ("pl", "en"):
        page = await http.get(f"/console{path}?lang={language}")
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert f'<html lang="{language}">' in page.text
        assert not re.search(r"<style|style=|<script(?! src)|\son\w+=|https?://(?!sklep|hurt|127\.0\.0\.1|gateway)", page.text)


@pytest.mark.parametrize("key", ["", "no key at all", "gwk_ab12cd34_00_00"])
async def test_r95_a_wrong_key_and_a_shops_key_open_no_session(door: Door, key: str) -> None:
    for tried in (key, door.keys["shop1"]):
        answer = await door.http.post("/console/sign-in", data={"key": tried})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert tried == "" or tried not in answer.text


async def test_r95_the_cookie_is_kept_from_scripts_and_other_sites(door: Door) -> None:
    key = await door.gateway.directory.issue_key(None, READER_ROLE)
    cookie = (await door.http.post("/console/sign-in", data={"key": key})).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/console" in cookie


async def test_r95_signing_out_ends_the_session_for_the_person_who_kept_the_cookie(door: Door) -> None:
    http = await signed_in(door)
    cookies = dict(http.cookies)
    assert (await sent(http, "/sign-out")).status_code == 303
    http.cookies.update(cookies)
    assert (await http.get("/console/")).status_code == 303


@pytest.mark.parametrize("path", PAGES)
async def test_r73_no_query_gives_a_5xx(door: Door, path: str) -> None:
    http = await signed_in(door)
    for query in ("shop=nobody", "shop=%00", "outcome=x", "before=x", "before=99999999999999999999", "lang=xx", "about=%ff"):
        assert (await http.get(f"/console{path}?{query}")).status_code < 500, query


async def test_a_readers_key_may_read_through_the_api_and_replay_nothing(door: Door) -> None:
    headers = {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, READER_ROLE)}"}
    assert (await door.http.get("/v1/operations/parked", headers=headers)).status_code == 200
    for mode, status in (("preview", 200), ("run", 403)):
        answer = await door.http.post("/v1/operations/replays", json={"mode": mode}, headers=headers)
        assert answer.status_code == status
    started = await door.http.post("/v1/shops/shop2/reconciliations", json={"mode": "preview"}, headers=headers)
    assert started.status_code == 403


@pytest.mark.parametrize("path", ["/events/shop1/unknown", "/events/nobody/unknown", "/nothing", "/assets/nothing.css"])
async def test_what_is_not_there_is_said_so_in_the_visitors_language(door: Door, path: str) -> None:
    page = await (await signed_in(door)).get(f"/console{path}?lang=pl")
    assert page.status_code == 404
    assert "Niczego takiego tu nie ma." in page.text
