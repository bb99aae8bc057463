"""The releases in the changelog, and the databases that are kept of them."""

import re
from pathlib import Path

from app import __version__
from tests.upgrades.kept import FILES, kept

ROOT = Path(__file__).parents[2]
BIGGEST_FILE = 60_000


def test_every_release_left_a_database_of_either_kind() -> None:
    released = {release.partition("-")[0] for release in (*kept(on="sqlite"), *kept(on="postgresql"))}
    assert kept(on="sqlite") == sorted(f"{one}-sqlite" for one in released)
    assert kept(on="postgresql") == sorted(f"{one}-postgresql" for one in released)
    assert len(released) >= 4


def test_the_changelog_has_the_versions_and_dates_of_the_releases_newest_first() -> None:
    releases = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ \(20\d\d-\d\d-\d\d\)", one) for one in releases)
    versions, dates = [one.split()[0] for one in releases], [one.split()[1] for one in releases]
    assert versions[0] == __version__
    assert versions == sorted(versions, key=lambda one: [int(part) for part in one.split(".")], reverse=True)
    assert dates == sorted(dates, reverse=True)
    assert {one.split("-")[0] for one in (*kept(on="sqlite"), *kept(on="postgresql"))} <= set(versions)
    assert {path.name for path in FILES.iterdir() if path.stat().st_size > BIGGEST_FILE} == set()
