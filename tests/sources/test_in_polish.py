"""The words that are kept with a push are all known in Polish."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.sources
from app.domain.intake.pushes import NAMES_ERASED
from app.sources.findings import WORDS
from app.sources.idosell.scans.gates import Gate
from app.sources.idosell.source import DISABLED
from app.sources.in_polish import DEFECT, NOT_CONFIGURED, in_polish, trouble_in_polish

SOURCES = Path(app.sources.__file__).parent
THINGS = ["order 12", "client 7", "return 3", "email newsletter", "sms newsletter"]


def sentences() -> Iterator[str]:
    """What the code says when it does not understand a push, with `1` in place of what it fills in."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotUnderstood" and node.args:
                yield _text(node.args[0])


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(one) if isinstance(one, ast.Constant) else "1" for one in values)
        case _:
            raise AssertionError(ast.dump(node))


SAID = sorted({*sentences(), DEFECT, NOT_CONFIGURED, NAMES_ERASED, DISABLED})


@pytest.mark.parametrize("words", SAID)
def test_every_sentence_that_the_code_says_of_a_push_has_polish_words(words: str) -> None:
    assert in_polish(words) != words
    assert "{}" not in in_polish(words)


def test_there_are_sentences() -> None:
    assert len(SAID) > 15


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("reason", WORDS.values())
def test_what_was_left_out_is_said_in_polish_with_its_number(thing: str, reason: tuple[str, str]) -> None:
    english, polish = reason
    first, second = in_polish(f"{thing}: {english}; order 13: {english}").split("; ")
    assert (first.endswith(polish), second) == (True, f"zamówienie 13: {polish}")
    assert thing.split()[0] not in first.split(":")[0] or "newsletter" in thing


def test_what_a_panel_said_stays_as_it_is() -> None:
    assert in_polish("clients/clients: HTTP 503") == "clients/clients: HTTP 503"


@pytest.mark.parametrize("gate", Gate)
def test_the_trouble_of_a_scan_names_the_gate_in_polish_and_quotes_the_panel(gate: Gate) -> None:
    said = trouble_in_polish(f"{gate.value}: the panel ignored the dates that were asked for")
    assert said.endswith(": panel pominął podany zakres dat")
    assert not said.startswith(f"{gate.value}: ")
    assert trouble_in_polish(f"{gate.value}: Brak uprawnień").endswith(": Brak uprawnień")


@pytest.mark.parametrize(
    "words", ["tags: Unreachable", "all 100 calls of the day were made", "the panel says that it is overloaded"]
)
def test_the_trouble_of_a_scan_is_said_in_polish(words: str) -> None:
    assert not {*words.split()} & {*trouble_in_polish(words).split()} - {"100", "panel"}
