"""What a page or a command cannot do is said in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.console.refusals import in_polish
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

ROOMS = ("admin", "bootstrap", "services", "sources", "storage")
"""What pages and commands ask stands there."""
REFUSING = ("NotPossible", "NotFound", "NotPrepared", "AlreadyOwned", "BadConfiguration")
ELSEWHERE = (
    "GATEWAY_ENCRYPTION_KEYS 1;",
    "There is no such recovery link",
)
"""One sentence is put together of two; the other is said by a page of the shop alone."""


def sentences() -> Iterator[str]:
    """Every refusal that the code can raise; `1` stands where it says a number or a name."""
    for room in ROOMS:
        for path in (Path(app.__file__).parent / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSING and node.args:
                    said = said_by(node.args[0])
                    yield f"There is no such {said} here." if node.func.id == "NotFound" else said


def said_by(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(said_by, parts))
        case ast.List(elts=[one]):
            return said_by(one)
    return "1"


SAID = sorted(one for one in {*sentences()} - {"1"} if not one.startswith(ELSEWHERE))


def test_there_are_some() -> None:
    assert len(SAID) > 30


@pytest.mark.parametrize("words", SAID)
def test_every_refusal_has_polish_words(words: str) -> None:
    assert in_polish(words) != words


async def test_a_transfer_that_cannot_begin_is_refused_in_polish(door: Door) -> None:
    http = await signed_in(door)
    http.headers["Accept-Language"] = "pl"
    refused = await sent(http, "/transfers/start", shop="shop1", mode="dry_run")
    assert refused.status_code == 409
    assert "istniejących kont się nie przenosi" in refused.text
    assert "policy" not in refused.text
