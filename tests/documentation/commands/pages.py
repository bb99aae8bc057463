"""The pages whose commands are run, by topic: a file of tests for each.

Blocks marked `sh` are one script per page. A block that cannot run here says why in a comment before: `<!-- not run: reason -->`.
"""

from tests.support.pages import Page, all_pages

PAGES = [page for page in all_pages() if page.name.startswith("docs/") or page.name == "README.md"]
RUN = {page.name: page for page in PAGES if any(block.is_run for block in page.blocks())}

TOPICS = {
    "idosell": ["docs/start/idosell.md"],
    "keys": ["docs/how-to/keys.md", "docs/how-to/sign-requests.md"],
    "moving": ["docs/how-to/move-over.md"],
    "rest": ["docs/start/rest.md", "docs/explanation/why-not-sent.md"],
    "shops": ["docs/how-to/several-shops.md", "docs/how-to/leave.md", "docs/how-to/receive-notices.md"],
    "upgrades": ["docs/how-to/upgrade.md", "docs/how-to/service.md", "docs/how-to/operations.md"],
    "upkeep": ["docs/how-to/back-up.md"],
    "watching": ["docs/how-to/alarms.md", "docs/how-to/reverse-proxy.md"],
}


def pages_of(topic: str) -> list[Page]:
    return [RUN[name] for name in TOPICS[topic]]
