"""Every link of a page leads somewhere, and every page that code and texts name exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages import ROOT, Page, all_pages, tracked

PAGES = all_pages()


def broken(page: Page) -> Iterator[str]:
    for line, target in page.links():
        path, _, anchor = target.partition("#")
        there = (page.path.parent / path).resolve() if path else page.path
        if not there.exists():
            yield f"{page.name}:{line}: {target}: there is no such file"
        elif anchor and there.suffix == ".md" and anchor not in Page(there).anchors():
            yield f"{page.name}:{line}: {target}: {there.name} has no such heading"


def test_every_link_leads_to_a_file_and_a_heading_that_exist() -> None:
    assert [fault for page in PAGES for fault in broken(page)] == []


def test_every_page_that_a_file_names_exists() -> None:
    named = re.compile(r"\bdocs/[\w./-]+\.(?:md|png)\b")
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked()
        if path.suffix not in (".png", ".lock") and "documentation" not in path.parts
        for name in named.findall(path.read_text(errors="replace"))
        if not (ROOT / name).is_file()
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Which event when", "which-event-when"),
        ("`gateway why`", "gateway-why"),
        ("1. A key", "1-a-key"),
        ("Klucz świąteczny?", "klucz-świąteczny"),
    ],
)
def test_a_heading_has_the_anchor_that_the_site_and_the_forge_give_it(heading: str, anchor: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```sh\n# no heading\n```\n\n## {heading}\n\n## {heading}\n")
    assert Page(page).anchors() == {"page", anchor, f"{anchor}_1"}
