"""Reading parameters the way the panel does: numbers may be texts, lists may be comma separated, [] is an empty map."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.sandbox.salesmanago.memory.model import JsonObject

PANEL_ZONE = ZoneInfo("Europe/Warsaw")
FORMAT = "%Y-%m-%d %H:%M:%S"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d{1,2}):(\d{1,2}):(\d{1,2}))?")
_WHOLE = re.compile(r"-?\d{1,15}")
_YES_NO = {"y": True, "yes": True, "n": False, "no": False}


class InvalidError(Exception):
    """The call does not fit the gate's schema: 422, and nothing is carried out."""


def local_time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, PANEL_ZONE).strftime(FORMAT)


def text(source: Mapping[str, object], key: str) -> str | None:
    value = source.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise InvalidError(f"{key}: string expected")


def integer(source: Mapping[str, object], key: str) -> int | None:
    value = source.get(key)
    if value is None or value == "":
        return None
    return _integer(key, value)


def needed_integer(source: Mapping[str, object], key: str) -> int:
    value = integer(source, key)
    if value is None:
        raise InvalidError(f"{key}: missing")
    return value


def _integer(key: str, value: object) -> int:
    if not isinstance(value, bool) and _WHOLE.fullmatch(str(value).strip()):
        return int(str(value))
    raise InvalidError(f"{key}: integer expected")


def boolean(source: Mapping[str, object], key: str) -> bool | None:
    value = source.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise InvalidError(f"{key}: boolean expected")


def yes_no(source: Mapping[str, object], key: str) -> bool | None:
    value = source.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value in _YES_NO:
        return _YES_NO[value]
    raise InvalidError(f"{key}: y or n expected")


def choice(source: Mapping[str, object], key: str, allowed: Collection[str]) -> str | None:
    value = text(source, key)
    if not value:
        return None
    if value not in allowed:
        raise InvalidError(f"{key}: one of {', '.join(allowed)} expected")
    return value


def mapping(source: Mapping[str, object], key: str) -> JsonObject:
    value = source.get(key)
    if value is None or value == []:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidError(f"{key}: object expected")


def objects(source: Mapping[str, object], key: str) -> list[JsonObject]:
    value = source.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise InvalidError(f"{key}: array of objects expected")


def texts(source: Mapping[str, object], key: str) -> list[str] | None:
    """A list, or one text with commas as a query string carries it. Nothing in it is the same as left out."""
    value = source.get(key)
    if isinstance(value, str):
        value = [piece.strip() for piece in value.split(",")]
    if value is None:
        return None
    if not isinstance(value, list):
        raise InvalidError(f"{key}: array expected")
    return [str(item) for item in value if item != ""] or None


def integers(source: Mapping[str, object], key: str) -> list[int] | None:
    found = texts(source, key)
    return None if found is None else [_integer(key, item) for item in found]


@dataclass(frozen=True)
class Span:
    """From and to, both included; a day without an hour means all of it."""

    begin: str
    end: str

    def __contains__(self, moment: str) -> bool:
        if len(moment) == len("0000-00-00"):
            return self.begin[:10] <= moment <= self.end[:10]
        return self.begin <= moment <= self.end


def span(source: Mapping[str, object], key: str, begin: str = "Begin", end: str = "End") -> Span | None:
    """The range under `key`; its bounds are named `<key>Begin` and `<key>End` unless `begin` and `end` name them."""
    bounds = mapping(source, key)
    names = [f"{key}{bound}" if bound in ("Begin", "End") else bound for bound in (begin, end)]
    first, last = (text(bounds, name) for name in names)
    if not first and not last:
        return None
    return Span(_moment(first, "00:00:00") if first else "", _moment(last, "23:59:59") if last else "9999")


def _moment(written: str, hour: str) -> str:
    match = _MOMENT.fullmatch(written.strip())
    if match is None:
        raise InvalidError(f"date expected, not {written!r}")
    time = ":".join(f"{int(piece):02}" for piece in match.groups()[1:]) if match[2] else hour
    return f"{match[1]} {time}"


def is_date(written: str) -> bool:
    try:
        datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
