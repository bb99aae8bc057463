"""What is said of what is wrong, in both languages."""

from dataclasses import replace

import pytest

from app.services.health import problems
from app.services.health.problems import ShopHealth, problems_of

WELL = ShopHealth(
    shop_id="shop1",
    oldest_waiting_seconds=0,
    late=False,
    consent_box_seems_hidden=False,
    enabled=True,
    shadow=False,
    events={},
    conflicts=0,
    differences=0,
    oldest_receipt_seconds=0,
    receipt_missing=False,
    manual_tasks=0,
)


def test_a_shop_that_is_well_has_no_problem() -> None:
    assert list(problems_of(WELL)) == []


@pytest.mark.parametrize(
    ("wrong", "said", "said_pl"),
    [
        ({"late": True, "oldest_waiting_seconds": 720}, "12 minutes old", "od 12 min"),
        ({"receipt_missing": True, "oldest_receipt_seconds": 1200}, "for 20 minutes", "od 20 min"),
        ({"manual_tasks": 3}, "3 change(s)", "musi wprowadzić człowiek: 3"),
        ({"transfer_waits": True}, "waits for a person", "czeka na decyzję"),
        ({"conflicts": 2}, "2 contact(s) were renamed", "własny kontakt: 2"),
        ({"consent_box_seems_hidden": True}, "Show the box", "Pokaż pole zgody"),
    ],
)
def test_each_trouble_of_a_shop_is_said_in_both_languages(wrong: dict[str, object], said: str, said_pl: str) -> None:
    (words,) = problems_of(replace(WELL, **wrong))  # type: ignore[arg-type]
    assert said in words.en
    assert said_pl in words.pl
    assert [one.startswith("shop1: ") for one in words] == [True, True]


def test_what_is_said_of_the_database_has_both_languages() -> None:
    for words in (problems.NOT_USABLE, problems.TAKES_NOTHING, problems.NOT_MIGRATED):
        assert words.en != words.pl
