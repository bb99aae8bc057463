"""The request log for the shop's developer (R93): no body, no address, no key."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from app.domain.values import value


class RequestOutcome(StrEnum):
    """How a request ended, as its sender is concerned."""

    TAKEN = "taken"
    """Something was stored or done."""
    READ = "read"
    REFUSED = "refused"
    """The sender has to change something."""
    UNKNOWN_KEY = "unknown_key"
    FAILED = "failed"
    """5xx: the same request may be sent again."""


def outcome_of(method: str, status: int, *, is_known: bool) -> RequestOutcome:
    """`is_known`: the sender showed a valid key."""
    if status == 401 and not is_known:
        return RequestOutcome.UNKNOWN_KEY
    if status >= 500:
        return RequestOutcome.FAILED
    if status >= 400 or status == 207:
        return RequestOutcome.REFUSED
    return RequestOutcome.READ if method in ("GET", "HEAD") else RequestOutcome.TAKEN


KEPT: Mapping[RequestOutcome, int] = MappingProxyType(
    {
        RequestOutcome.TAKEN: 500,
        RequestOutcome.READ: 200,
        RequestOutcome.REFUSED: 2000,
        RequestOutcome.UNKNOWN_KEY: 200,
        RequestOutcome.FAILED: 500,
    }
)
"""Requests of a shop that are kept, the newest ones; guessing of keys pushes nothing else out."""

AT_ONCE: Mapping[RequestOutcome, int] = MappingProxyType(
    {
        RequestOutcome.TAKEN: 20,
        RequestOutcome.READ: 10,
        RequestOutcome.REFUSED: 50,
        RequestOutcome.UNKNOWN_KEY: 10,
        RequestOutcome.FAILED: 20,
    }
)
"""Of those that arrive between two writings, so many are kept one by one; the others are counted."""


@value()
class Mistake:
    """One thing that was wrong with a request: never with the value that came in."""

    field: str
    rule: str
    message: str


@value(kw_only=True)
class DoorRequest:
    """A request that was answered. `path` is cut before anything that its sender made up."""

    id: str
    at: datetime
    milliseconds: int
    method: str
    path: str
    status: int
    outcome: RequestOutcome
    shop_id: str | None = None
    """Whose it is: the key's shop, or the one that the path names. None of a push of a panel that has several shops."""
    key_id: str | None = None
    """Of an unknown key, and of a push's unknown token, what it began with."""
    event_id: str | None = None
    problem: str = ""
    """The last part of the problem's `type`."""
    detail: str = ""
    mistakes: tuple[Mistake, ...] = ()
    not_kept: int = 0
    """Requests of the same outcome before this one that were only counted."""

    @property
    def is_push(self) -> bool:
        """Of a platform's webhook."""
        return self.path.startswith("/sources/")
