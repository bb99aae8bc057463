"""What can be made is listed by `make help`, and the pages name nothing else."""

import re
import shutil
import subprocess

import pytest

from tests.support.pages import ROOT, all_pages

PHONY = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_lists_every_target_with_what_it_does() -> None:
    listed = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert PHONY is not None
    assert {line.split()[1] for line in listed if len(line.split()) > 3} == set(PHONY[1].split())


def test_every_target_that_a_page_names_can_be_made() -> None:
    assert PHONY is not None
    named = {target for page in all_pages() for target in re.findall(r"`make ([a-z]+)", page.path.read_text())}
    assert named - set(PHONY[1].split()) == set()
    assert len(named) > 5
