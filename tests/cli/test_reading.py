"""Commands that only ask: in Polish they say no word of English, and they leave the database as it is, byte by byte (R74, R90)."""

import ast
import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap.gateway import Gateway, open_gateway
from app.cli import common
from app.configuration.settings import Settings
from app.console.wording import Wording
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import to_account, to_newsletter
from app.domain.delivery.outcomes import Refused, Unreachable
from app.domain.operations.audit import Action, Actor, Door
from app.domain.runs import backfill as backfills
from app.domain.runs.backfill_tally import Tally
from app.domain.runs.reconciliation import Cause, Phase, Reconciliation, ReconciliationMode
from app.domain.shops.callbacks import signature
from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.events.examples import EXAMPLES
from app.server.application import application_of
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from app.services.operations.audit import acts
from tests.conftest import Clock
from tests.sources.stage import signed
from tests.support.gateways import client_of
from tests.support.running.terminals import COMMANDS, Terminal
from tests.support.worlds.operated import Talking

JAN, EWA = "jan.kowalski@example.com", "ewa.nowak@example.com"
SHOP = """
[shops.{name}]
account = "main"
host = "{name}.example.com"
location = "{name}_example"
number = {number}
policy = "{policy}"
integration_started_at = 2026-01-01T00:00:00+01:00
callback_secrets = ["env:TEST_CALLBACK"]
{more}
"""
PANEL = """
[shops.drugi.panel]
kind = "idosell"
base_url = "http://127.0.0.1:9"
api_key = "env:TEST_SECRET"
[shops.drugi.source]
kind = "idosell"
panel = 1234
tokens = ["env:TEST_TOKEN"]
"""
SHOPS = "".join(
    (
        '[accounts.main]\nendpoint = "http://127.0.0.1:9"\nclient_id = "c"\napi_secret = "env:TEST_SECRET"\n',
        'owner = "owner@example.com"\n',
        SHOP.format(name="pierwszy", number=1, policy="order_consent", more=""),
        SHOP.format(name="drugi", number=2, policy="all_customers", more=PANEL),
        SHOP.format(name="trzeci", number=3, policy="all_customers", more="shadow = true"),
    )
)
READING = {
    "audit": [],
    "backfill list": [],
    "backfill show": ["drugi"],
    "config show": [],
    "conflicts": [],
    "consents": [JAN],
    "doctor": [],
    "hand-work list": [],
    "installation show": [],
    "keys list": [],
    "ledger": [],
    "neighbours": [],
    "parked": [],
    "pushes list": [],
    "reconcile show": ["drugi"],
    "retention": [],
    "shops list": [],
    "status": [],
    "tail": [],
    "why": [JAN],
}
"""Every command that changes nothing and prints for a person to read."""
ACTING = {
    *("access-report", "apply", "callbacks", "config export", "conflicts-seen", "connect idosell", "erase", "hand-work done"),
    *("backfill approve", "backfill cancel", "backfill pause", "backfill resume", "backfill start", "backfill watch"),
    *("import-subscribers", "installation confirm", "keys encryption", "keys issue", "keys revoke", "keys rotate"),
    *("pushes again", "pushes show", "reconcile preview", "reconcile repair", "replay", "shops remove", "support-bundle"),
    "tracking-code",
}
"""They do something or go on, or print what is to be copied."""
WITHOUT_POLISH = {
    "serve": "runs for long and speaks to a log, which machines and engineers read in English",
    "worker": "runs for long and speaks to a log, which machines and engineers read in English",
    "sandbox": "the stand-ins are for engineers who develop against them, and so is the page that shows them",
    "demo": "plays a day for engineers who try the gateway: its people, tables and comments are an English story",
    "openapi": "prints the contract alone, whose every description is English",
}
"""Command -> why it does not."""


def test_every_command_that_speaks_to_a_person_speaks_polish() -> None:
    speaking = {name for name, command in COMMANDS.items() if any("--pl" in one.opts for one in command.params)}
    assert COMMANDS.keys() - speaking == WITHOUT_POLISH.keys(), "add InPolish to it, or say here why it needs none"
    assert READING.keys() | ACTING == speaking


@dataclass
class Asked:
    """What every reading command said of one store, and which of them left something behind."""

    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Command -> in English, in Polish."""
    changed: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder, found = tmp_path_factory.mktemp("reading"), Asked()
    secrets = {"TEST_SECRET": "s" * 16, "TEST_TOKEN": "authentication-bearer-token", "TEST_CALLBACK": "CallbackSecret01"}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(common.out, "width", 400)
        terminal = Terminal(folder, monkeypatch, SHOPS, COLUMNS="400", NO_COLOR="1", **secrets)
        asyncio.run(everything_happens())
        for name, more in READING.items():
            before = (folder / "gateway.db").read_bytes(), sorted(folder.iterdir())
            english, polish = (terminal.run(*name.split(), *more, *language).output for language in ((), ("--pl",)))
            found.said[name] = english, polish
            if before != ((folder / "gateway.db").read_bytes(), sorted(folder.iterdir())):
                found.changed.append(name)
        yield found


# -- a store with something of everything ----------------------------------------------------------------------------------


async def everything_happens() -> None:
    async with open_gateway(Settings()) as gateway:
        upstream = Talking(Clock())

        def sender(destination: str) -> Sender:
            directory, store = gateway.directory, gateway.delivery._store
            return SalesmanagoSender(upstream, "main", directory.open_shops("main"), directory.closed_shops(), store, Clock())

        senders, gateway.delivery._sender = gateway.delivery._sender, sender
        keys = {shop: await gateway.directory.issue_key(shop, name="sklep") for shop in ("pierwszy", "drugi", "trzeci")}
        for step, answer in ((ewa_registers, Refused("Invalid phone number")), (jan_does_all_else, Unreachable("HTTP 503"))):
            upstream.respond = lambda _method, _items, answer=answer: answer
            await step(gateway, keys)
            while await gateway.planner.plan_due():
                pass
            while await gateway.delivery.deliver_due(to_account("main")):
                pass
        gateway.delivery._sender = senders
        await gateway.delivery.deliver_due(to_newsletter("pierwszy"))
        await people_act(gateway)
        await gateway.requests.write()


async def posted(gateway: Gateway, keys: dict[str, str], *events: tuple[str, str, dict[str, Any], int]) -> None:
    async with client_of(application_of(gateway)) as http:
        for shop, path, body, status in events:
            answer = await http.post(f"/v1/shops/{shop}/{path}", json=body, headers={"Authorization": f"Bearer {keys[shop]}"})
            assert answer.status_code == status, answer.text


def of(email: str, kind: str, **more: Any) -> dict[str, Any]:
    return EXAMPLES[kind] | {"customer": {**EXAMPLES[kind]["customer"], "email": email}} | more


async def ewa_registers(gateway: Gateway, keys: dict[str, str]) -> None:
    await posted(gateway, keys, ("drugi", "registrations", of(EWA, "registration", event_id="ewa"), 202))


async def jan_does_all_else(gateway: Gateway, keys: dict[str, str]) -> None:
    at, tags = "2026-11-23T10:00:00+01:00", ["brak aktywności", "brak_aktywnosci"]
    await posted(
        gateway,
        keys,
        ("pierwszy", "registrations", of(JAN, "registration"), 202),
        ("pierwszy", "orders", of(JAN, "order"), 202),
        ("drugi", "registrations", of(JAN, "registration"), 202),
        ("drugi", "subscriptions", EXAMPLES["subscription"] | {"email": JAN}, 202),
        ("drugi", "orders", of(JAN, "order"), 202),
        ("drugi", "tag-edits", {"event_id": "tagi", "occurred_at": at, "email": JAN, "added": tags}, 202),
        ("trzeci", "registrations", of(JAN, "registration"), 202),
        ("drugi", "orders", {"event_id": "zle"}, 422),
    )
    email = gateway.callbacks.verified_for_shop("pierwszy", JAN, signature(JAN, "CallbackSecret01"), None)
    await gateway.callbacks.take_for_shop("pierwszy", email, opt_in=False)
    for kind, body in (("clientCreated", b'{"results": "none"}'), ("orderCreated", b"[]")):
        await gateway.sources.pushes.take("idosell", "1234", signed(kind, body), body)
    while await gateway.sources.translator.step():
        pass


async def people_act(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    preview = Tally(found=7, sent=4, withheld={"no_consent": 2, "already_queued": 1})
    sample = backfills.Sample(12, fields=("first_name", "postal_code"), tags=("rejestracja",), opt_ins=("email", "sms"))
    run = backfills.Backfill(
        shop_id="drugi", mode=backfills.BackfillMode.RUN, phase=backfills.Phase.AWAITING_APPROVAL, token="t", started_at=now,
        due_at=now, total=9, preview=preview, samples={"would_send": (sample,)}, trouble="panel_overloaded",
    )  # fmt: skip
    compared = Reconciliation(
        shop_id="drugi", mode=ReconciliationMode.PREVIEW, token="t", started_at=now, due_at=now, accounts_since=None,
        phase=Phase.FINISHED, causes={str(cause): 2 for cause in Cause}, checked=8, finished_at=now,
    )  # fmt: skip
    down = DestinationState(Breaker(failures=3, since=now, cause="unreachable: HTTP 503", rest_until=now + timedelta(minutes=1)))
    async with gateway.delivery._store.work() as work:
        await work.backfills.add(run)
        await work.reconciliations.add(compared)
        for destination in ("newsletter:drugi", "tags:drugi"):
            await work.destinations.locked(destination)
        await work.destinations.save("tags:drugi", down)
        await work.commit()
    await gateway.directory.issue_key(None, OPERATOR_ROLE, name="Anna", expires_at=now + timedelta(days=3))
    noted = {
        Action.REPLAYED: ("all", "", "1 sent again, 0 decided again, 2 closed"),
        Action.SHOP_REMOVED: ("", "3 people, 4 events, 0 unsent, 1 keys", ""),
        Action.KEYS_ROTATED: ("", "", "5 secrets under 0a1b"),
        Action.SECRETS_EXPORTED: ("", "", "5 secrets"),
        Action.ERASED_BY_ANOTHER_SHOP: ("contact 5", "", "gone there"),
        Action.CONFIGURED: (
            "",
            "",
            'shop drugi: new\nshop drugi: policy: "order_consent" → "all_customers"\naccount main: api_secret: changed\n'
            'shop drugi: cart_url: not set → "https://x.example"\naccount main: calls_per_second: 5 → not set',
        ),
        Action.BACKFILL_PAUSED: ("1", "canary", "paused"),
        Action.RECONCILIATION_STARTED: ("1", "", "repair\nour_tag_missing"),
    }
    acts(Actor(Door.CLI, "root"))
    for action in Action:
        about, before, after = noted.get(action, ("", "", ""))
        await gateway.audit.note(action, "drugi", about=about, before=before, after=after)


# -- what they leave ---------------------------------------------------------------------------------------------------------


def test_r74_no_command_that_asks_changes_a_byte_of_the_database_or_leaves_a_file(asked: Asked) -> None:
    assert asked.changed == ["doctor"], "it calls the account, and books its calls against the account's limit"


# -- what they say -----------------------------------------------------------------------------------------------------------

SAME_IN_BOTH = frozenset(
    """
    Anna drugi main pierwszy root sklep trzeci
    CRM HTTP Invalid PLN SALESmanago SYSTEM UTC number origin phone policy
    callback clientCreated endpoint idosell link mail newsletter orderCreated panel shadow status tag tagi transfer upsert
    Męskie Obuwie Sportowe Wiosna Wyprzedaże aktywności brak męskie obuwie rejestracja sportowe wiosna wyprzedaże
    """.split()  # noqa: SIM905 - a list of words
)
"""Words that are Polish too, and names: of people and shops, of things of SALESmanago and the panel, of settings and tags; and what
SALESmanago answered.
"""


def words_of(shown: str) -> set[str]:
    """What is typed, addresses and ids are the same in every language, and so are the names of tables."""
    lines = [line for line in shown.splitlines() if not line.strip(" →").startswith(("gateway ", "tables:", "tabele:"))]
    said = re.sub(r"`[^`]*`|\S*[\d@_/]\S*|\b[\w-]+\.\w\S*|\b(?:ewa|zle)\b|ConnectError", " ", "\n".join(lines))
    return set(re.findall(r"[^\W\d]{3,}", said))


def without_names(command: str, shown: str) -> str:
    """A file without its settings, of which the comments are left; requests without the fields of a body."""
    match command:
        case "config show":
            return "\n".join(line.partition(": ")[2] for line in shown.splitlines() if line.startswith("# "))
        case "tail":
            return re.sub(r"POST|^ {4}[\w.\[\]]+ {2}", "", shown, flags=re.MULTILINE)
        case _:
            return shown


def test_r90_what_a_command_says_in_polish_has_no_word_of_its_english(asked: Asked) -> None:
    assert [name for name, (_, polish) in asked.said.items() if len(polish) < 20] == []
    both = {name: tuple(without_names(name, shown) for shown in said) for name, said in asked.said.items()}
    english = {name: (words_of(shown) & words_of(polish)) - SAME_IN_BOTH for name, (shown, polish) in both.items()}
    assert {name: words for name, words in english.items() if words} == {}


# -- what is advised ---------------------------------------------------------------------------------------------------------

PRINTS_A_KEY_ALONE = "keys encryption"
APP = Path(common.__file__).parent.parent


def texts() -> Iterator[str]:
    """Every text of the code, with `1` where it names something, and the Polish guides."""
    yield from (page.read_text() for page in (APP.parent / "docs" / "pl").glob("*.md"))
    for path in APP.rglob("*.py"):
        tree = ast.parse(path.read_text())
        inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if node not in inside:
                    yield text
                case ast.JoinedStr(values=parts):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts)


def commands_in(text: str) -> Iterator[tuple[str, str]]:
    """The name of each command that a text says, and all of the line to be typed."""
    for line in re.findall(r"`gateway ([^`]+)`|gateway ([a-z][^:;,.`\n]*)", text):
        typed = "".join(line)
        words = typed.split()
        yield next((name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS), ""), typed


def test_r90_advice_in_polish_names_each_command_by_which_it_answers_in_polish() -> None:
    speaking = COMMANDS.keys() - WITHOUT_POLISH.keys() - {PRINTS_A_KEY_ALONE}
    said = [one for text in texts() if re.search("[ąćęłńóśźż]", text) for one in commands_in(text) if one[0] in speaking]
    assert len(said) > 30
    assert [typed for _, typed in said if not typed.endswith("--pl")] == []


def test_r90_what_a_command_says_in_polish_names_each_command_by_which_it_goes_on_in_polish(asked: Asked) -> None:
    speaking = COMMANDS.keys() - WITHOUT_POLISH.keys() - {PRINTS_A_KEY_ALONE}
    said = [one for _, polish in asked.said.values() for one in commands_in(polish) if one[0] in speaking]
    assert len(said) > 10
    assert [typed for _, typed in said if not typed.rstrip().endswith("--pl")] == []


def test_r90_a_page_of_the_console_names_each_command_by_which_it_answers_in_the_language_of_the_page() -> None:
    pages = "".join(path.read_text() for path in (APP / "console" / "templates").glob("*.html"))
    assert "<code>gateway" not in pages
    assert Wording("pl").typed("gateway status") == "gateway status --pl"
    assert Wording("en").typed("gateway status") == "gateway status"
