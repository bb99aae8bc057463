"""What the gateway itself writes of a try is known in Polish."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.domain.decisions import undelivered
from app.domain.delivery.in_polish import in_polish
from app.domain.delivery.outcomes import Throttled, message_of

WRITTEN = ("clients", "services", "domain")
OUTCOMES = ("Delivered", "Unreachable", "Unknown", "Refused", "NeedsPerson")
SAME_IN_EVERY_LANGUAGE = ("HTTP 1", "HTTP 404", "HTTP 503", "HTTP 1 1")


def sentences() -> Iterator[str]:
    """Every text that the code gives an outcome, with `1` in place of what it fills in."""
    for folder in WRITTEN:
        for path in (Path(app.__file__).parent / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in OUTCOMES:
                    yield from _texts([*node.args, *(one.value for one in node.keywords)])


def _texts(given: list[ast.expr]) -> Iterator[str]:
    for one in given:
        match one:
            case ast.Constant(value=str(text)) if text:
                yield text
            case ast.JoinedStr(values=values):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in values)
            case ast.BoolOp(values=values):
                yield from _texts(values)
            case ast.IfExp(body=body, orelse=orelse):
                yield from _texts([body, orelse])
            case _:
                pass  # an answer, which is quoted


SAID = sorted({*sentences(), message_of(Throttled(5.0))} - {*SAME_IN_EVERY_LANGUAGE})


@pytest.mark.parametrize("words", SAID)
def test_every_sentence_that_the_code_says_of_a_try_has_polish_words(words: str) -> None:
    assert in_polish(words) != words


def test_the_sentences_are_found_in_the_code() -> None:
    assert len(SAID) > 30
    assert "the panel had it so already" in SAID


@pytest.mark.parametrize("names", ["order-7", ""])
def test_what_an_event_waits_for_has_polish_words(names: str) -> None:
    waits_for = undelivered.Undelivered(command=None, parked=False, event_seq=1, event_id=names)  # type: ignore[arg-type]
    said = in_polish(undelivered._wait_for(waits_for))
    assert said.startswith("czeka na")
    assert names in said


def test_what_is_filled_in_stays_as_it_is_and_so_does_what_somebody_else_answered() -> None:
    assert in_polish("asked to wait 30 s") == "prośba o odczekanie 30 s"
    assert in_polish("one tag in SALESmanago: Żółty, zolty") == "w SALESmanago to jeden tag: Żółty, zolty"
    assert in_polish("Contact is blacklisted {0}") == "Contact is blacklisted {0}"
