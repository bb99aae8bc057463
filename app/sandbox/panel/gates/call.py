"""One call of a gate as the gate sees it, and what it may answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from app.sandbox.panel.memory.model import Customer
from app.sandbox.panel.memory.world import FaultError, Panel
from app.sandbox.salesmanago.memory.model import JsonObject

NOTHING_FOUND = "zwrócono pusty wynik"


class Wants(StrEnum):
    """Where a gate's parameters are and which shape they have."""

    QUERY = "query"
    OBJECT = "object"
    LIST = "list"


@dataclass
class Call:
    """What was asked and when. `warnings` go to the ledger and not to the caller."""

    panel: Panel
    params: JsonObject
    rows: list[JsonObject]
    """The parameters of a gate which takes a list of them."""
    beside: JsonObject
    """What was sent next to the parameters."""
    now: str
    epoch: int
    spoil: Callable[[Customer], bool] = lambda _customer: False
    """Whether a fault makes the row of this customer fail."""
    warnings: list[str] = field(default_factory=list)

    def customer(self, customer_id: int) -> Customer:
        """The customer of a row."""
        found = self.panel.customers.get(customer_id)
        if found is None:
            raise FaultError(1, "Nie znaleziono klienta")
        self.check_spoilt(found)
        return found

    def check_spoilt(self, customer: Customer) -> None:
        if self.spoil(customer):
            raise FaultError(1, "Refused by a fault of the sandbox")


@dataclass(frozen=True)
class Reply:
    """JSON under a status. `codes` are the fault codes in it; an empty result is none."""

    status: int
    payload: object
    codes: tuple[int, ...] = ()
    messages: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        return self.status < 300 and not self.codes


@dataclass(frozen=True)
class Gate:
    """One operation: what it does, which right it needs and which parameters it knows."""

    run: Callable[[Call], Reply]
    area: str
    level: str = "r"
    wants: Wants = Wants.QUERY
    known: frozenset[str] = frozenset()

    @property
    def scope(self) -> str:
        return f"Scope: {self.area}, level: {self.level}"


def ok(payload: JsonObject) -> Reply:
    return Reply(200, payload)


def refused(code: int, text: str) -> Reply:
    """A business error of the whole call."""
    return Reply(207, {"errors": {"faultCode": code, "faultString": text}}, (code,), (text,))


def empty() -> Reply:
    """Nothing found: not an error, though it looks like one."""
    return Reply(207, {"errors": {"faultCode": 2, "faultString": NOTHING_FOUND}}, (), (NOTHING_FOUND,))


def row_error(error: FaultError, **key: object) -> JsonObject:
    return {"faultCode": error.code, "faultString": str(error), **key}


def by_row(results: list[JsonObject], errors: list[JsonObject]) -> Reply:
    """The answer of the tag gates: what went well beside what did not."""
    if not errors:
        return ok({"results": results})
    return Reply(207, {"results": results, "errors": errors}, *said(errors))


def said(errors: Iterable[JsonObject]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The codes and the texts of some errors, each once."""
    listed = list(errors)
    codes = dict.fromkeys(code for one in listed if isinstance(code := one["faultCode"], int))
    return tuple(codes), tuple(dict.fromkeys(str(one["faultString"]) for one in listed))


def front_error(status: int, message: str, *, code: str | None = None, retry_after: int | None = None) -> Reply:
    """What the API's front says before a gate is reached. The header carries UTF-8 which clients read as Latin-1."""
    errors: object = {"message": message} if code is None else [{"message": message, "code": code}]
    headers = {"X-Error": " ".join(message.split()).encode().decode("latin-1")}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Reply(status, {"errors": errors}, (), (message,), headers)
