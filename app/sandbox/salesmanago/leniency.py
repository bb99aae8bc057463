"""What SALESmanago takes though no document says so: official and public clients send it, and work (contract 1, 2, 3).

Outside strict mode it is read as it was meant, and the ledger carries a warning. Our own client must never need it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.sandbox.salesmanago.memory.model import JsonObject
from app.sandbox.salesmanago.methods.event_rules import LIMITS

Warn = Callable[[str], None]


def read_kindly(body: JsonObject, warn: Warn) -> JsonObject:
    """The body with its odd values in the form they should have had."""
    kind = dict(body)
    time = kind.get("requestTime")
    if not isinstance(time, int) or isinstance(time, bool):
        warn("requestTime is absent" if time is None else "requestTime is text")
        kind["requestTime"] = int(time) if isinstance(time, str) and time.strip().isdecimal() else 0
    for name, said in kind.items():
        if name in ("upsertDetails", "events") and isinstance(said, list):
            kind[name] = [_item(one, warn) if isinstance(one, dict) else one for one in said]
        if name in ("contactUpsertRequest", "addContactExtEventRequest") and isinstance(said, dict):
            kind[name] = _item(said, warn)
    return _item(kind, warn)


def _item(item: JsonObject, warn: Warn) -> JsonObject:
    read = {name: reader(said, warn) for name, reader in _READERS.items() if isinstance(said := item.get(name), dict)}
    return {**item, **read}


def _event(event: JsonObject, warn: Warn) -> JsonObject:
    kind = dict(event)
    value, date, location = kind.get("value"), kind.get("date"), kind.get("location")
    if isinstance(value, str) and (number := _number(value)) is not None:
        warn("value is text")
        kind["value"] = number
    if isinstance(date, str) and (at := _milliseconds(date)) is not None:
        warn("date is text, milliseconds are expected")
        kind["date"] = at
    if isinstance(location, str) and len(location) > LIMITS["location"]:
        warn(f"location is longer than {LIMITS['location']} characters and was cut")
        kind["location"] = location[: LIMITS["location"]]
    return kind


def _properties(properties: JsonObject, warn: Warn) -> JsonObject:
    kind: JsonObject = {}
    for name, value in properties.items():
        is_flag = isinstance(value, bool)
        if is_flag or isinstance(value, int | float):
            warn(f"property {name} is no text")
        kind[name] = str(value).lower() if is_flag else value
    return kind


_READERS: dict[str, Callable[[Any, Warn], JsonObject]] = {"contactEvent": _event, "properties": _properties}


def _number(text: str) -> float | int | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _milliseconds(text: str) -> int | None:
    if text.strip().isdecimal():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(at.timestamp() * 1000)
