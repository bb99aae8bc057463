"""What is configured, what a change would set going, and a shop taken out; without a running gateway."""

import asyncio
import shlex
import shutil
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap.gateway import open_gateway
from app.cli import common, why
from app.clients.idosell.client import IdosellPanel
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered
from app.domain.event_parts import Customer
from app.domain.events import CustomerRegistered
from app.domain.intake.inbox import NewEvent
from app.domain.runs.backfill import Listing
from app.services.shops.keyring import KeyRing
from tests.conftest import Clock
from tests.support.databases import migrated_file
from tests.support.running.languages import english_in
from tests.support.running.terminals import ONE_SHOP, Terminal, a_panel
from tests.support.world import FakeUpstream

SHOPS = f"""{ONE_SHOP.replace("all_customers", "order_consent")}callback_secret = "env:TEST_CALLBACK"

[shops.shop1.consents]
email = "NEWSLETTER"
{a_panel()}
[shops.shop1.backfill.day]
from = "08:00"
contacts_per_hour = 100
"""
OPEN = SHOPS.replace('"order_consent"', '"all_customers"')
DISABLED = SHOPS.replace("number = 1", "number = 1\nenabled = false")
SECRETS = {"TEST_SECRET": "very-secret", "TEST_CALLBACK": "0123456789abcdef"}


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(common.out, "width", 400)  # made once for the process, by whichever test came first
    return Terminal(tmp_path, monkeypatch, SHOPS, **SECRETS, COLUMNS="400", NO_COLOR="1")


def registers(*emails: str, delivered: bool = False) -> None:
    """These people register at shop1, and it is decided what becomes of it."""

    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            now = datetime.now(UTC)
            store = gateway.delivery._store
            async with store.work() as work:
                events = [(email, CustomerRegistered(at=now, customer=Customer(email=email))) for email in emails]
                named = [NewEvent("shop1", f"of-{email.partition('@')[0]}", "registration", said, "d") for email, said in events]
                await work.inbox.add(named, now)
                await work.commit()
            await gateway.planner.plan_due()
            if delivered:
                gateway.delivery._sender = lambda destination: _taking(gateway, destination)
                while await gateway.delivery.deliver_due(to_account("main")):
                    pass

    asyncio.run(step())


def _taking(gateway: object, destination: str) -> object:
    from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender

    return SalesmanagoSender(FakeUpstream(Clock()), "main", ["shop1"], [], gateway.delivery._store, Clock())


# -- shown ---------------------------------------------------------------------------------------------------------------


def test_r94_what_is_stored_is_shown_as_a_file_that_could_be_applied_and_without_secrets(terminal: Terminal) -> None:
    shown = terminal.run("config", "show").stdout
    assert "very-secret" not in shown
    assert "0123456789abcdef" not in shown
    assert "# callback_secrets: set, not shown" in shown
    written = tomllib.loads(shown)
    written["accounts"]["main"]["api_secret"] = written["shops"]["shop1"]["panel"]["api_key"] = "env:TEST_SECRET"
    ring = KeyRing(list(Settings().encryption_keys))
    again, wanted = parse(written, ring)[1][0].shop, parse(tomllib.loads(SHOPS), ring)[1][0].shop
    assert again == wanted


def test_r94_an_exported_configuration_applies_to_an_empty_database_and_is_the_same_there(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "secrets.env"
    exported = terminal.run("config", "export", "--with-secrets", str(kept)).stdout
    assert "very-secret" not in exported
    assert "#   SHOP_SHOP1_CALLBACK_SECRET\n" in exported
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    before = terminal.run("config", "show").stdout
    assert terminal.json("audit")["entries"][0]["action"] == "secrets_exported"

    for name in SECRETS:
        monkeypatch.delenv(name)
    for line in kept.read_text().splitlines():
        monkeypatch.setenv(*shlex.split(line)[0].split("=", 1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Terminal(elsewhere, monkeypatch, exported)
    assert other.run("config", "show").stdout == before
    assert other.run("config", "export").stdout == exported
    assert "Nothing changes." in other.run("apply", str(other.file)).stdout


def test_an_export_overwrites_no_file_and_one_without_secrets_is_not_in_the_audit_log(terminal: Terminal, tmp_path: Path) -> None:
    refused = terminal.run("config", "export", "--with-secrets", str(terminal.file))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert terminal.file.read_text() == SHOPS
    assert terminal.run("config", "export", "--with-secrets", str(tmp_path / "none" / "file")).exit_code == 1
    assert terminal.run("config", "export").exit_code == 0
    assert [one["action"] for one in terminal.json("audit")["entries"]].count("secrets_exported") == 1


def test_config_show_names_one_shop_and_an_unknown_one_is_an_error(terminal: Terminal) -> None:
    account, shop = terminal.json("config", "show", "shop1")["settings"]
    assert (account["account"], shop["settings"]["policy"], shop["settings"]["backfill.day.from"]) == (
        "main",
        "order_consent",
        "08:00",
    )
    assert shop["secrets"] == ["callback_secrets", "panel.api_key"]
    assert terminal.run("config", "show", "nobody").exit_code == 1


@pytest.mark.parametrize(
    "command",
    [
        ("parked",),
        ("replay",),
        ("doctor",),
        ("conflicts",),
        ("audit",),
        ("tail",),
        ("callbacks",),
        ("hand-work", "list"),
        ("backfill", "list"),
        ("backfill", "show"),
        ("reconcile", "show"),
        ("shops", "remove"),
        ("keys", "issue"),
        ("connect", "idosell"),
    ],
)
def test_a_shop_that_does_not_exist_is_an_error_everywhere(terminal: Terminal, command: tuple[str, ...]) -> None:
    refused = terminal.run(*command, "nobody")
    assert refused.exit_code == 1, refused.output


def test_r94_what_is_stored_is_commented_in_polish_and_is_the_same_file(terminal: Terminal, tmp_path: Path) -> None:
    for command in (("config", "show"), ("config", "export")):
        english, polish = terminal.run(*command).stdout, terminal.run(*command, "--pl").stdout
        assert tomllib.loads(polish) == tomllib.loads(english)
        comments = [line for line in polish.splitlines() if line.startswith("#")]
        assert len(comments) > 1
        assert english_in("\n".join(comments)) == set()
    assert "# callback_secrets: ustawione, wartość nie jest pokazywana" in terminal.run("config", "show", "--pl").stdout
    refused = terminal.run("config", "export", "--with-secrets", str(terminal.file), "--pl")
    assert (refused.exit_code, refused.stderr.replace("\n", "")) == (1, f"Plik {terminal.file} już istnieje; podaj nowy.")


def test_a_gateway_without_shops_says_so_in_polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        terminal = Terminal(tmp_path, here, DISABLED, **SECRETS)
        here.setenv("GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{shutil.copy(migrated_file(), tmp_path / 'empty.db')}")
        assert terminal.run("config", "show", "--pl").stdout.startswith("# Nie skonfigurowano jeszcze żadnego konta ani sklepu;")


# -- consequences --------------------------------------------------------------------------------------------------------


def test_r94_apply_says_how_many_accounts_a_transfer_begins_with_and_who_more_may_be_sent(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def accounts(self: IdosellPanel, page: int, changed_since: datetime | None = None) -> Listing:
        return Listing(self._gates.started("clients/clients")(Delivered()), (), 240, 3)

    monkeypatch.setattr(IdosellPanel, "accounts", accounts)
    registers("jan@example.com", "ewa@example.com")
    terminal.file.write_text(OPEN)
    asked = terminal.run("apply", str(terminal.file), typed="n\n")
    assert asked.exit_code == 1
    assert 'shop shop1: policy: "order_consent" → "all_customers"' in asked.stdout
    assert "dry run over about 240 accounts; nothing of it is sent until `gateway backfill approve shop1`" in asked.stdout
    assert "2 more people known here may be sent" in asked.stdout
    assert "<" not in asked.stdout
    assert terminal.json("config", "show", "shop1")["settings"][1]["settings"]["policy"] == "order_consent"


def test_r94_apply_says_how_many_people_in_salesmanago_a_stricter_policy_leaves_behind(terminal: Terminal) -> None:
    terminal.file.write_text(OPEN)
    terminal.run("apply", str(terminal.file), "--yes")
    registers("jan@example.com", delivered=True)
    terminal.file.write_text(SHOPS)
    assert "1 person who is in SALESmanago never consented" in terminal.run("apply", str(terminal.file), typed="n\n").stdout


# -- removed -------------------------------------------------------------------------------------------------------------


def test_a_shop_is_removed_only_when_it_is_disabled_and_with_everything_held_of_it(terminal: Terminal) -> None:
    registers("jan@example.com")
    terminal.run("keys", "issue", "shop1")
    assert "The shop is enabled" in terminal.run("shops", "remove", "shop1", "--yes").stderr
    terminal.file.write_text(DISABLED)
    terminal.run("apply", str(terminal.file), "--yes")
    declined = terminal.run("shops", "remove", "shop1", typed="n\n")
    assert declined.exit_code == 1
    assert "people: 1, events: 1, unsent commands: 0, keys: 1" in declined.stdout
    assert terminal.json("shops", "remove", "shop1", "--yes") == {"people": 1, "events": 1, "unsent": 0, "keys": 1}
    assert terminal.json("shops", "list") == {"shops": []}
    assert terminal.json("keys", "list") == {"keys": []}
    assert terminal.run("why", "jan@example.com").exit_code == 1
    assert terminal.json("audit")["entries"][0]["action"] == "shop_removed"


def test_a_shop_is_removed_in_polish_with_what_goes_with_it_named(terminal: Terminal) -> None:
    registers("jan@example.com")
    terminal.run("keys", "issue", "shop1")
    terminal.file.write_text(DISABLED)
    terminal.run("apply", str(terminal.file), "--yes")
    declined = terminal.run("shops", "remove", "shop1", "--pl", typed="n\n")
    assert declined.exit_code == 1
    assert "(osoby: 1, zdarzenia: 1, niewysłane polecenia: 0, klucze: 1)? [t/N]" in declined.output
    removed = terminal.run("shops", "remove", "shop1", "--pl", typed="t\n")
    assert removed.exit_code == 0
    assert "Usunięto sklep shop1." in removed.output
    assert english_in(declined.output) | english_in(removed.output) == set()


def test_a_shop_with_unsent_commands_is_removed_only_with_a_word_about_them(terminal: Terminal) -> None:
    terminal.file.write_text(OPEN)
    terminal.run("apply", str(terminal.file), "--yes")
    registers("jan@example.com")
    terminal.file.write_text(OPEN.replace("number = 1", "number = 1\nenabled = false"))
    terminal.run("apply", str(terminal.file), "--yes")
    refused = terminal.run("shops", "remove", "shop1", "--yes")
    assert (refused.exit_code, "Unsent commands of the shop: 1," in refused.stderr) == (1, True)
    assert terminal.run("shops", "remove", "shop1", "--yes", "--unsent-too").exit_code == 0


# -- watched -------------------------------------------------------------------------------------------------------------


def test_why_watch_shows_each_change_and_ends_when_nothing_waits_any_more(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(why, "POLL_SECONDS", 0.0)
    waits = {"why": "It waits.", "why_pl": "", "cause": "", "next_try_at": None, "what_to_do": "Nothing.", "what_to_do_pl": ""}
    first = {
        "shop": "shop1",
        "event_id": "e1",
        "type": "registration",
        "state": "planned",
        "occurred_at": "2026-01-01T00:00:00Z",
        "reason": None,
        "detail": None,
        "waits": waits,
        "evidence": [],
        "warnings": [],
        "warnings_pl": [],
        "commands": [],
    }
    last = {**first, "state": "sent", "waits": None}
    told = iter({"events": [one]} for one in (first, first, last))

    async def ask(method: str, path: str, **more: object) -> object:
        return next(told)

    monkeypatch.setattr(why, "ask", ask)
    shown = terminal.run("why", "e1", "--watch").stdout
    assert (shown.count("It waits."), shown.count("e1")) == (1, 2)
