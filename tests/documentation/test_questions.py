"""Thirty questions, each with a page that answers it. `test_links` follows the links."""

import re

from tests.support.pages import ROOT


def test_thirty_questions_of_four_kinds_of_people_have_each_a_link_to_their_answer() -> None:
    text = (ROOT / "docs" / "questions.md").read_text()
    parts = text.split("\n## ")[1:]
    by_reader = {part.splitlines()[0]: re.findall(r"^\|(?: [●○])? +\| .+ \| (.*\.md.*) \|$", part, re.MULTILINE) for part in parts}
    assert {reader: len(answers) >= 7 for reader, answers in by_reader.items()} == {
        "A shop's developer": True,
        "An administrator": True,
        "The merchant's assistant": True,
        "An engineer": True,
    }
    assert sum(len(answers) for answers in by_reader.values()) == 30
