"""The door for lists of subscribers without account: what is stored, what is refused, and what then travels (R06, R61, B13)."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.formats.subscriber_csv import event_of
from app.routers.runs import subscriber_lists
from app.routers.runs.subscriber_lists import MAX_LINES
from app.storage.engine import codec
from app.storage.engine.tables import consents, inbox, outbox
from tests.support.gateways import Door, open_door
from tests.support.problems import assert_problem

JAN, EWA = "jan@moj-sklep.pl", "ewa@moj-sklep.pl"
DAY = "2025-03-19 18:49:21"
THAT_DAY = datetime(2025, 3, 19, 17, 49, 21, tzinfo=UTC)
LIST = f"email;data\n{JAN};{DAY}\n"
SENDS = "shop2"
"""shop1 sends only who consented while ordering."""


async def sent(door: Door, text: str | bytes, shop: str = SENDS) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    headers = door.auth(shop) | {"Content-Type": "text/csv"}
    return await door.http.post(f"/v1/shops/{shop}/subscriber-lists", content=content, headers=headers)


async def counts(door: Door, text: str, shop: str = SENDS) -> tuple[int, int, int, int]:
    answer = await sent(door, text, shop)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    return body["accepted"], body["duplicate"], body["conflict"], body["rejected"]


async def planned(door: Door) -> list[UpsertContact]:
    await door.plan()
    async with door.gateway.planner._store.work() as work:
        rows = (await work._connection.execute(select(outbox.c.command).order_by(outbox.c.id))).scalars()
        return [one for one in map(codec.decode_command, rows) if isinstance(one, UpsertContact)]


async def told(door: Door, path: str, body: dict[str, Any]) -> None:
    assert (await door.post(path, body, shop=SENDS)).status_code == 202


async def column(door: Door, wanted: Any) -> list[Any]:
    async with door.gateway.planner._store.work() as work:
        return list((await work._connection.execute(select(wanted))).scalars())


async def test_good_lines_are_stored_bad_ones_named_and_no_value_is_repeated(door: Door) -> None:
    answer = await sent(door, f"email;data;Imię\n{JAN};{DAY};Jan\nsecret@@x;{DAY};Ewa\n\n{EWA};soon;Ola\n")
    body = answer.json()
    assert (body["accepted"], body["rejected"], body["ignored_columns"]) == (1, 2, ["imie"])
    assert [(one["line"], one["result"], [mistake["field"] for mistake in one["errors"]]) for one in body["lines"]] == [
        (2, "accepted", []),
        (3, "rejected", ["email"]),
        (5, "rejected", ["email_consent_at"]),
    ]
    for value in (JAN, EWA, "secret", "soon", "Jan", "Ola"):
        assert value not in answer.text


async def test_the_same_list_again_is_all_duplicates_and_an_edited_line_another_event(door: Door) -> None:
    assert await counts(door, f"{LIST}{EWA};{DAY}\n{EWA};{DAY}\n") == (2, 1, 0, 0)
    assert await counts(door, f"{LIST}{EWA};{DAY}\n") == (0, 2, 0, 0)
    assert await counts(door, LIST.replace("21", "22")) == (1, 0, 0, 0)
    assert await counts(door, LIST, "shop1") == (1, 0, 0, 0)  # every shop has its own


async def test_an_upsert_of_a_list_is_quiet_in_the_background_and_carries_the_true_date(door: Door) -> None:
    await counts(door, LIST)
    (upsert,) = await planned(door)
    assert (upsert.email, upsert.quiet, upsert.email_status, upsert.phone_status) == (JAN, True, Status.OPT_IN, None)
    assert upsert.old_email_opt_in
    assert "newsletter" in upsert.add_tags
    assert await column(door, inbox.c.background) == [True]
    assert await column(door, consents.c.acted_at) == [THAT_DAY]


async def test_a_consent_to_text_messages_is_its_own(door: Door) -> None:
    await counts(door, f"email;data_zgody_sms;telefon\n{JAN};{DAY};600100200\n")
    (upsert,) = await planned(door)
    assert (upsert.email_status, upsert.phone_status) == (None, Status.OPT_IN)


async def test_under_order_consent_the_list_is_kept_and_nobody_sent(door: Door) -> None:
    assert await counts(door, LIST, "shop1") == (1, 0, 0, 0)
    assert await planned(door) == []
    assert await column(door, inbox.c.reason) == ["no_consent"]


async def test_a_list_never_overturns_a_newer_opt_out(door: Door) -> None:
    await told(door, "unsubscriptions", {"event_id": "u1", "occurred_at": "2025-06-01T00:00:00Z", "email": JAN, "confirmed": True})
    await planned(door)
    await counts(door, LIST)
    assert all(one.email_status is not Status.OPT_IN for one in await planned(door))


async def test_a_consent_newer_than_the_opt_out_counts(door: Door) -> None:
    await told(door, "unsubscriptions", {"event_id": "u1", "occurred_at": "2025-03-01T00:00:00Z", "email": JAN, "confirmed": True})
    await planned(door)
    await counts(door, LIST)
    assert Status.OPT_IN in {one.email_status for one in await planned(door)}


async def test_who_has_an_account_gets_no_newsletter_tag_by_a_list(door: Door) -> None:
    await told(
        door, "registrations", {"event_id": "r1", "occurred_at": "2026-02-01T00:00:00Z", "customer": {"email": JAN, "id": "7"}}
    )
    await planned(door)
    await counts(door, LIST)
    assert not any("newsletter" in one.add_tags for one in await planned(door))


@pytest.mark.parametrize("text", ["", "imie\nJan\n", f"{JAN};{DAY}\n"])
async def test_what_is_no_list_is_a_problem_that_repeats_nothing(door: Door, text: str) -> None:
    answer = await sent(door, text)
    assert_problem(answer, 422)
    assert JAN not in answer.text


async def test_five_thousand_lines_are_taken_and_one_more_is_refused_whole(door: Door) -> None:
    lines = [f"p{number}@example.com;" for number in range(MAX_LINES + 1)]  # without a date, which is soon said
    assert_problem(await sent(door, "\n".join(["email;data", *lines])), 422)
    assert await counts(door, "\n".join(["email;data", *lines[:-1]])) == (0, 0, 0, MAX_LINES)


@pytest.mark.parametrize(
    "content",
    [
        "email\n" + "\n" * 5_000_000,
        "email\r" * 800_000,
        "email\n" + "a\n" * 2_500_000,
        "email" + ";" * 5_000_000,
        "email;data\n" + ";" * 5_000_000,
        "email;data\n" + (";" * 1_000 + "\n") * 5_000,
    ],
    ids=["empty lines", "headings", "short lines", "columns", "cells", "cells of all lines"],
)
async def test_a_list_of_far_too_many_lines_or_columns_is_refused_before_it_is_read(
    door: Door, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.formats.subscriber_csv._row", lambda *_: pytest.fail("a line was read"))
    assert_problem(await sent(door, content), 422)


async def test_others_are_served_while_a_list_is_read(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, turn_of = 0, []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def counting(*line: Any) -> Any:
        turn_of.append(turns)
        return event_of(*line)

    monkeypatch.setattr(subscriber_lists, "event_of", counting)
    waiting = asyncio.create_task(others())
    await counts(door, "\n".join(["email;data", *(f"p{number}@example.com;bad" for number in range(500))]))
    waiting.cancel()
    assert max(Counter(turn_of).values()) <= subscriber_lists.LINES_PER_SLICE


async def test_another_shops_door_is_not_there(door: Door) -> None:
    assert_problem(await door.http.post("/v1/shops/shop2/subscriber-lists", content=LIST, headers=door.auth("shop1")), 404)
    assert_problem(await door.http.post("/v1/shops/shop2/subscriber-lists", content=LIST), 401)


def test_no_body_is_ever_our_fault(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        opened = open_door(tmp_path)
        door = runner.run(opened.__aenter__())

        @settings(max_examples=50)
        @given(raw=st.binary(max_size=80) | st.text(max_size=80).map(str.encode), headed=st.booleans())
        def is_answered(raw: bytes, headed: bool) -> None:
            assert runner.run(sent(door, b"email;data\n" * headed + raw)).status_code in (202, 400, 413, 422)

        try:
            is_answered()
        finally:
            runner.run(opened.__aexit__(None, None, None))
