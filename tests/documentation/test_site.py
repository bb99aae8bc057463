"""The documentation as a site: it builds without a warning, needs no internet, and its search finds what pages say."""

import json
import re
from pathlib import Path

import pytest

from tests.support.pages import ROOT, Page, tracked
from tests.support.site import built_site


@pytest.fixture(scope="module")
def site() -> Path:
    return built_site()


def test_no_page_of_the_site_asks_another_server_for_anything(site: Path) -> None:
    asked = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?https?:|<link\b[^>]*\brel=\"?stylesheet\"?[^>]*https?:|@import"
    )
    pages = [*site.rglob("*.html")]
    assert len(pages) > 40
    assert [page.relative_to(site).as_posix() for page in pages if asked.search(page.read_text())] == []


def test_the_search_knows_words_of_both_languages(site: Path) -> None:
    words = json.dumps(json.loads((site / "search.json").read_text()), ensure_ascii=False)
    assert "circuit breaker" in words
    assert "rezygnacj" in words


def test_every_page_of_the_documentation_stands_in_the_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text().split("\nnav:")[1]
    docs = ROOT / "docs"
    pages = [path.relative_to(docs).as_posix() for path in tracked() if path.is_relative_to(docs) and path.suffix == ".md"]
    # A list of their own leads to the decisions.
    assert [page for page in pages if page not in contents and not page.startswith("decisions/0")] == []


def test_pages_link_to_nothing_that_the_site_does_not_have() -> None:
    docs = ROOT / "docs"
    outside = {
        f"{page.name}:{line}: {target}"
        for page in map(Page, docs.rglob("*.md"))
        for line, target in page.links()
        if not (page.path.parent / target.partition("#")[0]).resolve().is_relative_to(docs)
    }
    assert outside == set()
