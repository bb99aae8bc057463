"""The plain reader beside the model: bodies with odd values in them, and whether both see the same."""

import json
from copy import deepcopy
from typing import Any
from unittest.mock import patch

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.domain.intake.inbox import NewEvent
from app.routers.events.event_in import EventIn
from app.routers.events.examples import EXAMPLES
from app.routers.events.fast.parser import reader_of
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
WITH_GOODS = ("order", "order-return", "order-cancellation", "cart", "product-view")
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


def is_plain(model: type[EventIn], body: bytes) -> bool:
    try:
        return not isinstance(quickly(model, body), model)
    except ValidationError:
        return False


def parts(*names: str) -> list[tuple[str, str]]:
    """Of these events, each with each of its fields."""
    return [(name, part) for name in names for part in everything_said(name)]


def differing(name: str, part: str) -> list[Any]:
    """Where the two do not see the same of an event: every odd value in every place of one field.

    What the plain reader leaves to the model, the model has read: it is not read again.
    """
    model, example, found, left = MODELS[name], everything_said(name), [], list[bytes]()
    assert is_plain(model, json.dumps(example).encode()) is (name not in BY_THE_MODEL_ONLY)
    read = model.read

    def noted(body: bytes) -> EventIn:
        left.append(body)
        return read(body)

    with patch.object(model, "read", noted):
        for path in places({part: example[part]}):
            body = deepcopy(example)
            for odd in ODD:
                put(body, path, odd)
                text = json.dumps(body).encode()
                left.clear()
                seen = outcome(quickly, model, text)
                if left != [text] and seen != outcome(by_the_model, model, text):
                    found.append((path, odd))
    return found
