"""What a page cannot do is said in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.services.runs
from app.console.refusals import in_polish
from tests.support.console import sent, signed_in
from tests.support.gateways import Door


def sentences() -> Iterator[str]:
    """What the runs that pages start and stop refuse with."""
    for path in Path(app.services.runs.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotPossible":
                yield ast.literal_eval(node.args[0])


SAID = sorted({*sentences()})


def test_there_are_some() -> None:
    assert len(SAID) > 5


@pytest.mark.parametrize("words", SAID)
def test_every_refusal_of_a_run_has_polish_words(words: str) -> None:
    assert in_polish(words) != words


async def test_a_transfer_that_cannot_begin_is_refused_in_polish(door: Door) -> None:
    http = await signed_in(door)
    http.headers["Accept-Language"] = "pl"
    refused = await sent(http, "/transfers/start", shop="shop1", mode="dry_run")
    assert refused.status_code == 409
    assert "istniejących kont się nie przenosi" in refused.text
    assert "policy" not in refused.text
