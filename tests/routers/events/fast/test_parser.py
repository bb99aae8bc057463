"""Plain bodies are read by a quicker reader: it may leave a body to the model, and may never see in it what the model does not."""

import json
from copy import deepcopy
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from app.domain.intake.inbox import NewEvent
from app.routers.events.common_schemas import WireModel
from app.routers.events.event_in import EventIn
from app.routers.events.examples import EXAMPLES
from app.routers.events.fast.parser import reader_of
from app.routers.events.fields.field_types import Text1000
from app.routers.events.ingest import new_event
from app.routers.events.schemas import BATCHABLE, AccessRequestIn, ErasureIn
from app.storage.engine.codec import encode_tagged
from tests.support.builders import a_shop

PERSON = {
    "company": "Drewno sp. z o.o.",
    "gender": "male",
    "wholesaler": True,
    "birth_date": "1987-06-05",
    "newsletter": {"email": True, "email_since": "2026-01-10T09:00:00+01:00", "sms_since": "2026-01-10T09:00:00+01:00"},
}
GOODS = [{"product_id": 7, "name": "Koc", "quantity": "2.5", "unit_price": 0, "menu_paths": ["Dom/Koce", ["Wyprzedaże", "Zima"]]}]
MORE: dict[str, dict[str, Any]] = {
    "subscription": {"phone": "600 100 200", "consent": {"page": "https://sklep.example.com/n"}},
    "order-cancellation": {"items": GOODS, "value": "12.00", "currency": "PLN"},
    "order-return": {"items": GOODS, "value": 12.5, "currency": "PLN"},
}


def everything_said(name: str) -> dict[str, Any]:
    """The example of the documentation, and what it leaves out."""
    said = deepcopy(EXAMPLES[name]) | {"type": name} | MORE.get(name, {})
    if "customer" in said:
        said["customer"] = said["customer"] | PERSON
    return said


MODELS = {model.wire_type: model for model in (*BATCHABLE.values(), ErasureIn, AccessRequestIn)}
BY_THE_MODEL_ONLY = {"tag-edit", "consent"}
"""They have rules about several fields at once."""
SHOP = a_shop()
READERS = {name: reader_of(model) for name, model in MODELS.items()}

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2.5, 5.0, 1e20, 10**25, 101, [], {}, [None], [""], ["a"], ["a", " "], {"a": 1}),
    *("", " ", "a ", "\tb", "a\u0000b", "a\u007fb", "a\u0085", "\u00a0x", "zażółć", "👩\u200d🚀", "x" * 255, "x" * 256, "x" * 1001),
    *("true", "1", "0", "0.00", "1.0", "007", "1.99999", "12345678.1234", "123456789", "1e3", "+5", "-0", "NaN", "Infinity", "1_0"),
    *("pl", "PL", "pl-PL", "pl_pl", "polski", "pl\n", "PLN", "pln", "PLNX", "ŁŁŁ", "given", "email", ["email"], ["sms", "email"]),
    *("jan@example.com", " Jan@Example.COM ", "jan@zażółć.pl", "jan@localhost", "a b@example.com", "x" * 250 + "@example.com"),
    *("2026-11-23T10:15:00+01:00", "2026-11-23t10:15:00z", "2026-11-23 10:15:00Z", "2026-11-23T10:15:00.123456789Z"),
    *("2026-11-23T10:15:00", "2026-02-30T10:15:00Z", "1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2026-11-23", "1987-6-5"),
    *("https://example.com/a", "https://example.com/ a", "ftp://example.com", "https://ż.pl/", "a,b", "101 ", "Obuwie//Męskie/"),
    *("12,50", "1 234,50", "1,234", "242.79999999999998", 242.79999999999998, "33.333333333333336", -10, "-10.00", "119.00 PLN"),
    *("K", "Mr.", "kobieta", "pol", "es-419", "Polish", "0000-00-00", "05.06.1987", "1987-06-05 00:00:00", 19870605, "null", "0"),
    *("2026-11-23T10:15:00+0100", "2026-11-23 10:15:00 UTC", "Czechy", "Atlantis", "yes", "on", {"0": {"product_id": "1"}}, "SMS"),
    *(
        "a\u200bb",
        "\ufeff",
        "\u202ea",
        "a\ufffdb",
        "a\u009bb",
        ["a\u0000/b"],
        600100200,
        1.5,
        "600 100 200 / 601",
        "x" * 65 + "@a.pl",
    ),
    *(["Obuwie", "Męskie"], [["Obuwie", " Męskie"]], ["Obuwie/Męskie", ["Wyprzedaże"]], [["x" * 256]], ["email", "email", "email"]),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a body, the body itself left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in ((*path, key), *places(one, (*path, key)))]


def put(body: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


HURT = [
    *[b"Jan"] * 4,
    rb"\ud83d",
    rb"\udc4b\ud83d",
    rb"\ud83d\udc4b",
    rb"\u0000",
    b"Micha\xb3",
    b"\xed\xa0\xbd",
    rb"\\ud83d",
    rb"\u202e",
]
"""What becomes of names in bodies that somebody cut, or wrote in another encoding."""


@st.composite
def bodies(draw: st.DrawFn) -> tuple[type[EventIn], bytes]:
    """An example of the documentation in which up to three values are odd, missing, or were never heard of."""
    name = draw(st.sampled_from(sorted(MODELS)))
    body = deepcopy(everything_said(name))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(body)))
        what = draw(st.sampled_from(["odd", "odd", "odd", "any text", "gone", "new field"]))
        if what == "odd":
            put(body, path, deepcopy(draw(st.sampled_from(ODD))))
        elif what == "any text":
            put(body, path, draw(st.text()))
        elif what == "new field":
            put(body, (*path[:-1], "unheard_of") if isinstance(path[-1], str) else path, 1)
        elif isinstance(path[-1], str):
            parent = body
            for step in path[:-1]:
                parent = parent[step]
            del parent[path[-1]]
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    return MODELS[name], raw.replace(b"Jan", draw(st.sampled_from(HURT)))


def by_the_model(model: type[EventIn], body: bytes) -> EventIn:
    return model.read(body)


def quickly(model: type[EventIn], body: bytes) -> EventIn:
    return READERS[model.wire_type](body)


def outcome(read: Any, model: type[EventIn], body: bytes) -> tuple[NewEvent, bytes] | list[Any]:
    """The event, and the bytes that would be stored of it; or every mistake that was found."""
    try:
        event = new_event(read(model, body), SHOP)
        return event, encode_tagged(event.event)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)
    except RequestValidationError as error:
        return list(error.errors())


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_odd_value_in_every_place_is_read_as_the_model_reads_it(name: str) -> None:
    model, example = MODELS[name], everything_said(name)
    assert is_plain(model, json.dumps(example).encode()) is (name not in BY_THE_MODEL_ONLY)
    for path in places(example):
        for odd in ODD:
            body = deepcopy(example)
            put(body, path, odd)
            text = json.dumps(body).encode()
            assert outcome(quickly, model, text) == outcome(by_the_model, model, text), (path, odd)


@given(bodies())
def test_it_reads_what_the_model_reads(drawn: tuple[type[EventIn], bytes]) -> None:
    model, body = drawn
    event("plain" if is_plain(model, body) else "for the model")
    assert outcome(quickly, model, body) == outcome(by_the_model, model, body)


def is_plain(model: type[EventIn], body: bytes) -> bool:
    try:
        return not isinstance(quickly(model, body), model)
    except ValidationError:
        return False


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_examples_of_the_documentation_are_plain(name: str) -> None:
    body = json.dumps(EXAMPLES[name]).encode()
    assert is_plain(MODELS[name], body) is (name not in BY_THE_MODEL_ONLY)


@pytest.mark.parametrize(
    ("said", "kept_as"),
    [("119", "119.00"), ("119.00", "119.00"), (119, "119.00"), (119.0, "119.00"), (119.9, "119.90"), ("1.2345", "1.2345")],
)
def test_amounts_are_plain_as_text_and_as_number(said: Any, kept_as: str) -> None:
    body = {**EXAMPLES["order"], "order": {**EXAMPLES["order"]["order"], "value": said}}
    read = READERS["order"](json.dumps(body).encode())
    assert not isinstance(read, MODELS["order"])
    assert str(new_event(read, SHOP).event.value) == kept_as  # type: ignore[union-attr]


@pytest.mark.parametrize("silent", [{"type": "order"}, {"event_id": None}, {"occurred_at": "2026-11-23T09:15:00Z"}])
def test_what_says_nothing_new_is_no_other_content(silent: dict[str, Any]) -> None:
    """One event, told in two ways, is one: plain or not."""
    told, again = EXAMPLES["order"], {**EXAMPLES["order"], **silent}
    odd = {**again, "unheard_of": 1}
    digests = {
        new_event(READERS["order"](json.dumps(one).encode()), SHOP, "order-5501-placed").digest for one in (told, again, odd)
    }
    assert len(digests) == 1


class Event(EventIn):
    """An event nobody has thought of yet."""

    wire_type = "odd"

    def to_domain(self, shop: Any, warnings: list[str]) -> Any:
        raise AssertionError


def test_a_wire_type_without_plain_values_is_noticed_at_the_start() -> None:
    class Counted(Event):
        number: int = 1

    class Named(Event):
        names: list[Text1000] = []  # noqa: RUF012 - a model's default

    for odd in (Counted, Named):
        with pytest.raises(TypeError, match="how are its plain values read"):
            reader_of(odd)


def test_a_model_with_rules_beside_its_types_is_never_passed_by() -> None:
    class Ruled(WireModel):
        name: Text1000

        @field_validator("name")
        @classmethod
        def _no_x(cls, name: str) -> str:
            if name == "x":
                raise ValueError("no x")
            return name

    class Aliased(WireModel):
        old: Text1000 = Field(alias="from")

    class WithRule(Event):
        ruled: Ruled

    class WithAlias(Event):
        aliased: list[Aliased]

    head = {"event_id": "1", "occurred_at": "2026-11-23T10:15:00+01:00"}
    for model, wrong in ((WithRule, {"ruled": {"name": "x"}}), (WithAlias, {"aliased": [{"old": "x"}]})):
        with pytest.raises(ValidationError):
            reader_of(model)(json.dumps(head | wrong).encode())
