"""The tasks of `docs/how-to` whose commands are run, in two halves."""

from tests.support.pages import all_pages

TASKS = [page for page in all_pages() if page.name.startswith("docs/how-to/") and any(block.is_run for block in page.blocks())]

_OF_MACHINES = {f"docs/how-to/{name}.md" for name in ("alarms", "back-up", "operations", "reverse-proxy", "service", "upgrade")}
OF_MACHINES = [page for page in TASKS if page.name in _OF_MACHINES]
OF_SHOPS = [page for page in TASKS if page.name not in _OF_MACHINES]
