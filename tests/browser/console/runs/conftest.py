"""A panel beside the stand-ins of the story."""

from collections.abc import Iterator

import pytest

from tests.browser.console.runs.transfer import connect_shops
from tests.support.running.processes import Process, World, free_port


@pytest.fixture(scope="package")
def panel(story: World) -> Iterator[str]:
    """With thirty accounts; its address."""
    salesmanago, port = free_port(), free_port()
    arguments = ["sandbox", "--salesmanago-port", str(salesmanago), "--panel-port", str(port), "--accounts", "30"]
    process = Process(story.folder, "panel", arguments, {}, f"http://127.0.0.1:{salesmanago}/sandbox/state")
    process.start()
    yield f"http://127.0.0.1:{port}"
    process.kill()


@pytest.fixture(scope="module")
def with_panel(request: pytest.FixtureRequest, story: World, panel: str) -> World:
    """The story with shops of a panel, named after the file's `SHOP`."""
    connect_shops(story, request.module.SHOP, panel)
    return story
