"""Whatever is wrong with a list of subscribers is said in Polish too."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.console.refusals import in_polish
from app.formats import contact_values, subscriber_csv
from app.formats.subscriber_csv import MAX_COLUMNS, NotAList, event_of, parsed
from tests.support.running.languages import english_in
from tests.support.world import a_shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LISTS = {
    "no heading": "a,b\n1,2\n",
    "columns": ",".join(["email"] * (MAX_COLUMNS + 1)),
    "lines": "email\na@example.com\nb@example.com\n",
    "quotation mark": 'email\n"a@example.com\nb@example.com\n',
    "twice": "email,data,data_zgody\na@example.com,2024-01-01,2025-01-01\n",
    "long": f'email\n"{"x" * 200_000}"\n',
}
LINES = (
    "email,email_consent_at,sms_consent_at,phone,approval,registered",
    "no address,2025-03-18,,,,",
    f"{'x' * 65}@example.com,2025-03-18,,,,",
    "a@example.com,yesterday,,,,",
    "a@example.com,1999-01-01,,,,",
    "a@example.com,,,,,",
    "a@example.com,,2025-03-18,,,",
    "a@example.com,,2025-03-18,12,,",
    "a@example.com,2025-03-18,,,n,",
    "a@example.com,2025-03-18,,,,y",
)
SENTENCE = {"Mistake": 1, "NotAList": 0, "ValueError": 0}
"""What says it, and which of its arguments is the sentence."""


def untranslated(sentences: set[str]) -> dict[str, str]:
    return {one: said for one in sentences if (said := in_polish(one)) == one or english_in(said)}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_text_that_is_no_list_is_said_in_polish_alone_and_behind_the_name_of_its_file(text: str) -> None:
    with pytest.raises(NotAList) as refused:
        parsed(text, 1)
    alone, behind = in_polish(str(refused.value)), in_polish(f"/tmp/list.csv: {refused.value}.")
    assert untranslated({str(refused.value)}) == {}
    assert behind == f"/tmp/list.csv: {alone}."


def test_every_mistake_in_a_line_is_said_in_polish() -> None:
    answers = [event_of(row, a_shop(), NOW) for row in parsed("\n".join(LINES)).rows]
    mistakes = [answer for answer in answers if isinstance(answer, list)]
    assert len(mistakes) == len(LINES) - 1
    assert untranslated({one.rule for found in mistakes for one in found}) == {}


def sentences() -> Iterator[str]:
    """Everything that the checks can say; `1` stands where they say a number."""
    for module in (subscriber_csv, contact_values):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Mistake", "NotAList", "ValueError")
            ):
                yield said_by(node.args[1 if node.func.id == "Mistake" else 0])


def said_by(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(said_by, parts))
    return "1"


def test_every_check_has_polish_words() -> None:
    found = {*sentences()} - {"1"}
    assert len(found) > 8
    assert untranslated(found) == {}
