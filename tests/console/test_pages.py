"""What the pages say: the sentence on top, the time line, what is stuck (R90, R91, R92)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from sqlalchemy import insert, select

from app.console.code_words import WORDS
from app.console.wording import HERE, Wording, catalogue, language_of
from app.domain.commands import Command, ErasedCommand, EventKind
from app.domain.consent import Policy, Status
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import CommandState
from app.domain.delivery.outcomes import (
    Delivered,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Refused,
    Throttled,
    Unknown,
    Unreachable,
    Waits,
    name_of,
)
from app.domain.event_kinds.stored_names import NAMES
from app.domain.intake.gateway_events import GatewayEventType
from app.domain.intake.inbox import EventState
from app.domain.operations.audit import Action
from app.domain.operations.audit import Door as Interface
from app.domain.operations.request_log import RequestOutcome
from app.domain.operations.trace import summarised
from app.domain.reasons import Reason
from app.domain.runs import reconciliation
from app.domain.runs.backfill import Backfill, BackfillMode, Pause, Phase, state_of
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.configuration import ADMIN_ROLE, OPERATOR_ROLE, READER_ROLE, SHOP_ROLE, STAFF_ROLES
from app.routers.events.examples import EXAMPLES
from app.routers.events.schemas import BATCHABLE
from app.storage.engine.tables import attempts, outbox
from tests.conftest import NOON
from tests.support.console import sent, signed_in
from tests.support.gateways import SHOPS, Door, open_door

BEGAN = datetime(2026, 11, 23, tzinfo=UTC)
JAN = EXAMPLES["order"]["customer"]["email"]


async def test_r90_a_person_who_never_consented_is_explained_in_one_sentence_with_what_to_do(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"])
    page = (await sent(await signed_in(door), "/find?lang=en", about=JAN)).text
    assert f"{JAN} is not in SALESmanago." in page
    assert "this person has not consented yet" in page
    assert "With the first order in which the person consents" in page
    polish = (await sent(door.http, "/find?lang=pl", about=JAN)).text
    assert f"{JAN} nie jest w SALESmanago." in polish
    assert "a ta osoba jeszcze jej nie wyraziła" in polish


async def test_r90_the_time_line_says_which_consent_the_decision_rests_on_in_both_languages(door: Door) -> None:
    await door.post_and_plan("orders", EXAMPLES["order"])
    page = (await sent(await signed_in(door), "/find?lang=en", about="5501")).text
    assert "consent to the transfer given" in page
    polish = (await sent(door.http, "/find?lang=pl", about="5501")).text
    assert "zgoda na przekazywanie danych" in polish


async def test_r90_times_are_the_shops_own_with_their_zone(door: Door) -> None:
    await door.post_and_plan("orders", EXAMPLES["order"])
    page = (await sent(await signed_in(door), "/find?lang=en", about="5501")).text
    assert "23 Nov 2026, 10:15:00 CET" in page
    assert "23 lis 2026, 10:15:00 CET" in (await sent(door.http, "/find?lang=pl", about="5501")).text


async def test_r90_what_waits_says_why_and_when_it_is_tried_next(door: Door) -> None:
    await door.post_and_plan("orders", EXAMPLES["order"])
    until = datetime.fromisoformat("2099-01-01T12:00:00+01:00")
    async with door.gateway.delivery._store.work() as work:
        await work.destinations.locked("account:main")
        await work.destinations.save("account:main", DestinationState(Breaker(failures=3, rest_until=until, cause="unreachable")))
        await work.commit()
    page = (await sent(await signed_in(door), "/find?lang=en", about=JAN)).text
    assert "1 still on the way to SALESmanago" in page
    assert "The other side takes nothing at the moment" in page
    assert "Next try" in page
    stuck = (await door.http.get("/console/stuck?lang=en")).text
    assert "SALESmanago, account main" in stuck
    assert "Nothing waits" not in stuck
    assert "takes nothing at the moment" in (await door.http.get("/console/?lang=en")).text


async def test_r90_of_the_tries_of_an_outage_the_first_and_the_last_are_shown(door: Door) -> None:
    await door.post_and_plan("orders", EXAMPLES["order"])
    tried = {"at": NOON, "outcome": "unreachable", "detail": "ConnectError"}
    async with door.gateway.delivery._store._database.transaction() as connection:
        queued = (await connection.execute(select(outbox.c.id))).scalars().first()
        await connection.execute(insert(attempts), [{"command_id": queued, "number": number, **tried} for number in range(1, 41)])
        await connection.commit()
    page = (await sent(await signed_in(door), "/find?lang=pl", about="5501")).text
    assert [number in page for number in ("Próba 1,", "takie same pomiędzy: 38", "Próba 40,", "Próba 2,")] == [
        True,
        True,
        True,
        False,
    ]


async def test_r91_the_page_is_calm_only_while_nothing_waits(door: Door) -> None:
    http = await signed_in(door)
    assert "Nothing waits: all is delivered" in (await http.get("/console/stuck?lang=en")).text
    await door.post_and_plan("orders", EXAMPLES["order"])
    assert "Nothing waits: all is delivered" not in (await http.get("/console/stuck?lang=en")).text


async def test_r92_the_overview_counts_events_by_state_and_requests_that_were_refused(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"])
    await door.post("orders", {})
    page = (await (await signed_in(door)).get("/console/?lang=en")).text
    assert "not sent" in page
    assert "Requests refused lately: 1" in page


async def test_r92_the_overview_says_why_events_were_not_sent_with_the_page_of_the_rule_in_both_languages(door: Door) -> None:
    http = await signed_in(door)
    await door.post_and_plan("registrations", EXAMPLES["registration"])
    page = (await http.get("/console/?lang=en")).text
    assert "Why events were not sent" in page
    assert "this person has not consented yet" in page
    assert '<a href="/rules/R03">rule R03</a></th><td>1</td><td>1</td>' in page
    polish = (await http.get("/console/?lang=pl")).text
    assert "Dlaczego zdarzeń nie przekazano" in polish
    assert "a ta osoba jeszcze jej nie wyraziła" in polish
    assert '<a href="/rules/R03">reguła R03</a>' in polish


async def test_r93_a_refused_request_is_shown_with_the_field_and_without_what_was_sent(door: Door) -> None:
    await door.post("orders", {**EXAMPLES["order"], "occurred_at": "by Kowalski"})
    page = (await (await signed_in(door)).get("/console/requests?lang=en&outcome=trouble")).text
    assert "occurred_at" in page
    assert "an RFC 3339 time with offset is needed" in page
    assert "Kowalski" not in page
    assert "/console/events/" not in page  # it was not stored: there is nothing to open


async def test_r93_a_refused_request_is_shown_in_the_language_of_the_page(door: Door) -> None:
    await door.post("orders", {**EXAMPLES["order"], "occurred_at": "by Kowalski"})
    await door.http.post("/v1/shops/shop1/orders", content=b"{", headers=door.auth("shop1"))
    page = (await (await signed_in(door)).get("/console/requests?lang=pl&outcome=trouble")).text
    assert "Jedno pole ma niewłaściwą wartość. Niczego nie zapisano." in page
    assert "potrzebny jest czas RFC 3339 ze strefą" in page
    assert "<strong>(cała treść)</strong> wyślij jeden obiekt JSON" in page
    assert "needs another value" not in page
    assert "the whole body" not in page


async def test_r94_the_set_up_is_shown_without_any_secret(door: Door) -> None:
    page = (await (await signed_in(door)).get("/console/setup?lang=en")).text
    assert "all customers" in page
    assert "owner@example.com" in page
    for secret in ("s3cret-of-the-account", *door.keys.values()):
        assert secret not in page


@pytest.mark.parametrize(("role", "is_shown"), [(READER_ROLE, False), (OPERATOR_ROLE, False), (ADMIN_ROLE, True)])
async def test_r94_callback_addresses_hold_a_secret_and_are_shown_to_administrators_alone(
    tmp_path: Path, role: str, is_shown: bool
) -> None:
    (tmp_path / "callback").write_text("abcdefgh12345678")
    shops = {"shop1": {**SHOPS["shop1"], "callback_secret": f"file:{tmp_path / 'callback'}"}}
    async with open_door(tmp_path, shops=shops) as door:
        page = (await (await signed_in(door, role)).get("/console/setup?lang=en")).text
    assert ("abcdefgh12345678" in page) == is_shown
    assert ("only administrators see them" in page) != is_shown


async def test_an_event_whose_id_holds_an_address_is_found_by_it(door: Door) -> None:
    await door.post_and_plan("orders", {**EXAMPLES["order"], "event_id": "order-of-x@example.com"})
    page = (await sent(await signed_in(door), "/find?lang=en", about="order-of-x@example.com")).text
    assert "Order placed" in page


async def test_r94_starting_a_transfer_says_first_what_it_means(door: Door) -> None:
    page = (await sent(await signed_in(door), "/transfers/start?lang=en", shop="shop2", mode="run")).text
    assert "Start the first transfer of shop2?" in page
    assert "nobody knows how many accounts this concerns" in page
    assert await door.gateway.backfills.of_shop("shop2") == []


async def test_what_strangers_wrote_is_text_and_no_markup(door: Door) -> None:
    hostile = "<script>alert(1)</script>"
    await door.post_and_plan("tag-edits", {**EXAMPLES["tag-edit"], "event_id": "x<b>", "renamed": [], "added": [hostile]}, "shop2")
    page = (await sent(await signed_in(door), "/find", about=JAN)).text
    assert "x&lt;b&gt;" in page
    assert "<script>alert" not in page


async def test_r41_an_address_is_never_taken_from_a_url(door: Door) -> None:
    await door.post_and_plan("registrations", EXAMPLES["registration"])
    page = (await (await signed_in(door)).get("/console/find", params={"about": JAN, "lang": "en"})).text
    assert JAN not in page


# -- words ---------------------------------------------------------------------------------------------------------------


def messages() -> set[str]:
    rooms = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(HERE, rooms, keywords={"_": None, "N_": None, "self": None})
    return {str(message) for _, _, message, _, _ in found}


def test_r90_every_text_of_the_console_has_polish_words_and_no_translation_is_left_over() -> None:
    texts = messages()
    assert len(texts) > 200
    assert texts - catalogue("pl").keys() == set()
    assert catalogue("pl").keys() - texts == set()


@pytest.mark.parametrize("text", sorted(messages()))
def test_a_translation_says_the_same_values(text: str) -> None:
    said = catalogue("pl")[text]
    assert sorted(re.findall(r"%\(\w+\)[sd]", said)) == sorted(re.findall(r"%\(\w+\)[sd]", text))


OUTCOMES: list[Outcome] = [
    Delivered(),
    Throttled(),
    Unreachable(""),
    Unknown(""),
    Refused(""),
    NeedsPerson(Reason.DEFECT),
    NotNeeded(Reason.DEFECT),
    Waits(""),
]


def backfill_states() -> Iterator[str]:
    """Whatever a transfer can be called."""
    plain = {"shop_id": "shop1", "token": "t0ken", "started_at": BEGAN, "due_at": BEGAN}
    tallies = [Tally(), Tally(found=1, failed=1), Tally(found=1, waiting=1)]
    for phase, mode, pause, is_cancelled in product(Phase, BackfillMode, (None, *Pause), (False, True)):
        run = Backfill(**plain, phase=phase, mode=mode, paused=pause, cancelled=is_cancelled)
        yield from (state_of(run, tally) for tally in tallies)


def test_every_code_that_is_shown_has_words() -> None:
    """On the pages, and in what the command line prints for people."""
    assert {one.value for one in EventState} | {one.value for one in CommandState} <= WORDS["state"].keys()
    assert {*BATCHABLE, "erasure", "access-request", "subscriber-listed", *get_args(GatewayEventType)} == WORDS["event"].keys()
    assert {one.value for one in EventKind} == WORDS["there"].keys()
    commands = [ErasedCommand(email="", was=stored) for kind, stored in NAMES.items() if kind in get_args(Command)]
    assert {summarised(one)[0] for one in commands} == WORDS["command"].keys()
    assert {type(one) for one in OUTCOMES} == set(get_args(Outcome))
    assert {name_of(one) for one in OUTCOMES} == WORDS["outcome"].keys()
    assert set(backfill_states()) == WORDS["backfill"].keys()
    assert {one.value for one in Action} == WORDS["action"].keys()
    assert {one.value for one in RequestOutcome} == WORDS["request"].keys()
    assert {one.value for one in Policy} == WORDS["policy"].keys()
    assert {one.value for one in Status} <= WORDS["news"].keys()
    assert {SHOP_ROLE, *STAFF_ROLES} == WORDS["role"].keys()
    assert {one.value for one in Interface} == WORDS["door"].keys()
    assert {one.value for one in Pause} == WORDS["pause"].keys()
    assert {one.value for one in reconciliation.Phase} == WORDS["phase"].keys()
    assert {one.value for one in (*BackfillMode, *reconciliation.ReconciliationMode)} == WORDS["mode"].keys()


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("en", "pl", "en"),
        (None, "en-GB,en;q=0.9,pl;q=0.8", "en"),
        (None, "de-DE,pl;q=0.8", "pl"),
        (None, "", "pl"),
        ("xx", "en", "en"),
    ],
)
def test_the_language_is_the_one_that_was_chosen_or_the_browsers(asked: str | None, accepted: str, language: str) -> None:
    assert language_of(asked, accepted) == language


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (600, "10 min"), (7200, "2 h"), (400_000, "4 days")])
def test_durations_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert Wording("en").duration(seconds) == words


async def test_r92_the_overview_says_nothing_waits_only_where_nobody_has_to_decide(door: Door) -> None:
    http = await signed_in(door)
    await door.post_and_plan("orders", EXAMPLES["order"])
    async with door.gateway.delivery._store.work() as work:
        await work.inbox.mark([1], EventState.PARKED, Reason.REFUSED, await work.now())
        await work.commit()
    first, second = (await http.get("/console/?lang=en")).text.split("<section")[1:3]
    assert "Somebody has to decide" in first
    assert "Nothing waits to be sent" not in first
    assert "Nothing waits to be sent" in second


async def test_what_a_shop_in_test_mode_would_have_sent_is_shown(door: Door) -> None:
    page = (await (await signed_in(door)).get("/console/shadow?lang=en")).text
    assert "No shop is in test mode." in page
    _, shops = door.gateway.directory.stored()
    shadowed = replace(shops["shop2"], shop=replace(shops["shop2"].shop, shadow=True))
    await door.gateway.directory.apply([], [shadowed])
    await door.post_and_plan("registrations", EXAMPLES["registration"], shop="shop2")
    page = (await door.http.get("/console/shadow?lang=en&shop=shop2")).text
    assert "would have been sent (test mode)" in page
    assert "rejestracja" in page
    assert "zostałoby wysłane (tryb testowy)" in (await door.http.get("/console/shadow?lang=pl")).text
