"""The doctor's look at the public address, and the bundle for support."""

import json
from pathlib import Path

import pytest

from app.admin.doctor import address_findings
from app.cli import common
from app.configuration.settings import Settings
from tests.support.running.terminals import ONE_SHOP, Terminal


@pytest.mark.parametrize(
    ("public", "warned"),
    [
        ("", "GATEWAY_PUBLIC_URL"),
        ("http://localhost:8000", "GATEWAY_PUBLIC_URL"),
        ("https://10.0.0.7", "GATEWAY_PUBLIC_URL"),
        ("https://gateway", "GATEWAY_PUBLIC_URL"),
        ("http://gateway.example.com", "TLS"),
        ("https://gateway.example.com", ""),
    ],
)
def test_an_address_that_nobody_outside_reaches_or_that_is_readable_on_the_way_is_a_warning(public: str, warned: str) -> None:
    words = [said.en for good, said in address_findings(Settings(public_url=public)) if not good]
    assert [warned in one for one in words] == ([True] if warned else [])


def test_the_bundle_for_support_says_how_it_is_and_holds_no_secret_and_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.out, "width", 400)
    terminal = Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="very-secret", COLUMNS="400", NO_COLOR="1")
    written = terminal.run("support-bundle", str(tmp_path / "bundle.json"))
    assert written.exit_code == 0
    text = (tmp_path / "bundle.json").read_text()
    found = json.loads(text)
    assert found["shops"]["shop1"]["policy"] == "all_customers"
    assert found["accounts"]["main"]["secrets"] == ["api_secret"]
    assert found["settings"]["encryption_keys"] is True
    assert any(finding["about"] == "account main" for finding in found["doctor"])
    for hidden in ("very-secret", "owner@example.com", *Settings().encryption_keys):
        assert hidden not in text
