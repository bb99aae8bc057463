"""Faults on demand: what the network and the service do on a bad day."""

from collections.abc import Mapping
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
    EMPTY_200 = "empty_200"
    REFUSE = "refuse"
    UNAUTHENTICATED = "unauthenticated"
    INACTIVE = "inactive"
    TRUNCATED_JSON = "truncated_json"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_AFTER = "reset_after"
    SLOW = "slow"
    PARTIAL_EVENTS = "partial_events"


APPLIED = frozenset({Kind.TRUNCATED_JSON, Kind.TIMEOUT_AFTER, Kind.RESET_AFTER, Kind.SLOW, Kind.PARTIAL_EVENTS})
"""Under these the call takes effect, although the caller may get no answer."""

HTTP_STATUS = {
    Kind.THROTTLE: 429,
    Kind.SERVER_ERROR: 500,
    Kind.BAD_GATEWAY: 502,
    Kind.UNAVAILABLE: 503,
    Kind.HTML_200: 200,
    Kind.EMPTY_200: 200,
}
"""The faults which answer something that is not the API's JSON."""

DEFAULT_SECONDS = {Kind.SLOW: 2.0, Kind.TIMEOUT_BEFORE: 60.0, Kind.TIMEOUT_AFTER: 60.0}

MAX_NUMBER = 1_000_000


@dataclass
class Fault:
    """One fault and how long it lasts; `times` None means until it is cleared."""

    id: int
    kind: Kind
    times: int | None = 1
    path: str | None = None
    email: str | None = None
    retry_after: int | None = None
    seconds: float = 0.0
    message: str = "Refused by a fault of the sandbox"
    applied: bool = False
    hits: int = 0

    def as_json(self) -> JsonObject:
        return asdict(self)

    def meets(self, path: str, emails: list[str], *, is_event_batch: bool) -> bool:
        if self.kind is Kind.PARTIAL_EVENTS and not is_event_batch:
            return False
        return (self.path is None or self.path in path) and (self.email is None or self.email in emails)


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

    def strike(self, path: str, emails: list[str], *, is_event_batch: bool) -> Fault | None:
        """The fault which happens to this call, used up by one."""
        for fault in self.active:
            if fault.meets(path, emails, is_event_batch=is_event_batch):
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
    email = fields.text(wanted, "email")
    return Fault(
        id=fault_id,
        kind=kind,
        times=_times(wanted),
        path=fields.text(wanted, "path") or None,
        email=fields.email_key(email) if email else None,
        retry_after=int(_number(wanted, "retry_after", 0)) if wanted.get("retry_after") not in (None, "") else None,
        seconds=_number(wanted, "seconds", DEFAULT_SECONDS.get(kind, 0.0)),
        message=fields.text(wanted, "message") or Fault.message,
        applied=kind in APPLIED or fields.flag(wanted, "applied") is True,
    )


def _times(wanted: Mapping[str, object]) -> int | None:
    """Left out it means once; null or, from a form, an empty field means until cleared."""
    times = wanted.get("times", 1)
    if times in (None, ""):
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
