"""Faults on demand: what the network and the panel do on a bad day."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError


class Kind(StrEnum):
    THROTTLE = "throttle"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    HTML_200 = "html_200"
    TRUNCATED_JSON = "truncated_json"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    REFUSE = "refuse"
    REFUSE_ROWS = "refuse_rows"
    NOT_STORED = "not_stored"
    OVERLOADED = "overloaded"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_AFTER = "reset_after"
    SLOW = "slow"


APPLIED = frozenset({Kind.TRUNCATED_JSON, Kind.REFUSE_ROWS, Kind.OVERLOADED, Kind.TIMEOUT_AFTER, Kind.RESET_AFTER, Kind.SLOW})
"""Under these the call takes effect, although the caller may get no answer."""

HTML_STATUS = {Kind.SERVER_ERROR: 500, Kind.BAD_GATEWAY: 502, Kind.UNAVAILABLE: 503, Kind.HTML_200: 200}
"""The faults which answer a web server's page."""

DEFAULT_SECONDS = {Kind.SLOW: 2.0, Kind.TIMEOUT_BEFORE: 60.0, Kind.TIMEOUT_AFTER: 60.0}
LOAD_PATH = "system/serverLoad"
MAX_NUMBER = 1_000_000


@dataclass
class Fault:
    """One fault and how long it lasts; `times` None means until it is cleared.

    `path` is a part of "METHOD /path"; `customer` is a login, an e-mail or an id.
    """

    id: int
    kind: Kind
    times: int | None = 1
    path: str | None = None
    customer: str | None = None
    retry_after: int | None = None
    seconds: float = 0.0
    code: int = 4
    message: str = "Refused by a fault of the sandbox"
    applied: bool = False
    hits: int = 0

    def as_json(self) -> JsonObject:
        return asdict(self)

    def meets(self, path: str, customers: Collection[str]) -> bool:
        if self.kind is Kind.OVERLOADED and LOAD_PATH not in path:
            return False
        return (self.path is None or self.path in path) and (self.customer is None or self.customer in customers)


@dataclass
class Faults:
    """The active faults, oldest first; the first which meets a call is the one that happens."""

    active: list[Fault] = field(default_factory=list)
    _next_id: int = 1

    def add(self, wanted: Mapping[str, object]) -> Fault:
        fault = _read(self._next_id, wanted)
        self._next_id += 1
        self.active.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        self.active = [fault for fault in self.active if fault_id is not None and fault.id != fault_id]

    def strike(self, path: str, customers: Collection[str]) -> Fault | None:
        """The fault which happens to this call, used up by one."""
        for fault in self.active:
            if fault.meets(path, customers):
                fault.hits += 1
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.active.remove(fault)
                return fault
        return None


def _read(fault_id: int, wanted: Mapping[str, object]) -> Fault:
    try:
        kind = Kind(str(wanted.get("kind")))
    except ValueError as error:
        raise RefusalError(f"kind is one of {', '.join(Kind)}") from error
    return Fault(
        id=fault_id,
        kind=kind,
        times=_times(wanted),
        path=fields.text(wanted, "path") or None,
        customer=(fields.text(wanted, "customer") or "").lower() or None,
        retry_after=int(_number(wanted, "retry_after", 0)) if wanted.get("retry_after") not in (None, "") else None,
        seconds=_number(wanted, "seconds", DEFAULT_SECONDS.get(kind, 0.0)),
        code=int(_number(wanted, "code", Fault.code)),
        message=fields.text(wanted, "message") or Fault.message,
        applied=kind in APPLIED or fields.flag(wanted, "applied") is True,
    )


def _times(wanted: Mapping[str, object]) -> int | None:
    """Left out it means once; null or, from a form, an empty field means until cleared."""
    if wanted.get("times", 1) in (None, ""):
        return None
    number = int(_number(wanted, "times", 1))
    if number < 1:
        raise RefusalError("times must be at least 1")
    return number


def _number(wanted: Mapping[str, object], key: str, default: float) -> float:
    value = wanted.get(key)
    if value is None or value == "":
        return default
    try:
        number = float(str(value))
    except ValueError as error:
        raise RefusalError(f"{key} must be a number") from error
    if not 0 <= number < MAX_NUMBER:
        raise RefusalError(f"{key} is out of range")
    return number
