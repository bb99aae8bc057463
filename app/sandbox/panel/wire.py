"""What travels: query strings and JSON bodies in, and whom a call names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from app.sandbox.panel.gates.call import Wants
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import InvalidError
from app.sandbox.salesmanago import wire as json_wire
from app.sandbox.salesmanago.memory.model import JsonObject

_DEEP = re.compile(r"(\w+)\[(\w+)\](?:\[(\w+)\])?")
_NAMING = frozenset({"clientId", "clientLogin", "clientEmail", "clientsIds"})
_ID = re.compile(r"(?:\w*Id|\w*_id|client_number)")


@dataclass(frozen=True)
class Sent:
    """The parameters of a call. `missing` tells a body without `params` from one with empty ones."""

    params: JsonObject = field(default_factory=dict)
    rows: list[JsonObject] = field(default_factory=list)
    beside: JsonObject = field(default_factory=dict)
    missing: bool = False

    @property
    def logged(self) -> object:
        return self.rows or self.params


def query(written: str) -> JsonObject:
    """`a=1,2` stays one text and `a[b]=c` becomes an object; any other bracket is part of a name nobody knows."""
    found: JsonObject = {}
    for key, value in parse_qsl(written, keep_blank_values=True):
        deep = _DEEP.fullmatch(key)
        if deep is None:
            found[key] = value
            continue
        inner = found.get(deep[1])
        inner = found[deep[1]] = inner if isinstance(inner, dict) else {}
        if deep[3] is None:
            inner[deep[2]] = value
        else:
            within = inner.get(deep[2])
            inner[deep[2]] = {**(within if isinstance(within, dict) else {}), deep[3]: value}
    return found


def body(raw: bytes, wants: Wants) -> Sent:
    """The content of a POST or a PUT, with its parameters under `params`."""
    sent = json_wire.parse(raw)
    if sent is None:
        raise InvalidError("Invalid data format: JSON object expected")
    params = sent.get("params")
    beside = {key: value for key, value in sent.items() if key != "params"}
    if params is None:
        return Sent(beside=beside, missing=True)
    if wants is Wants.LIST:
        if not isinstance(params, list) or not all(isinstance(row, dict) for row in params):
            raise InvalidError("Invalid data format: params must be an array of objects")
        return Sent(rows=params, beside=beside)
    if params == []:
        params = {}
    if not isinstance(params, dict):
        raise InvalidError("Invalid data format: params must be an object")
    return Sent(params, beside=beside)


def count_rows(sent: Sent) -> int:
    """How many customers or tags a write is about."""
    lists = (sent.rows, sent.params.get("clients"), sent.params.get("clientTags"))
    return next((len(rows) for rows in lists if isinstance(rows, list) and rows), int(bool(sent.params)))


def named_customers(sent: Sent, panel: Panel) -> list[str]:
    """Whom a call is about: logins and e-mails, also behind an id which we know."""
    found = dict.fromkeys(name.lower() for name in _names([sent.params, *sent.rows], panel))
    return [name for name in found if name]


def _names(value: object, panel: Panel) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names(item, panel)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in _NAMING and isinstance(inner, str | int | list):
                for name in inner if isinstance(inner, list) else str(inner).split(","):
                    yield from _known(str(name).strip(), panel)
            else:
                yield from _names(inner, panel)


def _known(name: str, panel: Panel) -> Iterator[str]:
    yield name
    number = int(name) if name.isdecimal() and len(name) < 16 else 0
    customer = panel.customers.get(number) or panel.by_login(name)
    if customer is not None:
        yield from (str(customer.id), customer.login, customer.email)


def ids_as_texts(value: object) -> object:
    """The same answer with its ids written as texts, as PHP sometimes does."""
    if isinstance(value, list):
        return [ids_as_texts(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(inner) if isinstance(inner, int) and _ID.fullmatch(key) else ids_as_texts(inner) for key, inner in value.items()
    }
