"""Every table is readable at 80 columns, and nothing in it is cut off; what is printed for machines is what the API answers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from rich.console import Console
from typer.testing import CliRunner

from app.admin.api import control_app
from app.bootstrap.gateway import Gateway
from app.cli import cli, common
from app.cli.common import show_table, table_of
from app.configuration.control_socket import Answer
from app.domain.delivery.outbox import to_account
from app.domain.runs.reconciliation import ReconciliationMode
from app.routers.events.examples import EXAMPLES
from app.routers.operations.health import ShopReadiness
from tests.support.gateways import Door, client_of, open_door, shop_entry
from tests.support.running.terminals import COMMANDS

LONG = "an-identifier-that-is-longer-than-any-column-of-a-narrow-terminal-would-ever-be-0123456789"
CLI = Path(common.__file__).parent


@pytest.mark.parametrize("columns", range(1, 9))
def test_no_table_is_wider_than_the_terminal_and_nothing_in_it_is_cut_off(columns: int) -> None:
    table = table_of(*(f"column {number}" for number in range(columns)))
    table.add_row(*[LONG] * columns)
    console = Console(width=80, file=None)
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in captured.get()
    cells = [[part.strip() for part in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert ["".join(parts) for parts in zip(*cells, strict=True)] == [LONG] * columns


@pytest.mark.parametrize("columns", range(1, 9))
def test_a_table_that_is_shown_is_not_wider_than_the_terminal_and_nothing_in_it_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr(common.out, "width", 80)
    table = table_of(*(f"column {number}" for number in range(columns)))
    table.add_row(*[LONG] * columns)
    with common.out.capture() as captured:
        show_table(table)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    cells = [[part.strip() for part in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert ["".join(parts) for parts in zip(*cells, strict=True)] == [LONG] * columns


def test_of_a_table_too_wide_for_its_words_only_the_longest_word_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.out, "width", 80)
    table = table_of("kiedy", "co", "zdarzenie")
    table.add_row("2026-11-29 17:39:46 UTC", "przekazywanie danych", LONG)
    with common.out.capture() as captured:
        show_table(table)
    shown = captured.get().replace("│", " ").split()
    assert {"2026-11-29", "17:39:46", "przekazywanie", "danych"} <= set(shown)
    assert LONG not in shown


@pytest.mark.parametrize(
    "rows",
    [
        [["2026-11-29 17:39:46 UTC", "zapis do newslettera e-mail", "według informacji ze sklepu", "order-5501-placed", "ip"]],
        [["1", "powiadomienie", "niezrozumiałe: w treści nie ma wiersza z `orderSerialNumber`", "przekazywanie", "x " * 200]],
        [["a", "b", "c", "d", "e"]],
    ],
    ids=["wide", "very wide", "narrow"],
)
def test_no_word_of_a_table_is_broken_where_the_longest_words_fit_side_by_side(
    monkeypatch: pytest.MonkeyPatch, rows: list[list[str]]
) -> None:
    monkeypatch.setattr(common.out, "width", 80)
    table = table_of("kiedy", "co", "skąd to wiemy", "zdarzenie", "szczegóły")
    for row in rows:
        table.add_row(*row)
    with common.out.capture() as captured:
        show_table(table)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    shown = {word for line in lines for word in line.replace("│", " ").split()}
    assert {word for row in rows for cell in row for word in cell.split()} <= shown


def test_every_table_of_the_command_line_is_made_so() -> None:
    makers = [file.name for file in CLI.rglob("*.py") if "rich.table" in file.read_text()]
    assert makers == ["common.py"]
    assert [file.name for file in CLI.rglob("*.py") if "out.print(table)" in file.read_text()] == ["common.py"]


# -- every command at 80 columns --------------------------------------------------------------------------------------------

EMAIL = EXAMPLES["registration"]["customer"]["email"]
READ = {
    "access-report": ["SHOP", EMAIL],
    "audit": [],
    "backfill list": [],
    "backfill show": ["SHOP"],
    "config show": [],
    "conflicts": [],
    "consents": [EMAIL],
    "doctor": [],
    "hand-work list": [],
    "installation show": [],
    "keys list": [],
    "ledger": [],
    "neighbours": [],
    "parked": [],
    "pushes list": [],
    "reconcile preview": ["SHOP"],
    "reconcile show": ["SHOP"],
    "replay": ["SHOP"],
    "retention": [],
    "shops list": [],
    "status": [],
    "tail": [],
    "why": [EMAIL],
}
"""What prints for a person to read. `SHOP` stands for the shop's id."""
ACTS = {
    *("apply", "backfill approve", "backfill cancel", "backfill pause", "backfill resume", "backfill start", "backfill watch"),
    *("connect idosell", "hand-work done", "import-subscribers", "installation confirm", "keys revoke", "keys rotate"),
    *("conflicts-seen", "erase", "pushes again", "reconcile repair", "shops remove", "support-bundle"),
    *("demo", "sandbox", "serve", "worker"),
}
"""What prints a line or two of what it did, through the same console, or runs on."""
COPIED = {"callbacks", "config export", "keys encryption", "keys issue", "openapi", "pushes show", "tracking-code"}
"""What prints something to be copied whole: breaking it would spoil it."""


def test_every_command_is_read_here_acts_or_prints_what_is_to_be_copied() -> None:
    assert sorted(COMMANDS) == sorted([*READ, *ACTS, *COPIED])


def printed(words: Sequence[str], gateway: Gateway, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of 80 columns shows of a command that asks this gateway. Runs beside the loop in which the gateway runs."""

    async def asked(method: str, path: str, **more: Any) -> Answer:
        async def there() -> Answer:
            async with client_of(control_app(gateway)) as client:
                received = await client.request(method, path, **more)
            return Answer(received.status_code, received.content)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), loop))

    monkeypatch.setattr(common, "ask_running", lambda *_, **__: None)
    monkeypatch.setattr(common, "_ask_here", asked)
    monkeypatch.setattr(common.out, "width", 80)
    monkeypatch.setattr(common.err, "width", 80)
    result = CliRunner().invoke(cli, words, input="n\n", catch_exceptions=False, env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code in (0, 1), result.output
    return result.output


@pytest.mark.parametrize("more", [[], ["--pl"]], ids=["en", "pl"])
async def test_what_a_person_reads_fits_into_80_columns(busy: Door, monkeypatch: pytest.MonkeyPatch, more: list[str]) -> None:
    await busy.gateway.reconciliations.start(SHOP, ReconciliationMode.PREVIEW)
    loop, wide, silent = asyncio.get_running_loop(), [], []
    for name, arguments in READ.items():
        words = [*name.split(), *(SHOP if one == "SHOP" else one for one in arguments)]
        speaks_polish = any("--pl" in option.opts for option in COMMANDS[name].params)
        words += more if speaks_polish else []
        shown = await asyncio.to_thread(printed, words, busy.gateway, loop, monkeypatch)
        wide += [(name, line) for line in shown.splitlines() if len(line) > 80 and not is_copied(line)]
        silent += [] if shown.strip() else [name]
    assert wide == []
    assert silent == []


async def test_what_waits_is_said_in_polish_without_a_word_of_english(busy: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    shown = " ".join(
        [
            await asyncio.to_thread(printed, words, busy.gateway, loop, monkeypatch)
            for words in (["parked", "--pl"], ["status", "--pl"], ["why", EMAIL, "--pl"])
        ]
    )
    for english in ("unreachable", "people", "since", "for example", "planned", "waits", "event"):
        assert english not in shown
    for polish in ("Nic nie utknęło, ale", "brak odpowiedzi", "najstarsze zdarzenie czeka", "w drodze"):
        assert polish in shown


def is_copied(line: str) -> bool:
    """A command or an address, to be taken whole."""
    return line.strip().startswith(("gateway ", "http://", "https://"))


@pytest.mark.parametrize("name", sorted([*READ, *ACTS, *COPIED]))
def test_the_help_of_every_command_fits_into_80_columns(name: str) -> None:
    shown = CliRunner().invoke(cli, [*name.split(), "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"})
    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= 80


# -- one shape with the API ----------------------------------------------------------------------------------------------

SHOP = "a-shop-with-quite-a-long-name"


@pytest.fixture
async def busy(tmp_path: Path):
    """A gateway in which there is something of everything: its account cannot be reached, its shop has no side."""
    shops = {SHOP: shop_entry("sklep.example.com", 1, "all_customers")}
    async with open_door(tmp_path, shops) as door:
        for kind in ("registration", "order", "unsubscription"):
            path = {"registration": "registrations", "order": "orders", "unsubscription": "unsubscriptions"}[kind]
            assert (await door.post(path, EXAMPLES[kind], shop=SHOP)).status_code == 202
        assert (await door.post("orders", {"event_id": LONG}, shop=SHOP)).status_code == 422
        await door.plan()
        await door.gateway.delivery.deliver_due(to_account("main"))
        await door.gateway.requests.write()
        yield door


async def both(door: Door, ours: str, theirs: str, asked: Any = None, asked_there: Any = None) -> tuple[Any, Any]:
    """What the door of the command line answers, and what the API answers."""
    operator = await door.operator()
    async with client_of(control_app(door.gateway)) as cli:
        control = await (cli.post(ours, json=asked) if asked else cli.get(ours))
    public = await (
        door.http.post(theirs, json=asked_there, headers=operator) if asked else door.http.get(theirs, headers=operator)
    )
    assert (control.status_code, public.status_code) == (200, 200)
    return control.json(), public.json()


@pytest.mark.parametrize("what", ["parked", "neighbours", "audit", "pushes"])
async def test_what_is_printed_of_all_shops_is_the_apis_answer(busy: Door, what: str) -> None:
    replay = await busy.http.post("/v1/operations/replays", json={"mode": "run"}, headers=await busy.operator())
    assert replay.status_code == 200  # and stands in the audit log
    control, public = await both(busy, f"/{what}", f"/v1/operations/{what}")
    assert control == public
    assert what != "audit" or control["entries"]


@pytest.mark.parametrize(
    ("ours", "theirs", "items"),
    [
        ("/hand-work", "hand-work", "items"),
        ("/conflicts", "conflicts", "conflicts"),
        ("/backfills", "backfills", "backfills"),
        ("/reconciliations", "reconciliations", "reconciliations"),
    ],
)
async def test_what_is_printed_of_a_shop_are_the_apis_items_each_with_its_shop(
    busy: Door, ours: str, theirs: str, items: str
) -> None:
    await busy.gateway.reconciliations.start(SHOP, ReconciliationMode.PREVIEW)
    control, public = await both(busy, ours, f"/v1/shops/{SHOP}/{theirs}")
    assert [{**one, "shop": SHOP} for one in public[items]] == control[items]


@pytest.mark.parametrize(
    ("ours", "item", "model"),
    [
        ("/keys", "keys", None),
        ("/doctor", "findings", None),
        ("/ledger", "ledgers", None),
        ("/status", "shops", ShopReadiness),
    ],
)
async def test_what_is_printed_is_an_object_with_the_list_in_it_as_the_api_answers(
    busy: Door, ours: str, item: str, model: type[BaseModel] | None
) -> None:
    async with client_of(control_app(busy.gateway)) as cli_door:
        answer = (await cli_door.get(ours)).json()
    assert isinstance(answer[item], list)
    assert "shop_id" not in str(answer)
    if model is not None:
        ready = (await busy.http.get("/readyz", headers=await busy.operator())).json()
        assert ready.keys() <= answer.keys()
        assert all(model.model_fields.keys() <= one.keys() for one in answer[item])


async def test_the_consents_that_are_printed_are_the_apis_chains_each_with_its_shop(busy: Door) -> None:
    control, public = await both(busy, "/consents", f"/v1/shops/{SHOP}/consent-exports", {"email": EMAIL}, {"email": EMAIL})
    assert control == {"chains": [{"shop": SHOP, **one} for one in public["chains"]]}
    assert control["chains"]


async def test_what_why_prints_are_the_apis_events_each_with_its_shop(busy: Door) -> None:
    email = EXAMPLES["registration"]["customer"]["email"]
    for _ in range(3):  # between the two questions the next try may fall due, which changes what is said of it
        control, public = await both(busy, "/why", f"/v1/shops/{SHOP}/lookups", {"about": email}, {"email": email})
        wanted = [{"shop": SHOP, **one} for one in public["events"]]
        if control == {"events": wanted}:
            break
    assert len(control["events"]) > 1
    assert control == {"events": wanted}


async def test_what_tail_prints_are_the_apis_requests(busy: Door) -> None:
    control, public = await both(busy, f"/requests?shop={SHOP}", f"/v1/shops/{SHOP}/requests")
    assert control["requests"]
    assert control == public
