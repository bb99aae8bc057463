"""The page on what is kept: complete, made from the settings, and the one in the documentation (M4)."""

from datetime import timedelta
from pathlib import Path

from app.domain.operations.retention import Retention
from app.domain.operations.retention_page import RETAINED, retention_page
from app.storage.engine.tables import metadata

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "privacy.md"


def test_every_table_of_the_database_is_on_the_page_once() -> None:
    named = [name for one in RETAINED for name in one.tables]
    assert sorted(named) == sorted(metadata.tables)


def test_the_page_follows_the_settings() -> None:
    page = retention_page(Retention(content=timedelta(days=7), never_sent=timedelta(days=1)))
    assert "content: 7 days after it was sent" in page
    assert "1 day after their last event" in page
    assert "30 days" not in page
    polish = retention_page(Retention(content=timedelta(days=7), never_sent=timedelta(days=1)), polish=True)
    assert "1 dzień od ostatniej" in polish
    assert "treść: 7 dni od przekazania" in polish


def test_the_documentation_holds_the_page_of_the_defaults() -> None:
    written = PAGE.read_text().partition("<!-- generated: gateway retention -->\n")[2].partition("<!-- end -->")[0]
    assert written == retention_page(Retention())


def test_both_languages_are_complete() -> None:
    kept = Retention()
    assert all(all(pair) for one in RETAINED for pair in (one.holds, one.kept(kept), one.left))
