"""Every command of every page is run, in the order of the page, beside a real gateway and stand-ins of both neighbours.

Blocks marked `sh` are one script per page. A block that cannot run here says why in a comment before: `<!-- not run: reason -->`.
Here are all pages but those of one task each: `test_commands_of_machines` and `test_commands_of_shops` have these.
"""

from collections.abc import Iterator

import pytest

from tests.support.pages import Block, Page, all_pages
from tests.support.running.installed import Installed, does_what_it_says

NOT_RUN = {
    "README.md": {"takes minutes"},
    "docs/how-to/back-up.md": {"needs PostgreSQL"},
    "docs/how-to/container.md": {"needs Docker"},
    "docs/how-to/reverse-proxy.md": {"needs a reverse proxy"},
    "docs/how-to/service.md": {"needs systemd", "takes minutes"},
    "docs/how-to/upgrade.md": {"needs Docker", "needs systemd", "takes minutes"},
    "docs/performance.md": {"takes minutes"},
    "docs/start/idosell.md": {"needs a panel"},
}
"""Where blocks are left out, and why. Another one is a decision, not a slip: write it here."""

LANGUAGES = {"sql", "sh", "toml", "json", "text", "python", "php", "nginx", "caddy", "ini", "yaml", "html", "http"}
PAGES = [page for page in all_pages() if page.name.startswith("docs/") or page.name == "README.md"]
RUN = [page for page in PAGES if any(block.is_run for block in page.blocks())]


def test_every_block_of_code_says_its_language() -> None:
    blocks = [(page.name, block) for page in PAGES for block in page.blocks()]
    assert [f"{name}:{block.line}: {block.language}" for name, block in blocks if block.language not in LANGUAGES] == []


def test_the_blocks_that_are_not_run_are_these() -> None:
    left_out: dict[str, set[str]] = {}
    for page in PAGES:
        for block in page.blocks():
            if block.why_not is not None:
                left_out.setdefault(page.name, set()).add(block.why_not)
    assert left_out == NOT_RUN
    run, not_run = len([*_shell(is_run=True)]), len([*_shell(is_run=False)])
    assert run > 2 * not_run


def _shell(*, is_run: bool) -> Iterator[Block]:
    return (block for page in PAGES for block in page.blocks() if block.language == "sh" and block.is_run is is_run)


@pytest.mark.parametrize("page", [page for page in RUN if not page.name.startswith("docs/how-to/")], ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(page: Page, installed: Installed) -> None:
    does_what_it_says(page, installed)
