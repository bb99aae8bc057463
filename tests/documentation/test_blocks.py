"""Every block of code of every page: which are run, by `commands`, and which are not."""

from collections.abc import Iterator

from tests.documentation.commands.pages import PAGES, RUN, TOPICS
from tests.support.pages import Block

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


def test_every_page_with_commands_that_are_run_belongs_to_one_topic() -> None:
    assert sorted(name for names in TOPICS.values() for name in names) == sorted(RUN)


def test_nearly_every_task_has_commands_that_are_run() -> None:
    assert len([name for name in RUN if name.startswith("docs/how-to/")]) >= 11
