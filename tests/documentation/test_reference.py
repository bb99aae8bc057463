"""The reference says what the code says, and leaves nothing out."""

import re

import pytest

from app.configuration.entries import AccountEntry, ConsentsEntry, ShopEntry
from app.configuration.settings import Settings
from app.configuration.shop_parts import BackfillEntry, PanelEntry, SourceEntry
from app.domain.operations.alarms import WORDS
from app.domain.reasons import EXPLANATIONS
from tests.support.pages import ROOT, Page, tracked
from tools.reference import FOLDER, pages

RULES = FOLDER / "reference" / "rules.md"


def test_the_generated_pages_are_what_the_code_says() -> None:
    stale = [name for name, text in pages().items() if (FOLDER / name).read_text() != text]
    assert stale == [], "run `make reference` and read the difference"


@pytest.mark.parametrize("model", [Settings, AccountEntry, ShopEntry, PanelEntry, SourceEntry, BackfillEntry, ConsentsEntry])
def test_every_setting_says_what_it_means(model: type[Settings]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_every_field_of_an_event_says_what_it_means() -> None:
    rows = [line.split(" | ") for line in (FOLDER / "reference" / "events.md").read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 130
    assert [row[0] for row in rows if len(row[3]) < 5] == []


def test_every_alarm_has_one_line_that_says_what_to_do() -> None:
    page = (FOLDER / "how-to" / "alarms.md").read_text()
    assert {what: page.count(f"| `{what}` |") for what in WORDS} == dict.fromkeys(WORDS, 1)


def test_every_rule_that_anybody_sees_has_a_place_on_the_page_of_rules() -> None:
    """What is shown to people, and what an engineer reads in the code."""
    seen = {one.rule for one in EXPLANATIONS.values()}
    for path in tracked():
        room = path.relative_to(ROOT).parts[0]
        if (room in ("app", "docs") and path.suffix in (".py", ".md", ".po", ".html")) or path.name == "openapi.yaml":
            seen |= set(re.findall(r"\bR\d\d[a-z]?\b", path.read_text()))
    assert len(seen) > 50
    assert {rule for rule in seen if rule.lower() not in Page(RULES).anchors()} == set()
