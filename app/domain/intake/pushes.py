"""What is stored of a source: pushes as they came, what was seen last of each thing, and how far the scans are (R80-R82)."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.domain.values import replace, value


class SourceName(NamedTuple):
    """Who pushes: the platform, and the panel's number or the shop's name in the address."""

    platform: str
    name: str


_GUEST = re.compile("@[0-9a-f]{16}")


def guest(email: str) -> str:
    """How a thing of somebody without an account is named while it is translated. Anybody can compute it: see `keyed`."""
    return "@" + hashlib.sha256(email.encode(errors="backslashreplace")).hexdigest()[:16]


def keyed(name: str, shop_id: str, pseudonym: Callable[[str, str], str]) -> str:
    """A name as it is stored: what stands for a guest is hashed with the installation's key, so that nobody guesses the address."""
    return _GUEST.sub(lambda found: f"@{pseudonym(shop_id, found[0])[:16]}", name)


def keys_of_guest(email: str, shop_id: str, pseudonym: Callable[[str, str], str]) -> list[str]:
    """Under which keys something may be remembered of somebody without an account: an erasure forgets them."""
    names = [f"{kind}:{guest(email)}" for kind in ("news:email", "news:sms", "basket")]
    return [keyed(name, shop_id, pseudonym) for name in (*names, *(f"{name}:confirmed" for name in names[:2]))]


class PushState(StrEnum):
    """What became of a push."""

    WAITING = "waiting"
    TRANSLATED = "told"
    """It became events, or repeated what was known. Its value is stored and part of the API, so it keeps the older word."""
    NOT_UNDERSTOOD = "not_understood"
    """Kept as it came, for a person to check."""


@value(kw_only=True)
class NewPush:
    """A push that was proved to be genuine, as it came."""

    source: SourceName
    uid: str
    """Equal for a repetition."""
    kind: str
    content_type: str
    body: bytes


@value(kw_only=True)
class StoredPush:
    id: int
    source: SourceName
    kind: str
    content_type: str
    body: bytes
    received_at: datetime
    tries: int = 0


@value(kw_only=True)
class PushLine:
    """A push as it is shown: without its body, which is somebody's data."""

    id: int
    source: SourceName
    kind: str
    state: PushState
    words: str | None
    events: int
    received_at: datetime
    settled_at: datetime | None


@value()
class Settled:
    """What became of a push. The body is removed at once if it became events; otherwise it is kept for a while."""

    id: int
    state: PushState
    events: int = 0
    words: str | None = None
    names_erased: bool = False
    """It names somebody who was erased, so nothing of it is kept (M3)."""

    @property
    def keeps_body(self) -> bool:
        return self.state is PushState.NOT_UNDERSTOOD and not self.names_erased


NAMES_ERASED = "It named somebody who was erased, so its body was deleted."


@value()
class Remembered:
    """What was seen of a thing last."""

    state: str
    as_of: datetime


@value(kw_only=True)
class Traffic:
    """Pushes of a source lately."""

    last_at: datetime | None = None
    longest_gap: timedelta = timedelta()
    """Between two pushes of the week up to the last one."""
    usual: int = 0
    """Pushes of that week. A silence makes them no fewer, however long it lasts."""
    pushes: int = 0
    """Of the last days."""
    not_understood: int = 0
    waiting: int = 0
    oldest_waiting_at: datetime | None = None


LEAST_SILENCE = timedelta(hours=6)
"""A small shop sleeps at night; shorter silence says nothing."""
TRAFFIC_WINDOW = timedelta(days=7)
FEWEST = 20
"""With fewer pushes in a week nobody can say what is usual."""


def is_silent(traffic: Traffic, now: datetime) -> bool:
    """Did no push come for longer than usual? The panel switches webhooks off that failed, without a word (contract 3.1)."""
    if traffic.last_at is None or traffic.usual < FEWEST:
        return False
    return now - traffic.last_at > max(LEAST_SILENCE, traffic.longest_gap * 2)


# -- scans ---------------------------------------------------------------------------------------------------------------


@value(kw_only=True)
class Window:
    """What a scan of a gate reads now: from a time to a time, page by page, and over again while pages may have moved."""

    since: datetime
    until: datetime
    page: int = 0
    sweep: int = 1
    failed: int = 0
    """Rows of it of which the gateway could make nothing, by a defect of its own."""


@value(kw_only=True)
class Cursor:
    """How far a gate was read: everything before `until`, but for the window that is being read."""

    until: datetime
    window: Window | None = None


@value(kw_only=True)
class Scan:
    """The scans of one panel, saved after every page."""

    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    walked: str = ""
    """The last account whose tags the slow scan read."""
    day: str = ""
    calls: int = 0
    """Of that day, in the panel's time."""
    due_at: datetime | None = None
    trouble: str = ""
    """Why the last step did not go on."""
    left_out: str = ""
    """Why something was left out of this round, which then does not count as finished."""
    finished_at: datetime | None = None
    """When a round ended in which every gate was read."""

    def called(self, day: str, number: int = 1) -> "Scan":
        return replace(self, day=day, calls=number + (self.calls if self.day == day else 0))

    def calls_on(self, day: str) -> int:
        return self.calls if self.day == day else 0
