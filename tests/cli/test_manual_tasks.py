"""Commands of the way back, in this process: each opens the stopped gateway's store, as a person's terminal would."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Settings
from app.domain.decisions.discrepancies import ConflictKind, what_to_do
from app.domain.delivery.outbox import to_newsletter
from app.domain.person.contact import Contact
from app.domain.shops.callbacks import signature
from app.services.operations import disputes
from app.services.outbox import manual_tasks
from tests.support.running.terminals import ONE_SHOP, SECOND_SHOP, Terminal

JAN = "jan.kowalski@example.com"
SHOPS = f"""{ONE_SHOP}callback_secrets = ["env:TEST_NEW", "env:TEST_OLD"]
{SECOND_SHOP}"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(
        tmp_path,
        monkeypatch,
        SHOPS,
        GATEWAY_PUBLIC_URL="https://gateway.example.com/",
        TEST_SECRET="s",
        TEST_NEW="NewSecret0000001",
        TEST_OLD="OldSecret0000001",
        COLUMNS="200",
    )


def an_opt_out_arrives() -> None:
    """A callback with the older of the two secrets, decided, and carried to a shop that is connected with nothing."""

    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            callbacks = gateway.callbacks
            email = callbacks.verified_for_shop("shop1", JAN, signature(JAN, "OldSecret0000001"), None)
            await callbacks.take_for_shop("shop1", email, opt_in=False)
            await gateway.planner.plan_due()
            await gateway.delivery.deliver_due(to_newsletter("shop1"))

    asyncio.run(step())


def test_r53_each_shop_has_two_addresses_to_paste_with_its_newest_secret(terminal: Terminal) -> None:
    told = terminal.run("callbacks").stdout
    template = "https://gateway.example.com/callbacks/shops/shop1/{}?email=$email$&key=sha1($email$NewSecret0000001)"
    assert template.format("opt-in") in told
    assert template.format("opt-out") in told
    assert "OldSecret" not in told
    assert [one["of"] for one in terminal.json("callbacks")["callbacks"]] == ["shop shop1"]
    missing = terminal.run("callbacks", "shop2")
    assert missing.exit_code == 1
    unknown = terminal.run("callbacks", "no-such")
    assert (unknown.exit_code, "There is no such shop or account here" in unknown.output) == (1, True)


def test_r70_two_shops_on_one_account_are_warned_of_until_its_callbacks_reach_both(terminal: Terminal) -> None:
    warned = terminal.run("apply", str(terminal.file), "--yes")
    assert "Nothing changes" in warned.stdout
    terminal.file.write_text(SHOPS.replace('owner = "owner', 'calls_per_second = 4\nowner = "owner'))
    assert "2 shops share it" in terminal.run("apply", str(terminal.file), "--yes").stdout
    finding = next(one for one in terminal.json("doctor")["findings"] if "2 shops share it" in one["words"])
    assert (finding["good"], finding["warning"]) == (True, True)
    terminal.file.write_text(SHOPS.replace('owner = "owner', 'callback_secret = "env:TEST_OLD"\nowner = "owner'))
    assert "share" not in terminal.run("apply", str(terminal.file), "--yes").stdout
    assert [one["of"] for one in terminal.json("callbacks")["callbacks"]] == ["account main", "shop shop1"]


def test_r56_a_list_without_room_says_that_there_are_more(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    an_opt_out_arrives()
    assert "there are more" not in terminal.run("hand-work", "list").stdout
    monkeypatch.setattr(manual_tasks, "SHOWN", 0)
    assert "shop1  there are more; they show when these are done." in terminal.run("hand-work", "list").stdout
    assert "shop1  jest ich więcej; pokażą się, gdy te zostaną wykonane." in terminal.run("hand-work", "list", "--pl").stdout


def test_r56_what_only_a_person_can_do_is_listed_in_both_languages_and_marked_as_done(terminal: Terminal) -> None:
    assert "There is no manual task" in terminal.run("hand-work", "list").stdout
    an_opt_out_arrives()
    (item,) = terminal.json("hand-work", "list")["items"]
    assert (item["shop"], item["email"], item["details"]) == ("shop1", JAN, {"email": "opt_out"})
    assert "This shop has no connection" in terminal.run("hand-work", "list", "shop1").stdout
    assert "Ustaw to ręcznie" in terminal.run("hand-work", "list", "--pl").stdout
    assert terminal.run("hand-work", "done", "shop2", str(item["number"])).exit_code == 1
    assert terminal.run("hand-work", "done", "shop1", str(item["number"])).exit_code == 0
    assert terminal.json("hand-work", "list") == {"items": [], "shops_with_more": []}
    (event,) = terminal.json("why", JAN)["events"]
    assert (event["type"], event["state"]) == ("opt-out", "sent")
    assert event["commands"][0]["receipt"].startswith("applied to shop1 at ")


def test_b8_consents_are_shown_as_evidence_and_conflicts_as_none(terminal: Terminal) -> None:
    assert terminal.run("consents", JAN).exit_code == 1
    an_opt_out_arrives()
    assert "the chain is whole" in terminal.run("consents", JAN.upper()).stdout
    (chain,) = terminal.json("consents", JAN)["chains"]
    assert (chain["shop"], chain["intact"]) == ("shop1", True)
    assert [(entry["matter"], entry["act"]) for entry in chain["entries"]] == [("email", "opt_out")]
    assert "No conflict is known" in terminal.run("conflicts").stdout
    assert "both sides were not compared yet" in terminal.run("conflicts").stdout
    assert terminal.json("conflicts") == {"conflicts": [], "shops_with_more": []}


def two_accounts_claim_one_address() -> None:
    async def step() -> None:
        async with open_gateway(Settings()) as gateway, gateway.delivery._store.work() as work:
            now = datetime.now(UTC)
            await work.contacts.add([("shop1", Contact(email=JAN, address_contested_at=now), None)], now)
            await work.commit()

    asyncio.run(step())


def test_r91_a_list_without_room_says_that_there_are_more(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disputes, "SHOWN", 0)
    two_accounts_claim_one_address()
    assert "shop1  there are more; they show when these were seen." in terminal.run("conflicts").stdout
    assert "shop1  jest ich więcej; pokażą się, gdy te zostaną sprawdzone." in terminal.run("conflicts", "--pl").stdout


def test_r91_a_conflict_is_shown_with_what_to_do_and_marked_as_seen_after_a_yes(terminal: Terminal) -> None:
    two_accounts_claim_one_address()
    todo, todo_pl = what_to_do(ConflictKind.ADDRESS_CONTESTED)
    assert "there are more" not in terminal.run("conflicts").stdout
    assert f"→ {todo}" in " ".join(terminal.run("conflicts").stdout.split())
    assert f"→ {todo_pl}" in " ".join(terminal.run("conflicts", "shop1", "--pl").stdout.split())
    declined = terminal.run("conflicts-seen", "shop1", JAN, "--pl", typed="n\n")
    assert declined.exit_code == 1
    assert todo_pl in " ".join(declined.stdout.split())
    assert "Przerwano." in declined.output
    assert terminal.json("conflicts")["conflicts"][0]["seen_at"] is None
    assert "Marked as seen." in terminal.run("conflicts-seen", "shop1", JAN.upper(), "--kind", "address_contested", "--yes").stdout
    shown = " ".join(terminal.run("conflicts", "--pl").stdout.split())
    assert "sprawdzone" in shown
    assert todo_pl not in shown
    assert terminal.run("conflicts-seen", "shop1", JAN, "--yes").exit_code == 1, "nothing is left to be seen"
    assert terminal.json("audit")["entries"][0]["action"] == "conflicts_seen"
