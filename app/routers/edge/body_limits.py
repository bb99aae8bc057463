"""What holds for every request and answer: who is let in, how much is read and for how long, and which headers go out.

Plain ASGI: it stands on the hot path.
"""

import asyncio
import time
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import Crowded, GatewayError
from app.routers.edge.addresses import network_of
from app.routers.edge.deadlines import WHOLE
from app.routers.edge.dependencies import caller_of
from app.routers.edge.problems import BadParameter, UnreadableAddress, problem_of
from app.routers.edge.rate_limits import Headers, Pace, Refusals
from app.routers.edge.request_record import CALLER, HEADER, Memory, begin, headers_of
from app.services.shops.directory import ShopDirectory

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 5 * 1024 * 1024
MAX_CALLBACK_BYTES = 8 * 1024
"""An address of at most 254 signs and a hash of 40."""
MAX_ADDRESS_BYTES = 8 * 1024
"""Of the path, and of the query."""

ROOM_BYTES = 64 * 1024 * 1024
"""Of bodies that come in pieces, together: from their first byte to their answer."""
CALLER_BYTES = 20 * 1024 * 1024
"""Of one key: four batches of the largest kind. The others have room left."""

BODY_SECONDS = 30.0
"""From the headers to the last byte of the body."""

_MANY = ("/events", "/subscriber-lists")
FORBIDDEN = 403
_REFUSALS = {401: "key", FORBIDDEN: "callback"}
_OF_ANSWERS: Headers = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_OF_PAGES: Headers = (
    *_OF_ANSWERS,
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
"""What only a browser that shows something looks at is left out of an answer in JSON."""
_OWED = {HEADER, b"ratelimit", b"ratelimit-policy", *(name for name, _ in _OF_PAGES)}
_NO_PAGE = {b"application/json", b"application/problem+json"}


class EncodedBody(BadParameter):
    """A body of which its header says that it is compressed: nothing is unpacked here."""

    answer = (415, "encoded-body", "The body must not be compressed.")

    def __init__(self) -> None:
        super().__init__("Content-Encoding", "content_encoding", "leave this header out and send the body uncompressed")


class Border:
    """Who shows no valid key where one is needed is refused by the headers; bodies beyond the limit by their announced length, or

    while they stream in; so are those that never end. What stands behind it is given the whole body as one message.
    """

    def __init__(self, app: ASGIApp, directory: ShopDirectory, pace: Pace, refusals: Refusals, memory: Memory) -> None:
        self._memory = memory
        self._app = app
        self._directory = directory
        self._pace = pace
        self._refusals = refusals
        self._room = Room(ROOM_BYTES, CALLER_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD" and not scope["path"].startswith("/callbacks/"):
            scope = {**scope, "method": "GET"}  # the server, which has the scope as it was, leaves the body out
        record, began, status = begin(), time.perf_counter(), 0
        part = Part(self._room)
        limited: Headers = ((HEADER, record.id.encode()),)
        silenced = False

        async def answer(message: Message) -> None:
            """With the headers that are owed. A refusal too many is answered with 429 instead, whatever was tried."""
            nonlocal status, silenced
            if silenced:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                if _is_refusal(status, scope):
                    too_many = self._refusals.note(network_of(scope), _REFUSALS[status])
                    if too_many is not None:
                        silenced = True
                        instead = await problem_of(Request(scope), too_many)
                        status, instead.raw_headers = instead.status_code, _complete(instead.raw_headers, limited)
                        await instead(scope, receive, send)
                        return
                message["headers"] = _complete(message["headers"], limited)
            await send(message)

        try:
            try:
                _check_address(scope)
                if scope["path"].startswith("/v1/"):
                    caller = scope[CALLER] = caller_of(self._directory, scope)
                    part.owner = caller.key_id
                    if self._pace.limited:
                        self._pace.take(caller.key_id)
                        limited += self._pace.headers(caller.key_id)
                whole = await _whole(scope, receive, part)
            except (HTTPException, UnreadableAddress, EncodedBody, GatewayError) as refusal:
                response: Response = await problem_of(Request(scope), refusal)
                await response(scope, receive, answer)
                return
            first: Message | None = whole

            async def again() -> Message:
                nonlocal first
                message, first = first, None
                return message or await receive()

            await self._app(scope, again, answer)
        finally:
            part.give_back()
            if status:
                self._memory.remember(scope, record, status, time.perf_counter() - began)


def _complete(headers: Sequence[tuple[bytes, bytes]], limited: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, and those that are owed and not among them."""
    said = dict(headers)
    owed = (_OF_ANSWERS if said.get(b"content-type") in _NO_PAGE else _OF_PAGES) + limited
    return [*headers, *(owed if _OWED.isdisjoint(said) else [one for one in owed if one[0] not in said])]


def _is_refusal(status: int, scope: Scope) -> bool:
    """Of who was not let in. Staff whose role does not allow an action are answered 403 too, as often as they ask."""
    return status in _REFUSALS and not (status == FORBIDDEN and CALLER in scope)


class Room:
    """How many bytes of bodies may be held at once."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._held = 0
        self._held_by: dict[str, int] = {}

    def take(self, name: str, number: int) -> None:
        """Raises `Crowded`; then nothing was taken."""
        theirs = self._held_by.get(name, 0) + number
        if theirs > self._each or self._held + number > self._total:
            raise Crowded
        self._held += number
        self._held_by[name] = theirs

    def give_back(self, name: str, number: int) -> None:
        self._held -= number
        self._held_by[name] -= number
        if not self._held_by[name]:
            del self._held_by[name]


class Part:
    """What one request holds of the room, until it is answered."""

    __slots__ = ("_held", "_room", "owner")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0
        self.owner = ""
        """Whose it is; said before anything is taken."""

    def take(self, number: int) -> None:
        """Raises `Crowded`."""
        self._room.take(self.owner, number)
        self._held += number

    def give_back(self) -> None:
        if self._held:
            self._room.give_back(self.owner, self._held)


def _check_address(scope: Scope) -> None:
    """Raises `UnreadableAddress`, and `HTTPException` 414."""
    path, query = scope["path"], scope["query_string"]
    if len(path) > MAX_ADDRESS_BYTES or len(query) > MAX_ADDRESS_BYTES:
        raise HTTPException(414)
    if "\0" in path or (query and b"%00" in query):
        raise UnreadableAddress


def _limit(path: str) -> int:
    if path.startswith("/callbacks/"):
        return MAX_CALLBACK_BYTES
    return MAX_BATCH_BYTES if path.endswith(_MANY) else MAX_BODY_BYTES


async def _whole(scope: Scope, receive: Receive, part: Part) -> Message:
    """The body as one message, or that nobody waits for an answer any more.

    Raises `HTTPException` 408 and 413, `EncodedBody`, and `Crowded`.
    """
    headers = headers_of(scope)
    encoded = headers.get(b"content-encoding")
    if encoded and encoded.strip().lower() != b"identity" and scope["method"] != "GET":
        raise EncodedBody
    limit = _limit(scope["path"])
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced[:20]) > limit:
        raise HTTPException(413)
    if WHOLE in scope:
        return await _gathered(receive, limit, part)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _gathered(receive, limit, part)
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


async def _gathered(receive: Receive, limit: int, part: Part) -> Message:
    message = await receive()
    if not message.get("more_body", False) and len(message.get("body", b"")) <= limit:
        return message
    parts: list[bytes] = []
    left = limit
    while True:
        piece = message.get("body", b"")
        left -= len(piece)
        if left < 0:
            raise HTTPException(413)
        part.take(len(piece))
        parts.append(piece)
        if not message.get("more_body", False):
            return {**message, "body": b"".join(parts)}
        message = await receive()
