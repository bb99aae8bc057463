"""Whatever is wrong with the file of shops is said in Polish too."""

import ast
import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel

import app
from app.configuration.entries import AccountEntry, ShopEntry
from app.configuration.shops_file import load, parse
from app.console.refusals import in_polish
from app.domain.errors import BadConfiguration
from app.services.shops.keyring import KeyRing
from tests.support.running.languages import english_in, without_values

RING = KeyRing([Fernet.generate_key().decode()])
CHECKING = (
    "configuration/entries.py",
    "configuration/file_values.py",
    "configuration/shop_parts.py",
    "domain/shops/masked_domains.py",
)
RIGHT: dict[str, Any] = {
    "accounts": {
        "main": {"endpoint": "app3.salesmanago.com", "client_id": "x", "api_secret": "env:PATH", "owner": "o@example.com"}
    },
    "shops": {
        "shop1": {
            "account": "main",
            "host": "sklep.example.com",
            "location": "sklep_example",
            "number": 1,
            "policy": "all_customers",
            "integration_started_at": "2026-01-01T00:00:00Z",
        }
    },
}
ODD: tuple[Any, ...] = (
    "", "x" * 5000, "a b", "-", "1", -5, 0, 10**30, float("nan"), float("inf"), True, None, [], {}, ["", "x"], [5],
    ["env:PATH"] * 3, {"a": 1}, "\x00a", "http://shop.example.com", "https://", "https://a:b@shop.example.com", "env:",
    "env:NOWHERE", "file:/nowhere", "env:SAME_SIGNS", "env:SHORT_SIGNED", "2026-01-01T00:00:00", "10.0.0.1/8", ["10.0.0.1/8"],
    ["two words.pl"],
    {"kind": "idosell"}, {"kind": "webhook"}, {"kind": "woocommerce"}, {"kind": "idosell", "panel": 1, "scan": False},
    {"kind": "idosell", "panel": 1}, {"kind": "none", "webhook_url": "https://a.example"}, {"x": "first_name"}, {"gender": "phone"},
    {"x": "mood"}, {"detail1": "host"}, {"detail5": "mood"}, {"day": {"from": "07:00", "to": "07:00", "contacts_per_hour": 5}},
)  # fmt: skip


def mistakes_of(raw: dict[str, Any]) -> tuple[str, ...]:
    try:
        parse(raw, RING)
    except BadConfiguration as refused:
        return refused.mistakes
    return ()


def with_value(at: tuple[str, ...], odd: Any, **more: Any) -> dict[str, Any]:
    made = copy.deepcopy(RIGHT)
    made["shops"]["shop1"].update(more)
    inside = made
    for name in at[:-1]:
        inside = inside.setdefault(name, {})
    inside[at[-1]] = odd
    return made


def places(model: type[BaseModel], at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Of every setting, and of those in tables below it."""
    for name, info in model.model_fields.items():
        here = (*at, info.alias or name)
        yield here
        for kind in (info.annotation, *get_args(info.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from places(kind, here)


PLACES = [*places(AccountEntry, ("accounts", "main")), *places(ShopEntry, ("shops", "shop1"))]
PLACES += [
    ("accounts",),
    ("shops",),
    ("accounts", "main"),
    ("shops", "shop1"),
    ("shops", "Shop 2"),
    ("accounts", "main", "nope"),
    ("nope",),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAME_SIGNS", "a" * 16)
    monkeypatch.setenv("SHORT_SIGNED", "whsec_YWJj")
    assert "NOWHERE" not in os.environ


def assert_polish(mistakes: set[str]) -> None:
    untranslated = {one: said for one in mistakes if (said := in_polish(one)) == one or english_in(without_names(said))}
    assert untranslated == {}


def without_names(said: str) -> str:
    """Places and values are the same in both languages."""
    return without_values(said.partition(": ")[2] if said.startswith(("accounts", "shops")) else said)


@pytest.mark.parametrize("kind", ["accounts", "shops"])
def test_every_mistake_of_every_setting_is_said_in_polish(kind: str) -> None:
    found: set[str] = set()
    for at in PLACES:
        if at[0] in (kind, "nope"):
            for odd in ODD:
                found |= {*mistakes_of(with_value(at, odd))}
    assert len(found) > 50
    assert_polish(found)


def test_what_does_not_fit_together_is_said_in_polish() -> None:
    box = {"policy": "order_consent"}
    raws = [
        with_value(("shops", "shop1", "source"), {"kind": "idosell", "panel": 1, "scan": False, "tokens": ["env:PATH"]}, **box),
        with_value(("shops", "shop1", "source"), {"kind": "woocommerce", "secrets": ["env:PATH"]}, **box),
        with_value(("shops", "shop1", "properties"), {"x": "phone"}, fields=["city"]),
        with_value(("shops", "shop1", "event_details"), {"detail5": "pickup_point"}, fields=["city"]),
        with_value(("shops", "shop2"), copy.deepcopy(RIGHT["shops"]["shop1"])),
        with_value(("shops", "shop1", "account"), "mian"),
    ]
    found = [mistakes_of(raw) for raw in raws]
    assert [one for one in found if not one] == []
    assert_polish({mistake for one in found for mistake in one})


def sentences() -> Iterator[str]:
    """Everything that the checks can say; `1` stands where they name something."""
    for path in (Path(app.__file__).parent / name for name in CHECKING):
        tree = ast.parse(path.read_text())
        constants = {
            target.id: said_by(node.value, {})
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ValueError" and node.args:
                yield said_by(node.args[0], constants)


def said_by(node: ast.expr, constants: dict[str, str]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(said_by(part, constants) for part in parts)
        case ast.Name(id=name):
            return constants.get(name, "1")
    return "1"


@pytest.mark.parametrize("words", sorted({*sentences()} - {"1"}))
def test_every_check_has_polish_words(words: str) -> None:
    place = "" if words.startswith("policy") else "shops.shop1: "
    assert_polish({place + words})


TOML = {
    "equals": "a",
    "table": "[a",
    "array": "[[a]",
    "statement": "a = 1 b",
    "date": "a = 2026-13-40",
    "hex": 'a = "\\uZZZZ"',
    "key": "= 1",
    "value": "a = b",
    "unclosed list": "a = [1",
    "unclosed table": "a = {b = 1",
    "backslash": 'a = "\\q"',
    "string": 'a = "b',
    "twice": "a = 1\na = 2",
    "table twice": "[a]\n[a]",
    "namespace": "a = {b = 1}\n[a.c]",
    "inline twice": "a = {b = 1, b = 2}",
    "character": 'a = "\x01"',
    "scalar": 'a = "\\ud800"',
}


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
def test_what_is_no_toml_is_said_in_polish(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shops.toml"
    file.write_text(text)
    with pytest.raises(BadConfiguration) as refused:
        load(file, RING)
    (mistake,) = refused.value.mistakes
    said = in_polish(mistake)
    assert said.startswith(f"{file}: ")
    assert english_in(said.removeprefix(f"{file}: ")) == set(), said
    assert any(f" ({place}" in said for place in ("wiersz", "na końcu pliku"))
    inside = said.removeprefix(f"{file}: ")
    assert inside != mistake.removeprefix(f"{file}: ").replace("at line", "wiersz").replace("column", "kolumna")


def test_a_file_that_cannot_be_read_is_said_in_polish(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"a = '\xb1'")
    said = {tmp_path / "none.toml": "nie ma takiego pliku", tmp_path: "to jest folder", latin: "to nie jest tekst w UTF-8"}
    for file, words in said.items():
        with pytest.raises(BadConfiguration) as refused:
            load(file, RING)
        assert words in in_polish(str(refused.value))
