"""The request that is being answered: its id, and what is to be remembered of it once it is (R93)."""

import os
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.types import Scope

from app.domain.intake.pushes import SourceName
from app.domain.operations.request_log import DoorRequest, Mistake, outcome_of
from app.formats.words import mended
from app.observability.logs import request_id
from app.observability.metrics import door_answers, door_seconds
from app.observability.redaction import redacted
from app.services.operations.request_log import RequestLog
from app.services.planning.event_ids import names_somebody
from app.services.shops.directory import KEY_PREFIX, Caller, ShopDirectory

HEADER = b"x-request-id"
CALLER = "gateway.caller"
"""In the scope of a request that carries a valid key: whose."""

_HEADERS = "gateway.headers"

_PUSHED = "/sources/"
_REMEMBERED = ("/v1/", "/callbacks/", _PUSHED)
_PARTS_SHOWN = 5
"""Of a path: what follows was made up by the sender."""
_LONGEST_PATH = 120
_KEY_PREFIX_CHARS = len(KEY_PREFIX) + 9
"""`gwk_` and the id of the key, which is no secret."""
_TOKEN_CHARS = 4
"""Shown of a token that proved nothing: it has no part that is no secret."""
_SHORTEST_TOKEN = 24
"""Of a shorter one nothing is shown."""

_TOKEN = re.compile(r"[A-Za-z0-9_~+/=.-]+")

_current: ContextVar["RequestRecord | None"] = ContextVar("request_record", default=None)


class RequestRecord:
    """What handlers add to while they answer. Plain: one is made for every request."""

    __slots__ = ("detail", "event_id", "id", "mistakes", "problem")

    def __init__(self) -> None:
        self.id = os.urandom(8).hex()
        self.event_id: str | None = None
        self.problem = ""
        self.detail = ""
        self.mistakes: Sequence[Mistake] = ()


def begin() -> RequestRecord:
    """A new request; from now on its id stands in every line that is logged for it."""
    record = RequestRecord()
    _current.set(record)
    request_id.set(record.id)
    return record


def current() -> RequestRecord | None:
    """None outside a request."""
    return _current.get()


def headers_of(scope: Scope) -> Mapping[bytes, bytes]:
    """By their names in lower case; of several of one name the first counts."""
    known: Mapping[bytes, bytes] | None = scope.get(_HEADERS)
    if known is None:
        known = scope[_HEADERS] = dict(reversed(scope["headers"]))
    return known


class Memory:
    """What the door remembers of the requests that it answers."""

    def __init__(self, log: RequestLog, directory: ShopDirectory) -> None:
        self._log = log
        self._directory = directory

    def remember(self, scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
        """A request that was answered with a status."""
        path: str = scope["path"]
        is_push = path.startswith(_PUSHED)
        if not path.startswith(_REMEMBERED):
            return
        caller: Caller | None = scope.get(CALLER)
        shop_id = caller.shop_id if caller is not None and caller.shop_id is not None else self._named(path)
        outcome = outcome_of(scope["method"], status, is_known=caller is not None)
        door_answers.count(shop_id or "", outcome.value, str(status))
        door_seconds.observe(seconds)
        if not self._log.has_room(shop_id, outcome):
            return
        named = record.event_id
        self._log.note(
            DoorRequest(
                id=record.id,
                at=datetime.now(UTC),
                milliseconds=round(seconds * 1000),
                method=scope["method"],
                path=_shown(path),
                status=status,
                outcome=outcome,
                shop_id=shop_id,
                key_id=caller.key_id if caller is not None else None if is_push and status != 401 else _tried(scope),
                event_id=named if named is not None and not names_somebody(named) else None,
                problem=record.problem,
                detail=record.detail,
                mistakes=tuple(record.mistakes),
            )
        )

    def _named(self, path: str) -> str | None:
        """The shop that the path names, if there is one of that name; of a platform's push, the only shop of that source."""
        parts = path.split("/", 4)
        if path.startswith(_PUSHED):
            shops = self._directory.shops_of_source(SourceName(parts[2], parts[3])) if len(parts) > 3 else ()
            return shops[0].id if len(shops) == 1 else None  # a panel of several shops pushes for none of them alone
        known = len(parts) > 3 and parts[2] == "shops" and self._directory.shop(parts[3]) is not None
        return parts[3] if known else None


def _shown(path: str) -> str:
    parts = path.split("/")
    cut = "/".join(parts[:_PARTS_SHOWN]) + ("/…" if len(parts) > _PARTS_SHOWN else "")
    return redacted(mended(cut))[:_LONGEST_PATH]


def _tried(scope: Scope) -> str | None:
    """How a key that nobody has began, if it looks like one of ours, or the token of a push that was refused.

    It is enough to find the sender that uses it.
    """
    authorization = headers_of(scope).get(b"authorization", b"")
    _, _, key = authorization.decode("latin-1").partition(" ")
    key = key.strip()
    if not key.isascii() or not key.isprintable():
        return None
    if key.startswith(f"{KEY_PREFIX}_"):
        return f"{key[:_KEY_PREFIX_CHARS]}…"
    is_token = scope["path"].startswith(_PUSHED) and len(key) >= _SHORTEST_TOKEN and _TOKEN.fullmatch(key) is not None
    return f"{key[:_TOKEN_CHARS]}…" if is_token else None
