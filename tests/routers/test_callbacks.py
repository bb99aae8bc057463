"""The addresses SALESmanago calls, and what people see of the way back (R53-R56; contract 5.4)."""

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.domain.operations.audit import Action
from app.domain.shops.callbacks import signature, verified
from app.domain.shops.configuration import OPERATOR_ROLE, READER_ROLE
from app.observability import logs
from tests.support.gateways import ACCOUNT, Door, open_door, shop_entry
from tests.support.problems import assert_problem

JAN, EWA = "jan.nowak@example.com", "ewa@example.com"
OF_SHOP, OF_SHOP_BEFORE, OF_SHOP2, OF_ACCOUNT = "shop1Secret00016", "shop1Former00016", "shop2Secret00016", "accntSecret00016"
NOBODYS = "nobodysSecret016"


def key(email: str, secret: str = OF_SHOP) -> str:
    """As SALESmanago evaluates `sha1($email$SECRET)`."""
    return hashlib.sha1(f"{email}{secret}".encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def opened(folder: Path, **account: Any) -> AsyncIterator[Door]:
    """Shop 1 is changing its secret, shop 2 has one, shop 3 has none; the account has one too."""
    made = {}
    for name, secret in (("new", OF_SHOP), ("former", OF_SHOP_BEFORE), ("other", OF_SHOP2), ("account", OF_ACCOUNT)):
        (folder / name).write_text(secret)
        made[name] = f"file:{folder / name}"
    shops = {
        "shop1": shop_entry(
            "sklep.example.com", 1, "order_consent", callback_secret=made["new"], callback_secrets=[made["former"]]
        ),
        "shop2": shop_entry("hurt.example.com", 2, "all_customers", callback_secret=made["other"]),
        "shop3": shop_entry("outlet.example.com", 3, "all_customers"),
    }
    async with open_door(folder, shops, {**ACCOUNT, "callback_secret": made["account"], **account}) as door:
        yield door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path) as made:
        yield made


async def called(door: Door, path: str, email: str = JAN, given: str | None = None, method: str = "GET") -> httpx.Response:
    encoded = quote(email, safe="@")
    return await door.http.request(method, f"/callbacks/{path}?email={encoded}&key={given if given is not None else key(email)}")


async def stored(door: Door, email: str = JAN) -> dict[str, list[str]]:
    """Shop -> types of the events it has of a person."""
    found = {shop: (await door.post("lookups", {"email": email}, shop)).json()["events"] for shop in door.keys}
    return {shop: [event["type"] for event in events] for shop, events in found.items() if events}


async def subscribed(door: Door, shop: str, email: str = JAN) -> None:
    body = {"event_id": f"s-{email}", "occurred_at": "2026-11-23T10:00:00+01:00", "email": email, "channels": ["email"]}
    assert (await door.post("subscriptions", body, shop)).status_code == 202


async def settled(door: Door) -> None:
    """Decide, and bring home; nothing goes to SALESmanago."""
    await door.plan()
    for shop in door.keys:
        await door.gateway.delivery.deliver_due(f"newsletter:{shop}")


# -- verified, stored, answered ------------------------------------------------------------------------------------------


def test_r55_the_vectors_of_the_contract_fit() -> None:
    for email, expected in (
        ("jan.kowalski@example.com", "8e627799dec6a634ddaac0b83134b8e69988b9d3"),
        ("jan+test@example.com", "32d52b023b095f10bb92038d84d3c6dd1b264158"),
    ):
        assert signature(email, "s3cretParam") == expected
        assert verified(email, expected, ["s3cretParam"]) == email
        assert verified(email, expected, ["another"]) is None
        assert verified(email, expected, []) is None


async def test_r53_a_callback_is_stored_for_its_shop_alone_and_answered_at_once(door: Door) -> None:
    for shop in ("shop1", "shop2", "shop3"):
        await subscribed(door, shop)
    for direction in ("opt-in", "opt-out"):
        for method in ("GET", "POST"):
            answer = await called(door, f"shops/shop1/{direction}", method=method)
            assert (answer.status_code, answer.text) == (200, "OK")
            assert answer.headers["content-type"].startswith("text/plain")
    assert await stored(door) == {
        "shop1": ["subscription", "opt-in", "opt-in", "opt-out", "opt-out"],
        "shop2": ["subscription"],
        "shop3": ["subscription"],
    }


async def test_a_callback_may_be_posted_as_a_form(door: Door) -> None:
    for query, form in (("", {"email": JAN, "key": key(JAN)}), (f"?email={JAN}", {"key": key(JAN)})):
        answer = await door.http.post(f"/callbacks/shops/shop1/opt-out{query}", data=form)
        assert answer.status_code == 200, answer.text
    plus = {"email": "jan+test@example.com", "key": key("jan+test@example.com")}
    assert (await door.http.post("/callbacks/shops/shop1/opt-in", data=plus)).status_code == 200
    assert await stored(door) == {"shop1": ["opt-out", "opt-out"]}
    assert await stored(door, "jan+test@example.com") == {"shop1": ["opt-in"]}


async def test_a_request_that_only_checks_changes_nothing(door: Door) -> None:
    for path in ("shops/shop1/opt-out", "accounts/main/opt-out"):
        answer = await called(door, path, method="HEAD", given=key(JAN, OF_ACCOUNT if path.startswith("a") else OF_SHOP))
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await door.http.head("/callbacks/shops/shop1/opt-out")).status_code == 200
    assert await stored(door) == {}


async def test_other_methods_and_directions_are_not_taken(door: Door) -> None:
    assert (await called(door, "shops/shop1/opt-maybe")).status_code in (400, 404, 422)
    for method in ("PUT", "DELETE", "PATCH"):
        assert_problem(await called(door, "shops/shop1/opt-out", method=method), 405)
    assert await stored(door) == {}


async def test_r55_calling_again_is_harmless_and_answered_the_same(door: Door) -> None:
    answers = [await called(door, "shops/shop1/opt-out") for _ in range(3)]
    assert {(one.status_code, one.text) for one in answers} == {(200, "OK")}
    await settled(door)
    assert set((await stored(door))["shop1"]) == {"opt-out"}
    (item,) = (await door.get("hand-work")).json()["items"]
    assert item["details"] == {"email": "opt_out"}


async def test_r55_a_plus_sign_and_letter_case_are_read_as_the_signature_says(door: Door) -> None:
    for written, signed in (
        ("jan+test@example.com", "jan+test@example.com"),
        ("jan%2Btest@example.com", "jan+test@example.com"),
        ("jan%2Btest%40example.com", "jan+test@example.com"),
        ("Jan+Test@Example.COM", "Jan+Test@Example.COM"),
        ("Jan%2BTest@Example.COM", "jan+test@example.com"),
    ):
        answer = await door.http.get(f"/callbacks/shops/shop1/opt-out?email={written}&key={key(signed)}")
        assert answer.status_code == 200, answer.text
    assert await stored(door, "jan+test@example.com") == {"shop1": ["opt-out"] * 5}


async def test_r55_while_a_secret_is_changed_both_are_believed(door: Door) -> None:
    for secret in (OF_SHOP, OF_SHOP_BEFORE):
        assert (await called(door, "shops/shop1/opt-out", given=key(JAN, secret))).status_code == 200
    assert (await called(door, "shops/shop2/opt-out", given=key(JAN, OF_SHOP2))).status_code == 200
    assert await stored(door) == {"shop1": ["opt-out", "opt-out"], "shop2": ["opt-out"]}
    assert (await called(door, "shops/shop1/opt-in", given=key(JAN).upper())).status_code == 200  # hex is hex


async def test_a_callback_for_a_disabled_shop_is_kept_for_later(door: Door, tmp_path: Path) -> None:
    shops = [one for name, one in door.gateway.directory.stored()[1].items() if name == "shop1"]
    await door.gateway.directory.apply([], [replace(one, shop=replace(one.shop, enabled=False)) for one in shops])
    assert (await called(door, "shops/shop1/opt-out")).status_code == 200
    (event,) = (await door.post("lookups", {"email": JAN})).json()["events"]
    assert event["state"] == "held"


# -- refused -------------------------------------------------------------------------------------------------------------


async def test_r55_a_forged_call_learns_nothing_from_the_answer(door: Door) -> None:
    """Unknown shop, shop without secret, another shop's secret, somebody else's key: one answer."""
    forged = [
        await called(door, "shops/shop1/opt-out", given=key(JAN, NOBODYS)),
        await called(door, "shops/shop1/opt-in", given=key(JAN, NOBODYS)),
        await called(door, "shops/shop1/opt-out", given=key(EWA)),
        await called(door, "shops/shop1/opt-out", given=key(JAN, OF_SHOP2)),
        await called(door, "shops/shop1/opt-out", given=key(JAN, OF_ACCOUNT)),
        await called(door, "shops/shop1/opt-out", given=key(JAN)[:39]),
        await called(door, "shops/shop1/opt-out", given="ż" * 40),
        await called(door, "shops/shop3/opt-out", given=key(JAN)),
        await called(door, "shops/shop3/opt-out", given=key(JAN, "")),
        await called(door, "shops/shop3/opt-out", given=key(JAN, "0" * 16)),
        await called(door, "shops/nowhere/opt-out", given=key(JAN)),
        await called(door, "shops/nowhere/opt-out", given=key(JAN, "0" * 16)),
        await called(door, "accounts/nowhere/opt-out", given=key(JAN, OF_ACCOUNT)),
        await called(door, "accounts/main/opt-out", given=key(JAN)),
    ]
    first, *others = (assert_problem(answer, 403) for answer in forged)
    assert all(other == first for other in others)
    assert JAN not in forged[0].text
    assert await stored(door) == {}


MALFORMED = [
    ("", "email"),
    (f"email={JAN}", "key"),
    (f"key={key(JAN)}", "email"),
    (f"email=&key={key(JAN)}", "email"),
    (f"email={JAN}&key=", "key"),
    (f"email={JAN}&email={JAN}&key={key(JAN)}", "email"),
    (f"email={JAN}&key={key(JAN)}&key={key(JAN)}", "key"),
    (f"email={'a' * 2000}@example.com&key={key(JAN)}", "email"),
    (f"Email={JAN}&Key={key(JAN)}", "email"),
]


async def test_a_call_without_exactly_one_address_and_one_key_says_which_and_stores_nothing(door: Door) -> None:
    for method in ("GET", "POST"):
        for query, field in MALFORMED:
            answer = await door.http.request(method, f"/callbacks/shops/shop1/opt-out?{query}")
            document = assert_problem(answer, answer.status_code)
            assert [one["field"] for one in document["errors"]] == [field]
            assert 400 <= answer.status_code < 500
            assert JAN not in answer.text
    assert await stored(door) == {}


async def test_a_malformed_call_is_a_bad_request(door: Door) -> None:
    """Contract 5.4: bad key 403, missing parameter 400."""
    found = {(await door.http.get(f"/callbacks/shops/shop1/opt-out?{query}")).status_code for query, _ in MALFORMED}
    found |= {(await called(door, "shops/shop1/opt-out", "not-an-address")).status_code}
    assert found == {400}


# -- the account's addresses ---------------------------------------------------------------------------------------------


async def test_r54_a_call_for_the_account_becomes_an_event_in_every_shop_that_knows_the_person(door: Door) -> None:
    await subscribed(door, "shop1")
    await subscribed(door, "shop2")
    await subscribed(door, "shop3", EWA)
    for direction in ("opt-in", "opt-out"):
        answer = await called(door, f"accounts/main/{direction}", given=key(JAN, OF_ACCOUNT))
        assert (answer.status_code, answer.text) == (200, "OK")
    events = ["subscription", "opt-in", "opt-out"]
    assert await stored(door) == {"shop1": events, "shop2": events}
    assert await stored(door, EWA) == {"shop3": ["subscription"]}


async def test_r54_a_person_nobody_knows_is_reported_to_every_shop_with_the_same_answer(door: Door) -> None:
    answer = await called(door, "accounts/main/opt-out", given=key(JAN, OF_ACCOUNT))
    assert (answer.status_code, answer.text) == (200, "OK")
    assert await stored(door) == {shop: ["opt-out"] for shop in ("shop1", "shop2", "shop3")}


async def test_r54_by_location_a_call_reaches_the_shops_that_send_the_person(tmp_path: Path) -> None:
    async with opened(tmp_path, fan_out="by_location") as door:
        for shop in ("shop1", "shop2"):  # shop 1 sends only who consented while ordering
            await subscribed(door, shop)
        await subscribed(door, "shop1", EWA)
        await settled(door)
        for email in (JAN, EWA):
            assert (await called(door, "accounts/main/opt-out", email, key(email, OF_ACCOUNT))).status_code == 200
        assert await stored(door) == {"shop1": ["subscription"], "shop2": ["subscription", "opt-out"]}
        assert await stored(door, EWA) == {"shop1": ["subscription", "opt-out"]}


# -- logs ----------------------------------------------------------------------------------------------------------------


async def test_neither_address_nor_key_nor_secret_is_logged(
    door: Door, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logs.configure("DEBUG", json=True)
    try:
        with caplog.at_level(logging.DEBUG):
            await called(door, "shops/shop1/opt-out")
            await called(door, "shops/shop1/opt-in")
            await called(door, "accounts/main/opt-out", given=key(JAN, OF_ACCOUNT))
            await called(door, "shops/shop1/opt-out", given=key(JAN, NOBODYS))
            await called(door, "shops/nowhere/opt-out")
            await door.http.get(f"/callbacks/shops/shop1/opt-out?email={JAN}")
            await settled(door)
    finally:
        with capfd.disabled():  # the stream of this test is closed after it
            logs.configure("WARNING", json=True)
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]  # the caller's own
    printed = capfd.readouterr()
    written = "\n".join([*ours, printed.out, printed.err])
    assert "callback_refused" in written
    said = [line for line in written.splitlines() if "HTTP Request:" not in line]
    for private in (JAN, "nowak", key(JAN), key(JAN, OF_ACCOUNT), key(JAN, NOBODYS), OF_SHOP, OF_ACCOUNT):
        assert not [line for line in said if private in line]


# -- what people see -----------------------------------------------------------------------------------------------------


async def operator(door: Door) -> dict[str, str]:
    return {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, OPERATOR_ROLE)}"}


async def test_r56_hand_work_says_whom_it_concerns_why_and_what_to_do(door: Door) -> None:
    await called(door, "shops/shop1/opt-out")
    await settled(door)
    (item,) = (await door.get("hand-work")).json()["items"]
    assert (item["email"], item["what"], item["details"], item["answer"]) == (JAN, "set_subscription", {"email": "opt_out"}, "")
    assert item["reason"]["code"] == "not_connected"
    assert {"rule", "why", "what_to_do", "why_pl", "what_to_do_pl"} <= item["reason"].keys()
    assert isinstance(item["number"], int)
    assert item["since"].startswith("20")
    done = await door.post(f"hand-work/{item['number']}/done", {})
    assert (done.status_code, done.content) == (204, b"")
    assert (await door.get("hand-work")).json() == {"items": [], "has_more": False}
    (event,) = (await door.post("lookups", {"email": JAN})).json()["events"]
    assert event["state"] == "sent"
    assert event["commands"][0]["receipt"].startswith("applied to shop1 at 20")
    assert_problem(await door.post(f"hand-work/{item['number']}/done", {}), 404)


async def test_r71_hand_work_of_another_shop_is_neither_seen_nor_settled(door: Door) -> None:
    await called(door, "shops/shop1/opt-out")
    await settled(door)
    (item,) = (await door.get("hand-work")).json()["items"]
    assert (await door.get("hand-work", "shop2")).json() == {"items": [], "has_more": False}
    assert_problem(await door.post(f"hand-work/{item['number']}/done", {}, "shop2"), 404)
    foreign = await door.http.post(f"/v1/shops/shop1/hand-work/{item['number']}/done", headers=door.auth("shop2"))
    assert_problem(foreign, 404)
    assert (await door.get("hand-work")).json()["items"] == [item]
    assert_problem(await door.post("hand-work/999999/done", {}), 404)


async def test_r71_only_the_shop_itself_and_an_operator_may_read(door: Door) -> None:
    admitted = [door.auth("shop1"), await operator(door)]
    for method, path, body in (("GET", "hand-work", None), ("GET", "conflicts", None), ("POST", "consent-exports", {"email": JAN})):
        url = f"/v1/shops/shop1/{path}"
        for headers in admitted:
            assert (await door.http.request(method, url, json=body, headers=headers)).status_code == 200
        assert_problem(await door.http.request(method, url, json=body, headers=door.auth("shop2")), 404)
        assert_problem(await door.http.request(method, "/v1/shops/nowhere/" + path, json=body, headers=door.auth("shop1")), 404)
        assert_problem(await door.http.request(method, url, json=body), 401)


async def test_r27_conflicts_name_the_person_the_tags_and_what_it_means(door: Door) -> None:
    assert (await door.get("conflicts", "shop2")).json() == {"conflicts": [], "has_more": False}
    edit = {
        "event_id": "t1",
        "occurred_at": "2026-11-23T10:00:00+01:00",
        "email": JAN,
        "added": ["brak aktywności", "brak_aktywnosci"],
    }
    answer = await door.post("tag-edits", edit, "shop2")
    assert answer.status_code == 202, answer.text
    await settled(door)
    (conflict,) = (await door.get("conflicts", "shop2")).json()["conflicts"]
    assert (conflict["email"], conflict["kind"], sorted(conflict["about"])) == (
        JAN,
        "tags_collide",
        ["brak aktywności", "brak_aktywnosci"],
    )
    said = {"words", "words_pl", "what_to_do", "what_to_do_pl"}
    assert conflict.keys() == {"email", "kind", "about", "since", "seen_at", *said}
    assert all(conflict[name] for name in said)


async def test_r91_conflicts_that_somebody_saw_to_stay_listed_as_seen_with_a_line_in_the_audit_log(door: Door) -> None:
    edit = {
        "event_id": "t1",
        "occurred_at": "2026-11-23T10:00:00+01:00",
        "email": JAN,
        "added": ["brak aktywności", "brak_aktywnosci"],
    }
    assert (await door.post("tag-edits", edit, "shop2")).status_code == 202
    await settled(door)
    reader = {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, READER_ROLE, name='Ewa')}"}
    address = "/v1/shops/shop2/conflicts/seen"
    assert_problem(await door.http.post(address, json={"email": JAN}, headers=reader), 403)
    assert_problem(await door.http.post(address, json={"email": JAN}, headers=door.auth("shop1")), 404)
    assert_problem(await door.http.post(address, json={"email": JAN, "kind": "rain"}, headers=await operator(door)), 422)
    none = {"conflicts": [], "has_more": False}
    assert (await door.http.post(address, json={"email": JAN, "kind": "tag_lost"}, headers=await operator(door))).json() == none
    marked = await door.http.post(address, json={"email": JAN, "kind": "tags_collide"}, headers=await operator(door))
    assert marked.status_code == 200, marked.text
    listed = (await door.get("conflicts", "shop2")).json()
    assert marked.json() == listed
    assert listed["conflicts"][0]["seen_at"] is not None
    assert (await door.http.post(address, json={"email": JAN}, headers=await operator(door))).json() == none
    async with door.gateway.delivery._store.work() as work:
        assert await work.contacts.conflicts() == {"shop2": (0, 0)}
    ((_, entry), *_) = await door.gateway.audit.newest("shop2")
    assert (entry.action, entry.after) == (Action.CONFLICTS_SEEN, "tags_collide")
    assert JAN not in entry.about


async def test_a_consent_export_is_a_sealed_chain_of_every_act(door: Door) -> None:
    body = {
        "event_id": "s1",
        "occurred_at": "2026-11-23T10:00:00+01:00",
        "email": JAN,
        "channels": ["email"],
        "consent": {"text_version": "7", "page": "https://sklep.example.com/newsletter", "ip": "203.0.113.7"},
    }
    answer = await door.post("subscriptions", body)
    assert answer.status_code == 202, answer.text
    await settled(door)
    await called(door, "shops/shop1/opt-out")
    await settled(door)
    (chain,) = (await door.post("consent-exports", {"email": JAN})).json()["chains"]
    assert chain["intact"] is True
    acts = [(one["number"], one["matter"], one["act"], one["source"]) for one in chain["entries"]]
    assert acts == [(1, "email", "opt_in", "Subscribed"), (2, "email", "opt_out", "StatusSeen")]
    first, second = chain["entries"]
    assert first["details"]["text_version"] == "7"
    assert (first["event_id"], first["acted_at"][:19]) == ("s1", "2026-11-23T09:00:00")
    assert second["previous"] == first["digest"]
    assert JAN not in first["subject"]
    assert (await door.post("consent-exports", {"email": JAN}, "shop2")).json() == {"chains": []}
    assert_problem(await door.post("consent-exports", {"email": "nobody"}), 422)


async def test_r55_a_callback_from_an_address_nobody_named_is_refused_like_a_forged_one(tmp_path: Path) -> None:
    (tmp_path / "callback").write_text(OF_SHOP)
    named = {"callback_secret": f"file:{tmp_path / 'callback'}", "callback_addresses": ["203.0.113.0/24", "2001:db8::/32"]}
    shops = {"shop1": shop_entry("sklep.example.com", 1, "all_customers", **named)}
    async with open_door(tmp_path, shops) as door:

        async def from_address(client: tuple[str, int], given: str) -> httpx.Response:
            transport = httpx.ASGITransport(door.app, client=client)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as caller:
                return await caller.get(f"/callbacks/shops/shop1/opt-out?email={JAN}&key={given}")

        for client in (("203.0.113.9", 1), ("2001:db8::7", 1), ("::ffff:203.0.113.9", 1)):
            assert (await from_address(client, key(JAN))).status_code == 200
        elsewhere = await from_address(("198.51.100.1", 1), key(JAN))
        forged = await from_address(("203.0.113.9", 1), "0" * 40)
        assert_problem(elsewhere, 403)
        assert elsewhere.json() | {"request_id": ""} == forged.json() | {"request_id": ""}
        nowhere = await from_address(("unix", 0), key(JAN))
        assert nowhere.status_code == 403
