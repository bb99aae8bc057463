"""What the doctor says of what nothing shows it, and in which languages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.admin.doctor import consents_to_compare, source_findings
from app.admin.proofs import TOO_MANY_CALLS, account_named, clock_finding, fault
from app.domain.delivery.outcomes import Refused, Throttled
from app.domain.intake.pushes import Scan, SourceName, Traffic
from app.domain.shops.shop import SourceKind
from app.domain.values import Words
from app.sources.watching import SourceHealth

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PANEL = SourceName("idosell", "1234")


def health(traffic: Traffic, **more: Any) -> SourceHealth:
    return SourceHealth(PANEL, traffic, late=False, silent=False, **more)


def test_of_a_panel_whose_webhooks_never_came_it_says_that_only_the_panel_lists_them() -> None:
    """No gate of the panel lists them: only their arrival proves that they are there."""
    traffic, never = source_findings(health(Traffic()))
    assert (traffic.good, never.good, never.warning) == (True, True, True)
    assert "look at its list of webhooks" in never.words.en
    assert "sprawdź listę webhooków w panelu" in never.words.pl


@pytest.mark.parametrize("kind", [kind for kind in SourceKind if kind.pushes])
def test_of_a_source_that_never_pushed_it_says_the_way_of_that_platform_and_of_no_other(kind: SourceKind) -> None:
    silent = SourceHealth(SourceName(kind.value, "1234"), Traffic(), late=False, silent=False)
    words = source_findings(silent)[1].words
    for said in words:
        assert f"connect {kind.value}" in said or f"docs/start/{kind.value}.md" in said
        assert not [other for other in SourceKind if other not in (kind, SourceKind.NONE) and other.value in said.lower()]
    assert words.en != words.pl


def test_of_a_panel_whose_push_came_it_says_when_and_nothing_of_lists() -> None:
    (traffic,) = source_findings(health(Traffic(last_at=NOON, pushes=3)))
    assert "the last one 2026-11-23 12:00 UTC" in traffic.words.en
    assert "ostatnie: 2026-11-23 12:00 UTC" in traffic.words.pl


def test_of_a_scan_it_says_how_many_calls_it_made_and_its_last_trouble() -> None:
    scan = Scan(trouble="orders: HTTP 403")
    (traffic,) = source_findings(health(Traffic(last_at=NOON), scan=scan, calls_today=7, calls_per_day=100))
    for words in traffic.words:
        assert "7 " in words
        assert "orders: HTTP 403" in words


def test_names_of_consents_are_for_a_person_to_compare() -> None:
    words = consents_to_compare("Newsletter e-mail, Newsletter SMS")
    assert all("Newsletter e-mail, Newsletter SMS" in said for said in words)
    assert "no API shows them" in words.en
    assert "żadne API ich nie pokazuje" in words.pl


@pytest.mark.parametrize(
    ("outcome", "good", "warning", "said"),
    [(Throttled(30), True, True, "429"), (Refused("no such user"), False, False, "no such user")],
)
def test_too_many_calls_prove_nothing_and_every_other_fault_is_said_with_its_words(
    outcome: Any, good: bool, warning: bool, said: str
) -> None:
    found = fault(account_named("main"), outcome, Words("It is shut.", "Jest zamknięte."))
    assert (found.good, found.warning) == (good, warning)
    assert all(said in words for words in found.words)
    assert (found.words == TOO_MANY_CALLS) is warning


def test_a_finding_is_shown_with_both_languages_of_what_and_about() -> None:
    found = clock_finding(account_named("main"), ("Mon, 23 Nov 2026 12:00:00 GMT", NOON + timedelta(minutes=5)))
    assert found is not None
    assert found.shown() == {
        "about": "account main",
        "about_pl": "konto main",
        "words": "our clock is 300 s ahead of its clock, so times of consents and orders are wrong. Set it by NTP.",
        "words_pl": "nasz zegar spieszy się względem jego zegara o 300 s, więc czasy zgód i zamówień są błędne. Ustaw "
        "go przez NTP.",
        "good": False,
        "warning": False,
    }
