"""The scenarios of `python -m chaos` that tell most, in their short form. The long form is `make chaos`."""

import pytest

import chaos.scenarios  # noqa: F401 - they register themselves
from chaos import suite


@pytest.mark.parametrize("name", ["kill-random", "ambiguous", "opt-out-in-backlog", "replay", "acts"])
def test_promises_are_kept_under(name: str) -> None:
    report = suite.run([name], short=True)
    assert report.results
    assert [words for result in report.results for words in result.broken] == []


def test_a_guard_that_is_taken_away_is_noticed() -> None:
    report = suite.run(["replay"], short=True, patches=["mutate:no-unique-key"])
    assert any(words.startswith("I4") for result in report.results for words in result.broken)
