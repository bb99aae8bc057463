"""Scenarios of `python -m chaos` in their short form. The long form is `make chaos`. A file each: none of them is quick."""

import chaos.scenarios  # noqa: F401 - they register themselves
from chaos import suite


def broken_in(name: str, *patches: str) -> list[str]:
    """The promises that were not kept."""
    report = suite.run([name], short=True, patches=patches)
    assert report.results
    return [words for result in report.results for words in result.broken]
