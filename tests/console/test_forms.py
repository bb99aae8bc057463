"""Forms of the console: who may send which, with the token of the session alone, and what is written down of it (R95)."""

import re
from typing import Any

import pytest
from starlette.routing import Route

from app.console.application import console_app
from app.domain.shops.configuration import ADMIN_ROLE, OPERATOR_ROLE, READER_ROLE
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

NO_USES: Any = None
ROUTES = [route for route in console_app(NO_USES).routes if isinstance(route, Route)]
FORMS = [
    ("/replay", {"shop": "shop1"}),
    ("/manual-tasks/done", {"shop": "shop1", "number": "1"}),
    ("/conflicts/seen", {"shop": "shop1", "email": "x@example.com", "kind": "tag_lost", "sure": "yes"}),
    ("/pushes/again", {"number": "1"}),
    ("/transfers/start", {"shop": "shop2", "mode": "dry_run"}),
    ("/transfers/act", {"shop": "shop2", "number": "1", "act": "pause"}),
    ("/comparisons/start", {"shop": "shop2", "mode": "preview"}),
    ("/erase", {"shop": "shop2", "email": "x@example.com", "sure": "yes"}),
    ("/installation/confirm", {}),
    ("/keys/issue", {"role": "admin", "name": "x"}),
    ("/keys/revoke", {"key_id": "ab12cd34"}),
]
ADMIN_FORMS = FORMS[-3:]
READERS_FORMS = [
    ("/sign-out", {}),
    ("/find", {"about": "x"}),
    ("/access-report", {"shop": "shop2", "email": "x@example.com"}),
]


def test_every_form_is_among_those_that_are_tried() -> None:
    posted = {route.path for route in ROUTES if "POST" in (route.methods or ())}
    assert posted - {"/sign-in"} == {path for path, _ in [*FORMS, *READERS_FORMS]}


@pytest.mark.parametrize(("path", "form"), [*FORMS, *READERS_FORMS])
async def test_r95_a_form_without_the_sessions_own_token_does_nothing(door: Door, path: str, form: dict[str, str]) -> None:
    http = await signed_in(door)
    for token in ({}, {"token": ""}, {"token": "0" * 64}, {"token": "ż"}):
        assert (await http.post(f"/console{path}", data={**form, **token})).status_code == 403
    assert [entry.action for _, entry in await door.gateway.audit.newest()] == ["signed_in"]


@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_r95_a_reader_changes_nothing(door: Door, path: str, form: dict[str, str]) -> None:
    http = await signed_in(door, READER_ROLE)
    assert (await sent(http, path, **form)).status_code == 403
    assert [entry.action for _, entry in await door.gateway.audit.newest()] == ["signed_in"]


@pytest.mark.parametrize("role", [OPERATOR_ROLE, ADMIN_ROLE])
async def test_r95_what_is_done_at_the_console_stands_in_the_audit_log_with_the_name(door: Door, role: str) -> None:
    http = await signed_in(door, role)
    assert (await sent(http, "/comparisons/start", shop="shop2", mode="preview")).status_code == 303
    (_, entry), *_ = await door.gateway.audit.newest()
    assert (entry.action, entry.actor.door, entry.shop_id) == ("reconciliation_started", "console", "shop2")
    assert entry.actor.name.startswith("Anna (")
    assert "Anna (" in (await http.get("/console/audit")).text


async def test_r95_an_operator_issues_and_revokes_no_key_and_an_administrator_does(door: Door) -> None:
    http = await signed_in(door, OPERATOR_ROLE)
    for path, form in ADMIN_FORMS:
        assert (await sent(http, path, **form)).status_code == 403
    http = await signed_in(door, ADMIN_ROLE)
    page = await sent(http, "/keys/issue?lang=en", role="reader", name="Jan <b>", days="30", shop="shop1")
    (key,) = re.findall(r'value="(gwk_[^"]+)"', page.text)
    caller = door.gateway.directory.caller(key)
    assert (caller.role, caller.shop_id, caller.name) == (READER_ROLE, None, "Jan <b>")
    assert "Jan <b>" not in page.text
    assert (await sent(http, "/keys/revoke", key_id=caller.key_id)).status_code == 303
    assert door.gateway.directory.live_key(caller.key_id) is None
    assert key not in (await http.get("/console/setup")).text
    actions = [entry.action for _, entry in await door.gateway.audit.newest()]
    assert actions[:2] == ["key_revoked", "key_issued"]


async def test_a_shops_key_is_issued_for_the_shop_and_of_more_than_two_the_page_says_no(door: Door) -> None:
    http = await signed_in(door, ADMIN_ROLE)
    page = await sent(http, "/keys/issue?lang=en", role="shop", shop="shop1")
    (key,) = re.findall(r'value="(gwk_[^"]+)"', page.text)
    assert door.gateway.directory.caller(key).shop_id == "shop1"
    refused = await sent(http, "/keys/issue?lang=en", role="shop", shop="shop1")
    assert refused.status_code == 409
    assert "revoke one first" in refused.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/keys/issue", {"role": "unheard-of"}),
        ("/keys/issue", {"role": "shop", "shop": "nobody"}),
        ("/keys/issue", {"role": "reader", "name": "\u0000" * 99, "days": "999999999999999"}),
        ("/keys/revoke", {"key_id": "\u0000%"}),
        ("/manual-tasks/done", {"shop": "shop1", "number": "99999999999999999999"}),
        ("/manual-tasks/done", {"shop": "nobody", "number": "1"}),
        ("/pushes/again", {"number": "99999999999999999999"}),
        ("/pushes/again", {"number": "x"}),
        ("/transfers/act", {"shop": "shop2", "number": "7", "act": "pause"}),
        ("/transfers/act", {"shop": "shop2", "number": "7", "act": "__class__"}),
        ("/transfers/start", {"shop": "shop1", "mode": "dry_run"}),
        ("/comparisons/start", {}),
        ("/find", {"about": "\u0000@\ud7ff" * 50}),
        ("/replay", {"reason": "unheard-of", "words": "%00", "event_id": "\u0000"}),
    ],
)
async def test_r73_no_form_gives_a_5xx(door: Door, path: str, form: dict[str, str]) -> None:
    assert (await sent(await signed_in(door, ADMIN_ROLE), path, **form)).status_code < 500
