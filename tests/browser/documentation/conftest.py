"""The site is built while the browser starts."""

from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.site import built_site


@pytest.fixture(scope="package")
def building(threads: Executor) -> Future[Path]:
    return threads.submit(built_site)


@pytest.fixture(scope="package")
def site_folder(building: Future[Path], browser: Browser) -> Path:
    return building.result()
