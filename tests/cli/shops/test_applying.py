"""`gateway apply` in Polish: what changes, what that sets going, the question, and each mistake of the file."""

from datetime import datetime
from pathlib import Path

import pytest

from app.cli import common
from app.clients.idosell.client import IdosellPanel
from app.domain.delivery.outcomes import Delivered
from app.domain.runs.backfill import Listing
from tests.support.running.languages import english_in, without_values
from tests.support.running.terminals import ONE_SHOP, SECOND_SHOP, Terminal, a_panel

CAREFUL = ONE_SHOP.replace("all_customers", "order_consent")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for console in (common.out, common.err):
        monkeypatch.setattr(console, "width", 400)
    return Terminal(tmp_path, monkeypatch, CAREFUL, TEST_SECRET="s" * 16, COLUMNS="400", NO_COLOR="1")


def test_r94_apply_says_in_polish_what_changes_and_what_that_sets_going(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def accounts(self: IdosellPanel, page: int, changed_since: datetime | None = None) -> Listing:
        return Listing(self._gates.started("clients/clients")(Delivered()), (), 240, 3)

    monkeypatch.setattr(IdosellPanel, "accounts", accounts)
    terminal.file.write_text(f"{ONE_SHOP}{a_panel()}{SECOND_SHOP}")
    declined = terminal.run("apply", str(terminal.file), "--pl", typed="n\n")
    assert declined.exit_code == 1
    assert declined.output.endswith("Przerwano.\n")
    taken = terminal.run("apply", str(terminal.file), "--pl", typed="t\n")
    assert taken.exit_code == 0
    for said in (declined.output, taken.output):
        assert english_in(without_values(said)) == set()
        assert 'sklep shop1: policy: "order_consent" → "all_customers"' in said
        assert "sklep shop2: nowy" in said
        assert "→ sklep shop1: zacznie się próba na sucho (liczba kont: około 240); nic nie zostanie wysłane" in said
        assert "będzie wolno przekazać jeszcze 0 znanych tu osób" in said
        assert "Zapisać? [t/N]" in said
    assert "Zapisano." in taken.output
    assert "konto main: 2 sklepy korzystają z niego (shop1, shop2)" in taken.output
    assert terminal.run("apply", str(terminal.file), "--pl").output == "Nic się nie zmienia.\n"


def test_what_a_running_gateway_refuses_to_store_is_said_in_polish(terminal: Terminal) -> None:
    terminal.file.write_text(CAREFUL.replace("sklep_example", "another_name"))
    refused = terminal.run("apply", str(terminal.file), "--pl", "--yes")
    assert (refused.exit_code, refused.output) == (
        1,
        "shops.shop1.location: tej nazwy nie można zmienić, pozostaje 'sklep_example' (R16)\n",
    )
