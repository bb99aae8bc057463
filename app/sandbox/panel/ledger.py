"""The ledger: every call that reached the panel, whatever became of it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from app.sandbox.salesmanago.memory.model import JsonObject


@dataclass(frozen=True)
class Entry:
    """One call. `http_status` is null when the connection was dropped without an answer.

    `applied` says whether the call was carried out; `success`, `codes` and `messages` are what the panel said or,
    when a fault swallowed the answer, would have said. Nothing found counts as a success.
    """

    n: int
    at: int
    method: str
    path: str
    gate: str
    http_status: int | None
    success: bool | None
    codes: list[int]
    messages: list[str]
    warnings: list[str]
    rows: int
    customers: list[str]
    params: object
    beside: JsonObject
    fault: str | None
    applied: bool
    duration_ms: int
    in_flight: int

    def as_json(self) -> JsonObject:
        return dict(vars(self))


class Ledger:
    """Entries in the order in which the calls ended; the oldest fall out when it is full."""

    def __init__(self, size: int) -> None:
        self.entries: deque[Entry] = deque(maxlen=size)
        self._last = 0

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def after(self, number: int, path: str | None = None) -> Iterator[Entry]:
        """Entries newer than this one; `path` is a part of "METHOD /path"."""
        return (one for one in self.entries if one.n > number and (path is None or path in f"{one.method} {one.path}"))

    def latest(self, count: int) -> list[Entry]:
        newest = reversed(self.entries)
        return [entry for entry, _ in zip(newest, range(count), strict=False)]

    def clear(self) -> None:
        """Forget the entries; the numbers go on, so that a reader's `after` stays true."""
        self.entries.clear()
