"""Why a request was not taken is said in Polish too: out of odd values of every field, and of every kind of problem (R90, R93)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

import app
from app.console.refusals import in_polish
from app.routers.edge.asked import Asked
from app.routers.edge.field_problems import field_problems
from app.routers.edge.problem_examples import EXAMPLES
from app.routers.events.ingest import new_event
from app.routers.events.schemas import BATCHABLE
from tests.domain.intake.odd_values import bodies
from tests.support.running.languages import english_in
from tests.support.world import a_shop

SPEAKING = {"ValueError": 0, "BadParameter": 2, "UnknownCaller": 0, "NotAllowed": 0, "Asked": 1}
"""What an answer says of a mistake: the call, and which of its arguments is the sentence."""


def untranslated(sentences: set[str]) -> dict[str, str]:
    return {one: said for one in sentences if (said := in_polish(one)) == one or english_in(said)}


@pytest.mark.parametrize("kind", sorted(BATCHABLE))
def test_r93_every_mistake_in_an_event_is_said_in_polish_too(kind: str) -> None:
    asked, found = Asked("event", model=BATCHABLE[kind]), set[str]()
    for body in bodies(kind):
        try:
            new_event(BATCHABLE[kind].model_validate(body), a_shop())
        except (ValidationError, RequestValidationError) as error:
            found |= {one.message for one in field_problems(error.errors(), asked)}
    assert len(found) > 3
    assert untranslated(found) == {}


@pytest.mark.parametrize("kind", sorted({one["type"] for one in EXAMPLES}))
def test_r93_every_kind_of_problem_is_said_in_polish_too(kind: str) -> None:
    documents = [one for one in EXAMPLES if one["type"] == kind]
    said = {one["detail"] for one in documents} | {error["message"] for one in documents for error in one["errors"]}
    assert untranslated(said) == {}


def sentences() -> Iterator[str]:
    """`1` stands where an answer says a number or a name."""
    for path in (Path(app.__file__).parent / "routers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > SPEAKING.get(node.func.id, 99):
                yield said_by(node.args[SPEAKING[node.func.id]])


def said_by(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(said_by, parts))
    return "1"


def test_r93_every_sentence_of_the_routers_is_said_in_polish_too() -> None:
    found = {*sentences()} - {"1"}
    assert len(found) > 12
    assert untranslated(found) == {}


@pytest.mark.parametrize(
    ("said", "polish"),
    [
        ("3 of 5 events were taken, 1 rejected, 1 in conflict.", "Przyjęte zdarzenia: 3 z 5, odrzucone: 1, sprzeczne z przyjętymi"),
        ("2 fields need another value. Nothing was stored.", "Pola z niewłaściwą wartością: 2. Niczego nie zapisano."),
        ("1 field needs another value. Nothing was done.", "Jedno pole ma niewłaściwą wartość. Niczego nie zmieniono."),
        (
            "The requests of this key are used up. Come again in 7 s.",
            "Limit żądań tego klucza się wyczerpał. Spróbuj ponownie za 7 s.",
        ),
        ("This address was refused too often. A valid key passes all the same. Come again in 7 s.", "Z tego adresu przyszło"),
        ("The push carries no token and signature of this source.", "Powiadomienie nie ma tokenu i podpisu tego źródła."),
        ("This is a defect of ours; it was noted. Keep the event and send it again later.", "Podczas przetwarzania wystąpił błąd"),
        ("Too much is being sent at once. Nothing of this request was stored.", "Naraz przychodzi zbyt wiele danych."),
        ("See /docs for what there is.", "Takiego adresu bramka nie zna."),
        ("(the whole body)", "(cała treść)"),
    ],
)
def test_r93_what_an_answer_counts_stands_in_the_polish_sentence(said: str, polish: str) -> None:
    assert in_polish(said).startswith(polish)
    assert english_in(in_polish(said)) == set()
